"""Filters of lists: reading them from an address, and the conditions that they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Label, and_, exists, func, not_, or_, select
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnElement

from app.models.base import SEARCHED
from app.services import phones, school
from app.services.matching import escape_like, has_trigrams, holds, stored_number
from app.services.resource import Attribute, Kind, Resource

LONGEST = 3_000  # signs of a value, as of eighty keys: an address may have four thousand
_TEXTS = frozenset({Kind.TEXT, Kind.EMAIL, Kind.PHONE})
_WORD = re.compile(r"\w+")
_EMPTINESS = ("empty", "notempty")
ALONE = frozenset({*_EMPTINESS, "today", "past"})  # operators without a value
DAYS = frozenset({"last", "next"})  # those with a number of days
MOST_DAYS = 3_660
OPERATORS: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("contains", "is", "isnot", "in"),
    Kind.EMAIL: ("contains", "is", "isnot", "in"),
    Kind.PHONE: ("contains", "is", "isnot", "in"),
    Kind.NUMBER: ("is", "isnot", "gt", "lt", "between"),
    Kind.DATE: ("is", "before", "after", "between", "today", "past", "last", "next"),
    Kind.DATETIME: ("before", "after", "between", "today", "last", "next"),
    Kind.TIME: ("is", "before", "after"),
    Kind.BOOL: ("is",),
    Kind.CHOICE: ("is", "isnot", "in"),
    Kind.RELATION: ("is", "isnot", "in"),
}


def operators_of(attribute: Attribute) -> tuple[str, ...]:
    """The operators that make sense for an attribute."""
    return OPERATORS[attribute.kind] + (_EMPTINESS if attribute.nullable else ())


@dataclass(frozen=True)
class Filter:
    attribute: Attribute
    operator: str
    raw: str

    def __str__(self) -> str:
        return f"{self.attribute.name}:{self.operator}:{self.raw}"


def read_filter(resource: Resource, raw: str) -> Filter | None:
    name, _sep, rest = raw.partition(":")
    operator, _sep, value = rest.partition(":")
    attribute = resource.by_name.get(name)
    if attribute is None or not attribute.filterable or operator not in operators_of(attribute) or "\0" in value:
        return None
    candidate = Filter(attribute, operator, value[:LONGEST])
    try:
        condition(candidate)
    except (ValueError, OverflowError, InvalidOperation):
        return None
    return candidate


def _typed(attribute: Attribute, raw: str) -> Any:
    """One value of a filter. Raises ValueError."""
    raw = raw.strip()
    match attribute.kind:
        case Kind.NUMBER:
            number = Decimal(raw)
            if not number.is_finite() or abs(number) > 10**15:
                raise ValueError(raw)
            return number
        case Kind.TIME:
            return time.fromisoformat(raw)
        case Kind.DATE | Kind.DATETIME:
            return date.fromisoformat(raw)
        case Kind.BOOL:
            return (
                {"1": True, "true": True, "0": False, "false": False}[raw]
                if raw in {"1", "true", "0", "false"}
                else _refuse(raw)
            )
        case Kind.CHOICE:
            return raw if any(raw == option.value for option in attribute.options) else _refuse(raw)
        case Kind.RELATION:
            return key_of(attribute, raw)
        case Kind.PHONE:
            return _phone(raw or _refuse(raw))
        case _:
            return raw or _refuse(raw)


def _phone(raw: str) -> str:
    """The number as it is stored, however it is dialled; what is no number stays as it was typed."""
    try:
        return phones.normalise(raw, school.phone_region())
    except ValueError:
        return raw


def _refuse(raw: str) -> Any:
    raise ValueError(raw)


def key_of(attribute: Attribute, raw: str) -> Any:
    """The typed key of a related record. Raises ValueError."""
    if attribute.compared.type.python_type is UUID:
        return UUID(raw)
    number = int(raw)
    return number if abs(number) < 2**31 else _refuse(raw)


def _alike(attribute: Attribute) -> Callable[[Any], Any]:
    """What makes values equal that are the same to people: texts without accents and capitals, as `contains` compares them;
    e-mail addresses without capitals, as they are indexed.
    """
    return {Kind.TEXT: func.search_fold, Kind.EMAIL: func.lower}.get(attribute.kind, lambda value: value)


def condition(item: Filter) -> ColumnElement[bool]:
    """Raises ValueError when the value does not fit the attribute."""
    column, operator, alike = item.attribute.compared, item.operator, _alike(item.attribute)
    if operator in _EMPTINESS:
        return column.is_(None) if operator == "empty" else column.is_not(None)
    if operator == "contains":
        return _contains(item)
    if operator in ALONE | DAYS:
        return _between(item.attribute, *_days_from_today(item))
    if operator in {"in", "between"}:
        parts = item.raw.split("," if operator == "in" else "..")
        values = [_typed(item.attribute, part) for part in parts if part.strip()]
        if not values or (operator == "between" and len(parts) != 2):
            raise ValueError(item.raw)
        if operator == "in":
            return alike(column).in_([alike(value) for value in values])
        return _between(item.attribute, *(_typed(item.attribute, part) if part.strip() else None for part in parts))
    value = _typed(item.attribute, item.raw)
    if item.attribute.kind is Kind.DATETIME:
        return (
            column >= school.midnight(value + timedelta(days=1))
            if operator == "after"
            else column < school.midnight(value)
        )
    match operator:
        case "is" if item.attribute.kind is Kind.BOOL:
            return column if value else not_(column)  # a question for rows elsewhere can then be joined
        case "is":
            return alike(column) == alike(value)
        case "isnot":
            differs = alike(column) != alike(value)
            return or_(differs, column.is_(None)) if item.attribute.nullable else differs
        case "gt" | "after":
            return column > value
        case _:
            return column < value


def _between(attribute: Attribute, low: Any, high: Any) -> ColumnElement[bool]:
    """From the one to the other, both included; one that is None sets no limit."""
    column = attribute.compared
    if attribute.kind is Kind.DATETIME:  # days are the school's, and the last one counts
        low = school.midnight(low) if low else None
        return and_(
            *([column >= low] if low else []),
            *([column < school.midnight(high + timedelta(days=1))] if high else []),
        )
    return and_(*([column >= low] if low is not None else []), *([column <= high] if high is not None else []))


def _days_from_today(item: Filter) -> tuple[date | None, date | None]:
    """The first and the last day that are meant, in the school's time zone: the last and the next days begin with today.
    Raises ValueError.
    """
    today = school.today()
    if item.operator == "today":
        return today, today
    if item.operator == "past":
        return None, today - timedelta(days=1)
    number = int(item.raw) if item.raw.isascii() and item.raw.isdecimal() else 0
    if not 1 <= number <= MOST_DAYS:
        raise ValueError(item.raw)
    reach = timedelta(days=number - 1)
    return (today - reach, today) if item.operator == "last" else (today, today + reach)


def _contains(item: Filter) -> ColumnElement[bool]:
    text = func.search_fold(item.attribute.compared)
    return or_(*(text.like(func.search_fold(f"%{escape_like(word)}%")) for word in _words(item)))


def _words(item: Filter) -> list[str]:
    """Any of these is in the text of a row that `contains`, `is` or is `in`. Raises ValueError."""
    if item.operator != "contains":
        parts = item.raw.split(",") if item.operator == "in" else [item.raw]
        return [_typed(item.attribute, part) for part in parts if part.strip()]
    word = item.raw.strip() or _refuse(item.raw)
    return [word, *filter(None, [stored_number(word) if item.attribute.kind is Kind.PHONE else ""])]


@cache
def _looked_through(resource: Resource) -> frozenset[str]:
    """The columns of the model whose texts are in the indexed text of the search box: see `searched` of the models."""
    text = getattr(resource.search, "expression", resource.search)
    if isinstance(text, Column) and text.computed is not None:
        return frozenset(_WORD.findall(str(text.computed.sqltext)))
    if isinstance(text, Label) and text.name == SEARCHED:
        return frozenset(each.name for each in visitors.iterate(text) if isinstance(each, Column))
    return frozenset()


def _indexed(resource: Resource, item: Filter) -> list[ColumnElement[bool]]:
    """What else is true of the rows that meet a filter, and what the index of the search box can find: a filter by a name
    reads no large table.
    """
    attribute = item.attribute
    column = getattr(resource.model, attribute.name, None)
    if attribute.kind not in _TEXTS or column is not attribute.value or attribute.name not in _looked_through(resource):
        return []
    if item.operator not in ("contains", "is", "in"):
        return []
    words = _words(item)
    if item.operator == "contains" and not all(map(has_trigrams, words)):  # a whole value begins where a word begins
        return []
    return [or_(*(holds(resource.search, word) for word in words))]


def met(resource: Resource, item: Filter) -> ColumnElement[bool]:
    """The rows that meet a filter. A value of another table is compared apart, so that no caller has to join that
    table.
    """
    if item.attribute.links is not None:
        return _linked(resource, item, *item.attribute.links)
    wanted, attribute = and_(condition(item), *_indexed(resource, item)), item.attribute
    if attribute.through is not None and attribute.join is not None:
        return _through(attribute.join, attribute.through, wanted)
    if attribute.key is not None or attribute.join is None:
        return wanted
    key = resource.model.id
    return key.in_(select(key).outerjoin(*attribute.join).where(wanted).correlate(None))


def _through(join: tuple[Any, Any], through: tuple[Any, Any], wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    """The rows of which the joined one is as wanted. What is referred to may have several rows: then the join tells which."""
    (other, belongs), (own, referred) = join, through
    few: ColumnElement[bool] = own.in_(select(referred).where(wanted).correlate(None))
    return few if referred.key == "id" else few & exists().where(belongs, wanted).correlate_except(other)


def _linked(resource: Resource, item: Filter, own: Any, other: Any) -> ColumnElement[bool]:
    """The rows that are linked to what the filter names, to anything, or not."""
    link = select(own).where(own == resource.model.id)
    match item.operator:
        case "empty":
            return ~link.exists()
        case "notempty":
            return link.exists()
        case "isnot":
            return ~link.where(other == _typed(item.attribute, item.raw)).exists()
        case _:
            return link.where(condition(item)).exists()
