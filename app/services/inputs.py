"""What may be typed: one schema per form or request, made from the table's columns, with every error at its field."""

from __future__ import annotations

import enum
import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, PydanticKnownError, PydanticUndefined
from sqlalchemy import Boolean, Date, Enum, Integer, Numeric, SmallInteger, String, Text, Time, Uuid
from sqlalchemy import inspect as sa_inspect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.schema import Column

from app.models.base import UtcDateTime
from app.services.errors import Invalid

LONGEST_TEXT = 10_000
LONG_TEXT = 400  # from here on a text may have several lines


class Input(BaseModel):
    """Base of all inputs. A form's unknown fields are ignored, as browsers and their helpers add some; a request's to the
    API are refused, as a caller who mistypes one must not get less than they asked for.
    """

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True, arbitrary_types_allowed=True)


def is_storable(value: str) -> bool:
    """Whether PostgreSQL can store it as a text: it takes neither NUL nor lone surrogates."""
    return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters and marks that fonts leave empty


def seen(value: str) -> str:
    """The text, or an empty one where there is nothing to see: a zero-width space is no name."""
    return value if any(_is_seen(letter) for letter in value) else ""


def _is_seen(letter: str) -> bool:
    return letter not in _UNSEEN and unicodedata.category(letter) not in {"Cc", "Cf", "Zs", "Zl", "Zp"}


def storable(value: Any) -> Any:
    """Refuses a text that cannot be stored; one of which nothing is seen is empty."""
    if not isinstance(value, str):
        return value
    if not is_storable(value):
        raise PydanticCustomError("unstorable", "unstorable")
    return seen(value)


_BREAK = re.compile(r"\s*[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]\s*")


def one_line(value: str) -> str:
    """The text in one line, as a browser's field and the reader of files make it."""
    return _BREAK.sub(" ", value)


def blank_is_none(value: Any) -> Any:
    """An empty field of a form means no value."""
    return None if isinstance(value, str) and not value.strip() else value


def near(value: datetime) -> datetime:
    """Refuses moments that fall out of the calendar in some time zone."""
    if not 1900 <= value.year < 2200:
        raise PydanticCustomError("moment", "moment", {"sentence": _("Must be between the years 1900 and 2199.")})
    return value


Moment = Annotated[AwareDatetime, AfterValidator(near)]


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?", re.ASCII)


def is_day(value: Any) -> Any:
    """Refuses numbers, which would be read as seconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and not _DAY.fullmatch(value.strip())):
        raise PydanticKnownError("date_parsing", {"error": "not a date"})
    return value


CalendarDay = Annotated[date, BeforeValidator(is_day)]


def whole_minute(value: time) -> time:
    """A time of the day is the school's own, in hours and minutes."""
    if value.tzinfo is not None or value.second or value.microsecond:
        sentence = _("Must be a time of the school's day in hours and minutes, as 16:30.")
        raise PydanticCustomError("whole_minute", "whole_minute", {"sentence": sentence})
    return value


ClockTime = Annotated[
    time,
    AfterValidator(whole_minute),
    WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:00)?$", "example": "16:30"}),
]


