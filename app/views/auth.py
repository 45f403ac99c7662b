"""Signing in and out: the password, then, where one is needed, the second factor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import redirect, render_template, request, session
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.models.access import SessionKind, WaitsFor
from app.policies.actor import NOBODY, Actor
from app.services import demo, last_page, login, second_factor, sessions
from app.services.errors import Refusal
from app.views import door
from app.views.door import DoorPage
from app.views.page import Link
from app.views.qr import enrolment
from app.views.security import TOKEN, current_actor, safe_next

STEPS = {WaitsFor.CODE: "/login/code", WaitsFor.ENROLMENT: "/login/enrol"}


@dataclass
class LoginPage:
    title: str
    next: str
    username: str = ""
    error: str = ""
    demo_logins: list[tuple[str, str, str]] = field(default_factory=list)
    reset_url: str = "/password/forgotten"
    access_url: str = "/access-request"
    register_url: str = "/assistants/register"
    news_url: str = "/news/"


class LoginView(BaseView):
    route_base = "/login"
    default_view = "login"

    @expose("/", methods=["GET", "POST"])
    def login(self) -> Any:
        target = safe_next(request.values.get("next"))
        if request.method == "GET":
            if current_actor() is not NOBODY:
                return redirect(target)
            waiting = _waiting()
            return self.page(target) if waiting is None else redirect(_step(waiting, target))
        username = request.form.get("username", "")
        try:
            actor, token = login.log_in(
                username,
                request.form.get("password", ""),
                kind=SessionKind.WEB,
                ip_address=request.remote_addr or "",
                user_agent=request.user_agent.string,
            )
        except Refusal as refusal:
            return self.page(target, username, str(refusal)), refusal.status
        session.clear()  # nothing of the visitor's session, its CSRF token included, survives the login
        session[TOKEN] = token
        session.permanent = True
        waiting = sessions.waiting(token) if actor is NOBODY else None
        return redirect(_inside(actor, target) if waiting is None else _step(waiting, target))

    @expose("/code", methods=["GET", "POST"])
    def code(self) -> Any:
        """Ask for the code of the second factor."""
        target = safe_next(request.values.get("next"))
        if _waits_for(WaitsFor.CODE) is None:
            return redirect("/login/")
        if request.method == "GET":
            return self.code_page(target)
        try:
            actor = login.confirm(session[TOKEN], request.form.get("code", ""), kind=SessionKind.WEB)
        except Refusal as refusal:
            return self.code_page(target, refusal), refusal.status
        return redirect(_inside(actor, target))

    @expose("/enrol", methods=["GET", "POST"])
    def enrol(self) -> Any:
        """Have somebody set up a second factor whose role demands one, before anything else."""
        target = safe_next(request.values.get("next"))
        waiting = _waits_for(WaitsFor.ENROLMENT)
        if waiting is None:
            return redirect("/login/")
        if request.method == "GET":
            return self.enrol_page(waiting, target)
        try:
            actor, codes = login.enrol(session[TOKEN], request.form.get("code", ""), kind=SessionKind.WEB)
        except Refusal as refusal:
            return self.enrol_page(waiting, target, refusal), refusal.status
        go_on = Link(_("Go on"), _inside(actor, target))
        return door.show(DoorPage(_("Your recovery codes"), codes=codes, go_on=go_on))

    def page(self, target: str, username: str = "", error: str = "") -> str:
        return render_template("login.html", page=LoginPage(_("Sign in"), target, username, error, demo.logins()))

    def code_page(self, target: str, refusal: Refusal | None = None) -> str:
        hint = _("Six digits from your app, or one of your recovery codes.")
        form = door.form("/login/code", _("Sign in"), [door.code_field(_("Code"), hint)], refusal)
        return door.show(DoorPage(_("Second step"), "", form, target, links=[_out()]))

    def enrol_page(self, waiting: sessions.Waiting, target: str, refusal: Refusal | None = None) -> str:
        begun = second_factor.begun(waiting.user_id)
        field_ = door.code_field(_("Code"), _("The six digits that the app shows now."))
        form = door.form("/login/enrol", _("Set up and go on"), [field_], refusal)
        lead = _("Your role needs a second factor: an app on your phone that shows a code for each login.")
        page = DoorPage(_("Set up a second factor"), lead, form, target, links=[_out()])
        page.enrolment = enrolment(begun) if begun is not None else None
        return door.show(page)


class LogoutView(BaseView):
    route_base = "/logout"
    default_view = "logout"

    @expose("/", methods=["POST"])
    def logout(self) -> Any:
        actor = current_actor()
        waiting = _waiting() if actor is NOBODY else None
        if actor.session_id or waiting:
            sessions.end(actor.session_id or str(waiting.session_id if waiting else ""))
        session.clear()
        return redirect("/login/")


def _waiting() -> sessions.Waiting | None:
    """The login of this browser that waits for its second step."""
    return sessions.waiting(session[TOKEN]) if session.get(TOKEN) else None


def _waits_for(step: WaitsFor) -> sessions.Waiting | None:
    found = _waiting()
    return found if found is not None and found.waits_for is step else None


def _step(waiting: sessions.Waiting, target: str) -> str:
    """Where a login goes on, with where it is to lead."""
    return STEPS[waiting.waits_for] + (f"?{urlencode({'next': target})}" if target != "/" else "")


def _inside(actor: Actor, target: str) -> str:
    """Where somebody begins: where they wanted to go, or were last."""
    return target if target != "/" else safe_next(last_page.of(actor))


def _out() -> Link:
    return Link(_("Sign in as somebody else"), "/logout/", method="post")
