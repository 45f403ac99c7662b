"""Where one is logged in, and logging out from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import ngettext

from app.services import settings
from app.views import render
from app.views.page import Cell, Link
from app.views.security import current_actor, requires
from app.views.settings import tabs

# The first mark found counts: Edge and Opera also call themselves Chrome, and all but Firefox Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(slots=True)
class Login:
    """One login of one's own. `end` logs out there; this one has none."""

    what: str
    agent: str
    address: str
    used: Cell
    since: Cell
    end: Link | None


@dataclass(slots=True)
class LoginsPage:
    title: str
    logins: list[Login]
    elsewhere: Link
    tabs: list[Link]


class OwnSessionsView(BaseView):
    route_base = "/settings/sessions"
    class_permission_name = "Settings"
    default_view = "index"

    @expose("")
    @requires("edit")
    def index(self) -> Any:
        actor = current_actor()
        logins = [_login(row, str(row.id) == actor.session_id) for row in settings.own_sessions(actor)]
        alone = not any(each.end for each in logins)
        elsewhere = Link(_("Log out elsewhere"), "/settings/sessions/end", "log-out", method="post", danger=True)
        elsewhere.enabled, elsewhere.reason = not alone, _("You are logged in nowhere else.") if alone else ""
        page = LoginsPage(_("Logins"), logins, elsewhere, tabs("/settings/sessions"))
        return render_template("logins.html", page=page)

    @expose("/end", methods=["POST"])
    @requires("edit")
    def end_others(self) -> Any:
        ended = settings.end_other_sessions(actor=current_actor())
        flash(
            ngettext("Logged out in %(num)s other place.", "Logged out in %(num)s other places.", ended),
            "success",
        )
        return redirect("/settings/sessions")

    @expose("/<uuid:session_id>/end", methods=["POST"])
    @requires("edit")
    def end(self, session_id: UUID) -> Any:
        settings.end_session(session_id, actor=current_actor())
        flash(_("Logged out there."), "success")
        return redirect("/settings/sessions")


def _login(row: Any, here: bool) -> Login:
    kinds = {"web": _("Browser"), "api": _("API")}
    what = _device(row.user_agent or "") or kinds[row.kind]
    end = Link(_("Log out"), f"/settings/sessions/{row.id}/end", "log-out", method="post")
    agent, address = row.user_agent or "", row.ip_address or ""
    return Login(what[:80], agent, address, _moment(row.last_used_at), _moment(row.created_at), None if here else end)


def _moment(value: Any) -> Cell:
    return Cell(render.moment(value), "datetime", title=value.isoformat(timespec="seconds"))


def _device(user_agent: str) -> str:
    """A browser and its system in two words, as "Firefox, Windows"; what says neither is shown as it is."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return ", ".join(filter(None, (browser, system))) or user_agent
