"""The inbox and what hangs under the bell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import jsonify, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.models.notifications import NotificationType, Severity
from app.services import notifications
from app.services.notifications import texts
from app.services.notifications.types import SEVERITIES, concerning
from app.views import render
from app.views.frame import unread
from app.views.page import Choice, Empty, Link
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
    archive_url: str = ""
    more_url: str = ""
    previous_url: str = ""
    empty: Empty | None = None
    kinds: list[Choice] = field(default_factory=list)
    severities: list[Choice] = field(default_factory=list)
    show: str = ""
    here: str = "/inbox/"


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
        show, kind, severity = _asked()
        actor, known = current_actor(), concerning(current_actor())
        rows = notifications.newest(
            actor,
            unread_only=show == "unread",
            archived=show == "archive",
            kind=kind,
            severity=severity,
            before=_key(request.args.get("before", "")),
            limit=PAGE,
        )
        tabs = [
            Link(label, _url(name, kind, severity), active=show == name)
            for name, label in (("", _("All")), ("unread", _("Unread")), ("archive", _("Archive")))
        ]
        page = InboxPage(_("Inbox"), [item(row) for row in rows], tabs, show=show)
        page.here = _url(show, kind, severity)
        page.more_url = _url(show, kind, severity, before=rows[-1].id) if len(rows) == PAGE else ""
        page.archive_url = "" if show == "archive" else "/inbox/archive"
        page.kinds = [Choice(each.value, str(known[each].label), each is kind) for each in known]
        page.severities = [Choice(each, str(label), each == severity) for each, label in SEVERITIES.items()]
        if show or kind or severity:
            page.empty = Empty(_("Nothing here"), _("No notice is like that."))
        return render_template("inbox.html", page=page)

    @expose("/count")
    @requires("list")
    def count(self) -> Any:
        """What the bell asks for every minute: read with the session, so it costs no statement of its own."""
        number = unread(current_actor())
        label = _("Notifications, %(number)s unread", number=number) if number else _("Notifications")
        return jsonify(unread=number, label=label)

    @expose("/bell")
    @requires("list")
    def bell(self) -> Any:
        rows = notifications.newest(current_actor(), limit=UNDER_THE_BELL)
        return render_template("bell.html", page=InboxPage(_("Notifications"), [item(row) for row in rows]))

    @expose("/read", methods=["POST"])
    @requires("mark")
    def read(self) -> Any:
        notifications.mark_read(_keys(), actor=current_actor())
        return redirect(safe_next(request.form.get("next") or "/inbox/"))

    @expose("/archive", methods=["POST"])
    @requires("mark")
    def archive(self) -> Any:
        notifications.archive(_keys(), actor=current_actor())
        return redirect(safe_next(request.form.get("next") or "/inbox/"))

    @expose("/read-all", methods=["POST"])
    @requires("mark")
    def read_all(self) -> Any:
        notifications.mark_all_read(actor=current_actor())
        return redirect("/inbox/")


def _asked() -> tuple[str, NotificationType | None, Severity | None]:
    """The filters of the address; what is unknown is ignored."""
    show, kind, severity = (request.args.get(name, "") for name in ("show", "type", "severity"))
    return (
        show if show in ("unread", "archive") else "",
        NotificationType(kind) if kind in list(NotificationType) else None,
        Severity(severity) if severity in list(Severity) else None,
    )


def _url(show: str, kind: NotificationType | None, severity: Severity | None, **more: Any) -> str:
    given = {"show": show, "type": kind, "severity": severity, **more}
    query = urlencode({name: str(value) for name, value in given.items() if value})
    return f"/inbox/?{query}" if query else "/inbox/"


def _keys() -> list[UUID]:
    return [key for key in map(_key, request.form.getlist("id")) if key is not None]


def _key(raw: str) -> UUID | None:
    try:
        return UUID(raw)
    except ValueError:
        return None
