"""Values as people read them: in their language, their time zone and their words. An empty value is an empty cell,
never "None".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_day_names
from babel.numbers import format_decimal
from flask import g
from flask_babel import get_locale, get_timezone
from flask_babel import gettext as _

from app.services import phones
from app.services.resource import Attribute, Kind, Option
from app.views.page import Cell
from app.views.security import current_actor

REMEMBERED = 4096  # formats by locale are slow, and pages repeat them


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a page is written. `locale` is as in Babel, `clock` a pattern of it."""

    locale: str
    zone: str
    clock: str


def reader() -> Reader:
    """Found once per request: a page asks hundreds of times."""
    known: Reader | None = g.get("reader")
    if known is None:
        clock = "hh:mm a" if current_actor().time_format == "12h" else "HH:mm"
        g.reader = known = Reader(str(get_locale() or "en"), str(get_timezone()), clock)
    return known


def inside(words: object) -> str:
    """Words as they stand inside a sentence: without capitals, but for names such as OneRoster and Ed-Fi."""
    return " ".join(word.lower() if word.isalpha() and word.istitle() else word for word in str(words).split())


def day(value: date) -> str:
    return _day(value, reader().locale)


@lru_cache(REMEMBERED)
def _day(value: date, locale: str) -> str:
    return format_date(value, "medium", locale)


def weekday(value: date) -> str:
    """The day of the week in words."""
    return str(get_day_names("wide", locale=reader().locale)[value.weekday()])


def moment(value: datetime) -> str:
    """A moment in the reader's zone and clock."""
    return _moment(value.replace(second=0, microsecond=0), reader())


@lru_cache(REMEMBERED)
def _moment(value: datetime, who: Reader) -> str:
    local = value.astimezone(ZoneInfo(who.zone))
    return f"{_day(local.date(), who.locale)}, {format_time(local.time(), who.clock, locale=who.locale)}"


def number(value: Decimal | int | float) -> str:
    return _number(value, reader().locale)


@lru_cache(REMEMBERED, typed=True)
def _number(value: Decimal | int | float, locale: str) -> str:
    return format_decimal(value, locale=locale)


def money(value: Decimal | int | float) -> str:
    """An amount with its hundredths in the reader's locale."""
    return format_decimal(value, format="#,##0.00", locale=reader().locale)


def cell(attribute: Attribute, value: Any, *, url: str = "") -> Cell:
    """The cell of an attribute's value."""
    if value is None or value == "":
        return Cell()
    match attribute.kind:
        case Kind.DATE:
            return Cell(day(value), "date", title=value.isoformat())
        case Kind.DATETIME:
            return Cell(moment(value), "datetime", title=value.isoformat(timespec="seconds"))
        case Kind.TIME:
            return Cell(f"{value:%H:%M}")
        case Kind.BOOL:
            return Cell(_("Yes") if value else _("No"), "bool", tone="success" if value else "neutral")
        case Kind.NUMBER if not attribute.called:
            return Cell(money(value) if attribute.money else number(value), "number")
        case Kind.CHOICE:
            label, tone = labels(attribute, reader().locale).get(value, ("", ""))
            return Cell(label, "badge", tone=tone) if label else Cell(str(value))
        case Kind.EMAIL:
            return Cell(value, "email", f"mailto:{value}")
        case Kind.PHONE:
            return phone(value)
        case _ if attribute.person or attribute.links:
            return Cell(str(value), "person" if attribute.person else "tags")
        case _ if attribute.badge:
            return Cell(str(value), "badge", tone="info")
        case _:
            return Cell(str(value), "link" if url else "text", url)


def phone(number: str | None) -> Cell:
    """A number to call."""
    return Cell(phones.grouped(number), "phone", title=number) if number else Cell()


def badge(options: Iterable[Option], value: str) -> Cell:
    """A value of a choice as its badge."""
    option = next(each for each in options if each.value == value)
    return Cell(str(option.label), "badge", tone=option.tone)


@cache
def labels(attribute: Attribute, _locale: str) -> dict[str, tuple[str, str]]:
    """How the values of a choice read, and their tones."""
    return {option.value: (str(option.label), option.tone) for option in attribute.options}


def total(count: int, limit: int) -> str:
    """A count, or "5,000+" where counting stopped."""
    return f"{number(limit)}+" if count > limit else number(count)


def plain(value: Any) -> str:
    """A value of the row history, as JSON has it, in one line."""
    match value:
        case None:
            return ""
        case bool():
            return _("Yes") if value else _("No")
        case float():
            return number(value)
        case list():
            return ", ".join(map(plain, value))
        case dict():
            return ", ".join(f"{name}: {plain(each)}" for name, each in value.items())
        case _:
            return str(value)


def stored(value: str) -> str:
    """A day, a time or a moment as the row history has it, in the reader's words; any other text as it is."""
    try:
        if len(value) == len("2026-01-31"):
            return day(date.fromisoformat(value))
        if len(value) == len("09:00:00"):
            return f"{time.fromisoformat(value):%H:%M}"
        read = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment(read if read.tzinfo else read.replace(tzinfo=UTC))  # columns without a zone mean UTC


def language() -> str:
    return reader().locale.replace("_", "-")


def direction() -> str:
    return Locale.parse(reader().locale).text_direction


def initials(*names: str) -> str:
    """The first letters of a person's names, for the disc beside them."""
    return "".join(name[:1] for name in names).upper()


def address(url: str, pairs: Sequence[tuple[str, str]]) -> str:
    """An address with a query string, or without one when there is none."""
    return f"{url}?{urlencode(pairs)}" if pairs else url
