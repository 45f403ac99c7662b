"""The page of a test session: who has no seat, its rooms, what is wrong, and what was done in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from app.models.test_sessions import AllocationRun, TestSession
from app.policies.actor import Actor
from app.services.allocation_plans import explaining, overview, rules
from app.services.allocation_plans.overview import Overview
from app.services.allocation_plans.resource import KINDS, STATUSES
from app.services.errors import Invalid
from app.services.inputs import is_storable
from app.views import papers, render
from app.views.admissions.slots import bar
from app.views.page import Cell, Choice, Column, Empty, Figure, Link, RecordPage, Row, Table
from app.views.page.seating import RoomLine, SessionPage, WaitingLine, WaitingList

ROOMS: Final = 40  # rooms shown at a time
SHOWN_RUNS: Final = 5
FURTHEST: Final = 10_000  # pages


def page(record: RecordPage, session: TestSession, actor: Actor) -> SessionPage:
    """What `test_session.html` prints."""
    found = overview.read(session)
    url = f"/test-sessions/{session.id}"
    running = next((run for run in session.runs if run.status in rules.BUSY), None)
    rooms, more = _rooms(found, url)
    _emphasise(record, found)
    return SessionPage(
        record,
        _figures(found, url, actor),
        waiting_list(session.id, url, actor, found.registered, found.waiting),
        rooms,
        _room_filters(url),
        more,
        _conflicts(found, actor) if found.conflicts else None,
        _conflicts_title(found),
        _runs(session.runs[:SHOWN_RUNS]),
        _tools(session, actor),
        running is not None,
        running.progress if running else 0,
        f"{url}/allocation-status",
        session.runs[0].message if session.runs and session.runs[0].status == "failed" else "",
    )


def _emphasise(record: RecordPage, found: Overview) -> None:
    """The action that one wants next comes first."""
    wanted = "repair_allocation" if found.conflicts else "allocate_everyone" if found.waiting else ""
    for link in record.actions:
        link.primary = bool(wanted) and f"/{wanted}?" in link.url and link.enabled
    record.actions.sort(key=lambda link: not link.primary)


def _figures(found: Overview, url: str, actor: Actor) -> list[Figure]:
    of_it = f"f=session:is:{url.rpartition('/')[2]}"
    registered = f"/test-registrations/?{of_it}&f=status:is:confirmed"
    used = [room for room in found.rooms if room.allocated]
    free = sum(room.available for room in found.rooms)
    return [
        Figure(_("Registered"), render.number(found.registered), url=registered),
        Figure(_("With a seat"), render.number(found.seated), url=f"/roomallocation/?{of_it}"),
        Figure(_("Without a seat"), render.number(found.waiting), tone="warning" if found.waiting else "success"),
        Figure(
            _("Seats available"),
            render.number(free),
            note=_("%(used)s of %(all)s rooms in use", used=len(used), all=len(found.rooms)),
        ),
    ]


def page_number(name: str) -> int:
    raw = request.args.get(name, "")
    return min(int(raw), FURTHEST) if raw.isdecimal() and len(raw) < 6 and int(raw) > 0 else 1


def waiting_list(session_id: UUID, url: str, actor: Actor, registered: int, total: int) -> WaitingList:
    """The students without a seat that the address asks for, of so many that are registered and in total without one."""
    words, needs, number = request.args.get("q", "")[:200], bool(request.args.get("needs")), page_number("page")
    if not is_storable(words):
        raise Invalid(_("Contains a character that cannot be stored."))
    found = overview.waiting(session_id, words=words, needs_only=needs, page=number)
    kept = {"q": words, "needs": "1" if needs else ""}

    def at(place: int) -> str:
        return f"{url}?{urlencode({name: value for name, value in {**kept, 'page': place}.items() if value})}#waiting"

    may = actor.may("add", "Room allocations")
    return WaitingList(
        [_line(session_id, row, may) for row in found.rows],
        words,
        needs,
        registered,
        total,
        at(number - 1) if number > 1 else "",
        at(number + 1) if found.more else "",
    )


def _line(session_id: UUID, row: Any, may: bool) -> WaitingLine:
    link = Link(_("Give a seat"), f"/test-sessions/{session_id}/seat?student_id={row.id}", "door-open", dialog=True)
    return WaitingLine(
        str(row.id), row.name, row.test_number, row.school_name or "", needs_of(row), link if may else None
    )


def needs_of(row: Any) -> str:
    """What a student needs, in words."""
    said = [_("Accessible room")] if row.needs_accessible_room else []
    return ", ".join([*said, *([row.accommodation_needs] if row.accommodation_needs else [])])


def _rooms(found: Overview, url: str) -> tuple[list[RoomLine], str]:
    """The rooms that the address asks for, and the address of more."""
    wanted, number = request.args.get("rooms", ""), page_number("room_page")
    kept = [
        room
        for room in found.rooms
        if not wanted or (wanted == "used" and room.allocated) or (wanted == "free" and room.available)
    ]
    shown = kept[(number - 1) * ROOMS : number * ROOMS]
    query = urlencode({"rooms": wanted, "room_page": number + 1})
    return [room_line(room, url) for room in shown], f"{url}?{query}#rooms" if len(kept) > number * ROOMS else ""


def room_line(room: Any, url: str) -> RoomLine:
    taken = replace(bar(room.allocated, 0, room.capacity), tone="")  # a full room is what one wants
    return RoomLine(
        room.number,
        room.name,
        f"{url}/rooms/{room.id}",
        seats_available(room),
        taken,
        room.accessible,
        room_warning(room),
    )


def seats_available(room: Any) -> str:
    return ngettext("(%(num)s seat available)", "(%(num)s seats available)", room.available)


def room_warning(room: Any) -> str:
    if room.usable:
        return ""
    return _("Used by another session") if room.busy else _("Out of use")


def _room_filters(url: str) -> list[Choice]:
    wanted = request.args.get("rooms", "")
    choices = (("", _("All")), ("used", _("In use")), ("free", _("With free seats")))
    return [
        Choice(f"{url}?rooms={value}#rooms" if value else f"{url}#rooms", label, value == wanted)
        for value, label in choices
    ]


def _conflicts_title(found: Overview) -> str:
    count = found.conflicts[0].total if found.conflicts else 0
    return ngettext("%(num)s seat needs attention", "%(num)s seats need attention", count)


def _conflicts(found: Overview, actor: Actor) -> Table:
    heads = [
        Column("student", _("Student")),
        Column("room", _("Room")),
        Column("seat", _("Seat")),
        Column("why", _("Why")),
    ]
    rows = [
        Row(
            str(each.id),
            f"/roomallocation/{each.id}" if actor.may("show", "Room allocations") else "",
            each.name,
            [
                Cell(each.name, "person"),
                Cell(each.number),
                Cell(each.seat_number),
                Cell(_why(each), "badge", tone="danger"),
            ],
        )
        for each in found.conflicts
    ]
    return Table(heads, rows, Empty(""))


def _why(each: Any) -> str:
    if each.why == "gone":
        return _("Not registered any more")
    return _("Needs an accessible room") if each.why == "accessible" else _("Room is out of use")


def _runs(runs: Sequence[AllocationRun]) -> Table:
    heads = [
        Column("when", _("When")),
        Column("kind", _("What")),
        Column("status", _("Status")),
        Column("result", _("Result")),
    ]
    return Table(heads, [_run(each) for each in runs], Empty(_("Nothing was allocated in one go yet")))


def _run(run: AllocationRun) -> Row:
    kind = next(each for each in KINDS if each.value == run.kind.value)
    result = explaining.told(run.summary) if run.summary else run.message
    return Row(
        str(run.id),
        f"/allocation-runs/{run.id}",
        render.moment(run.created_at),
        [
            Cell(render.moment(run.created_at), "link", f"/allocation-runs/{run.id}"),
            Cell(str(kind.label)),
            render.badge(STATUSES, run.status),
            Cell(result),
        ],
    )


def _tools(session: TestSession, actor: Actor) -> list[Link]:
    made = papers.links(session.id, actor)
    if actor.may("export", "Room allocations"):
        made.append(Link(_("Export seats"), f"/roomallocation/export.csv?f=session:is:{session.id}", "download"))
    if actor.may("add", "Test registrations"):
        made.append(Link(_("Register a student"), f"/test-registrations/new?session_id={session.id}", "user-plus"))
    if actor.may("add", "Test registration imports"):
        made.append(Link(_("Import registrations"), "/test-registration-imports/new", "upload"))
    return made
