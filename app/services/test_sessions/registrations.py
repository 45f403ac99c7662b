"""Booking a session for a student, taking that back, and moving it to another session, within the rules of the year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.students import Student
from app.models.test_sessions import TestRegistration, TestRegistrationStatus
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import plain, school
from app.services.errors import Invalid
from app.services.keysets import among
from app.services.resource import Result
from app.services.test_sessions import notices
from app.services.test_sessions.labels import registration_title
from app.services.test_sessions.locking import check_open, require, share_session
from app.services.test_sessions.refusals import AlreadyBooked, RegistrationClosed
from app.services.test_sessions.years import rules_of
from app.services.transaction import lock_many, transactional

_CONFIRMED = TestRegistrationStatus.CONFIRMED
# What a student has booked: this session, sessions that are still to come, tests of the year of this one, and what is held
# at the same time.
_BOOKED = text("""
    SELECT count(*) FILTER (WHERE s.id = :session_id) AS here,
           count(*) FILTER (WHERE s.session_date >= :today AND s.status IN ('open', 'closed')) AS to_come,
           count(*) FILTER (WHERE extract(year FROM s.session_date) = :year) AS tests,
           min(s.code) FILTER (WHERE s.session_date >= :today AND s.status IN ('open', 'closed')) AS next,
           min(s.code) FILTER (WHERE s.session_date = :day AND s.start_time < :end AND s.end_time > :start) AS then
    FROM test_registrations r JOIN test_sessions s ON s.id = r.session_id
    WHERE r.student_id = :student_id AND r.status = 'confirmed' AND s.status <> 'cancelled'
""")


@transactional
def register(values: Mapping[str, Any], *, actor: Actor) -> TestRegistration:
    """Book a session for a student.

    Raises NotAllowed, Invalid at the field for what there is not, SessionClosed, RegistrationClosed before the opening
    and after the closing date, AlreadyBooked for who has this session, another booking, all tests of the year, or a test at
    the same time.
    """
    require(actor)
    session = share_session(values["session_id"])
    _check_period(session)
    _lock_student(values["student_id"], actor)
    _check_bookings(session, values["student_id"])
    made: TestRegistration = plain.create(TestRegistration, values, actor=actor)
    return made


def _check_period(session: Any) -> None:
    check_open(session)
    rules, today = rules_of(session.session_date.year), school.today()
    if rules.opens_on is not None and today < rules.opens_on:
        raise RegistrationClosed(
            _(
                "Registration for tests in %(year)s opens on %(day)s.",
                year=session.session_date.year,
                day=rules.opens_on,
            )
        )
    if today > (closes_on := rules.closes_on(session)):
        sentence = _("Registration for session %(code)s closed on %(day)s.", code=session.code, day=closes_on)
        raise RegistrationClosed(sentence)


def _lock_student(student_id: UUID, actor: Actor) -> None:
    """All bookings of a student wait for one another, so that they can be counted."""
    if not lock_many(Student, [student_id], visible(Student, actor)):
        raise Invalid(fields={"student_id": [_("Choose one from the list.")]})


def _check_bookings(session: Any, student_id: UUID) -> None:
    day, rules = session.session_date, rules_of(session.session_date.year)
    keys = {"session_id": session.id, "student_id": student_id, "today": school.today(), "year": day.year}
    keys |= {"day": day, "start": session.start_time, "end": session.end_time}
    booked = db.session.execute(_BOOKED, keys).one()
    if booked.here:
        raise _booked(_("The student is registered for session %(code)s already.", code=session.code))
    if booked.to_come >= rules.most_bookings and day >= keys["today"]:
        raise _booked(_("The student is booked for session %(code)s: cancel or move that first.", code=booked.next))
    if booked.tests >= rules.most_tests:
        most = _("At most %(most)s tests a year, and these are booked.", most=rules.most_tests)
        raise _booked(most)
    if booked.then is not None:
        sentence = _("The student has session %(code)s at this time: cancel or move that first.", code=booked.then)
        raise _booked(sentence)


def _booked(sentence: str) -> AlreadyBooked:
    return AlreadyBooked(sentence, fields={"student_id": [sentence]})


def _lock_all(ids: Sequence[UUID], actor: Actor, *more: UUID) -> dict[UUID, Any]:
    """Lock the sessions of these registrations, and more, then their students; returns the sessions by key."""
    columns = select(TestRegistration.session_id, TestRegistration.student_id)
    found = db.session.execute(columns.where(among(TestRegistration.id, ids), visible(TestRegistration, actor))).all()
    sessions = {key: share_session(key) for key in sorted({row.session_id for row in found} | set(more))}
    lock_many(Student, [row.student_id for row in found])
    return sessions


_UNSEAT = text("DELETE FROM room_allocations WHERE session_id = :session_id AND student_id = :student_id RETURNING id")


def _cancel(row: TestRegistration, session: Any) -> bool:
    """Cancel one, and free its seat. Raises SessionClosed, RegistrationClosed."""
    if row.status is not _CONFIRMED:
        return False
    _check_period(session)
    row.status, row.cancelled_at = TestRegistrationStatus.CANCELLED, db.session.scalar(text("SELECT now()"))
    db.session.flush()
    keys = {"session_id": row.session_id, "student_id": row.student_id}
    if db.session.execute(_UNSEAT, keys).all():
        notices.tell(row.session_id, [row.student_id])
    return True


@transactional
def cancel(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Cancel registrations, before their closing date, and free their seats. Repeating it changes nothing. Raises
    NotAllowed.
    """
    require(actor)
    sessions = _lock_all(ids, actor)
    return plain.each(
        TestRegistration, ids, registration_title, lambda row: _cancel(row, sessions[row.session_id]), actor=actor
    )


@transactional
def move(ids: Sequence[UUID], *, actor: Actor, session_id: UUID) -> Result:
    """Move registrations to another session, before the closing dates of both: the old ones are cancelled, with their
    seats, and the new ones have their notes. Raises NotAllowed, Invalid at the field; what stands against one is its outcome.
    """
    require(actor)
    sessions = _lock_all(ids, actor, session_id)

    def change(row: TestRegistration) -> bool:
        if row.session_id == session_id or not _cancel(row, sessions[row.session_id]):
            return False
        _check_period(sessions[session_id])
        _check_bookings(sessions[session_id], row.student_id)
        values = {"session_id": session_id, "student_id": row.student_id, "notes": row.notes}
        plain.create(TestRegistration, values, actor=actor)
        return True

    return plain.each(TestRegistration, ids, registration_title, change, actor=actor)
