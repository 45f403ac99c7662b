"""One's own second factor, among the settings; and which roles need one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.services import second_factor
from app.services.errors import Refusal
from app.services.passwords import LONGEST
from app.services.second_factor import required
from app.services.second_factor.factors import State
from app.views import door
from app.views.door import Enrolment
from app.views.page import Choice, Field, Form, FormPage, Link
from app.views.qr import enrolment
from app.views.security import current_actor, requires
from app.views.settings import tabs

HERE = "/settings/second-factor"
Forms = dict[str, Form]


@dataclass(slots=True)
class SecondFactorPage:
    title: str
    state: State
    tabs: list[Link]
    forms: Forms  # by what they do
    enrolment: Enrolment | None = None
    codes: list[str] = field(default_factory=list)  # shown once


class SecondFactorView(BaseView):
    route_base = HERE
    class_permission_name = "Settings"
    default_view = "index"

    @expose("")
    @requires("edit")
    def index(self) -> Any:
        return _page()

    @expose("/begin", methods=["POST"])
    @requires("edit")
    def begin(self) -> Any:
        try:
            second_factor.begin(request.form.get("password", ""), actor=current_actor())
        except Refusal as refusal:
            return _page("begin", refusal), refusal.status
        return redirect(HERE)

    @expose("/confirm", methods=["POST"])
    @requires("edit")
    def confirm(self) -> Any:
        """The recovery codes are shown at once, as an answer to the POST: they are nowhere to be read again."""
        try:
            codes = second_factor.confirm(request.form.get("code", ""), actor=current_actor())
        except Refusal as refusal:
            return _page("confirm", refusal), refusal.status
        return _page(codes=codes)

    @expose("/codes", methods=["POST"])
    @requires("edit")
    def codes(self) -> Any:
        try:
            codes = second_factor.new_recovery_codes(request.form.get("code", ""), actor=current_actor())
        except Refusal as refusal:
            return _page("codes", refusal), refusal.status
        return _page(codes=codes)

    @expose("/off", methods=["POST"])
    @requires("edit")
    def off(self) -> Any:
        try:
            form = request.form
            second_factor.switch_off(form.get("password", ""), form.get("code", ""), actor=current_actor())
        except Refusal as refusal:
            return _page("off", refusal), refusal.status
        flash(_("The second factor is off. You log in with your password alone."), "success")
        return redirect(HERE)


class RequiredSecondFactorView(BaseView):
    """Which roles need a second factor."""

    route_base = "/second-factors"
    class_permission_name = "Second factors"
    default_view = "index"

    @expose("/", methods=["GET", "POST"])
    @requires("edit")
    def index(self) -> Any:
        refusal = Refusal()
        chosen = request.form.getlist("roles") if request.method == "POST" else second_factor.required_roles()
        if request.method == "POST":
            try:
                second_factor.require(chosen, actor=current_actor())
            except Refusal as refused:
                refusal = refused
            else:
                flash(_("Saved. Who has none yet is logged out and sets it up at the next login."), "success")
                return redirect("/second-factors/")
        roles = Field("roles", _("Roles that need a second factor"), "relations")
        roles.choices = [Choice(name, name, name in chosen) for name in required.role_names()]
        form = door.form("/second-factors/", _("Save"), [roles], refusal)
        page = FormPage(_("Second factors"), form, "/accounts/", _("Accounts"))
        return render_template("form.html", page=page), refusal.status if str(refusal) else 200


def _page(name: str = "", refusal: Refusal | None = None, *, codes: list[str] | None = None) -> str:
    """The state, and what can be done next; `refusal` is shown at the form of this name."""
    actor = current_actor()
    begun = second_factor.begun(actor.id) if actor.id is not None else None
    state = second_factor.state(actor)
    refused = {name: refusal}
    fields = {
        "begin": (_("Set up"), [_password()]),
        "confirm": (_("Put it to use"), [door.code_field(_("Code"), _("The six digits that the app shows now."))]),
        "codes": (_("Make new recovery codes"), [door.code_field(_("Code"))]),
        "off": (_("Switch off"), [_password(), door.code_field(_("Code"), _("Of the app, or a recovery code."))]),
    }
    forms = {
        each: door.form(f"{HERE}/{each}", label, parts, refused.get(each)) for each, (label, parts) in fields.items()
    }
    page = SecondFactorPage(_("Second factor"), state, tabs(HERE), forms, codes=codes or [])
    page.enrolment = enrolment(begun) if begun is not None else None
    return render_template("second_factor.html", page=page)


def _password() -> Field:
    label, more = _("Current password"), {"autocomplete": "current-password", "maxlength": LONGEST}
    return Field("password", label, "password", required=True, **more)  # type: ignore[arg-type]
