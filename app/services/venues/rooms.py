"""Rooms and their seats. The seats follow from capacity and grid; that nobody's seat goes is the database's to hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import text

from app.extensions import db
from app.models.venues import Room, Venue
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import lookups, plain
from app.services.errors import Invalid
from app.services.resource import Result
from app.services.transaction import lock, lock_many, transactional
from app.services.venues.labels import room_title
from app.services.venues.venues import require

_SEAT = re.compile("([A-Z]{1,2})([0-9]{1,3})")
_GRID = ("grid_rows", "grid_columns", "blocked_seats", "capacity")


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> Room:
    """Add a room to a venue. Raises NotAllowed, Conflict when the venue has its number, Invalid at the field."""
    require(actor)
    lookups.check("venues", actor, values["venue_id"], "venue_id")
    lock(Venue, values["venue_id"], visible(Venue, actor))
    data = dict(values)
    data["blocked_seats"] = _blocked(data)
    made: Room = plain.create(Room, data, actor=actor)
    return made


@transactional
def update(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> Room:
    """Change a room, which stays in its venue. Raises NotAllowed, NotFound, Invalid at the field, Conflict when its
    number is taken, or a seat would go that somebody has in any session.
    """
    require(actor)
    known: Room = plain.update(Room, key, {}, actor=actor, version=version)
    if values.get("venue_id", known.venue_id) != known.venue_id:
        raise Invalid(fields={"venue_id": [_("A room stays in its venue. Make another one instead.")]})
    data = dict(values)
    if set(_GRID) & data.keys():
        whole = {name: data.get(name, getattr(known, name)) for name in _GRID}
        data["blocked_seats"] = _blocked(whole)
    changed: Room = plain.update(Room, key, data, actor=actor)
    return changed


def _blocked(room: Mapping[str, Any]) -> list[str]:
    """The seats that are left out, in order and without repetition. Raises Invalid for one that the grid has not, and
    for what the database would refuse as well.
    """
    rows, columns, typed = room.get("grid_rows"), room.get("grid_columns"), room.get("blocked_seats") or ""
    words = typed if isinstance(typed, list) else re.split(r"[\s,;]+", typed.upper())
    wanted = [word for word in words if word]
    _check_grid(rows, columns, wanted)
    places = {place: word for word in wanted if (place := _place(word)) is not None}
    outside = [word for word in wanted if not _is_in(_place(word), rows, columns)]
    if outside:
        raise Invalid(fields={"blocked_seats": [_("The grid has no seat %(seat)s.", seat=outside[0][:20])]})
    left = (rows or 0) * (columns or 0) - len(places)
    if rows is not None and room["capacity"] > left:
        raise Invalid(
            fields={"capacity": [ngettext("The grid has %(num)s seat.", "The grid has %(num)s seats.", left)]}
        )
    return [f"{_letters(row)}{column}" for row, column in sorted(places)]


def _check_grid(rows: int | None, columns: int | None, blocked: Sequence[str]) -> None:
    if (rows is None) != (columns is None):
        field = "grid_rows" if rows is None else "grid_columns"
        raise Invalid(fields={field: [_("Give rows and columns, or neither.")]})
    if blocked and rows is None:
        raise Invalid(fields={"blocked_seats": [_("Seats can be left out where there is a grid.")]})


def _place(word: str) -> tuple[int, int] | None:
    """Row and column of a seat, as (2, 3) for B3."""
    found = _SEAT.fullmatch(word)
    if found is None:
        return None
    letters = [ord(letter) - 64 for letter in found[1]]
    return (letters[0] if len(letters) == 1 else 26 * letters[0] + letters[1]), int(found[2])


def _is_in(place: tuple[int, int] | None, rows: int | None, columns: int | None) -> bool:
    return place is not None and 1 <= place[0] <= (rows or 0) and 1 <= place[1] <= (columns or 0)


def _letters(row: int) -> str:
    """The letters of a row: A to Z, then AA, AB, …"""
    return f"{chr(64 + (row - 1) // 26)}{chr(65 + (row - 1) % 26)}" if row > 26 else chr(64 + row)


_ALLOCATIONS = text("SELECT count(*) FROM room_allocations WHERE room_id = :id")


def _hindrance(room: Room) -> Any:
    """A room with allocations stays (04-test-sessions)."""
    count = db.session.scalar(_ALLOCATIONS, {"id": room.id})
    return (
        ngettext(
            "%(num)s student has or had a seat in it: put it out of use instead.",
            "%(num)s students have or had a seat in it: put it out of use instead.",
            count,
        )
        if count
        else None
    )


@transactional
def delete(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Delete rooms softly; refused for one in which anybody has a seat. Raises NotAllowed."""
    require(actor)
    return plain.delete(Room, ids, actor=actor, title=room_title, hindrance=_hindrance)


@transactional
def restore(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Bring deleted rooms back; refused when their number has gone to another meanwhile, and while their venue is
    deleted. Raises NotAllowed.
    """
    require(actor)
    return plain.restore(Room, ids, actor=actor, title=room_title, hindrance=_venue_gone)


def _venue_gone(room: Room) -> Any:
    """Locked, so that the venue is not deleted meanwhile."""
    [venue] = lock_many(Venue, [room.venue_id])
    return _("Restore the venue first.") if venue.deleted_at is not None else None


_SEATS = text("SELECT seat_number, grid_row, grid_column FROM room_seats WHERE room_id = :id AND grid_row IS NOT NULL")


def layout(room: Room) -> list[list[str]]:
    """The seats of a room row by row, an empty text where the grid has none; nothing without a grid."""
    rows = [[""] * (room.grid_columns or 0) for _row in range(room.grid_rows or 0)]
    for seat in db.session.execute(_SEATS, {"id": room.id}):
        rows[seat.grid_row - 1][seat.grid_column - 1] = seat.seat_number
    return rows


_CAPACITY = text("""
    SELECT coalesce(sum(r.capacity), 0)::integer FROM rooms r
    WHERE r.venue_id = :id AND r.status = 'available' AND r.deleted_at IS NULL
""")


def capacity_of_venue(venue_id: UUID) -> int:
    """How many seats its available rooms have (04-test-sessions)."""
    return int(db.session.execute(_CAPACITY, {"id": venue_id}).scalar_one())
