"""The roster: a week of shifts, and the choice of somebody for a place."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.views.page.admissions import Bar
from app.views.page.common import Link, Table
from app.views.page.records import RecordPage


@dataclass(slots=True)
class PersonChip:
    """Somebody on a shift, with what can be done about it. `warning` says which rule is broken since."""

    name: str
    pinned: bool
    warning: str = ""
    actions: list[Link] = field(default_factory=list)


@dataclass(slots=True)
class NeedLine:
    """A course that a shift needs."""

    course: str
    weight: str
    bar: Bar
    people: list[PersonChip]
    missing: str = ""
    reason: str = ""
    assign: Link | None = None
    edit: Link | None = None


@dataclass(slots=True)
class ShiftCard:
    time: str
    place: str
    needs: list[NeedLine]
    edit: Link | None = None
    new: Link | None = None


@dataclass(slots=True)
class RosterDay:
    title: str
    iso: str
    shifts: list[ShiftCard]
    today: bool = False
    new: Link | None = None


@dataclass(slots=True)
class Fact:
    """A number over the week."""

    label: str
    value: str
    tone: str = ""


@dataclass(slots=True)
class RosterWeekPage:
    record: RecordPage
    days: list[RosterDay]
    facts: list[Fact]
    hours: Table
    solving: bool
    percent: int
    status_url: str
    notes: list[tuple[str, str]]  # tone, text
    tools: list[Link] = field(default_factory=list)


@dataclass(slots=True)
class CandidateLine:
    id: str
    name: str
    detail: str
    chosen: bool = False


@dataclass(slots=True)
class AssignPage:
    """Who could take a place, and who not and why."""

    title: str
    intro: str
    url: str
    back_url: str
    crumbs: list[tuple[str, str]]
    able: list[CandidateLine]
    others: list[CandidateLine]
    pinned: bool = False
    errors: list[str] = field(default_factory=list)


@dataclass(slots=True)
class OwnShiftLine:
    """One of one's own shifts, for `own_shifts` of macros/roster.html."""

    day: str
    iso: str
    time: str
    course: str
    place: str
