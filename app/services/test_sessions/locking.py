"""Locks of everything that registers or seats somebody, in this order:

    session -> student -> registration -> rooms (key order)

Whoever seats one student shares the session with others who do, and has the room alone. Whoever changes the session
itself, or seats many, has the session alone (`transaction.lock`), and so waits for the others, and they for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import bindparam, select, tuple_

from app.extensions import db
from app.models.students import Student
from app.models.test_sessions import TestRegistration, TestRegistrationStatus, TestSession, TestSessionStatus
from app.models.venues import Room
from app.policies.actor import Actor
from app.policies.rules import may_run_tests
from app.services.errors import Invalid, NotAllowed
from app.services.test_sessions.refusals import SessionClosed, StudentNotRegistered

# Made once: building a statement costs more than running it, and seats are given by the thousand.
_SESSIONS, _STUDENTS, _REGISTRATIONS, _ROOMS = (
    model.__table__ for model in (TestSession, Student, TestRegistration, Room)
)
_SHARED_SESSION = (
    select(
        *(
            _SESSIONS.c[name]
            for name in (
                "id",
                "code",
                "venue_id",
                "status",
                "session_date",
                "start_time",
                "end_time",
                "registration_closes_on",
            )
        )
    )
    .where(_SESSIONS.c.id == bindparam("session_id"))
    .with_for_update(read=True, of=_SESSIONS)
)
_REGISTERED = (
    select(_STUDENTS.c.user_id)
    .join(_REGISTRATIONS, _REGISTRATIONS.c.student_id == _STUDENTS.c.id)
    .where(
        _REGISTRATIONS.c.session_id == bindparam("session_id"),
        _REGISTRATIONS.c.student_id == bindparam("student_id"),
        _REGISTRATIONS.c.status == TestRegistrationStatus.CONFIRMED,
        _STUDENTS.c.deleted_at.is_(None),
    )
    .with_for_update(key_share=True, of=_REGISTRATIONS)
)
_ROOM = (
    select(*(_ROOMS.c[name] for name in ("id", "venue_id", "number", "name", "status", "deleted_at")))
    .where(_ROOMS.c.id == bindparam("room_id"))
    .with_for_update(key_share=True, of=_ROOMS)
)


def require(actor: Actor) -> None:
    """Raises NotAllowed for whoever does not look after tests."""
    if (reason := may_run_tests(actor, None)) is not None:
        raise NotAllowed(reason)


def share_session(session_id: UUID) -> Any:
    """The session, held against changes of it; whoever looks after tests sees all of them. Raises Invalid at the field
    for one that there is not.
    """
    found = db.session.execute(_SHARED_SESSION, {"session_id": session_id}).one_or_none()
    if found is None:
        raise Invalid(fields={"session_id": [_("Choose one from the list.")]})
    return found


def check_open(session: Any) -> None:
    """Raises SessionClosed unless seats may change."""
    if session.status is not TestSessionStatus.OPEN:
        raise SessionClosed(_("Session %(code)s is not open: nothing changes in it.", code=session.code))


def check_registered(session: Any, student_id: UUID) -> bool:
    """Locks their confirmed registration, so that one student is seated once at a time. Returns whether they have an
    account. Raises StudentNotRegistered when they have none.
    """
    keys = {"session_id": session.id, "student_id": student_id}
    found = db.session.execute(_REGISTERED, keys).one_or_none()
    if found is None:
        sentence = _("The student is not registered for session %(code)s.", code=session.code)
        raise StudentNotRegistered(sentence, fields={"student_id": [sentence]})
    return found.user_id is not None


def lock_registrations(pairs: Sequence[tuple[UUID, UUID]]) -> None:
    """The confirmed registrations of these sessions and students, in key order."""
    confirmed = TestRegistration.status == "confirmed"
    statement = select(TestRegistration.id).where(
        tuple_(TestRegistration.session_id, TestRegistration.student_id).in_(pairs), confirmed
    )
    db.session.execute(statement.order_by(TestRegistration.id).with_for_update(key_share=True))


def lock_room(room_id: UUID) -> Any:
    """The room, alone. Raises Invalid at the field for one that there is not."""
    found = db.session.execute(_ROOM, {"room_id": room_id}).one_or_none()
    if found is None:
        raise Invalid(fields={"room_id": [_("Choose one from the list.")]})
    return found
