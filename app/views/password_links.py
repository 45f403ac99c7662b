"""Forgotten passwords, and the page on which a link lets somebody choose one."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.models.credentials import LinkPurpose
from app.policies.actor import NOBODY
from app.services import inputs, password_links
from app.services.errors import Invalid, Refusal
from app.services.password_links import LinkOver, ResetInput
from app.services.passwords import RULE
from app.views import door, render
from app.views.door import DoorPage
from app.views.page import Field, Link


class PasswordLinkView(BaseView):
    route_base = "/password"
    default_view = "forgotten"

    @expose("/forgotten", methods=["GET", "POST"])
    def forgotten(self) -> Any:
        """Ask for a link; the answer is the same whoever asks for whomever."""
        if request.method == "GET":
            return self.ask("")
        try:
            values = inputs.parse(ResetInput, request.form)
            password_links.ask_reset(
                values, actor=NOBODY, ip_address=request.remote_addr or "", locale=render.reader().locale
            )
        except Refusal as refusal:
            return self.ask(request.form.get("email", ""), refusal), refusal.status
        lead = _("If an account has this address, a link to choose a new password is on its way to it.")
        return door.show(DoorPage(_("Look into your mail"), lead, links=[_back()]))

    @expose("/<token>", methods=["GET", "POST"])
    def choose(self, token: str) -> Any:
        try:
            offer = password_links.find(token)
            if request.method == "GET":
                return self.choose_page(token, offer)
            try:
                if request.form.get("password", "") != request.form.get("password_again", ""):
                    raise Invalid(fields={"password_again": [_("This is not the same as above.")]})
                password_links.use(token, request.form.get("password", ""), actor=NOBODY)
            except Invalid as refusal:
                return self.choose_page(token, offer, refusal), refusal.status
        except LinkOver as over:
            links = [Link(_("Ask for a new link"), "/password/forgotten"), _back()]
            return door.show(DoorPage(_("This link is over"), str(over), links=links)), over.status
        flash(_("Your password is set. Sign in with it."), "success")
        return redirect("/login/")

    def ask(self, email: str, refusal: Refusal | None = None) -> str:
        field = Field("email", _("E-mail"), "email", email, required=True, autocomplete="email", maxlength=254)
        form = door.form("/password/forgotten", _("Send a link"), [field], refusal)
        lead = _("We send you a link by which you choose a new one.")
        return door.show(DoorPage(_("Forgot the password?"), lead, form, links=[_back()]))

    def choose_page(self, token: str, offer: password_links.Offer, refusal: Refusal | None = None) -> str:
        fields = door.password_fields(_("Password"), _("Password once more"), str(RULE))
        form = door.form(f"/password/{token}", _("Save"), fields, refusal)
        titles = {LinkPurpose.SET: _("Choose a password"), LinkPurpose.RESET: _("Choose a new password")}
        lead = _("For the account %(username)s.", username=offer.username)
        return door.show(DoorPage(titles[offer.purpose], lead, form))


def _back() -> Link:
    return Link(_("Back to the login"), "/login/")
