"""Seating one student: a seat, another seat, none. Locks are taken as in `locking`, and what decides is read after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import insert, select, text

from app.extensions import db
from app.models.test_sessions import RoomAllocation
from app.models.venues import RoomStatus
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import plain
from app.services.errors import Invalid, NotFound
from app.services.keysets import among
from app.services.resource import Result
from app.services.test_sessions import notices
from app.services.test_sessions.labels import allocation_title
from app.services.test_sessions.locking import (
    check_open,
    check_registered,
    lock_registrations,
    lock_room,
    require,
    share_session,
)
from app.services.test_sessions.refusals import (
    CapacityExceeded,
    DuplicateAllocation,
    NoSuchSeat,
    RoomNotAvailable,
    SeatTaken,
    WrongVenue,
)
from app.services.test_sessions.seats import BUSY
from app.services.transaction import lock, transactional

_FACTS = text(f"""
    SELECT v.status = 'active' AND v.deleted_at IS NULL AS venue_in_use, {BUSY} AS busy,
           EXISTS (SELECT FROM room_allocations a WHERE a.session_id = s.id AND a.student_id = :student_id
                   AND a.id IS DISTINCT FROM CAST(:id AS uuid)) AS duplicate,
           EXISTS (SELECT FROM room_seats t WHERE t.room_id = r.id AND t.seat_number = :seat) AS seat_is_there,
           EXISTS (SELECT FROM room_allocations a WHERE a.session_id = s.id AND a.room_id = r.id AND a.seat_number = :seat
                   AND a.id IS DISTINCT FROM CAST(:id AS uuid)) AS taken,
           (SELECT t.seat_number FROM room_seats t WHERE t.room_id = r.id AND NOT EXISTS (
                SELECT FROM room_allocations a
                WHERE a.session_id = s.id AND a.room_id = r.id AND a.seat_number = t.seat_number)
            ORDER BY t.position LIMIT 1) AS first_free
    FROM test_sessions s, rooms r JOIN venues v ON v.id = r.venue_id WHERE s.id = :session_id AND r.id = :room_id
