"""Why a student cannot have the places that were asked for: every reason at once, with the nearest free places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _

from app.services.errors import Conflict

MOST_DAYS = 5  # that a message lists


@dataclass(frozen=True)
class Place:
    """A classroom slot as somebody who wants a place sees it."""

    slot_id: str
    time_slot_id: str
    teacher_id: int
    title: str  # "Tuesday 16:00, Ana Moreno"
    enrolled: int
    offered: int
    capacity: int

    @property
    def free(self) -> int:
        return self.capacity - self.enrolled - self.offered


@dataclass(frozen=True)
class Clash:
    """A class that the student has already at a time that was asked for."""

    day: date
    title: str


@dataclass(frozen=True)
class Problem:
    """What is wrong with one of the wanted slots. `code`: full, crowded, clash, taken, out_of_use."""

    code: str
    place: Place
    message: str
    alternatives: tuple[Place, ...] = ()
    clashes: tuple[Clash, ...] = field(default=())


class PlacesRefused(Conflict):
    """Some of the wanted slots cannot be had. Nothing was written."""

    code = "places_refused"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = tuple(problems)

    @property
    def full(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.code == "full"]

    def details(self) -> dict[str, Any]:
        return {"problems": [_as_json(problem) for problem in self.problems]}


def _as_json(problem: Problem) -> dict[str, Any]:
    told = asdict(problem)
    told["clashes"] = [{"date": clash.day.isoformat(), "title": clash.title} for clash in problem.clashes]
    return told


def is_full(place: Place, alternatives: Sequence[Place]) -> Problem:
    """The slot has no free place."""
    held = _(" (%(count)s held for the waitlist)", count=place.offered) if place.offered else ""
    message = _(
        "%(slot)s is full: %(enrolled)s of %(capacity)s%(held)s.",
        slot=place.title,
        enrolled=place.enrolled,
        capacity=place.capacity,
        held=held,
    )
    return Problem("full", place, message + _nearest(alternatives), tuple(alternatives))


def is_crowded(place: Place, days: Sequence[date], last: date, alternatives: Sequence[Place]) -> Problem:
    """There is a weekly place, but on some days somebody who visits has the last one; `last` is the last such day."""
    listed = ", ".join(day.isoformat() for day in days[:MOST_DAYS])
    if len(days) > MOST_DAYS:
        listed = _("%(days)s, and %(count)s more", days=listed, count=len(days) - MOST_DAYS)
    message = _("%(slot)s: no free place on %(days)s, with those who visit.", slot=place.title, days=listed)
    message += " " + _("From %(day)s on there is one on every day.", day=(last + timedelta(days=1)).isoformat())
    return Problem("crowded", place, message + _nearest(alternatives), tuple(alternatives))


def out_of_use(place: Place, alternatives: Sequence[Place]) -> Problem:
    """Nothing is taught there any more."""
    message = _("%(slot)s is not in use any more.", slot=place.title)
    return Problem("out_of_use", place, message + _nearest(alternatives), tuple(alternatives))


def clashes(place: Place, found: Sequence[Clash], alternatives: Sequence[Place]) -> Problem:
    """The student is elsewhere on some of the days."""
    first = found[0]
    message = _(
        "%(slot)s: the student has %(other)s at that time on %(day)s",
        slot=place.title,
        other=first.title,
        day=first.day.isoformat(),
    )
    message += _(" and on %(count)s more days.", count=len(found) - 1) if len(found) > 1 else "."
    return Problem("clash", place, message + _nearest(alternatives), tuple(alternatives), tuple(found))


def taken_already(place: Place) -> Problem:
    """The student has a place there already."""
    return Problem("taken", place, _("The student already has a place in %(slot)s.", slot=place.title))


def _nearest(alternatives: Sequence[Place]) -> str:
    if not alternatives:
        return " " + _("No other time of this course has a free place.")
    names = "; ".join(f"{each.title} ({each.enrolled}/{each.capacity})" for each in alternatives)
    return " " + _("Nearest with a free place: %(slots)s.", slots=names)
