"""Sessions with rooms and students, for tests of who sits where."""

from __future__ import annotations

import itertools
from datetime import date, time
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.models.test_sessions import (
    AllocationRun,
    AllocationRunKind,
    AllocationRunStatus,
    RoomAllocation,
    TestRegistration,
    TestRegistrationStatus,
    TestSession,
)
from app.models.venues import Room, Venue
from tests.factories.students import student

_numbers = itertools.count(1)


def venue(**values: Any) -> Venue:
    return _saved(Venue(**{"code": f"V{next(_numbers)}", "name": "Town hall"} | values))


def room(at: Venue, capacity: int, **values: Any) -> Room:
    number = f"{next(_numbers):03}"
    return _saved(Room(**{"venue_id": at.id, "name": "Room", "number": number, "capacity": capacity} | values))


def session(at: Venue, **values: Any) -> TestSession:
    given = {"code": f"S{next(_numbers)}", "name": "Test", "session_date": date(2099, 6, 15)}
    return _saved(TestSession(**given | {"venue_id": at.id, "start_time": time(9), "end_time": time(12)} | values))


def registered(to: TestSession, count: int, *, school: str | None = None, needs: bool = False) -> list[UUID]:
    """So many new students with a confirmed registration."""
    found = [student(school_name=school, needs_accessible_room=needs).id for _number in range(count)]
    db.session.add_all([TestRegistration(session_id=to.id, student_id=each) for each in found])
    db.session.commit()
    return found


def cancel(session_id: UUID, student_id: UUID) -> None:
    """As by hand: the registration alone."""
    statement = "UPDATE test_registrations SET status = :to, cancelled_at = now() WHERE session_id = :session AND student_id = :id"
    facts = {"to": TestRegistrationStatus.CANCELLED.value, "session": session_id, "id": student_id}
    db.session.execute(text(statement), facts)
    db.session.commit()


def allocation(of: TestSession, to: Room, student_id: UUID, seat: str, **values: Any) -> RoomAllocation:
    facts = {"session_id": of.id, "venue_id": of.venue_id, "room_id": to.id, "student_id": student_id}
    return _saved(RoomAllocation(**facts, seat_number=seat, **values))


def applied_run(of: TestSession) -> AllocationRun:
    """A run that seated nobody and can be undone."""
    kind, status = AllocationRunKind.EVERYONE, AllocationRunStatus.APPLIED
    return _saved(AllocationRun(session_id=of.id, kind=kind, status=status, options={"order": "surname"}))


def _saved(made: Any) -> Any:
    db.session.add(made)
    db.session.commit()
    return made
