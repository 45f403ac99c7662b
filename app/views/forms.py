"""Forms made from inputs: which field shows which type, and the raw mapping of what was posted."""

from __future__ import annotations

import enum
import json
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from annotated_types import Ge, Le, MaxLen
from flask import url_for
from flask_babel import get_timezone
from flask_babel import gettext as _
from pydantic import AwareDatetime, BaseModel, SecretStr
from pydantic.fields import FieldInfo
from werkzeug.datastructures import MultiDict

from app.policies.actor import Actor
from app.services import lookups
from app.services.errors import Refusal
from app.services.inputs import LONG_TEXT
from app.services.resource import RESOURCES, Option, Resource
from app.views import render
from app.views.page import Choice, Field, FieldGroup

SMALLEST_TYPE_LIMIT = 2**15 - 1
Groups = Sequence[tuple[Any, Sequence[str]]]


def shown(refusal: Refusal) -> Refusal:
    """A refusal that the form itself shows, with what was typed. Raises the others."""
    if refusal.status not in (409, 422):
        raise refusal
    return refusal


@cache
def core_type(schema: type[BaseModel], name: str) -> Any:
    """The plain type of an input's field, without None and annotations."""
    kind = schema.model_fields[name].annotation
    while True:
        origin = typing.get_origin(kind)
        if origin is typing.Annotated:
            kind = typing.get_args(kind)[0]
        elif origin in (typing.Union, types.UnionType):
            kind = next(each for each in typing.get_args(kind) if each is not type(None))
        else:
            return datetime if kind is AwareDatetime else kind


@cache
def _constraints(schema: type[BaseModel], name: str) -> Sequence[Any]:
    """The limits of a field, wherever in its annotation they stand."""
    info = schema.model_fields[name]
    found = list(info.metadata)
    kind: Any = info.annotation
    while typing.get_origin(kind) in (typing.Annotated, typing.Union, types.UnionType):
        arguments = typing.get_args(kind)
        if typing.get_origin(kind) is typing.Annotated:
            for extra in arguments[1:]:
                found += getattr(extra, "metadata", [extra])
        kind = next(each for each in arguments if each is not type(None))
    return found


def groups(
    resource: Resource,
    schema: type[BaseModel],
    layout: Groups,
    values: Mapping[str, Any],
    errors: Mapping[str, list[Any]],
    actor: Actor,
    helps: Mapping[str, Any] | None = None,
) -> list[FieldGroup]:
    """The fields of a form, in groups, holding `values` and showing `errors`."""
    return [
        FieldGroup(
            str(title),
            [
                field(
                    resource, schema, name, values.get(name), errors.get(name, []), actor, (helps or {}).get(name, "")
                )
                for name in names
            ],
        )
        for title, names in layout
    ]


def _must_be_filled(field: FieldInfo) -> bool:
    """What has to be said may be that there is none."""
    return field.is_required() and type(None) not in typing.get_args(field.annotation)


def field(
    resource: Resource,
    schema: type[BaseModel],
    name: str,
    value: Any,
    errors: Sequence[Any],
    actor: Actor,
    hint: Any = "",
) -> Field:
    """One field, its widget chosen by type."""
    kind = core_type(schema, name)
    made = Field(
        name,
        str(resource.labels.get(name, name.replace("_", " ").capitalize())),
        value=_shown(value),
        help=str(hint),
        required=_must_be_filled(schema.model_fields[name]),
        errors=[str(each) for each in errors],
    )
    if name in resource.relations:
        related = _relations if typing.get_origin(kind) is list else _relation
        return related(made, resource.relations[name], value, actor)
    if kind is SecretStr:  # never shown again
        made.kind, made.value, made.autocomplete = "password", "", "new-password"
        return made
    if typing.get_origin(kind) is list:
        return _several(made, resource.options.get(name, ()), value)
    if name in resource.options or (isinstance(kind, type) and issubclass(kind, enum.Enum)):
        made.kind = "select"
        made.choices = [
            Choice(option.value, str(option.label), option.value == made.value) for option in resource.options[name]
        ]
        return made
    made.kind = {
        bool: "checkbox",
        int: "number",
        Decimal: "number",
        date: "date",
        datetime: "datetime",
        time: "time",
        UUID: "hidden",  # a key that is no relation: nobody types it
    }.get(kind, "text")
    if kind in (dict, list, Any):
        made.kind = "json"
    for limit in _constraints(schema, name):
        if isinstance(limit, MaxLen):
            made.maxlength = limit.max_length
        elif isinstance(limit, Ge):
            made.min = _bound(limit.ge)
        elif isinstance(limit, Le):
            made.max = _bound(limit.le)
    if kind is Decimal:
        made.step = "0.01"
    if made.kind == "text":
        made.kind = {"phone": "tel", "email": "email"}.get(
            name, "textarea" if (made.maxlength or 0) >= LONG_TEXT else "text"
        )
    made.wide = made.kind in {"textarea", "json"}
    return made


