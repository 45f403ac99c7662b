"""Inviting families: making an invitation, correcting it, sending it again, revoking it (spec B)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.extensions import db
from app.models.enrollments import EnrollmentEventType, EnrollmentInvitation, InvitationStatus
from app.models.organizations import Organization, OrganizationType
from app.policies.actor import Actor
from app.policies.enrollments import is_office, may_decide_enrollment
from app.policies.roles import Role
from app.policies.scopes import visible
from app.services import lookups, plain, rate_limits
from app.services.enrollments import events, links
from app.services.errors import Invalid, NotAllowed, WrongState, explain
from app.services.mail import letters
from app.services.resource import Result
from app.services.transaction import is_rehearsed, lock, transactional

MOST_RESENT: Final = 10  # of one invitation, in a period
PERIOD: Final = timedelta(days=1)

_REQUIRED = _l("This field is required.")
explain(
    {
        "ck_enrollment_invitations_name_not_blank": ("student_first_name", _REQUIRED),
        "ck_enrollment_invitations_guardian_email": ("guardian_email", _l("Must be an e-mail address.")),
        "fk_enrollment_invitations_school_id_organizations": ("school_id", _l("Choose one from the list.")),
    }
)

_EXPIRE = text("""
    UPDATE enrollment_invitations SET status = 'expired'
    WHERE status IN ('sent', 'opened') AND expires_at <= now()
""")


def title(invitation: Any) -> str:
    """What an invitation is called: the student."""
    return f"{invitation.student_first_name} {invitation.student_last_name}"


@transactional
def create(values: Mapping[str, Any], *, actor: Actor, import_id: UUID | None = None) -> EnrollmentInvitation:
    """Invite a family and have the link sent to it. Raises Invalid for a coach or school that is not to be chosen, and
    NotAllowed for who does not invite.
    """
    facts = {
        **values,
        "coach_id": _coach(values.get("coach_id"), actor),
        "school_id": _school(values.get("school_id"), actor),
    }
    facts["locale"] = values.get("locale") or str(get_locale() or "en")
    made = EnrollmentInvitation(id=uuid4(), import_id=import_id, **facts)
    _send(made)
    return made


@transactional
def update(
    key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> EnrollmentInvitation:
    """Correct an invitation that is not accepted. With another address the link is a new one, and is sent there. Raises
    NotFound, Conflict, NotAllowed, WrongState, TooMany, Invalid.
    """
    found = lock(EnrollmentInvitation, key, visible(EnrollmentInvitation, actor), version=version)
    _check(actor, found)
    changes = dict(values)
    for name, chosen in (("coach_id", _coach), ("school_id", _school)):  # one that stays is not chosen anew
        if changes.get(name) in (None, getattr(found, name)):
            changes.pop(name, None)
        else:
            changes[name] = chosen(changes[name], actor)
    moved = changes.get("guardian_email", found.guardian_email).lower() != found.guardian_email.lower()
    for name, value in changes.items():
        setattr(found, name, value)
    if moved and found.status in links.WORKING:
        _send_again(found)
    db.session.flush()
    return found


def may_change(actor: Actor, invitation: Any) -> Any:
    """For the buttons: whose it is, and that it is still open."""
    return may_decide_enrollment(actor, invitation) or _over(invitation)


def _over(invitation: Any) -> Any:
    """Why nothing can be changed any more, or None."""
    if invitation.status is InvitationStatus.ACCEPTED:
        return _l("The family has accepted it.")
    if invitation.status is InvitationStatus.REVOKED:
        return _l("It was revoked. Invite the family anew.")
    return None


def _check(actor: Actor, invitation: EnrollmentInvitation) -> None:
    """Raises NotAllowed, WrongState."""
    if (reason := may_decide_enrollment(actor, invitation)) is not None:
        raise NotAllowed(reason)
    if (reason := _over(invitation)) is not None:
        raise WrongState(reason)


@transactional
def resend(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Send new links; those before are over. Refused per invitation: accepted, revoked, another's, sent too often."""

    def change(found: EnrollmentInvitation) -> bool:
        _check(actor, found)
        _send_again(found)
        return True

    return plain.each(EnrollmentInvitation, ids, title, change, actor=actor)


@transactional
def revoke(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """End invitations that are not accepted. One revoked before is left as it is."""

    def change(found: EnrollmentInvitation) -> bool:
        if found.status is InvitationStatus.REVOKED:
            return False
        _check(actor, found)
        found.status = InvitationStatus.REVOKED
        events.note(found, EnrollmentEventType.INVITATION_REVOKED)
        return True

    return plain.each(EnrollmentInvitation, ids, title, change, actor=actor)


@transactional
def expire() -> int:
    """Mark the invitations whose time is over; returns how many."""
    return int(db.session.execute(_EXPIRE).rowcount)  # type: ignore[attr-defined]


def _send_again(invitation: EnrollmentInvitation) -> None:
    """Raises TooMany: what a family asked for once does not fill its letter box."""
    if not is_rehearsed():
        who, sentence = str(invitation.id), _l("This invitation was sent too often. Please try again tomorrow.")
        rate_limits.check("invitation-sent", who, most=MOST_RESENT, period=PERIOD, sentence=sentence)
    _send(invitation)


def _send(invitation: EnrollmentInvitation) -> None:
    """Give the invitation a link, and have it sent."""
    links.renew(invitation)
    invitation.status = InvitationStatus.SENT
    db.session.add(invitation)
    db.session.flush()
    events.note(invitation, EnrollmentEventType.INVITATION_SENT)
    if not is_rehearsed():
        facts = {"id": str(invitation.id)}
        letters.post("enrollment_invitation", invitation.guardian_email, facts, locale=invitation.locale)


def require(actor: Actor) -> None:
    """Raises NotAllowed for whoever does not invite."""
    if not is_office(actor) and not actor.has(Role.COACH):
        raise NotAllowed(_("Only coaches and the enrollment office invite families."))


def _coach(coach_id: int | None, actor: Actor) -> int:
    """Who leads the family: a coach themselves; for the office, whom it says. Raises Invalid, NotAllowed."""
    require(actor)
    if not is_office(actor):
        if coach_id not in (None, actor.id):
            raise Invalid(fields={"coach_id": [_("You invite in your own name.")]})
        assert actor.id is not None
        return actor.id
    if coach_id is None:
        raise Invalid(fields={"coach_id": [_("This field is required.")]})
    lookups.check("coaches", actor, coach_id, "coach_id")
    return coach_id


def _school(chosen: UUID | None, actor: Actor) -> UUID:
    """The school that was chosen, or the only one there is. Raises Invalid."""
    if chosen is not None:
        lookups.check("enrollment-schools", actor, chosen, "school_id")
        return chosen
    only = schools().limit(2)
    found = list(db.session.scalars(only))
    if len(found) != 1:
        none = _("There is no school yet: an admin enters it under Schools.")
        raise Invalid(fields={"school_id": [_("This field is required.") if found else none]})
    return UUID(str(found[0]))


def schools() -> Any:
    """The schools at which students can be enrolled: key, name, identifier."""
    columns = Organization.id, Organization.name, Organization.identifier
    is_school = (Organization.type == OrganizationType.SCHOOL) & Organization.active & Organization.deleted_at.is_(None)
    return select(*columns).where(is_school).order_by(Organization.name, Organization.id)
