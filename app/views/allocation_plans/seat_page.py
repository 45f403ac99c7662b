"""The map of a room in a session, and the dialog for a seat."""

from __future__ import annotations

import hashlib
from typing import Any, Final
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services.allocation_plans import overview, rules
from app.services.errors import NotFound, Refusal
from app.services.test_sessions import seats
from app.services.test_sessions.labels import session_title, student_of
from app.views import papers
from app.views.allocation_plans.session_page import needs_of, room_warning, seats_available, waiting_list
from app.views.page import Link
from app.views.page.seating import RoomChoice, SeatCell, SeatDialogPage, SeatLine, SeatMapPage, WaitingList

COLUMNS: Final = 10  # of a room without a grid


def seat_map(session_id: UUID, room_id: UUID, actor: Actor, *, live: bool = False) -> SeatMapPage:
    """With `live` the map alone. Raises NotFound."""
    found = overview.room_map(session_id, room_id, actor)
    session, room, url = found.session, found.room, f"/test-sessions/{session_id}"
    title = _("Room %(number)s", number=room.number)
    may = actor.may("move", "Room allocations")
    reason = rules.may_allocate(actor, session) if may else _("You may not move students.")
    text = "|".join(f"{seat.seat_number}:{seat.allocation_id}:{seat.student_id}" for seat in found.seats)
    return SeatMapPage(
        title,
        room.name,
        [("/test-sessions/", _("Test sessions")), (url, session_title(session)), ("", title)],
        f"{url}/rooms/{room_id}",
        f"{url}/rooms/{room_id}/live",
        _grid(found),
        [_line(seat, actor, reason is None) for seat in found.seats if seat.allocation_id is not None],
        None if live else _waiting(session_id, f"{url}/rooms/{room_id}", actor),
        [] if live else _others(session_id, room_id, actor),
        _("%(taken)s of %(capacity)s seats taken", taken=found.taken, capacity=len(found.seats)),
        hashlib.sha256(text.encode()).hexdigest()[:16],
        reason is None,
        str(reason or ""),
        papers.room_links(session_id, room_id, actor),
    )


def _waiting(session_id: UUID, url: str, actor: Actor) -> WaitingList:
    registered, seated = overview.counts(session_id)
    return waiting_list(session_id, url, actor, registered, registered - seated)


def _others(session_id: UUID, room_id: UUID, actor: Actor) -> list[Link]:
    """The rooms beside this one that are in use or have seats."""
    rooms = [room for room in seats.rooms(session_id, actor) if room.allocated or room.available]
    place = next((number for number, room in enumerate(rooms) if room.id == room_id), 0)
    near = rooms[max(0, place - 5) : place + 7]
    return [
        Link(
            f"{room.number} {seats_available(room)}",
            f"/test-sessions/{session_id}/rooms/{room.id}",
            active=room.id == room_id,
        )
        for room in near
    ]


def _cell(seat: Any) -> SeatCell:
    if seat.allocation_id is None:
        return SeatCell(seat.seat_number)
    return SeatCell(seat.seat_number, f"{seat.first_name} {seat.last_name}", str(seat.student_id), needs_of(seat))


def _grid(found: overview.RoomMap) -> list[list[SeatCell]]:
    """Row by row, blocked places left empty; a room without a grid has ten in a row."""
    room = found.room
    if room.grid_rows is None:
        cells = [_cell(seat) for seat in found.seats]
        return [cells[first : first + COLUMNS] for first in range(0, len(cells), COLUMNS)]
    rows = [[SeatCell() for _column in range(room.grid_columns)] for _row in range(room.grid_rows)]
    for seat in found.seats:
        rows[seat.grid_row - 1][seat.grid_column - 1] = _cell(seat)
    return [row for row in rows if any(cell.number for cell in row)]


def _line(seat: Any, actor: Actor, open_to_changes: bool) -> SeatLine:
    url, made = "/roomallocation/{0}?id=" + str(seat.allocation_id), []
    if open_to_changes and actor.may("move", "Room allocations"):
        made.append(Link(_("Move"), url.format("actions/move"), "arrow-right-left", dialog=True))
    if open_to_changes and actor.may("delete", "Room allocations"):
        made.append(Link(_("Take off"), url.format("delete"), "x", dialog=True))
    return SeatLine(seat.seat_number, f"{seat.first_name} {seat.last_name}", seat.test_number, needs_of(seat), made)


def dialog(session_id: UUID, raw_student: str, refusal: Refusal, actor: Actor) -> SeatDialogPage:
    """Raises NotFound."""
    session = seats.session_for(session_id, actor)
    student_id = _student(raw_student)
    name = student_of(student_id)
    if not name:
        raise NotFound
    url = f"/test-sessions/{session_id}"
    title = _("Give a seat: %(student)s", student=name)
    errors = {field: " ".join(map(str, texts)) for field, texts in refusal.fields.items()}
    if str(refusal) and not errors:
        errors[""] = str(refusal)
    return SeatDialogPage(
        title,
        session_title(session),
        f"{url}/seat",
        url,
        [("/test-sessions/", _("Test sessions")), (url, session_title(session)), ("", title)],
        [_choice(room) for room in seats.rooms(session_id, actor)],
        str(student_id),
        request.form.get("seat_number", "")[:20],
        errors,
    )


def _student(raw: str) -> UUID:
    """Raises NotFound for what cannot be a key."""
    try:
        return UUID(raw)
    except ValueError:
        raise NotFound from None


def _choice(room: Any) -> RoomChoice:
    label = f"{room.number} {room.name} {seats_available(room)}"
    warning = room_warning(room)
    return RoomChoice(
        str(room.id),
        f"{label}, {warning.lower()}" if warning else label,
        request.form.get("room_id") == str(room.id),
        room.available > 0,
    )
