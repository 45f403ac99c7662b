"""Reading what was sent: JSON of bounded size and depth, whose types are exactly those of the document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel
from werkzeug.exceptions import RequestEntityTooLarge

from app.services import inputs
from app.services.errors import Invalid, Refusal

MOST_BYTES = 1024 * 1024  # 10,000 ids take 400 KB
DEEPEST = 20

_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, Decimal),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
_SENTENCES = {
    "string": _l("Must be a text."),
    "integer": _l("Must be a whole number."),
    "number": _l("Must be a number."),
    "boolean": _l("Must be true or false."),
    "array": _l("Must be a list."),
    "object": _l("Must be an object."),
    "date": _l("Must be a date, as 2026-03-31."),
    "date-time": _l("Must be a date and time with a time zone."),
}
_FORMATS = {
    "date": re.compile(r"\d{4}-\d\d-\d\d", re.ASCII),
    "date-time": re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII),
}


class Malformed(Refusal):
    """The body is not a JSON object."""

    status = 400
    code = "malformed"


class WrongType(Refusal):
    """The body is of another type than the route takes."""

    status = 415
    code = "unsupported_media_type"


class TooLarge(Refusal):
    """The body is larger than any that makes sense."""

    status = 413
    code = "too_large"

    def __init__(self) -> None:
        super().__init__(_("The body may hold at most %(most)s bytes.", most=f"{MOST_BYTES:,}"))


def read(schema: type[BaseModel], *, change: bool = False) -> dict[str, Any]:
    """The typed values of the JSON body; with `change` only those that were given.

    Raises Malformed, WrongType, TooLarge, or Invalid with every error at its field.
    """
    return typed(schema, read_object(), change=change)


def typed(schema: type[BaseModel], raw: Mapping[str, Any], *, change: bool = False) -> dict[str, Any]:
    """The typed values of a JSON object. A text is no number, 1 is not true, and no field is passed over. Raises Invalid."""
    document = _document(schema)
    problems: dict[str, list[Any]] = {}
    for name, expected in document["properties"].items():
        if name in raw and (sentence := _problem(raw[name], expected, document)):
            problems[name] = [sentence]
    if problems:
        raise Invalid(fields=problems)
    return inputs.parse(schema, raw, change=change, strict=True)


def read_object() -> dict[str, Any]:
    """The JSON object in the body; an empty body is an empty object. Raises Malformed, WrongType, TooLarge."""
    body = read_bytes()
    if not body:
        return {}
    if request.mimetype != "application/json":
        raise WrongType(_("Send the body as application/json."))
    try:
        value = json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(_("The body is not valid JSON.")) from error
    if not isinstance(value, dict):
        raise Malformed(_("The body must be a JSON object."))
    if _depth_exceeds(value, DEEPEST):
        raise Malformed(_("The body is nested too deeply."))
    return value


def read_bytes() -> bytes:
    """The body as it came. Raises TooLarge."""
    request.max_content_length = MOST_BYTES + 1  # a body sent in chunks is cut off there without an error
    try:
        body = request.get_data()
    except RequestEntityTooLarge as error:
        raise TooLarge from error
    if len(body) > MOST_BYTES:
        raise TooLarge
    return body


def _no_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _depth_exceeds(value: Any, most: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    return most == 0 or any(
        _depth_exceeds(each, most - 1) for each in (value.values() if isinstance(value, dict) else value)
    )


@cache
def _document(schema: type[BaseModel]) -> dict[str, Any]:
    return {"properties": {}} | schema.model_json_schema()


def _problem(value: Any, expected: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """What is wrong with the JSON type of a value, or None; limits and choices are looked at afterwards."""
    choices = list(_alternatives(expected, document))
    if any(isinstance(text, str) and not inputs.is_storable(text) for text in _leaves(value)):
        return _("Contains a character that cannot be stored.")
    if any(_fits(value, each, document) for each in choices):
        return None
    return _SENTENCES.get(choices[0].get("format", ""), _SENTENCES[choices[0]["type"]])


def _alternatives(expected: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every plain schema that this one allows; one without a type allows anything."""
    if "$ref" in expected:
        yield from _alternatives(document["$defs"][expected["$ref"].rpartition("/")[2]], document)
    elif "anyOf" in expected:
        for each in expected["anyOf"]:
            yield from _alternatives(each, document)
    else:
        yield expected


def _fits(value: Any, expected: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    kind = expected.get("type")
    if kind is None:
        return True
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return False
    if kind == "string" and expected.get("format") in _FORMATS:
        return _FORMATS[expected["format"]].fullmatch(value) is not None
    if kind == "array" and "items" in expected:
        choices = list(_alternatives(expected["items"], document))
        return all(any(_fits(each, choice, document) for choice in choices) for each in value)
    return True


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    else:
        yield value
