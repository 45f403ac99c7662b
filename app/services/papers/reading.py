"""What the papers of a session are about, read from the database."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

from flask import current_app
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import func, select, text

from app.extensions import db
from app.models.test_sessions import RoomAllocation, TestSession
from app.models.venues import Venue
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import school
from app.services.errors import NotFound
from app.services.papers.facts import Hall, Seat, Seated, Sitting
from app.services.test_sessions.seats import ROOM_ORDER

# In the order of rooms and seats. A room that is out of use since, or deleted, still has its papers.
_SEATED = text(f"""
    SELECT r.id, r.number, r.name, r.grid_rows, r.grid_columns, a.seat_number, t.grid_row, t.grid_column,
           st.first_name, st.last_name, st.test_number, st.needs_accessible_room, st.accommodation_needs
    FROM room_allocations a JOIN rooms r ON r.id = a.room_id
    JOIN room_seats t ON t.room_id = a.room_id AND t.seat_number = a.seat_number
    JOIN students st ON st.id = a.student_id
    WHERE a.session_id = :session_id AND (CAST(:room_id AS uuid) IS NULL OR a.room_id = :room_id)
    ORDER BY {ROOM_ORDER}, t.position
""")  # noqa: S608 - from here
_FREE = text("""
    SELECT t.seat_number, t.grid_row, t.grid_column FROM room_seats t
    WHERE t.room_id = :room_id AND t.grid_row IS NOT NULL AND NOT EXISTS (
        SELECT FROM room_allocations a
        WHERE a.session_id = :session_id AND a.room_id = t.room_id AND a.seat_number = t.seat_number)
    ORDER BY t.position
""")
AT_ONCE = 1000  # rows in memory, however large the session


def sitting(session_id: UUID, *, actor: Actor) -> Sitting:
    """The session that papers are for. Raises NotFound."""
    statement = select(
        TestSession.code,
        TestSession.name,
        TestSession.session_date,
        TestSession.start_time,
        TestSession.end_time,
        Venue.name.label("venue"),
        func.concat_ws(", ", Venue.address, Venue.city).label("place"),
    ).join(Venue, Venue.id == TestSession.venue_id)
    row = db.session.execute(statement.where(TestSession.id == session_id, visible(TestSession, actor))).one_or_none()
    if row is None:
        raise NotFound
    return Sitting(
        str(current_app.config["SCHOOL_NAME"]), row.code, row.name, row.venue, row.place or "", row.session_date,
        row.start_time, row.end_time, school.now(), str(get_locale() or "en"),
    )  # fmt: skip


def counts(session_id: UUID, room_id: UUID | None = None, *, actor: Actor) -> dict[UUID, int]:
    """How many students sit in each room of the session, or in this one. Raises NotFound for a room in which nobody
    does.
    """
    statement = select(RoomAllocation.room_id, func.count()).where(
        RoomAllocation.session_id == session_id, visible(RoomAllocation, actor)
    )
    if room_id is not None:
        statement = statement.where(RoomAllocation.room_id == room_id)
    rows = db.session.execute(statement.group_by(RoomAllocation.room_id))
    found = {row[0]: row[1] for row in rows}
    if room_id is not None and not found:
        raise NotFound(_("Nobody sits in this room in this session."))
    return found


def halls(session_id: UUID, room_id: UUID | None = None, *, free: bool = False) -> Iterator[Hall]:
    """The rooms of the session in which somebody sits, one by one; with their free seats where these are drawn."""
    rows = db.session.execute(
        _SEATED, {"session_id": session_id, "room_id": room_id}, execution_options={"yield_per": AT_ONCE}
    )
    for key, members in groupby(rows, lambda row: row.id):
        seated = list(members)
        first = seated[0]
        yield Hall(
            first.name,
            first.number,
            [_seated(row) for row in seated],
            first.grid_rows,
            first.grid_columns,
            _free(session_id, key) if free and first.grid_rows else [],
        )


def _seated(row: Any) -> Seated:
    needs = [_("Accessible room")] if row.needs_accessible_room else []
    needs += [" ".join(row.accommodation_needs.split())] if row.accommodation_needs else []
    return Seated(
        row.seat_number, row.last_name, row.first_name, row.test_number, "; ".join(needs), row.grid_row, row.grid_column
    )


def _free(session_id: UUID, room_id: UUID) -> list[Seat]:
    rows = db.session.execute(_FREE, {"session_id": session_id, "room_id": room_id})
    return [Seat(row.seat_number, row.grid_row, row.grid_column) for row in rows]
