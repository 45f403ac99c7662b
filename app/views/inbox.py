"""The inbox and what hangs under the bell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.services import notifications
from app.services.notifications import texts
from app.views import render
from app.views.page import Empty, Link
from app.views.security import current_actor, requires, safe_next

PAGE = 25
UNDER_THE_BELL = 8


@dataclass
class Item:
    id: str
    title: str
    body: str
    when: str
    when_iso: str
    url: str
    severity: str
    unread: bool


@dataclass
class InboxPage:
    title: str
    items: list[Item]
    tabs: list[Link] = field(default_factory=list)
    inbox_url: str = "/inbox/"
    read_url: str = "/inbox/read"
    read_all_url: str = "/inbox/read-all"
    more_url: str = ""
    previous_url: str = ""
    empty: Empty | None = None


def item(row: Any) -> Item:
    title, body = texts.said(row, zone=ZoneInfo(render.reader().zone))
    return Item(
        str(row.id),
        title,
        body,
        render.moment(row.created_at),
        row.created_at.isoformat(),
        row.link,
        row.severity,
        row.read_at is None,
    )


class InboxView(BaseView):
    route_base = "/inbox"
    class_permission_name = "Inbox"
    default_view = "index"

    @expose("/")
    @requires("list")
    def index(self) -> Any:
        unread = request.args.get("show") == "unread"
        before = _key(request.args.get("before", ""))
        rows = notifications.newest(current_actor(), unread_only=unread, before=before, limit=PAGE)
        more = f"/inbox/?before={rows[-1].id}" + ("&show=unread" if unread else "") if len(rows) == PAGE else ""
        tabs = [Link(_("All"), "/inbox/", active=not unread), Link(_("Unread"), "/inbox/?show=unread", active=unread)]
        return render_template(
            "inbox.html", page=InboxPage(_("Inbox"), [item(row) for row in rows], tabs, more_url=more)
        )

    @expose("/bell")
    @requires("list")
    def bell(self) -> Any:
        rows = notifications.newest(current_actor(), limit=UNDER_THE_BELL)
        return render_template("bell.html", page=InboxPage(_("Notifications"), [item(row) for row in rows]))

    @expose("/read", methods=["POST"])
    @requires("mark")
    def read(self) -> Any:
        keys = [key for key in map(_key, request.form.getlist("id")) if key is not None]
        notifications.mark_read(keys, actor=current_actor())
        return redirect(safe_next(request.form.get("next") or "/inbox/"))

    @expose("/read-all", methods=["POST"])
    @requires("mark")
    def read_all(self) -> Any:
        notifications.mark_all_read(actor=current_actor())
        return redirect("/inbox/")


def _key(raw: str) -> UUID | None:
    try:
        return UUID(raw)
    except ValueError:
        return None
