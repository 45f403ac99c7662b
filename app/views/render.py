"""Values as people read them: in their language, their time zone and their words. An empty value is an empty cell, never "None"."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import g
from flask_babel import format_date, format_decimal, get_locale, get_timezone
from flask_babel import gettext as _

from app.services.resource import Attribute, Kind
from app.views.page import Cell
from app.views.security import current_actor


def _remembered(kind: str, value: Any, make: Any) -> str:
    """Formats by locale are slow and a page repeats them."""
    known: dict[tuple[str, Any], str] = g.setdefault("formatted", {})
    key = (kind, value)
    if key not in known:
        known[key] = make(value)
    return known[key]


def day(value: date) -> str:
    return _remembered("day", value, lambda each: format_date(each, "medium"))


def moment(value: datetime) -> str:
    """A moment in the reader's zone and clock."""
    return _remembered("moment", value.replace(second=0, microsecond=0), _moment)


def _moment(value: datetime) -> str:
    local = value.astimezone(ZoneInfo(str(get_timezone())))
    clock = "%I:%M %p" if current_actor().time_format == "12h" else "%H:%M"
    return f"{format_date(local.date(), 'medium')}, {local.strftime(clock)}"


def number(value: Decimal | int | float) -> str:
    return _remembered("number", value, format_decimal)


def cell(attribute: Attribute, value: Any, *, url: str = "") -> Cell:
    """The cell of an attribute's value."""
    if value is None or value == "":
        return Cell()
    match attribute.kind:
        case Kind.DATE:
            return Cell(day(value), "date", title=value.isoformat())
        case Kind.DATETIME:
            return Cell(moment(value), "datetime", title=value.isoformat(timespec="seconds"))
        case Kind.BOOL:
            return Cell(_("Yes") if value else _("No"), "bool", tone="success" if value else "neutral")
        case Kind.NUMBER:
            return Cell(number(value), "number")
        case Kind.CHOICE:
            option = next((each for each in attribute.options if each.value == value), None)
            return Cell(str(option.label), "badge", tone=option.tone) if option else Cell(str(value))
        case Kind.EMAIL:
            return Cell(value, "email", f"mailto:{value}")
        case Kind.PHONE:
            return Cell(value, "phone", f"tel:{value}")
        case _ if attribute.person:
            return Cell(str(value), "person")
        case _ if attribute.badge:
            return Cell(str(value), "badge", tone="info")
        case _:
            return Cell(str(value), "link" if url else "text", url)


def total(count: int, limit: int) -> str:
    """A count, or "10,000+" where counting stopped."""
    return f"{number(limit)}+" if count > limit else number(count)


def plain(value: Any) -> str:
    """A value of the row history, in one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return str(value)


def language() -> str:
    locale = get_locale()
    return str(locale).replace("_", "-") if locale else "en"


def direction() -> str:
    locale = get_locale()
    return locale.text_direction if locale else "ltr"


def initials(*names: str) -> str:
    """The first letters of a person's names, for the disc beside them."""
    return "".join(name[:1] for name in names).upper()
