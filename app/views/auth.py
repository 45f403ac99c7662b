"""Signing in and out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import redirect, render_template, request, session
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.models.access import SessionKind
from app.policies.actor import NOBODY
from app.services import demo, login, sessions
from app.services.errors import Refusal
from app.views.security import TOKEN, current_actor, safe_next


@dataclass
class LoginPage:
    title: str
    next: str
    username: str = ""
    error: str = ""
    demo_logins: list[tuple[str, str, str]] = field(default_factory=list)


class LoginView(BaseView):
    route_base = "/login"
    default_view = "login"

    @expose("/", methods=["GET", "POST"])
    def login(self) -> Any:
        target = safe_next(request.values.get("next"))
        if request.method == "GET":
            return redirect(target) if current_actor() is not NOBODY else self.page(target)
        username = request.form.get("username", "")
        try:
            _actor, token = login.log_in(
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
        return redirect(target)

    def page(self, target: str, username: str = "", error: str = "") -> str:
        return render_template("login.html", page=LoginPage(_("Sign in"), target, username, error, demo.logins()))


class LogoutView(BaseView):
    route_base = "/logout"
    default_view = "logout"

    @expose("/", methods=["POST"])
    def logout(self) -> Any:
        actor = current_actor()
        if actor.session_id:
            sessions.end(actor.session_id)
        session.clear()
        return redirect("/login/")
