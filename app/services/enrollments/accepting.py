"""Taking an invitation: the family opens the link, and gets an account or logs in with the one it has (spec B). From then
on the link leads to the login, and the enrollment goes on where it was left.

Locks: the invitation, then what making an account locks. Of two who take the same, the second finds it taken.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.access import User
from app.models.enrollments import (
    STEPS,
    Enrollment,
    EnrollmentEventType,
    EnrollmentInvitation,
    EnrollmentStep,
    InvitationStatus,
)
from app.models.organizations import Organization
from app.policies.accounts import held_roles
from app.policies.actor import Actor
from app.policies.roles import Role
from app.services import accounts, passwords, rate_limits, school, sessions
from app.services.accounts import access
from app.services.accounts.inputs import plain_username
from app.services.enrollments import events, links
from app.services.enrollments.links import InvitationOver
from app.services.errors import Conflict, Invalid, WrongState
from app.services.transaction import clock, lock, transactional

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no signs that are taken for one another
SUFFIX: Final = 6
MOST_TRIES: Final = 20
PERIOD: Final = timedelta(hours=1)

_SPEAK = text("UPDATE user_settings SET locale = :locale WHERE user_id = :user_id")


@transactional
def open_link(token: str, *, actor: Actor, ip_address: str) -> EnrollmentInvitation:
    """Note that the family has opened its link; again, nothing. Raises InvitationOver, TooMany."""
    found = _lock(token, ip_address)
    if found.status is InvitationStatus.SENT:
        found.status, found.opened_at = InvitationStatus.OPENED, found.opened_at or clock()
        events.note(found, EnrollmentEventType.INVITATION_OPENED)
    db.session.flush()
    return found


def has_account(invitation: EnrollmentInvitation) -> bool:
    """Whether the address that was invited has an account: then its owner logs in. Only who has the link learns this."""
    return accounts.find(invitation.guardian_email) is not None


def accept_as_new(token: str, values: Mapping[str, Any], *, actor: Actor, ip_address: str) -> Enrollment:
    """Make an account with the role Guardian for who was invited, and the enrollment with its six steps. `values` are of
    AcceptInput. The address is that of the invitation, which the link proves.

    Raises InvitationOver, TooMany, Invalid at the fields, Conflict when the address has an account, WrongState
    when the school was deleted.
    """
    rate_limits.check("invitation-account", rate_limits.network(ip_address), most=MOST_TRIES, period=PERIOD)
    invitation = links.find(token, ip_address=ip_address)
    password = values["password"].get_secret_value()
    if password != values["password_again"].get_secret_value():
        raise Invalid(fields={"password_again": [_("This is not the same as above.")]})
    personal = [invitation.guardian_email, values["first_name"], values["last_name"]]
    hashed = passwords.hash_password(passwords.check(password, personal=personal))
    return _accept_as_new(token, {**values, "password_hash": hashed}, actor=sessions.system(), ip_address=ip_address)


@transactional
def _accept_as_new(token: str, values: Mapping[str, Any], *, actor: Actor, ip_address: str) -> Enrollment:
    invitation = _lock(token, ip_address)
    if has_account(invitation):
        raise Conflict(_("This address has an account already. Log in with it, and the invitation is yours."))
    if invitation.status is InvitationStatus.ACCEPTED:
        raise InvitationOver
    email = invitation.guardian_email
    user = accounts.create_account(
        username=_username(email),
        email=email,
        first_name=values["first_name"],
        last_name=values["last_name"],
        phone=values.get("phone"),
        password_hash=values["password_hash"],
        roles=[Role.GUARDIAN.value],
        actor=actor,
    )
    if invitation.locale in current_app.config["LANGUAGES"]:
        db.session.execute(_SPEAK, {"locale": invitation.locale, "user_id": user.id})
    return _begin(invitation, user.id)


@transactional
def accept_as_known(token: str, *, actor: Actor, ip_address: str) -> Enrollment:
    """Take the invitation with the account that the actor is logged in with, which becomes a guardian's too. Taken by the
    same before, it is the same enrollment. Raises InvitationOver, TooMany, WrongState for the coach who invited, and
    when the school was deleted.
    """
    assert actor.id is not None
    invitation = _lock(token, ip_address)
    if invitation.status is InvitationStatus.ACCEPTED:
        found = of_invitation(invitation)
        if found.guardian_id != actor.id:
            raise InvitationOver
        return found
    if invitation.coach_id == actor.id:
        raise WrongState(_("You sent this invitation yourself. It is for the family."))
    user = access.lock_account(actor.id)
    if Role.GUARDIAN not in held_roles(user):
        roles = [*(role.name for role in user.roles), Role.GUARDIAN.value]
        access.change(user, sessions.system(), roles=roles)
    return _begin(invitation, user.id)


def of_invitation(invitation: EnrollmentInvitation) -> Enrollment:
    """The enrollment of an accepted invitation."""
    return db.session.scalars(select(Enrollment).where(Enrollment.invitation_id == invitation.id)).one()


def _lock(token: str, ip_address: str) -> EnrollmentInvitation:
    """The invitation, read afresh after the lock. Raises InvitationOver."""
    found = lock(EnrollmentInvitation, links.find(token, ip_address=ip_address).id)
    if not links.is_open(found) or found.token_hash != sessions.hash_token(token):
        raise InvitationOver
    return found


def _begin(invitation: EnrollmentInvitation, guardian_id: int) -> Enrollment:
    """The enrollment, with what the coach has said as the beginning of its first and fourth step. Raises WrongState when
    the school was deleted.
    """
    if lock(Organization, invitation.school_id).deleted_at is not None:
        raise WrongState(_("The school of this invitation is not there any more. Please ask who invited you."))
    made = Enrollment(
        enrollment_code=_code(),
        invitation_id=invitation.id,
        guardian_id=guardian_id,
        coach_id=invitation.coach_id,
        school_id=invitation.school_id,
        student_first_name=invitation.student_first_name,
        student_last_name=invitation.student_last_name,
    )
    db.session.add(made)
    invitation.status, invitation.opened_at = InvitationStatus.ACCEPTED, invitation.opened_at or clock()
    db.session.flush()
    known = {1: _of_program(invitation), 4: _of_student(invitation, guardian_id)}
    steps = range(1, STEPS + 1)
    db.session.add_all([EnrollmentStep(enrollment_id=made.id, step=step, data=known.get(step, {})) for step in steps])
    db.session.flush()
    events.note(made, EnrollmentEventType.INVITATION_ACCEPTED)
    db.session.flush()
    db.session.refresh(made)
    return made


def _of_program(invitation: EnrollmentInvitation) -> dict[str, Any]:
    return {"program_interests": invitation.program_interests} if invitation.program_interests else {}


def _of_student(invitation: EnrollmentInvitation, guardian_id: int) -> dict[str, Any]:
    """What is known of student and guardian, for the form: it is looked at before it counts."""
    user = db.session.get_one(User, guardian_id)
    known = {
        "first_name": invitation.student_first_name,
        "last_name": invitation.student_last_name,
        "grade_level": invitation.grade_level,
        "guardian_first_name": user.first_name,
        "guardian_last_name": user.last_name,
        "guardian_email": user.email if accounts.has_email(user.email) else None,
        "guardian_phone": db.session.scalar(_PHONE, {"user_id": user.id}),
    }
    return {name: value for name, value in known.items() if value}


_PHONE = text("SELECT phone FROM user_profiles WHERE user_id = :user_id")


def _code() -> str:
    """As TSA-ENROLL-20241208-ABC123; of a day there are a thousand million, and the index refuses one that is taken."""
    suffix = "".join(secrets.choice(ALPHABET) for _place in range(SUFFIX))
    return f"{current_app.config['ENROLLMENT_CODE_PREFIX']}-ENROLL-{school.today():%Y%m%d}-{suffix}"


def _username(email: str) -> str:
    """The address itself where it can be one, or what stands before the @ and is free."""
    wanted = plain_username(email) or "guardian"
    return wanted if accounts.find(wanted) is None else f"{wanted.partition('@')[0][:100]}.{secrets.token_hex(3)}"