def _json(value: Any) -> Any:
    """What a form's text means as JSON: an object or a list. Typed values, as of a request's body, are taken as they
    are.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise PydanticCustomError("json", "json", {"sentence": _("Must be JSON.")}) from None
    if not isinstance(value, (dict, list)):
        raise PydanticCustomError("json", "json", {"sentence": _("Must be a JSON object or list.")})
    try:  # as it can be stored: a body's numbers are decimals, and 1e999 is none
        return json.loads(json.dumps(value, default=float, allow_nan=False))
    except (TypeError, ValueError, OverflowError):
        raise PydanticCustomError("json", "json", {"sentence": _("Must be JSON.")}) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are not JSON


Json = Annotated[Any, BeforeValidator(_json)]


def of(model: type[Any], *names: str, name: str = "", base: type[BaseModel] = Input, **extra: Any) -> type[BaseModel]:
    """An input with these columns of a model. A column is required when it is NOT NULL and has no default. `extra` adds
    or replaces fields.
    """
    mapper = sa_inspect(model)
    fields: dict[str, Any] = {each: field_of(mapper.columns[each]) for each in names}
    return create_model(name or f"{model.__name__}Input", __base__=base, **(fields | extra))


def field_of(column: Column[Any]) -> tuple[Any, Any]:
    kind = type_of(column)
    required = not column.nullable and column.server_default is None and column.default is None
    if required:
        return Annotated[kind, BeforeValidator(storable)], ...
    if column.nullable:
        return Annotated[kind | None, BeforeValidator(blank_is_none), BeforeValidator(storable)], None
    return Annotated[kind, BeforeValidator(storable)], Field(default=None)


def type_of(column: Column[Any]) -> Any:
    """The type of an input for a column, with the limits that the column has."""
    kind = column.type
    if isinstance(kind, Enum) and kind.enum_class is not None:
        return kind.enum_class
    if isinstance(kind, (String, Text)):
        limits = Field(min_length=0 if column.nullable else 1, max_length=kind.length or LONGEST_TEXT)
        several = (kind.length or LONG_TEXT) >= LONG_TEXT
        return Annotated[str, limits] if several else Annotated[str, limits, AfterValidator(one_line)]
    if isinstance(kind, SmallInteger):
        return Annotated[int, Field(ge=-32768, le=32767)]
    if isinstance(kind, Integer):
        return Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
    if isinstance(kind, Numeric):
        return Annotated[Decimal, Field(max_digits=kind.precision, decimal_places=kind.scale, allow_inf_nan=False)]
    for sql, python in (
        (Boolean, bool),
        (Date, CalendarDay),
        (Time, ClockTime),
        (Uuid, UUID),
        (UtcDateTime, Moment),
        (JSONB, Json),
    ):
        if isinstance(kind, sql):
            return python
    raise TypeError(f"no input for {column}")


@cache
def partial(schema: type[BaseModel]) -> type[BaseModel]:
    """The same input with nothing required: for changes that name only what they change."""
    fields: dict[str, Any] = {}
    for name, info in schema.model_fields.items():
        copy = FieldInfo.merge_field_infos(info, default=None)
        fields[name] = (copy.annotation, copy)
    return create_model(f"{schema.__name__}Change", __base__=Input, **fields)


def parse(
    schema: type[BaseModel], raw: Mapping[str, Any], *, change: bool = False, strict: bool = False
) -> dict[str, Any]:
    """The typed values of a raw mapping (a form's strings or a request's JSON); with `change` only those that were
    given.

    Raises Invalid with every error at its field; with `strict` also for a field that the input does not have.
    """
    try:
        parsed = (partial(schema) if change else schema).model_validate(raw, extra="forbid" if strict else None)
    except ValidationError as error:
        raise Invalid(fields=sentences(error)) from error
    given = parsed.model_fields_set
    return {
        name: value
        for name, value in parsed
        if name in given or (not change and schema.model_fields[name].default not in (None, PydanticUndefined))
    }


_OF_EMPTY: Final = ("date_from_datetime_parsing", "date_parsing", "bool_parsing", "time_parsing", "enum", "too_short")
_SENTENCES: dict[str, Any] = {
    "missing": _l("This field is required."),
    "unstorable": _l("Contains a character that cannot be stored."),
    "string_too_short": _l("This field is required."),
    "string_too_long": _l("At most %(max_length)s characters."),
    "string_type": _l("Must be a text."),
    "list_type": _l("Must be a list."),
    "too_short": _l("At least %(min_length)s."),
    "too_long": _l("At most %(max_length)s."),
    "int_parsing": _l("Must be a whole number."),
    "int_type": _l("Must be a whole number."),
    "int_from_float": _l("Must be a whole number."),
    "decimal_parsing": _l("Must be a number."),
    "decimal_type": _l("Must be a number."),
    "decimal_max_digits": _l("At most %(max_digits)s digits."),
    "decimal_max_places": _l("At most %(decimal_places)s digits after the point."),
    "greater_than_equal": _l("Must be at least %(ge)s."),
    "greater_than": _l("Must be more than %(gt)s."),
    "less_than_equal": _l("Must be at most %(le)s."),
    "less_than": _l("Must be less than %(lt)s."),
    "enum": _l("Choose one from the list."),
    "literal_error": _l("Choose one from the list."),
    "uuid_parsing": _l("Choose one from the list."),
    "uuid_type": _l("Choose one from the list."),
    "bool_parsing": _l("Must be yes or no."),
    "bool_type": _l("Must be yes or no."),
    "extra_forbidden": _l("There is no field %(name)s."),
    "timezone_aware": _l("Must be a date and time with a time zone."),
}
_DATES = {
    "date": _l("Must be a date, as 2026-03-31."),
    "datetime": _l("Must be a date and time."),
    "time": _l("Must be a time, as 15:30."),
}


def sentences(error: ValidationError) -> dict[str, list[str]]:
    """The errors of a validation, in words, by field."""
    found: dict[str, list[str]] = {}
    for item in error.errors(include_url=False):
        field = str(item["loc"][0])[:100] if item["loc"] else ""
        # A form sends an empty text for what was left empty.
        kind = "missing" if item["input"] in ("", []) and item["type"] in _OF_EMPTY else item["type"]
        template = _SENTENCES.get(kind) or _DATES.get(kind.partition("_")[0])
        context = {"name": str(item["loc"][-1])[:100] if item["loc"] else ""} | (item.get("ctx") or {})
        text = (
            str(template) % context
            if template is not None
            else str(context.get("sentence") or _("This value is not accepted."))
        )
        if text not in found.setdefault(field, []):
            found[field].append(text)
    return found


def one_of(values: type[enum.StrEnum]) -> Any:
    """A required choice of an enumeration."""
    return values, ...


__all__ = ["Input", "Literal", "of", "one_of", "parse", "partial", "sentences"]
