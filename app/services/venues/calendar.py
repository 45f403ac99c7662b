"""When a venue can be had: what is noted of its days, and the sessions held there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select

from app.extensions import db
from app.models.test_sessions import RoomAllocation, TestSession
from app.models.venues import VenueAvailability
from app.policies.actor import Actor
from app.policies.scopes import visible


@dataclass
class Day:
    """A day of a venue. `noted` is the row that says whether it can be had, or None: then it can."""

    date: date
    noted: VenueAvailability | None = None
    sessions: list[Any] = field(default_factory=list)


def days(venue_id: UUID, first: date, last: date, actor: Actor, room_id: UUID | None = None) -> list[Day]:
    """Every day of a period; of the sessions, those that use the room when one is given."""
    found = {first + timedelta(days=each): Day(first + timedelta(days=each)) for each in range((last - first).days + 1)}
    noted = select(VenueAvailability).where(
        VenueAvailability.venue_id == venue_id, VenueAvailability.date.between(first, last)
    )
    for row in db.session.scalars(noted):
        found[row.date].noted = row
    for session in sessions(venue_id, first, actor, last=last, room_id=room_id):
        found[session.session_date].sessions.append(session)
    return list(found.values())


def sessions(
    venue_id: UUID, first: date, actor: Actor, *, last: date | None = None, room_id: UUID | None = None
) -> Sequence[Any]:
    """The sessions at a venue from a day on, in their order; without an end the next twenty. With a room, those in which
    somebody has a seat there.
    """
    statement = (
        select(
            TestSession.id,
            TestSession.code,
            TestSession.name,
            TestSession.status,
            TestSession.session_date,
            TestSession.start_time,
            TestSession.end_time,
        )
        .where(TestSession.venue_id == venue_id, TestSession.session_date >= first, visible(TestSession, actor))
        .order_by(TestSession.session_date, TestSession.start_time, TestSession.id)
    )
    if room_id is not None:
        seated = exists().where(RoomAllocation.session_id == TestSession.id, RoomAllocation.room_id == room_id)
        statement = statement.where(seated)
    statement = statement.limit(20) if last is None else statement.where(TestSession.session_date <= last)
    return db.session.execute(statement).all()