""")  # noqa: S608 - from here
_MAKE = insert(RoomAllocation).returning(RoomAllocation)


@transactional
def allocate(values: Mapping[str, Any], *, actor: Actor) -> RoomAllocation:
    """Give a student a seat in a session, the first that is free unless `seat_number` names one, and tell them.

    Raises NotAllowed, Invalid at the field for what there is not, SessionClosed, StudentNotRegistered, WrongVenue,
    RoomNotAvailable, DuplicateAllocation, NoSuchSeat, SeatTaken, CapacityExceeded (04-test-sessions).
    """
    require(actor)
    session = share_session(values["session_id"])
    check_open(session)
    has_account = check_registered(session, values["student_id"])
    room = lock_room(values["room_id"])
    seat = _seat(session, room, values["student_id"], values.get("seat_number"))
    row = {
        "session_id": session.id,
        "venue_id": session.venue_id,
        "room_id": room.id,
        "student_id": values["student_id"],
        "seat_number": seat,
        "notes": values.get("notes"),
    }
    made = db.session.scalars(_MAKE, row).one()
    if has_account:
        notices.tell(session.id, [made.student_id])
    return made


def _seat(session: Any, room: Any, student_id: UUID, wanted: str | None, own: UUID | None = None) -> str:
    """The seat to give; `own` is the allocation that is moved. Raises the refusal that stands against it."""
    if room.venue_id != session.venue_id:
        raise _at(WrongVenue, "room_id", _("The room belongs to another venue than the session."))
    seat = wanted.upper() if wanted else None
    keys = {"session_id": session.id, "room_id": room.id, "student_id": student_id, "seat": seat, "id": own}
    facts = db.session.execute(_FACTS, keys).one()
    if room.deleted_at is not None or room.status is not RoomStatus.AVAILABLE or not facts.venue_in_use:
        raise _at(RoomNotAvailable, "room_id", _("Room %(number)s is out of use.", number=room.number))
    if facts.busy:
        sentence = _("In room %(number)s another session is held at this time.", number=room.number)
        raise _at(RoomNotAvailable, "room_id", sentence)
    if facts.duplicate:
        raise _at(DuplicateAllocation, "student_id", _("The student has a seat in this session already."))
    if seat is not None and not facts.seat_is_there:
        sentence = _("Room %(number)s has no seat %(seat)s.", number=room.number, seat=seat)
        raise _at(NoSuchSeat, "seat_number", sentence)
    if facts.taken:
        raise _at(SeatTaken, "seat_number", _("Somebody else has seat %(seat)s.", seat=seat))
    if seat is None and facts.first_free is None:
        sentence = _("All seats of room %(number)s are given.", number=room.number)
        raise _at(CapacityExceeded, "room_id", sentence)
    return seat or str(facts.first_free)


def _at(kind: Any, field: str, sentence: str) -> Any:
    return kind(sentence, fields={field: [sentence]})


@transactional
def reallocate(
    key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> RoomAllocation:
    """Give a student another seat in the same session, and tell them. A room without a seat means its first free one;
    the student's own room without a seat leaves them where they are. Raises what `allocate` raises, NotFound, Conflict.
    """
    require(actor)
    _check_stays(key, values, actor)
    _lock_around([key], [values["room_id"]] if values.get("room_id") else [], actor)
    return _move(lock(RoomAllocation, key, visible(RoomAllocation, actor), version=version), values, actor)


def _check_stays(key: UUID, values: Mapping[str, Any], actor: Actor) -> None:
    """Raises NotFound; Invalid when session or student would change, which is another allocation."""
    columns = select(RoomAllocation.session_id, RoomAllocation.student_id)
    found = db.session.execute(columns.where(RoomAllocation.id == key, visible(RoomAllocation, actor))).one_or_none()
    if found is None:
        raise NotFound
    for name in ("session_id", "student_id"):
        if values.get(name, getattr(found, name)) != getattr(found, name):
            raise Invalid(fields={name: [_("This cannot be changed. Make another one instead.")]})


def _lock_around(ids: Sequence[UUID], rooms: Sequence[UUID], actor: Actor) -> None:
    """Everything that moving these needs, in the order in which everybody locks."""
    columns = select(RoomAllocation.session_id, RoomAllocation.student_id, RoomAllocation.room_id)
    found = db.session.execute(columns.where(among(RoomAllocation.id, ids))).all()
    for session_id in sorted({row.session_id for row in found}):
        share_session(session_id)
    lock_registrations([(row.session_id, row.student_id) for row in found])
    for room_id in sorted({row.room_id for row in found} | set(rooms)):
        lock_room(room_id)


def _move(row: RoomAllocation, values: Mapping[str, Any], actor: Actor) -> RoomAllocation:
    session = share_session(row.session_id)
    check_open(session)
    room_id = values.get("room_id") or row.room_id
    wanted = values.get("seat_number")
    if "notes" in values:
        row.notes = values["notes"]
    if room_id != row.room_id or (wanted and wanted.upper() != row.seat_number):
        has_account = check_registered(session, row.student_id)
        row.seat_number = _seat(session, lock_room(room_id), row.student_id, wanted, row.id)
        row.room_id = room_id
        db.session.flush()
        if has_account:
            notices.tell(session.id, [row.student_id])
    db.session.flush()
    return row


@transactional
def move(ids: Sequence[UUID], *, actor: Actor, room_id: UUID, seat_number: str | None = None) -> Result:
    """Give students seats in a room, each the first that is free unless a number is given. Raises NotAllowed, Invalid at
    the field; what stands against one seat is that one's outcome.
    """
    require(actor)
    _lock_around(ids, [room_id], actor)

    def change(row: RoomAllocation) -> bool:
        before = (row.room_id, row.seat_number)
        _move(row, {"room_id": room_id, "seat_number": seat_number}, actor)
        return (row.room_id, row.seat_number) != before

    return plain.each(RoomAllocation, ids, allocation_title, change, actor=actor)


@transactional
def deallocate(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Take students' seats away, and tell them. Raises NotAllowed; one of a session that is not open is refused."""
    require(actor)
    _lock_around(ids, [], actor)

    def change(row: RoomAllocation) -> bool:
        check_open(share_session(row.session_id))
        db.session.delete(row)
        db.session.flush()
        notices.tell(row.session_id, [row.student_id])
        return True

    return plain.each(RoomAllocation, ids, allocation_title, change, actor=actor)
