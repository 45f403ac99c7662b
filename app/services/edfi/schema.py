"""The closed schemas of what leaves: what the standard has for each resource, and what our own extension adds to a student.

A server loses silently what it does not know, so a property that is not in here is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask_babel import gettext as _

RESOURCES: Final = (
    "schools",
    "students",
    "studentSchoolAssociations",
    "studentEducationOrganizationAssociations",
    "contacts",
    "studentContactAssociations",
)
"""In the order in which a server has to learn of them: nothing refers to what comes later. Servers let nobody touch a
student who is at none of their schools, so that association comes right after the students.
"""
ASSOCIATIONS: Final = tuple(name for name in RESOURCES if name.endswith("Associations"))

LONGEST_URI, LONGEST_CODE = 306, 50
_URI: Final = re.compile(r"uri://[^#/\s]+/([A-Za-z]+Descriptor)#(.+)", re.DOTALL)
_WHOLE: Final = {"int32": 2**31, "int64": 2**63}
_STUDENT_EXTENSION: Final[list[dict[str, Any]]] = [
    {
        "name": "sportInterests",
        "type": "array",
        "fields": [{"name": "sportInterest", "type": "string", "required": True, "identity": True, "maxLength": 80}],
    },
    {"name": "enrollmentStatus", "type": "string", "maxLength": 20},
    {"name": "assignedProgramTrack", "type": "string", "maxLength": 80},
    {"name": "gradeAtEnrollmentDescriptor", "type": "descriptor", "descriptor": "GradeLevelDescriptor"},
    {"name": "expectedStartDate", "type": "date"},
    {"name": "consultationCompleted", "type": "boolean"},
    {"name": "documentsComplete", "type": "boolean"},
    {"name": "completedDate", "type": "date"},
    {"name": "shadowDay", "type": "date"},
]


@dataclass(frozen=True)
class Field:
    """One property: `fields` are those inside a reference or of each element of an array."""

    name: str
    type: str
    required: bool = False
    identity: bool = False
    shortest: int = 0
    longest: int | None = None
    descriptor: str = ""
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Problem:
    """What is wrong with one property of a record: `races[0].raceDescriptor`."""

    field: str
    message: str


def _field(raw: Mapping[str, Any]) -> Field:
    return Field(
        raw["name"],
        raw["type"],
        raw.get("required", False),
        raw.get("identity", False),
        raw.get("minLength", 0),
        raw.get("maxLength"),
        raw.get("descriptor", ""),
        tuple(_field(each) for each in raw.get("fields", ())),
    )


@cache
def fields_of(resource: str) -> tuple[Field, ...]:
    """What the standard has for a resource."""
    known = json.loads(Path(__file__).with_name("standard.json").read_text(encoding="utf-8"))
    return tuple(_field(each) for each in known[resource])


@cache
def extension_fields(resource: str) -> tuple[Field, ...]:
    return tuple(_field(each) for each in _STUDENT_EXTENSION) if resource == "students" else ()


@cache
def descriptor_names() -> tuple[str, ...]:
    """The kinds of descriptors that records of ours can hold or refer to."""

    def within(fields: Sequence[Field]) -> Iterator[str]:
        for each in fields:
            yield from ([each.descriptor] if each.descriptor else [])
            yield from within(each.fields)

    return tuple(sorted({name for resource in RESOURCES for name in within(fields_of(resource))}))


def check(resource: str, body: Mapping[str, Any]) -> list[Problem]:
    """Everything that is wrong with a document, before it goes anywhere."""
    core = {name: value for name, value in body.items() if name != "_ext"}
    found = list(_object(fields_of(resource), core, ""))
    for namespace, more in (body.get("_ext") or {}).items():
        found += _object(extension_fields(resource), more, f"_ext.{namespace}.")
    return found


def _object(fields: Sequence[Field], body: Mapping[str, Any], path: str) -> Iterator[Problem]:
    known = {each.name: each for each in fields}
    for name in body.keys() - known.keys():
        yield Problem(path + name, _("The standard has no such property."))
    for name, each in known.items():
        value = body.get(name)
        if value is None or value == []:
            if each.required:
                yield Problem(path + name, _("Required, and empty."))
            elif name in body:
                yield Problem(path + name, _("Must be left out rather than empty."))
        else:
            yield from _value(each, value, path + name)


def _value(field: Field, value: Any, path: str) -> Iterator[Problem]:
    if field.type == "array":
        yield from _array(field, value, path)
    elif field.type == "reference":
        if isinstance(value, dict):
            yield from _object(field.fields, value, f"{path}.")
        else:
            yield Problem(path, _("Must be a reference."))
    else:
        message = _SCALARS[field.type](field, value)
        if message:
            yield Problem(path, message)


def _array(field: Field, value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        yield Problem(path, _("Must be a list."))
        return
    identity = [each.name for each in field.fields if each.identity]
    known = set()
    for number, each in enumerate(value):
        yield from _object(field.fields, each, f"{path}[{number}].")
        key = json.dumps([each.get(name) for name in identity])
        if identity and key in known:
            yield Problem(f"{path}[{number}]", _("Is there twice."))
        known.add(key)


def _string(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        return _("Must be a text.")
    if not field.shortest <= len(value) <= (field.longest or len(value)):
        return _("Must have %(least)s to %(most)s characters, and has %(count)s.", **_lengths(field, value))
    return "" if value == value.strip() else _("Must not begin or end with a blank.")


def _lengths(field: Field, value: str) -> dict[str, Any]:
    return {"least": field.shortest, "most": field.longest, "count": len(value)}


def _descriptor(field: Field, value: Any) -> str:
    found = _URI.fullmatch(value) if isinstance(value, str) else None
    if found is None or found[1] != field.descriptor:
        return _("Must be a URI, as %(example)s.", example=f"uri://ed-fi.org/{field.descriptor}#Code")
    if len(value) > LONGEST_URI or len(found[2]) > LONGEST_CODE:
        return _("The code of a descriptor has at most %(most)s characters.", most=LONGEST_CODE)
    return ""


def _date(field: Field, value: Any) -> str:
    try:
        well = isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        well = False
    return "" if well else _("Must be a date, as 2026-03-31.")


def _boolean(field: Field, value: Any) -> str:
    return "" if isinstance(value, bool) else _("Must be true or false.")


def _whole(field: Field, value: Any) -> str:
    limit = _WHOLE[field.type]
    well = isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit
    return "" if well else _("Must be a whole number.")


def _number(field: Field, value: Any) -> str:
    well = isinstance(value, (int, float)) and not isinstance(value, bool)
    return "" if well else _("Must be a number.")


_SCALARS: Final[dict[str, Callable[[Field, Any], str]]] = {
    "string": _string,
    "descriptor": _descriptor,
    "date": _date,
    "boolean": _boolean,
    "int32": _whole,
    "int64": _whole,
    "double": _number,
}
