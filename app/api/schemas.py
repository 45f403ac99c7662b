"""JSON Schemas of what the API sends, and how a route's schema is made for one resource."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import inspect
from sqlalchemy.sql.schema import Column

from app.api.represent import STATES, key_name
from app.api.routes import Json, Parameter
from app.models.base import UtcDateTime
from app.services.inputs import partial
from app.services.resource import Attribute, Kind

TEXT: Json = {"type": "string"}
BOOL: Json = {"type": "boolean"}
COUNT: Json = {"type": "integer", "minimum": 0}
UUID_: Json = {"type": "string", "format": "uuid"}
MOMENT: Json = {"type": "string", "format": "date-time"}
ADDRESS: Json = {"type": ["string", "null"], "description": "A path on this server, or null at the end."}


def null_or(schema: Json) -> Json:
    return {**schema, "type": [schema["type"], "null"]}


def an_object(**properties: Json) -> Json:
    """An object in which everything is always there."""
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def items(of: Json, **more: Json) -> Json:
    return an_object(items={"type": "array", "items": of}, **more)


# Not `format: time`, which wants a zone.
TIME: Json = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$", "example": "15:30"}

_KINDS: dict[Kind, Json] = {
    Kind.TEXT: TEXT,
    Kind.EMAIL: TEXT,
    Kind.PHONE: TEXT,
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.TIME: TIME,
    Kind.DATETIME: MOMENT,
    Kind.BOOL: BOOL,
    Kind.CHOICE: TEXT,
    Kind.RELATION: TEXT,
}


_TYPES: dict[type, Json] = {
    int: {"type": "integer"},
    UUID: UUID_,
    bool: BOOL,
    date: _KINDS[Kind.DATE],
    datetime: MOMENT,
    Decimal: {"type": "string", "pattern": r"^-?[0-9]+([.][0-9]+)?$", "description": "An exact decimal number."},
}


def of_type(python: type) -> Json:
    """The schema of a database value as it is sent."""
    return _TYPES.get(python, TEXT)


def of_attribute(attribute: Attribute) -> dict[str, Json]:
    """What an attribute adds to a record."""
    plain = of_type(attribute.value.type.python_type) if attribute.kind is Kind.NUMBER else _KINDS[attribute.kind]
    schema: dict[str, Any] = {**plain, "title": str(attribute.label)}
    if attribute.options:
        schema["enum"] = [option.value for option in attribute.options] + ([None] if attribute.nullable else [])
    if attribute.nullable:
        schema["type"] = [schema["type"], "null"]
    made: dict[str, Json] = {attribute.name: schema}
    if attribute.key is not None:
        key = of_type(attribute.key.type.python_type)
        made[key_name(attribute)] = null_or(key) if attribute.nullable else key
    return made


def of_column(column: Column[Any]) -> Json:
    schema = MOMENT if isinstance(column.type, UtcDateTime) else of_type(column.type.python_type)
    return null_or(schema) if column.nullable else schema


def properties_of(api: Any) -> dict[str, Json]:
    """What the rows of a list hold."""
    made: dict[str, Json] = {"id": of_type(api.resource.model.id.type.python_type)}
    for attribute in api.resource.attributes:
        made |= of_attribute(attribute)
    return made | api.row_schemas


def record(api: Any) -> Json:
    """A single record."""
    columns = inspect(api.resource.model).columns
    details = {name: of_column(columns[name]) for name in api.detail_names()}
    return an_object(**(details | properties_of(api) | api.detail_schemas))


def page(api: Any) -> Json:
    """A page of a list. With `cols`, rows hold only those."""
    row = {"type": "object", "properties": properties_of(api), "required": ["id"]}
    return {
        **items(
            row,
            total={**COUNT, "description": "Counted up to 5,000."},
            total_is_exact=BOOL,
            next=ADDRESS,
            previous=ADDRESS,
        )
    }


def input_of(api: Any) -> type[BaseModel] | None:
    schema: type[BaseModel] | None = api.resource.input
    return schema


def change_of(api: Any) -> type[BaseModel]:
    return partial(api.resource.input)


def delete_parameters(api: Any) -> Sequence[Parameter]:
    """What must be said when deleting, in the query: a body of a DELETE is lost on the way."""
    schema = api.resource.delete_input
    if schema is None:
        return ()
    labels = api.resource.labels
    return [
        Parameter(name, str(labels.get(name, name)), each)
        for name, each in schema.model_json_schema()["properties"].items()
    ]


_OUTCOME = {"id": TEXT, "title": TEXT, "state": {"type": "string", "enum": list(STATES)}, "message": TEXT}
_BATCH = {"dry_run": BOOL, "batch_id": {**null_or(UUID_), "description": "What undo needs."}}
SINGLE = an_object(**_OUTCOME, **_BATCH)
OUTCOMES = {"type": "array", "items": an_object(**_OUTCOME, code=null_or(TEXT))}
RESULT = an_object(**_BATCH, **dict.fromkeys(STATES, COUNT), outcomes=OUTCOMES)
HISTORY = items(
    an_object(
        id={"type": "integer"},
        table_name={**TEXT, "description": "Of the record, or of a part of it."},
        operation={"type": "string", "enum": ["insert", "update", "delete"]},
        at=MOMENT,
        before={"type": ["object", "null"]},
        after={"type": ["object", "null"]},
        who=null_or(TEXT),
        named={"description": "Which of several parts it is."},
    ),
    next=ADDRESS,
)
FILTER = an_object(id=UUID_, name=TEXT, query=TEXT, shared=BOOL, own=BOOL)
FILTERS = items(FILTER)
BEFORE_NUMBER = Parameter("before", "A position, from `next`.", {"type": "integer", "minimum": 1})
ERROR = {
    "type": "object",
    "required": ["message", "code", "fields"],
    "properties": {
        "message": {**TEXT, "description": "A sentence for people, in the caller's language."},
        "code": {**TEXT, "description": "A name for programs, the same in every language."},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": TEXT},
            "description": "What is wrong at which field.",
        },
        "reference": {**TEXT, "description": "Under which an error of ours is logged."},
        "duplicates": {
            "type": "array",
            "items": an_object(id=UUID_, name=TEXT, phone=null_or(TEXT), email=null_or(TEXT)),
            "description": "With code possible_duplicates: whom you may mean.",
        },
    },
}
