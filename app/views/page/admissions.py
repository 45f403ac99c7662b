"""The form of an admission: open slots, what would be written, or why it cannot be."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.views.page.common import Cell
from app.views.page.forms import FieldGroup, FormPage


@dataclass(frozen=True, slots=True)
class Bar:
    """Places taken of those there are, as a picture and in words."""

    taken: int
    capacity: int
    text: str  # "5 of 8"
    tone: str = ""  # success, warning, danger


@dataclass(slots=True)
class SlotChoice:
    """A time of the week that can be ticked."""

    value: str
    title: str  # "16:00 to 17:00"
    detail: str  # teacher, room
    bar: Bar
    chosen: bool = False
    full: bool = False


@dataclass(slots=True)
class SlotDay:
    title: str
    choices: list[SlotChoice]


@dataclass(slots=True)
class Obstacle:
    """One wanted slot that cannot be had, and the nearest that can."""

    text: str
    value: str  # of the choice that was ticked
    alternatives: list[SlotChoice] = field(default_factory=list)
    waitlist_url: str = ""  # where the person can wait for a place


@dataclass(slots=True)
class Plan:
    """What would be written."""

    facts: list[tuple[str, Cell]]
    dates: list[tuple[str, str]]  # day, class


@dataclass(slots=True)
class AdmissionFormPage(FormPage):
    """The groups of `form` come before the choice of slots, those of `price` after it."""

    price: list[FieldGroup] = field(default_factory=list)
    days: list[SlotDay] = field(default_factory=list)
    slots_errors: list[str] = field(default_factory=list)
    choosing: list[FieldGroup] = field(default_factory=list)  # the choice of slots, for the summary of what is wrong
    slots_url: str = ""  # the choice of slots, as a fragment, for another course
    slots_hint: str = ""
    obstacles: list[Obstacle] = field(default_factory=list)
    plan: Plan | None = None
