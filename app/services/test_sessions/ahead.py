"""The test sessions that come next, with what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select, text

from app.extensions import db
from app.models.students import Student
from app.models.test_sessions import (
    RoomAllocation,
    TestRegistration,
    TestRegistrationStatus,
    TestSession,
    TestSessionStatus,
)
from app.services import listing, school
from app.services.test_sessions.resource import SESSIONS
from app.services.test_sessions.seats import USABLE

MOST: Final = 8

# The first sessions alone, and only then what belongs to each. Deleted students take part in nothing.
_NEXT: Final = text(f"""
    SELECT s.id, s.code, s.session_date, s.start_time, v.name AS venue, g.registered, g.seated, f.seats
    FROM (SELECT * FROM test_sessions WHERE session_date >= :today AND status IN ('open', 'closed')
          ORDER BY session_date, start_time, id LIMIT {MOST}) s
    JOIN venues v ON v.id = s.venue_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS registered, count(a.student_id) AS seated
        FROM test_registrations t LEFT JOIN room_allocations a ON a.session_id = s.id AND a.student_id = t.student_id
        WHERE t.session_id = s.id AND t.status = 'confirmed'
          AND NOT EXISTS (SELECT FROM students st WHERE st.id = t.student_id AND st.deleted_at IS NOT NULL)) g
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.capacity), 0) AS seats FROM rooms r WHERE r.venue_id = s.venue_id AND {USABLE}) f
    ORDER BY s.session_date, s.start_time, s.id
""")  # noqa: S608 - from here


def sessions() -> Sequence[Any]:
    """Today's and those to come that are to be held, MOST of them: how many are registered and how many of them have a seat,
    and how many seats there are in rooms that can be used then.
    """
    return db.session.execute(_NEXT, {"today": school.today()}).all()


def to_come() -> listing.Query:
    """All of them, as a list."""
    filters = [f"session_date:after:{school.today() - timedelta(days=1)}", "status:in:open,closed"]
    return listing.read_query(SESSIONS, {"f": filters, "sort": ["session_date"]})


def seatless() -> list[Any]:
    """Conditions: who is registered for one of them and has no seat. Deleted students take part in nothing."""
    planned = select(TestSession.id).where(
        TestSession.session_date >= school.today(),
        TestSession.status.in_((TestSessionStatus.OPEN, TestSessionStatus.CLOSED)),
    )
    seat = select(RoomAllocation.id).where(
        RoomAllocation.session_id == TestRegistration.session_id,
        RoomAllocation.student_id == TestRegistration.student_id,
    )
    there = select(Student.id).where(Student.id == TestRegistration.student_id, Student.deleted_at.is_(None))
    return [
        TestRegistration.session_id.in_(planned),
        TestRegistration.status == TestRegistrationStatus.CONFIRMED,
        ~seat.exists(),
        there.exists(),
    ]


def to_complete() -> listing.Query:
    """Sessions of days before today of which nobody has said that they were held or cancelled, as a list."""
    filters = [f"session_date:before:{school.today()}", "status:in:open,closed"]
    return listing.read_query(SESSIONS, {"f": filters, "sort": ["session_date"]})
