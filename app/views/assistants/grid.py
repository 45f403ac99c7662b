"""The grid of a week: drawn from periods, and read from its ticked boxes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from babel.dates import get_day_names
from flask_babel import gettext as _
from flask_babel import ngettext

from app.models.courses import Course
from app.services.assistants import week
from app.services.assistants.week import Cell, Period
from app.views import render
from app.views.page import Choice, Field
from app.views.page.assistants import HalfHour, HalfHours, WeekGrid

NAME = "slot"  # of the boxes


def draw(painted: Iterable[Cell], errors: Sequence[Any] = ()) -> WeekGrid:
    """The week with these half hours painted."""
    cells = frozenset(painted)
    locale = render.reader().locale
    wide, short = (get_day_names(width, locale=locale) for width in ("wide", "abbreviated"))
    rows = []
    for start in week.STARTS:
        at = f"{week.clock(start):%H:%M}"
        made = [HalfHour(f"{day}-{at}", f"{wide[day]}, {at}", (day, start) in cells) for day in week.DAYS]
        rows.append(HalfHours(at, start % 60 == 0, made))
    days = [(short[day], wide[day]) for day in week.DAYS]
    return WeekGrid(days, rows, _in_words(week.periods(cells), wide), _total(cells), [str(each) for each in errors])


def _in_words(periods: Iterable[Period], names: Any) -> list[tuple[str, str]]:
    """Each day with its times."""
    return [
        (
            names[day],
            ", ".join(f"{each.start_time:%H:%M}\N{EN DASH}{each.end_time:%H:%M}" for each in of_day),
        )
        for day, of_day in groupby(periods, key=lambda each: each.day_of_week)
    ]


def _total(cells: frozenset[Cell]) -> str:
    hours = len(cells) * week.STEP / 60
    number = 1 if hours == 1 else max(2, math.ceil(hours))
    return ngettext("%(hours)s hour a week", "%(hours)s hours a week", number, hours=render.number(hours))


def read(posted: Iterable[str]) -> tuple[list[dict[str, Any]], frozenset[Cell]]:
    """The periods that were painted, as raw input, and the cells, to draw them again. A box that is none of ours stays
    as it is among the periods, for the input to refuse.
    """
    known = {f"{day}-{week.clock(start):%H:%M}": (day, start) for day in week.DAYS for start in week.STARTS}
    values = list(posted)
    cells = frozenset(known[value] for value in values if value in known)
    strange = [{"day_of_week": value[:10]} for value in values if value not in known][:1]
    made = [
        {"day_of_week": each.day_of_week, "start_time": each.start_time, "end_time": each.end_time}
        for each in week.periods(cells)
    ]
    return made + strange, cells


def course_field(courses: Iterable[Course], chosen: Iterable[str], errors: Sequence[Any] = ()) -> Field:
    """Boxes of courses."""
    ticked = set(chosen)
    choices = [Choice(str(each.id), each.name, str(each.id) in ticked) for each in courses]
    made = Field("course_ids", _("Courses"), "relations", choices=choices, required=True)
    made.errors = [str(each) for each in errors]
    return made
