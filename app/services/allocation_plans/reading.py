"""What the planner is told of a session, read in a few statements whatever its size, under the session's lock."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.services.allocation_plans.problem import Group, Problem, Room
from app.services.test_sessions.seats import ROOM_ORDER, USABLE

# Rooms that may be used.
_ROOMS = text(f"""
    SELECT r.id, r.accessible, coalesce(c.seats, 0) - coalesce(t.taken, 0) AS free, coalesce(t.taken, 0) > 0 AS in_use
    FROM test_sessions s JOIN venues v ON v.id = s.venue_id JOIN rooms r ON r.venue_id = v.id AND {USABLE}
    LEFT JOIN (SELECT room_id, count(*) AS seats FROM room_seats GROUP BY 1) c ON c.room_id = r.id
    LEFT JOIN (SELECT room_id, count(*) AS taken FROM room_allocations WHERE session_id = :id GROUP BY 1) t ON t.room_id = r.id
    WHERE s.id = :id ORDER BY {ROOM_ORDER}
""")  # noqa: S608 - our own words
_PRESENT = text("""
    SELECT a.room_id, lower(btrim(st.school_name)) AS school, count(*) AS students
    FROM room_allocations a JOIN students st ON st.id = a.student_id
    WHERE a.session_id = :id AND btrim(st.school_name) <> '' GROUP BY 1, 2
""")
# Who is registered and has no seat. Deleted students take part in nothing.
WAITING: Final = """
    FROM test_registrations g JOIN students st ON st.id = g.student_id AND st.deleted_at IS NULL
    WHERE g.session_id = :id AND g.status = 'confirmed'
      AND NOT EXISTS (SELECT FROM room_allocations a WHERE a.session_id = :id AND a.student_id = g.student_id)
"""
SCHOOL: Final = "CASE WHEN :apart THEN lower(btrim(coalesce(st.school_name, ''))) ELSE '' END"
_GROUPS = text(
    f"SELECT st.needs_accessible_room AS needs, {SCHOOL} AS school, count(*) AS students {WAITING} GROUP BY 1, 2"
)
_COUNT = text(f"SELECT count(*) {WAITING}")


def waiting(session_id: UUID) -> int:
    """How many wait for a seat."""
    return int(db.session.execute(_COUNT, {"id": session_id}).scalar_one())


_LOCK = text("""
    SELECT r.id FROM test_sessions s JOIN rooms r ON r.venue_id = s.venue_id WHERE s.id = :id
    ORDER BY r.id FOR NO KEY UPDATE OF r
""")


def lock_rooms(session_id: UUID) -> None:
    """All rooms of the venue, in key order, after the session: others may have sessions in them at the same time."""
    db.session.execute(_LOCK, {"id": session_id})


def problem(session_id: UUID, *, apart: bool = False) -> Problem:
    """Who waits, and where seats are free. Schools are read only where they matter."""
    facts = {"id": session_id, "apart": apart}
    present: defaultdict[UUID, dict[str, int]] = defaultdict(dict)
    for row in db.session.execute(_PRESENT, facts) if apart else ():
        present[row.room_id][row.school] = row.students
    rooms = tuple(
        Room(row.id, row.free, row.accessible, row.in_use, present.get(row.id, {}))
        for row in db.session.execute(_ROOMS, facts)
    )
    groups = {Group(row.needs, row.school): row.students for row in db.session.execute(_GROUPS, facts)}
    return Problem(rooms, groups)


@dataclass(frozen=True)
class Seated:
    """Somebody with a seat. `gone`: no longer registered; `stuck`: why they cannot stay, or empty."""

    id: UUID
    student_id: UUID
    room_id: UUID
    needs: bool
    accessible: bool
    gone: bool
    stuck: str


# Why somebody cannot stay where they are. What the database does not let happen is not asked for.
STUCK: Final = """
    CASE WHEN NOT {usable} THEN 'room'
         WHEN st.needs_accessible_room AND NOT r.accessible THEN 'accessible' ELSE '' END
"""
GONE: Final = """
    st.deleted_at IS NOT NULL OR NOT EXISTS (
        SELECT FROM test_registrations g
        WHERE g.session_id = a.session_id AND g.student_id = a.student_id AND g.status = 'confirmed')
"""
FROM_SEATED: Final = """
    FROM room_allocations a JOIN test_sessions s ON s.id = a.session_id JOIN students st ON st.id = a.student_id
    JOIN rooms r ON r.id = a.room_id JOIN venues v ON v.id = r.venue_id
"""
_SEATED = text(f"""
    SELECT a.id, a.student_id, a.room_id, st.needs_accessible_room AS needs, r.accessible,
           ({GONE}) AS gone, {STUCK.format(usable=USABLE)} AS stuck
    {FROM_SEATED}
    JOIN room_seats p ON p.room_id = a.room_id AND p.seat_number = a.seat_number
    WHERE a.session_id = :id ORDER BY {ROOM_ORDER}, p.position
""")


def seated(session_id: UUID) -> list[Seated]:
    """Everybody with a seat, in the order of rooms and seats."""
    return [Seated(*row) for row in db.session.execute(_SEATED, {"id": session_id})]


_TO_MEND = text(f"""
    SELECT count(*) {FROM_SEATED} WHERE a.session_id = :id AND (({GONE}) OR ({STUCK.format(usable=USABLE)}) <> '')
""")


def work(session_id: UUID, *, repair: bool) -> int:
    """How many students a run is about."""
    found = waiting(session_id)
    return found + int(db.session.execute(_TO_MEND, {"id": session_id}).scalar_one()) if repair else found
