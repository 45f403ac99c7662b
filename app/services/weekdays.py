"""The days of the week as choices: 0 Monday to 6 Sunday, as in Python, named in the reader's language."""

from __future__ import annotations

from typing import Any, Literal

from babel.dates import get_day_names
from flask_babel import get_locale
from flask_babel.speaklater import LazyString
from sqlalchemy import String, case, cast

from app.services.resource import Option


def name(day: int) -> str:
    """What a day is called."""
    return str(get_day_names("wide", locale=get_locale() or "en")[day])


WEEKDAYS = tuple(Option(str(day), LazyString(name, day)) for day in range(7))


def as_choice(column: Any) -> Any:
    """The number of a day as the value of a choice, in SQL."""
    return cast(column, String)


def in_words(column: Any, width: Literal["wide", "abbreviated"] = "wide") -> Any:
    """A day in the reader's language, in SQL."""
    names = get_day_names(width, locale=get_locale() or "en")
    return case({day: names[day] for day in range(7)}, value=column)
