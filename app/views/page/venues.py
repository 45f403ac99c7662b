"""The page of a venue with a month of its days, and that of a room with its seats and a month."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.views.page.common import Cell, Link
from app.views.page.records import RecordPage


@dataclass(slots=True)
class CalendarDay:
    """`other`: of the month before or after. `url` is where one says whether the day can be had; empty: one may not."""

    iso: str
    number: str
    label: str  # "Monday, 15 June 2026"
    other: bool = False
    today: bool = False
    free: bool = True
    note: str = ""
    url: str = ""
    sessions: list[Cell] = field(default_factory=list)


@dataclass(slots=True)
class Month:
    title: str
    heads: list[tuple[str, str]]  # short and long names of the days
    weeks: list[list[CalendarDay]]
    before: Link
    after: Link


@dataclass(slots=True)
class VenueRecordPage(RecordPage):
    month: Month | None = None


@dataclass(slots=True)
class RoomRecordPage(RecordPage):
    """`seats` are the rows of the grid, a blocked place an empty text; without a grid there are none."""

    seats: list[list[str]] = field(default_factory=list)
    seats_note: str = ""
    month: Month | None = None
