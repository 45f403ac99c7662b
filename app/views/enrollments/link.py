"""The page of an invitation's link: what it is about, and the way to an account. Reading it changes nothing, as programs
look at the links of every mail.
"""

from __future__ import annotations

from typing import Any

from flask import redirect, request, session
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from app.models.access import SessionKind
from app.models.enrollments import EnrollmentInvitation, InvitationStatus
from app.policies.actor import NOBODY
from app.services import inputs, login
from app.services.enrollments import accepting, links
from app.services.enrollments.invitations import title
from app.services.enrollments.links import InvitationOver
from app.services.enrollments.schemas import AcceptInput
from app.services.errors import NotFound, Refusal
from app.services.passwords import RULE
from app.services.rate_limits import TooMany
from app.views import door, forms
from app.views.door import DoorPage
from app.views.page import Field, Link
from app.views.security import TOKEN, current_actor

LOAD = (joinedload(EnrollmentInvitation.coach), joinedload(EnrollmentInvitation.school))


class InvitationLinkView(BaseView):
    route_base = "/enroll"
    class_permission_name = "Invitation links"
    default_view = "show"

    @expose("/<token>", methods=["GET"])
    def show(self, token: str) -> Any:
        """What one is invited to."""
        try:
            found = _find(token)
        except Refusal as refusal:
            return over(refusal)
        if found.status is InvitationStatus.ACCEPTED:
            return accepted()
        lead = _(
            "%(coach)s invites you to enroll %(student)s at %(school)s. There are six short steps. You can stop at any"
            " time; what you enter is kept.",
            coach=f"{found.coach.first_name} {found.coach.last_name}",
            student=title(found),
            school=found.school.name,
        )
        form = door.form(f"/enroll/{token}", _("Begin"), [])
        return door.show(DoorPage(_("You are invited"), lead, form))

    @expose("/<token>", methods=["POST"])
    def begin(self, token: str) -> Any:
        """Note that the link was opened, and go to the account."""
        try:
            accepting.open_link(token, actor=current_actor(), ip_address=_here())
        except Refusal as refusal:
            return over(refusal)
        return redirect(f"/enroll/{token}/account")

    @expose("/<token>/account", methods=["GET", "POST"])
    def account(self, token: str) -> Any:
        """An account for who has none; the way to the login, or "Go on" for who is logged in."""
        try:
            found = _find(token)
            if found.status is InvitationStatus.ACCEPTED and request.method == "GET":
                return accepted()
            if current_actor() is not NOBODY:
                return self.known(token)
            if request.method == "POST":
                return self.make(token, found)
        except (InvitationOver, TooMany, NotFound) as refusal:
            return over(refusal)
        return self.page(token, found, {}, Refusal())

    def known(self, token: str) -> Any:
        actor = current_actor()
        refusal = None
        if request.method == "POST":
            try:
                made = accepting.accept_as_known(token, actor=actor, ip_address=_here())
                return redirect(f"/me/enrollments/{made.id}")
            except (InvitationOver, TooMany):
                raise
            except Refusal as refused:
                refusal = refused
        lead = _("You are logged in as %(name)s. The enrollment will belong to this account.", name=actor.name)
        form = door.form(f"/enroll/{token}/account", _("Go on"), [], refusal)
        shown = door.show(DoorPage(_("Accept the invitation"), lead, form, links=[_out()]))
        return (shown, refusal.status) if refusal is not None else shown

    def make(self, token: str, found: EnrollmentInvitation) -> Any:
        raw = forms.posted(AcceptInput, list(AcceptInput.model_fields), request.form)
        try:
            values = inputs.parse(AcceptInput, raw)
            made = accepting.accept_as_new(token, values, actor=current_actor(), ip_address=_here())
        except (InvitationOver, TooMany):
            raise
        except Refusal as refusal:
            return self.page(token, found, raw, refusal), refusal.status
        _log_in(found.guardian_email, values["password"].get_secret_value())
        return redirect(f"/me/enrollments/{made.id}")

    def page(self, token: str, found: EnrollmentInvitation, values: Any, refusal: Refusal) -> Any:
        here = f"/enroll/{token}/account"
        if accepting.has_account(found):
            lead = _(
                "There is an account for %(email)s already. Log in, and the invitation is yours.",
                email=found.guardian_email,
            )
            go_on = Link(_("Log in"), f"/login/?next={here}")
            return door.show(DoorPage(_("Welcome back"), lead, go_on=go_on))
        first, _space, last = (found.guardian_name or "").rpartition(" ")
        names = {"first_name": first or last, "last_name": last if first else ""}
        fields = [
            Field("first_name", _("Your first name"), autocomplete="given-name", maxlength=64, required=True),
            Field("last_name", _("Your last name"), autocomplete="family-name", maxlength=64, required=True),
            Field("phone", _("Your phone"), "tel", autocomplete="tel", maxlength=40),
            *door.password_fields(_("Choose a password"), _("Password once more"), str(RULE)),
        ]
        for each in fields[:3]:
            each.value = str(values.get(each.name, names.get(each.name, "")))
        lead = _("With it you come back whenever you like. You log in with %(email)s.", email=found.guardian_email)
        form = door.form(here, _("Make the account and begin"), fields, refusal)
        back = Link(_("I have an account with another address"), f"/login/?next={here}")
        return door.show(DoorPage(_("Your account"), lead, form, links=[back]))


def _find(token: str) -> EnrollmentInvitation:
    return links.find(token, ip_address=_here(), load=LOAD)


def _here() -> str:
    return request.remote_addr or ""


def _log_in(email: str, password: str) -> None:
    """Begin a session as the login page does, which may still ask for a second factor."""
    _actor, token = login.log_in(
        email, password, kind=SessionKind.WEB, ip_address=_here(), user_agent=request.user_agent.string
    )
    session.clear()
    session[TOKEN] = token
    session.permanent = True


def accepted() -> Any:
    """The link was used: whoever has it goes on by logging in."""
    lead = _("This invitation is accepted. Log in to go on where you were.")
    go_on = Link(_("Go on"), "/me/enrollments/")
    return door.show(DoorPage(_("Welcome back"), lead, go_on=go_on))


def over(refusal: Refusal) -> Any:
    home = Link(_("Back to the login"), "/login/")
    return door.show(DoorPage(_("This link is over"), str(refusal), links=[home])), refusal.status


def _out() -> Link:
    return Link(_("Sign in as somebody else"), "/logout/", method="post")
