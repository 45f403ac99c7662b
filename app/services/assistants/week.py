"""A week as it is painted: the periods in which somebody can, and the half hours of a grid that they cover."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from typing import Any, Final

OPENS: Final = 7 * 60  # minutes of the day at which the grid begins and ends
CLOSES: Final = 22 * 60
STEP: Final = 30
STARTS: Final = tuple(range(OPENS, CLOSES, STEP))
DAYS: Final = range(7)  # 0 Monday to 6 Sunday

Cell = tuple[int, int]  # day, minute of the day at which the half hour begins


@dataclass(frozen=True, order=True, slots=True)
class Period:
    """A time of every week."""

    day_of_week: int
    start_time: time
    end_time: time


def clock(minute: int) -> time:
    """The time of the day that so many minutes after midnight is."""
    return time(*divmod(minute, 60))


def minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def cells(periods: Iterable[Any]) -> frozenset[Cell]:
    """The half hours that lie in one of the periods."""
    return frozenset(
        (period.day_of_week, start)
        for period in periods
        for start in range(minutes(period.start_time), minutes(period.end_time), STEP)
    )


def periods(painted: Iterable[Cell]) -> list[Period]:
    """The fewest periods that cover exactly these half hours, in order."""
    runs: list[list[int]] = []  # day, start, end
    for day, start in sorted(set(painted)):
        if runs and runs[-1][0] == day and runs[-1][2] == start:
            runs[-1][2] = start + STEP
        else:
            runs.append([day, start, start + STEP])
    return [Period(day, clock(start), clock(end)) for day, start, end in runs]


def on_grid(at: time) -> bool:
    """Whether a period may begin or end then."""
    aligned = at.minute % STEP == 0 and not at.second and not at.microsecond and at.tzinfo is None
    return aligned and OPENS <= minutes(at) <= CLOSES


def as_json(periods: Iterable[Period]) -> str:
    """Periods as a parameter of a statement that writes all of them."""
    names = ("day_of_week", "start_time", "end_time")
    return json.dumps([{name: getattr(each, name) for name in names} for each in periods], default=str)
