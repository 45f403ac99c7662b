"""What the page of a session and the map of a room show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select, text

from app.extensions import db
from app.models.students import Student
from app.models.test_sessions import (
    RoomAllocation,
    TestRegistration,
    TestRegistrationStatus,
    TestSession,
)
from app.models.venues import Room, RoomSeat
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import matching, people
from app.services.errors import NotFound
from app.services.test_sessions import seats

PAGE: Final = 25  # students that wait, or sit where they cannot stay, on one page
MOST_WORDS: Final = 6

# Read from indexes alone: a page shows it. Deleted students take part in nothing; they are few, and have an index.
_COUNTS = text("""
    SELECT count(*) AS registered, count(a.student_id) AS seated
    FROM test_registrations g LEFT JOIN room_allocations a ON a.session_id = :id AND a.student_id = g.student_id
    WHERE g.session_id = :id AND g.status = 'confirmed'
      AND NOT EXISTS (SELECT FROM students st WHERE st.id = g.student_id AND st.deleted_at IS NOT NULL)
""")
# Each kind by itself: what they have in common is small, and each has an index or a few rooms to begin with.
_STRAYS = """
    SELECT a.id, 'gone' AS why FROM room_allocations a
    WHERE a.session_id = :id AND NOT EXISTS (
        SELECT FROM test_registrations g WHERE g.session_id = :id AND g.student_id = a.student_id AND g.status = 'confirmed')
    UNION ALL
"""
_CONFLICTS = """
    WITH found AS (
        {strays}
        SELECT a.id, 'room' AS why FROM room_allocations a WHERE a.session_id = :id AND a.room_id = ANY(:unusable)
        UNION ALL
        SELECT a.id, CASE WHEN st.deleted_at IS NULL THEN 'accessible' ELSE 'gone' END
        FROM room_allocations a JOIN students st ON st.id = a.student_id
        WHERE a.session_id = :id AND (st.deleted_at IS NOT NULL OR st.needs_accessible_room)
          AND (st.deleted_at IS NOT NULL OR a.room_id = ANY(:inaccessible))
    ), each AS (
        SELECT id, (array_agg(why ORDER BY CASE why WHEN 'gone' THEN 1 WHEN 'room' THEN 2 ELSE 3 END))[1] AS why
        FROM found GROUP BY id
    )
    SELECT a.id, st.first_name || ' ' || st.last_name AS name, r.number, a.seat_number, e.why, count(*) OVER () AS total
    FROM each e JOIN room_allocations a ON a.id = e.id JOIN students st ON st.id = a.student_id JOIN rooms r ON r.id = a.room_id
    ORDER BY length(r.number), lower(r.number), a.seat_number, a.id LIMIT {page}
"""
# All have to be read for those who sit without being registered: only where the figures tell that there are any.
_CONFLICTS_WITH = {
    strays: text(_CONFLICTS.format(strays=_STRAYS if strays else "", page=PAGE)) for strays in (True, False)
}


@dataclass(frozen=True)
class Overview:
    """A session: how many are registered and seated, its rooms, and who sits where they cannot stay."""

    registered: int
    seated: int
    rooms: Sequence[Any]
    conflicts: Sequence[Any]

    @property
    def waiting(self) -> int:
        return self.registered - self.seated


def counts(session_id: UUID) -> tuple[int, int]:
    """How many are registered, and how many of them have a seat."""
    registered, seated = db.session.execute(_COUNTS, {"id": session_id}).one()
    return registered, seated


def read(session: TestSession) -> Overview:
    """All but who waits."""
    registered, seated = counts(session.id)
    rooms = seats.rooms_of(session)
    strays = sum(room.allocated for room in rooms) != seated
    facts = {
        "id": session.id,
        "unusable": [room.id for room in rooms if not room.usable],
        "inaccessible": [room.id for room in rooms if not room.accessible],
    }
    conflicts = db.session.execute(_CONFLICTS_WITH[strays], facts).all()
    return Overview(registered, seated, rooms, conflicts)


_NEEDS = or_(Student.needs_accessible_room, Student.accommodation_needs.is_not(None))


@dataclass(frozen=True)
class Waiting:
    """Students without a seat, one page of them."""

    rows: Sequence[Any]
    more: bool


def waiting(session_id: UUID, *, words: str = "", needs_only: bool = False, page: int = 1) -> Waiting:
    """Who is registered and has no seat, by name. `words` are looked for as in the list of students; with `needs_only`
    those who need an accessible room or anything else.
    """
    seated = select(RoomAllocation.id).where(
        RoomAllocation.session_id == session_id, RoomAllocation.student_id == TestRegistration.student_id
    )
    statement = (
        select(
            Student.id,
            Student.first_name,
            Student.last_name,
            people.full_name(Student).label("name"),
            Student.test_number,
            Student.school_name,
            Student.needs_accessible_room,
            Student.accommodation_needs,
        )
        .join(TestRegistration, TestRegistration.student_id == Student.id)
        .where(
            TestRegistration.session_id == session_id,
            TestRegistration.status == TestRegistrationStatus.CONFIRMED,
            Student.deleted_at.is_(None),
            ~seated.exists(),
            *([_NEEDS] if needs_only else []),
            *matching.all_words(Student.search_text, words, MOST_WORDS),
        )
    )
    all_of_them = statement.cte("waiting")
    if words:  # else the order of the names tempts the planner to read all students until a page is full
        all_of_them = all_of_them.prefix_with("MATERIALIZED")
    order = (all_of_them.c.last_name, all_of_them.c.first_name, all_of_them.c.id)
    ordered = select(all_of_them).order_by(*order)
    found = db.session.execute(ordered.offset((page - 1) * PAGE).limit(PAGE + 1)).all()
    return Waiting(found[:PAGE], len(found) > PAGE)


@dataclass(frozen=True)
class RoomMap:
    """A room in a session: its seats in their order, taken or free."""

    session: TestSession
    room: Any
    seats: Sequence[Any]

    @property
    def taken(self) -> int:
        return sum(seat.allocation_id is not None for seat in self.seats)


def room_map(session_id: UUID, room_id: UUID, actor: Actor) -> RoomMap:
    """Whom the actor may not see is on no seat of it. Raises NotFound, also for a room of another venue."""
    session = seats.session_for(session_id, actor)
    room = db.session.scalars(
        select(Room).where(Room.id == room_id, Room.venue_id == session.venue_id, visible(Room, actor))
    ).one_or_none()
    if room is None:
        raise NotFound
    in_it = (RoomAllocation.session_id == session_id) & (RoomAllocation.room_id == room_id)
    taken = in_it & visible(RoomAllocation, actor)
    statement = (
        select(
            RoomSeat.seat_number,
            RoomSeat.grid_row,
            RoomSeat.grid_column,
            RoomAllocation.id.label("allocation_id"),
            RoomAllocation.student_id,
            Student.first_name,
            Student.last_name,
            Student.test_number,
            Student.needs_accessible_room,
            Student.accommodation_needs,
        )
        .select_from(RoomSeat)
        .outerjoin(RoomAllocation, taken & (RoomAllocation.seat_number == RoomSeat.seat_number))
        .outerjoin(Student, Student.id == RoomAllocation.student_id)
        .where(RoomSeat.room_id == room_id)
        .order_by(RoomSeat.position)
    )
    return RoomMap(session, room, db.session.execute(statement).all())
