"""Positions in a sorted list, as keys: a page deep in a list costs what the first one costs."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, true, tuple_
from sqlalchemy.sql.elements import ColumnElement

from app.services.resource import Attribute, Kind, Resource

LAST = "last"  # `before=last` is the last page


def beyond(resource: Resource, sort: Attribute, position: tuple[Any, Any], downwards: bool) -> ColumnElement[bool]:
    """Rows past a position in the direction of reading. Without NULLs one row comparison, which an index answers
    directly.
    """
    value, key = position
    if value is LAST:
        return true()
    model_id = resource.model.id
    if not sort.sorts_nulls:
        left, right = tuple_(sort.value, model_id), tuple_(value, key)
        return left < right if downwards else left > right
    if value is None:
        past = and_(sort.value.is_(None), model_id < key if downwards else model_id > key)
        return or_(past, sort.value.is_not(None)) if downwards else past
    strictly = sort.value < value if downwards else sort.value > value
    tie = and_(sort.value == value, model_id < key if downwards else model_id > key)
    return or_(strictly, tie) if downwards else or_(strictly, tie, sort.value.is_(None))


def position_of(row: Any) -> str:
    value = row._mapping["__sort"]
    plain = value.isoformat() if isinstance(value, date | time) else str(value) if isinstance(value, Decimal) else value
    return base64.urlsafe_b64encode(json.dumps([plain, str(row.id)]).encode()).decode().rstrip("=")


def read_position(resource: Resource, sort_name: str, raw: str) -> tuple[Any, Any] | None:
    """A position, or None when there is none or it is not one of ours."""
    if not raw:
        return None
    if raw == LAST:
        return LAST, None
    sort = resource.by_name[sort_name.removeprefix("-")]
    try:
        value, key = json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
        key = UUID(key) if resource.model.id.type.python_type is UUID else int(key)
        if value is None:
            return (None, key) if sort.sorts_nulls else None
        return _position_value(sort, value), key
    except (ValueError, TypeError, AttributeError, binascii.Error, InvalidOperation, RecursionError):
        return None


def _position_value(sort: Attribute, value: Any) -> Any:
    match sort.kind:
        case Kind.DATE:
            return date.fromisoformat(value)
        case Kind.DATETIME:
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else _refuse()
        case Kind.TIME:
            return time.fromisoformat(value)
        case Kind.CHOICE if not any(value == option.value for option in sort.options):
            return _refuse()
        case Kind.NUMBER:
            return Decimal(str(value))
        case Kind.BOOL:
            return bool(value)
        case _:
            text = str(value)
            text.encode()  # a lone surrogate, which cannot be compared either, is a ValueError
            return text if "\0" not in text else _refuse()


def _refuse() -> Any:
    raise ValueError
