"""One's own profile, and where one was last."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Any

from flask import Response, flash, g, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.policies.actor import NOBODY
from app.services import last_page
from app.services.accounts import profile
from app.services.accounts.resource import LABELS
from app.services.errors import Invalid, Refusal
from app.views import door
from app.views.page import Cell, Fact, Field, Form, Group
from app.views.security import UNATTENDED, current_actor, requires
from app.views.settings import SettingsPage, tabs

HERE = "/settings/profile"
LIMITS = {"first_name": 64, "last_name": 64, "phone": 40}
KINDS = {"phone": "tel"}
AUTOCOMPLETE = {"first_name": "given-name", "last_name": "family-name", "phone": "tel"}
NOT_A_PLACE = {
    "LoginView.code",
    "LoginView.enrol",
    "PasswordLinkView.choose",
    "InvitationLinkView.show",
    "InvitationLinkView.account",
    "InboxView.bell",
}


class ProfileView(BaseView):
    route_base = HERE
    class_permission_name = "Settings"
    default_view = "index"

    @expose("", methods=["GET", "POST"])
    @requires("edit")
    def index(self) -> Any:
        actor = current_actor()
        if request.method == "GET":
            return self.page(profile.own(actor), Refusal())
        try:
            profile.update_own(request.form.to_dict(), actor=actor)
        except Invalid as refusal:
            return self.page(profile.own(actor), refusal, request.form.to_dict()), refusal.status
        flash(_("Your profile is saved."), "success")
        return redirect(HERE)

    def page(self, mine: profile.Profile, refusal: Refusal, typed: dict[str, str] | None = None) -> str:
        values = asdict(mine) | {name: value for name, value in (typed or {}).items() if name in LIMITS}
        fields = [
            Field(
                name,
                str(LABELS[name]),
                KINDS.get(name, "text"),
                values[name],
                maxlength=limit,
                autocomplete=AUTOCOMPLETE[name],
            )
            for name, limit in LIMITS.items()
        ]
        form: Form = door.form(HERE, _("Save"), fields, refusal)
        form.cancel_url = "/"
        shown = [Fact(str(LABELS[name]), Cell(values[name])) for name in ("username", "email", "department")]
        shown.append(Fact(str(LABELS["roles"]), Cell(", ".join(sorted(current_actor().roles)), "tags")))
        page = SettingsPage(_("Profile"), form, "", "", tabs=tabs(HERE))
        return render_template("profile.html", page=page, known=Group(_("Kept by the office"), shown))


def note_page(response: Response) -> Response:
    """Remember the page for who wants to begin there next time: pages that people open, and nothing else."""
    actor = g.get("actor", NOBODY)
    if actor.remember_last_page and _is_a_place(response):
        with suppress(Refusal):  # a busy database is no reason to withhold a page
            last_page.note(request.full_path.rstrip("?"), actor=actor)
    return response


def _is_a_place(response: Response) -> bool:
    opened = request.method == "GET" and response.status_code == 200 and response.mimetype == "text/html"
    part = "X-Fragment" in request.headers or "/actions/" in request.path
    return opened and not part and request.endpoint not in UNATTENDED | NOT_A_PLACE
