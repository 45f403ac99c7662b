"""The classroom: days, weeks, registers, and the choice of another place."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.views.page.admissions import Bar
from app.views.page.common import Cell, Link
from app.views.page.forms import Field, Form


@dataclass(slots=True)
class ClassCard:
    """One class of a day."""

    url: str
    time: str
    course: str
    teacher: str
    room: str
    bar: Bar
    marks: str  # "3 of 8 marked"; empty: nothing to mark yet
    tone: str = ""  # of the marks: success, warning
    visitors: str = ""


@dataclass(slots=True)
class Line:
    """The classes at one time of a day."""

    time: str
    cards: list[ClassCard]


@dataclass(slots=True)
class DayBoard:
    """A day: its classes by time. `closed` says why there are none."""

    title: str
    iso: str
    url: str
    lines: list[Line]
    closed: str = ""
    today: bool = False
    total: str = ""


@dataclass(slots=True)
class DaysPage:
    title: str
    description: str
    days: list[DayBoard]
    tabs: list[Link]
    previous: Link
    today: Link
    next: Link
    day: str  # ISO, for the date picker
    action: str  # where the filters are sent
    filters: list[Field] = field(default_factory=list)
    more: str = ""
    apply: Link | None = None  # what a closure leaves to be done


@dataclass(slots=True)
class MarkButton:
    value: str  # "<class>:<status>"
    label: str
    icon: str
    key: str
    tone: str
    pressed: bool


@dataclass(slots=True)
class MarkLine:
    text: str  # "Present"
    who: str
    when: str
    when_iso: str


@dataclass(slots=True)
class Pupil:
    """A student in the register."""

    id: str
    name: str
    initials: str
    url: str
    status: Cell
    remaining: str
    note: str  # visitor, make-up class
    buttons: list[MarkButton]
    history: list[MarkLine]


@dataclass(slots=True)
class RegisterPage:
    title: str
    subtitle: str
    back: Link
    neighbours: list[Link]
    mark_url: str
    pupils: list[Pupil]
    away: list[tuple[str, str, str]]  # name, address, where the class is now
    may_mark: bool
    reason: str  # why marking is not possible
    summary: str
    unmarked: int
    error: str = ""


@dataclass(slots=True)
class PlaceChoice:
    value: str  # "<slot>:<day>"
    title: str
    detail: str
    free: str
    chosen: bool = False


@dataclass(slots=True)
class PlaceWeek:
    title: str
    choices: list[PlaceChoice]


@dataclass(slots=True)
class PlacesPage:
    """Where a class may be instead, by week."""

    title: str
    intro: str
    crumbs: list[tuple[str, str]]
    form: Form
    weeks: list[PlaceWeek]
    hidden: list[tuple[str, str]]
    note: Field | None = None
    errors: list[str] = field(default_factory=list)
    submits: list[tuple[str, str, bool]] = field(default_factory=list)  # address, label, primary