def _several(made: Field, options: Sequence[Option], value: Any) -> Field:
    """Any number of the options."""
    chosen = {_shown(each) for each in value or ()}
    made.kind, made.value = "relations", ""
    made.choices = [Choice(option.value, str(option.label), option.value in chosen) for option in options]
    return made


def _bound(limit: Any) -> str:
    """A limit as the browser checks it; those that only the column's type sets are left to the server."""
    return str(limit) if abs(limit) < SMALLEST_TYPE_LIMIT else ""


def _relation(made: Field, lookup: str, value: Any, actor: Actor) -> Field:
    if lookups.get(lookup).few and _all_shown(made, lookup, actor):
        return made
    made.kind, made.lookup_url = "relation", url_for("LookupView.find", name=lookup)
    related = RESOURCES.get(lookups.get(lookup).resource)
    if related is not None and related.create is not None and actor.may("add", related.name):
        made.new_url = f"/{related.slug}/new"
    if value not in (None, ""):
        key = lookups.key_of_choice(lookup, value)
        made.text = lookups.label(lookup, actor, key) if key is not None else ""
        if made.text and related is not None and actor.may("show", related.name):
            made.open_url = f"/{related.slug}/{key}"
    return made


def _all_shown(made: Field, lookup: str, actor: Actor) -> bool:
    """Make it a choice of all that may be chosen, and of what is chosen now; not when they are too many after all."""
    found, more = lookups.find(lookup, actor)
    if more:
        return False
    made.choices = [Choice(each.id, each.text, each.id == made.value) for each in found]
    if made.value and not any(each.selected for each in made.choices):
        key = lookups.key_of_choice(lookup, made.value)
        name = lookups.label(lookup, actor, key) if key is not None else ""
        made.choices += [Choice(made.value, name, True)] if name else []
    if made.required and not any(each.selected for each in made.choices):
        made.choices.insert(0, Choice("", _("Choose…")))  # so that nothing is sent that nobody chose
    made.kind = "select"
    return True


def _relations(made: Field, lookup: str, value: Any, actor: Actor) -> Field:
    """Any number of records, each by what it is called."""
    made.kind, made.value, made.lookup_url = "relations", "", url_for("LookupView.find", name=lookup)
    keys = [lookups.key_of_choice(lookup, each) for each in value or ()]
    made.choices = [Choice(str(key), lookups.label(lookup, actor, key), True) for key in keys if key is not None]
    return made


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else ""
        case enum.Enum():
            return str(value.value)
        case datetime():
            return (
                value.astimezone(ZoneInfo(str(get_timezone()))).strftime("%Y-%m-%dT%H:%M")
                if value.tzinfo
                else value.isoformat(timespec="minutes")
            )
        case date() | time():
            return value.isoformat()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, indent=2, default=str)
        case _:
            return str(value)


def in_words(made: Field) -> str:
    """What a field holds, for reading; nothing of what is hidden or secret."""
    if made.kind in {"hidden", "password"}:
        return ""
    if made.choices:
        return ", ".join(each.label for each in made.choices if each.selected)
    if made.kind == "checkbox":
        return _("Yes") if made.value else ""
    if made.kind == "date" and made.value:
        return render.day(date.fromisoformat(made.value))
    return made.text or (made.value.replace("T", " ") if made.kind == "datetime" else made.value)


def posted(schema: type[BaseModel], names: Sequence[str], form: MultiDict[str, str]) -> dict[str, Any]:
    """What a form says of these fields: an unticked box is False, a local date and time is in the reader's zone."""
    raw: dict[str, Any] = {}
    for name in names:
        kind = core_type(schema, name)
        value = form.get(name)
        if typing.get_origin(kind) is list:
            raw[name] = form.getlist(name)
        elif kind is bool:
            raw[name] = value not in (None, "", "0")
        elif value is not None:
            raw[name] = _zoned(value) if kind is datetime else value
    return raw


def untouched(record: Any, form: MultiDict[str, str]) -> set[str]:
    """The moments of a record that a form sends as they were shown. They stay as they are stored: what is shown has no
    seconds, and in the hour that comes twice in autumn it does not say which is meant.
    """
    return {
        name
        for name, typed in form.items()
        if isinstance(value := getattr(record, name, None), datetime) and typed == _shown(value)
    }


def _zoned(value: str) -> Any:
    """A native date-time input knows no zone: it is the reader's own."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=ZoneInfo(str(get_timezone()))) if value.strip() else None
    except ValueError:
        return value


def read_moment(raw: str) -> datetime | None:
    """A moment in ISO form with its zone, or None when it is anything else."""
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
