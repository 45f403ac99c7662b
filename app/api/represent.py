"""Records, outcomes and moments as JSON."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from app.services.errors import NotFound
from app.services.idempotency import ToldOnce
from app.services.resource import Attribute, Outcome, Result

STATES = ("ok", "unchanged", "refused")


def plain(value: Any) -> Any:
    """A value as JSON: moments in UTC, amounts as texts, so that none is rounded."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date() | time():
            return value.isoformat()
        case UUID() | Decimal():
            return str(value)
        case enum.Enum():
            return value.value
        case _:
            return value


def key_name(attribute: Attribute) -> str:
    """What the key of a relation is called, which is how it is written too: "stage_id"."""
    return str(attribute.key.key)


def row(attributes: Sequence[Attribute], found: Any) -> dict[str, Any]:
    """One row of a list; a relation as its key and what it is called."""
    values = found._mapping
    made: dict[str, Any] = {"id": plain(values["id"])}
    for attribute in attributes:
        if attribute.key is not None:
            made[key_name(attribute)] = plain(values[f"{attribute.name}__key"])
        made[attribute.name] = plain(values[attribute.name])
    return made


def outcome(done: Outcome) -> dict[str, Any]:
    """What happened to one record."""
    refusal = done.refusal
    return {
        "id": done.id,
        "title": done.title,
        "state": done.state,
        "message": ToldOnce(done.message) if done.once else str(refusal or done.message),
        "code": refusal.code if refusal is not None else None,
    }


def result(done: Result, *, dry_run: bool) -> dict[str, Any]:
    """What happened to each record, and what undo needs."""
    return {
        "dry_run": dry_run,
        "batch_id": None if dry_run or done.batch_id is None else str(done.batch_id),
        **{state: done.count(state) for state in STATES},
        "outcomes": [outcome(each) for each in done.outcomes],
    }


def single(done: Result, *, dry_run: bool) -> dict[str, Any]:
    """What happened to the one record. Raises its refusal, or NotFound when there was none."""
    if not done.outcomes:
        raise NotFound
    one = done.outcomes[0]
    if one.refusal is not None:
        raise one.refusal
    made = outcome(one)
    del made["code"]
    return made | {"dry_run": dry_run, "batch_id": None if dry_run or done.batch_id is None else str(done.batch_id)}


def mapping(values: Mapping[str, Any] | RowMapping) -> dict[str, Any]:
    """Named values as JSON."""
    return {name: plain(value) for name, value in values.items()}
