"""Putting somebody on a seat, wherever they sit now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models.test_sessions import RoomAllocation
from app.models.venues import Room
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.test_sessions import allocating
from app.services.test_sessions.labels import student_of
from app.services.test_sessions.locking import require
from app.services.test_sessions.seats import session_for
from app.services.transaction import transactional


@dataclass(frozen=True)
class Before:
    room_id: UUID
    seat_number: str


@dataclass(frozen=True)
class Put:
    """Who sits where now; `before` is where they sat, if they did."""

    student_id: UUID
    message: str
    before: Before | None


@transactional
def put(session_id: UUID, values: Mapping[str, Any], *, actor: Actor) -> Put:
    """Give a student this seat of a session: their first, or instead of the one that they have. Raises NotFound for a
    session that there is not, and what `allocating.allocate` and `allocating.reallocate` raise.
    """
    require(actor)
    session_for(session_id, actor)
    statement = select(RoomAllocation.id, RoomAllocation.room_id, RoomAllocation.seat_number).where(
        RoomAllocation.session_id == session_id,
        RoomAllocation.student_id == values["student_id"],
        visible(RoomAllocation, actor),
    )
    found = db.session.execute(statement).one_or_none()
    if found is None:
        made = allocating.allocate({**values, "session_id": session_id}, actor=actor)
    else:
        place = {name: values[name] for name in ("room_id", "seat_number") if values.get(name)}
        made = allocating.reallocate(found.id, place, actor=actor)
    room = db.session.scalar(select(Room.number).where(Room.id == made.room_id))
    told = _(
        "%(student)s: room %(room)s, seat %(seat)s.",
        student=student_of(made.student_id),
        room=room,
        seat=made.seat_number,
    )
    return Put(made.student_id, told, Before(found.room_id, found.seat_number) if found else None)
