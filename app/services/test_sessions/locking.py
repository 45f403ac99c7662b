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
from sqlalchemy import select, tuple_

from app.extensions import db
from app.models.students import Student
from app.models.test_sessions import TestRegistration, TestSession, TestSessionStatus
from app.models.venues import Room
from app.policies.actor import Actor
from app.policies.rules import may_run_tests
from app.policies.scopes import visible
from app.services.errors import Invalid, NotAllowed
from app.services.test_sessions.refusals import SessionClosed, StudentNotRegistered


def require(actor: Actor) -> None:
    """Raises NotAllowed for whoever does not look after tests."""
    if (reason := may_run_tests(actor, None)) is not None:
        raise NotAllowed(reason)


def share_session(session_id: UUID, actor: Actor) -> Any:
    """The session, held against changes of it. Raises Invalid at the field for one that there is not."""
    statement = (
        select(
            TestSession.id,
            TestSession.code,
            TestSession.venue_id,
            TestSession.status,
            TestSession.session_date,
            TestSession.start_time,
            TestSession.end_time,
            TestSession.registration_closes_on,
        )
        .where(TestSession.id == session_id, visible(TestSession, actor))
        .with_for_update(read=True, of=TestSession)
    )
    found = db.session.execute(statement).one_or_none()
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
    statement = (
        select(Student.user_id)
        .join(TestRegistration, TestRegistration.student_id == Student.id)
        .where(
            TestRegistration.session_id == session.id,
            TestRegistration.student_id == student_id,
            TestRegistration.status == "confirmed",
            Student.deleted_at.is_(None),
        )
        .with_for_update(key_share=True, of=TestRegistration)
    )
    found = db.session.execute(statement).one_or_none()
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
    statement = (
        select(Room.id, Room.venue_id, Room.number, Room.name, Room.status, Room.deleted_at)
        .where(Room.id == room_id)
        .with_for_update(key_share=True, of=Room)
    )
    found = db.session.execute(statement).one_or_none()
    if found is None:
        raise Invalid(fields={"room_id": [_("Choose one from the list.")]})
    return found
