"""Reading who sits where, and what is free (04-test-sessions, Services)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text

from app.extensions import db
from app.models.students import Student
from app.models.test_sessions import RoomAllocation, TestSession
from app.models.venues import Room, RoomSeat
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.errors import NotFound

# Whether another session is held in room `r` at the time of session `s`: nobody can sit on a seat twice.
BUSY: Final = """
    EXISTS (SELECT FROM room_allocations x JOIN test_sessions o ON o.id = x.session_id
            WHERE x.room_id = r.id AND o.id <> s.id AND o.session_date = s.session_date AND o.status <> 'cancelled'
              AND o.start_time < s.end_time AND o.end_time > s.start_time)
"""
_IN_USE: Final = "r.status = 'available' AND r.deleted_at IS NULL AND v.status = 'active' AND v.deleted_at IS NULL"
# Whether students may be seated in room `r` of venue `v` in session `s`.
USABLE: Final = f"({_IN_USE} AND NOT {BUSY})"
# Rooms `r` in the order of their numbers: 9 before 10.
ROOM_ORDER: Final = "length(r.number), lower(r.number), r.id"


def session_for(session_id: UUID, actor: Actor) -> TestSession:
    """Raises NotFound for a session that there is not."""
    found = db.session.scalars(
        select(TestSession).where(TestSession.id == session_id, visible(TestSession, actor))
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def allocations(
    session_id: UUID, actor: Actor, room_id: UUID | None = None, *, first: int = 0, limit: int | None = None
) -> Sequence[Any]:
    """Who sits where in a session, or in one of its rooms, by room and seat. Raises NotFound."""
    session_for(session_id, actor)
    statement = (
        select(
            RoomAllocation.id,
            RoomAllocation.session_id,
            RoomAllocation.room_id,
            Room.number.label("room_number"),
            Room.name.label("room_name"),
            RoomAllocation.student_id,
            Student.test_number,
            (Student.first_name + " " + Student.last_name).label("student_name"),
            RoomAllocation.seat_number,
            RoomAllocation.allocation_date,
            RoomAllocation.notes,
        )
        .join(Room, Room.id == RoomAllocation.room_id)
        .join(Student, Student.id == RoomAllocation.student_id)
        .join(
            RoomSeat,
            (RoomSeat.room_id == RoomAllocation.room_id) & (RoomSeat.seat_number == RoomAllocation.seat_number),
        )
        .where(RoomAllocation.session_id == session_id, visible(RoomAllocation, actor))
        .order_by(func.length(Room.number), func.lower(Room.number), Room.id, RoomSeat.position)
    )
    if room_id is not None:
        statement = statement.where(RoomAllocation.room_id == room_id)
    return db.session.execute(statement.offset(first).limit(limit)).all()


_AVAILABLE = text(f"""
    SELECT t.seat_number FROM test_sessions s JOIN rooms r ON r.venue_id = s.venue_id JOIN venues v ON v.id = r.venue_id
    JOIN room_seats t ON t.room_id = r.id
    WHERE s.id = :session_id AND r.id = :room_id AND {USABLE}
      AND NOT EXISTS (SELECT FROM room_allocations a
                      WHERE a.session_id = s.id AND a.room_id = r.id AND a.seat_number = t.seat_number)
    ORDER BY t.position
""")  # noqa: S608 - from here


def available_seats(room_id: UUID, session_id: UUID, actor: Actor) -> list[str]:
    """The free seats of a room in a session, in their order; none when the room is out of use. Raises NotFound, also for
    a room of another venue.
    """
    session = session_for(session_id, actor)
    statement = select(Room.id).where(Room.id == room_id, Room.venue_id == session.venue_id, visible(Room, actor))
    if db.session.scalar(statement) is None:
        raise NotFound
    return list(db.session.scalars(_AVAILABLE, {"session_id": session_id, "room_id": room_id}))


_ROOMS = text(f"""
    SELECT r.id, r.number, r.name, r.capacity, r.accessible, r.status, r.grid_rows, r.grid_columns,
           coalesce(a.allocated, 0) AS allocated, it.busy, it.usable,
           CASE WHEN it.usable THEN r.capacity - coalesce(a.allocated, 0) ELSE 0 END AS available
    FROM test_sessions s JOIN rooms r ON r.venue_id = s.venue_id JOIN venues v ON v.id = r.venue_id
    CROSS JOIN LATERAL (SELECT busy, {_IN_USE} AND NOT busy AS usable FROM (SELECT {BUSY} AS busy OFFSET 0) once) it
    LEFT JOIN (SELECT room_id, count(*)::integer AS allocated FROM room_allocations
               WHERE session_id = :session_id GROUP BY room_id) a ON a.room_id = r.id
    WHERE s.id = :session_id AND (r.deleted_at IS NULL OR a.allocated > 0)
    ORDER BY {ROOM_ORDER}
""")  # noqa: S608 - from here


def rooms(session_id: UUID, actor: Actor) -> Sequence[Any]:
    """Every room of the session's venue: its seats, how many of them are given in the session, and how many are free.
    Raises NotFound.
    """
    return rooms_of(session_for(session_id, actor))


def rooms_of(session: TestSession) -> Sequence[Any]:
    """As `rooms`, of a session that the caller has been given."""
    return db.session.execute(_ROOMS, {"session_id": session.id}).all()


def available_in_session(session_id: UUID, actor: Actor) -> int:
    """How many seats are free in a session. Raises NotFound."""
    return sum(room.available for room in rooms(session_id, actor))


def is_allocated(session_id: UUID, student_id: UUID, actor: Actor) -> bool:
    """Whether a student has a seat in a session. Raises NotFound for a session that there is not."""
    session_for(session_id, actor)
    found = select(RoomAllocation.id).where(
        RoomAllocation.session_id == session_id, RoomAllocation.student_id == student_id, visible(RoomAllocation, actor)
    )
    return db.session.scalar(found) is not None
