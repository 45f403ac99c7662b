"""Where a student sits, for themselves: their page and their calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.models.students import Student
from app.models.test_sessions import RoomAllocation, TestRegistration, TestSession
from app.models.venues import Room, Venue
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import school
from app.services.timetables.reading import ClassEntry

MOST: Final = 200


def _tests(*criteria: Any) -> Any:
    """Registrations with their session, and the seat if there is one."""
    return (
        select(
            TestRegistration.id,
            TestRegistration.session_id,
            TestRegistration.student_id,
            TestRegistration.status,
            TestSession.code,
            TestSession.name,
            TestSession.session_date,
            TestSession.start_time,
            TestSession.end_time,
            TestSession.status.label("session_status"),
            Venue.name.label("venue"),
            func.concat_ws(", ", Venue.address, Venue.city).label("place"),
            Room.number.label("room_number"),
            Room.name.label("room"),
            RoomAllocation.seat_number,
            Student.test_number,
            func.greatest(TestSession.updated_at, RoomAllocation.updated_at, Room.updated_at).label("changed_at"),
        )
        .join(TestSession, TestSession.id == TestRegistration.session_id)
        .join(Venue, Venue.id == TestSession.venue_id)
        .join(Student, Student.id == TestRegistration.student_id)
        .outerjoin(
            RoomAllocation,
            (RoomAllocation.session_id == TestRegistration.session_id)
            & (RoomAllocation.student_id == TestRegistration.student_id)
            & (TestRegistration.status == "confirmed"),
        )
        .outerjoin(Room, Room.id == RoomAllocation.room_id)
        .where(*criteria)
        .limit(MOST)
    )


def tests_of(student_id: UUID, actor: Actor) -> Sequence[Any]:
    """The tests for which a student is or was registered, the latest first, with their seat."""
    statement = _tests(TestRegistration.student_id == student_id, visible(TestRegistration, actor))
    latest = statement.order_by(TestSession.session_date.desc(), TestSession.start_time.desc(), TestRegistration.id)
    return db.session.execute(latest).all()


def seats_of(actor: Actor) -> Sequence[Any]:
    """The actor's own tests, those to come first."""
    own = Student.user_id == actor.id, Student.deleted_at.is_(None), TestRegistration.status == "confirmed"
    latest = _tests(*own).order_by(TestSession.session_date.desc(), TestSession.start_time, TestRegistration.id)
    rows = db.session.execute(latest).all()
    today = school.today()
    ahead = sorted(
        (row for row in rows if row.session_date >= today), key=lambda row: (row.session_date, row.start_time)
    )
    return [*ahead, *(row for row in rows if row.session_date < today)]


def calendar(first: date, last: date, *, actor: Actor) -> list[ClassEntry]:
    """The actor's own seats from day to day, as entries of a calendar."""
    own = Student.user_id == actor.id, Student.deleted_at.is_(None), RoomAllocation.id.is_not(None)
    days = TestSession.session_date.between(first, last)
    rows = db.session.execute(_tests(*own, days).order_by(TestSession.session_date, TestSession.start_time))
    return [_entry(row) for row in rows]


def _entry(row: Any) -> ClassEntry:
    zone = school.zone()
    where = ", ".join(filter(None, (row.venue, row.place, f"{row.room_number} {row.room}")))
    lines = [_("Seat %(seat)s in room %(room)s", seat=row.seat_number, room=row.room_number)]
    lines.append(_("Your test number: %(number)s", number=row.test_number))
    changed: datetime = row.changed_at
    return ClassEntry(
        f"seat-{row.session_id}-{row.student_id}", row.session_id, row.session_date,
        datetime.combine(row.session_date, row.start_time, zone), datetime.combine(row.session_date, row.end_time, zone),
        _("Test: %(name)s", name=row.name), "", where, "scheduled", int(changed.timestamp()) // 60, changed,
        cancelled=row.session_status == "cancelled", about="\n".join(lines),
    )  # fmt: skip
