"""A test session with its rooms and students, and the map of one room."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.views.page.admissions import Bar
from app.views.page.boards import Figure
from app.views.page.common import Choice, Link, Table
from app.views.page.records import RecordPage


@dataclass(slots=True)
class WaitingLine:
    """Somebody without a seat."""

    id: str
    name: str
    number: str
    school: str
    needs: str
    seat: Link | None = None


@dataclass(slots=True)
class RoomLine:
    number: str
    name: str
    url: str
    seats: str  # "(12 seats available)"
    bar: Bar
    accessible: bool = False
    warning: str = ""


@dataclass(slots=True)
class WaitingList:
    lines: list[WaitingLine]
    words: str
    needs_only: bool
    registered: int
    total: int
    previous_url: str = ""
    next_url: str = ""


@dataclass(slots=True)
class SessionPage:
    record: RecordPage
    figures: list[Figure]
    waiting: WaitingList
    rooms: list[RoomLine]
    room_filters: list[Choice]
    more_rooms: str
    conflicts: Table | None
    conflicts_title: str
    runs: Table
    tools: list[Link] = field(default_factory=list)
    running: bool = False
    percent: int = 0
    status_url: str = ""
    failed: str = ""


@dataclass(slots=True)
class SeatCell:
    """A seat of the map; without a number it is an aisle or blocked."""

    number: str = ""
    student: str = ""
    student_id: str = ""
    needs: str = ""


@dataclass(slots=True)
class SeatLine:
    """A taken seat in the list under the map."""

    number: str
    student: str
    test_number: str
    needs: str
    actions: list[Link] = field(default_factory=list)


@dataclass(slots=True)
class SeatMapPage:
    title: str
    subtitle: str
    crumbs: list[tuple[str, str]]
    url: str
    live_url: str
    rows: list[list[SeatCell]]
    lines: list[SeatLine]
    waiting: WaitingList | None
    others: list[Link]
    summary: str
    version: str
    may_move: bool = False
    reason: str = ""
    tools: list[Link] = field(default_factory=list)


@dataclass(slots=True)
class RoomChoice:
    value: str
    label: str
    chosen: bool = False
    enabled: bool = True


@dataclass(slots=True)
class SeatDialogPage:
    """Room and seat for somebody."""

    title: str
    intro: str
    url: str
    back_url: str
    crumbs: list[tuple[str, str]]
    rooms: list[RoomChoice]
    student_id: str
    seat: str = ""
    errors: dict[str, str] = field(default_factory=dict)
