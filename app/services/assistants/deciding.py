"""Approving and rejecting applications, one or many, each with its own outcome (spec A).

An approval is one transaction: the request is locked, then account, student, assistant, capabilities and availability
are made in the order of their foreign keys, by flush; and the staged rows go. Nothing in between is ever committed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import func, text

from app.extensions import db
from app.models.access import User
from app.models.assistants import HelpDeskAssistant, RegistrationRequest, RegistrationStatus
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.rules import may_decide_registration
from app.policies.scopes import visible
from app.services import accounts
from app.services.assistants import notices
from app.services.errors import Invalid, NotAllowed, NotFound, Refusal, WrongState, in_words
from app.services.resource import Outcome, Result
from app.services.students import records as students
from app.services.transaction import lock_many, savepoint, transactional

MOST_AT_ONCE: Final = 200

_CAPABILITIES = text("""
    INSERT INTO course_capabilities (assistant_id, course_id)
    SELECT :assistant_id, s.course_id FROM registration_courses s JOIN courses c ON c.id = s.course_id
    WHERE s.registration_id = :registration_id AND c.deleted_at IS NULL
""")
_AVAILABILITY = text("""
    INSERT INTO availability (assistant_id, day_of_week, start_time, end_time)
    SELECT :assistant_id, day_of_week, start_time, end_time FROM registration_availability
    WHERE registration_id = :registration_id
""")
_SPEAK = text("UPDATE user_settings SET locale = :locale WHERE user_id = :user_id")
_CLEAR = (
    text("DELETE FROM registration_availability WHERE registration_id = :registration_id"),
    text("DELETE FROM registration_courses WHERE registration_id = :registration_id"),
)

# Decides one locked request; False when that was done before. Raises a Refusal to leave it as it is.
Decide = Callable[[RegistrationRequest], bool]


def title(request: Any) -> str:
    """What an application is called."""
    return f"{request.first_name} {request.last_name}"


@transactional
def approve(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Make assistants of applicants, who can log in at once with the password they chose. One approved before is left as it
    is, with its assistant.

    Refused per request: rejected before; a username or e-mail address that somebody else has meanwhile, which
    leaves it pending. Raises Invalid for too many at once.
    """

    def decide(request: RegistrationRequest) -> bool:
        if request.status is RegistrationStatus.APPROVED:
            return False
        _check_pending(request)
        _make_assistant(request, actor)
        notices.tell_approved(request, actor)
        return True

    return _each(ids, actor, decide)


@transactional
def reject(ids: Sequence[UUID], *, actor: Actor, reason: str) -> Result:
    """Say no, and why; what was staged goes. One rejected before is left as it is, with its first reason.

    Refused per request: approved before. Raises Invalid for too many at once.
    """

    def decide(request: RegistrationRequest) -> bool:
        if request.status is RegistrationStatus.REJECTED:
            return False
        _check_pending(request)
        request.rejection_reason = reason
        _close(request, RegistrationStatus.REJECTED, actor)
        notices.tell_rejected(request, actor)
        return True

    return _each(ids, actor, decide)


def _make_assistant(request: RegistrationRequest, actor: Actor) -> None:
    """Raises Conflict when the username or e-mail address is somebody else's meanwhile."""
    user = _account(request, actor)
    student = _student(request, user, actor)
    assistant = HelpDeskAssistant(student_id=student.id)
    db.session.add(assistant)
    db.session.flush()
    facts = {"registration_id": request.id, "assistant_id": assistant.id}
    db.session.execute(_CAPABILITIES, facts)
    db.session.execute(_AVAILABILITY, facts)
    if request.locale in current_app.config["LANGUAGES"]:  # they are greeted in the language in which they asked
        db.session.execute(_SPEAK, {"locale": request.locale, "user_id": user.id})
    request.user_id, request.assistant_id = user.id, assistant.id
    _close(request, RegistrationStatus.APPROVED, actor)


def _account(request: RegistrationRequest, actor: Actor) -> User:
    """By the one way in which accounts are made, in a savepoint: what it refuses leaves nothing."""
    return accounts.create_account(
        username=request.username,
        email=request.email,
        first_name=request.first_name,
        last_name=request.last_name,
        phone=request.phone,
        password_hash=request.password_hash,
        roles=[Role.ASSISTANT.value],
        actor=actor,
    )


def _student(request: RegistrationRequest, user: User, actor: Actor) -> Student:
    """Always a new one: the applicant's name and address are not proved, and must not open somebody else's record. Who
    may be the same person stands on the page of the application.
    """
    values = {name: getattr(request, name) for name in ("first_name", "last_name", "phone", "email")}
    return students.create(values | {"user_id": user.id, "accept_duplicates": True}, actor=actor)


def _close(request: RegistrationRequest, status: RegistrationStatus, actor: Actor) -> None:
    """Write the decision; the password's hash and the staged rows are gone with it."""
    request.status, request.password_hash = status, None
    request.processed_at, request.processed_by_id = func.now(), actor.id
    db.session.flush()
    for statement in _CLEAR:
        db.session.execute(statement, {"registration_id": request.id})


def _check_pending(request: RegistrationRequest) -> None:
    """Raises WrongState."""
    if request.status is not RegistrationStatus.PENDING:
        raise WrongState(_("It is decided already."))


def _each(ids: Sequence[UUID], actor: Actor, decide: Decide) -> Result:
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(_("At most %(most)s applications at once.", most=f"{MOST_AT_ONCE:,}"))
    found = {each.id: each for each in lock_many(RegistrationRequest, wanted, visible(RegistrationRequest, actor))}
    return Result([_outcome(key, found.get(key), actor, decide) for key in wanted])


def _outcome(key: UUID, request: RegistrationRequest | None, actor: Actor, decide: Decide) -> Outcome:
    if request is None:
        return Outcome(str(key), str(key)[:8], NotFound())
    name = title(request)
    if (reason := may_decide_registration(actor, request)) is not None:
        return Outcome(str(key), name, NotAllowed(reason))
    try:
        with savepoint():  # somebody else may take the username or address in this very moment
            changed = decide(request)
    except Refusal as refusal:
        return Outcome(str(key), name, in_words(refusal, _("The application stays pending.")))
    return Outcome(str(key), name, unchanged=not changed)
