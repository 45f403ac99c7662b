"""Making, changing, deleting and restoring records that have no rules beyond their constraints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from app.extensions import db
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.errors import Invalid, NotFound, Refusal, WrongState
from app.services.resource import Outcome, Result
from app.services.transaction import lock, lock_many, moment, savepoint, transactional

M = TypeVar("M")
Titled = Callable[[Any], str]
# Says why a record may not go, or None.
Hindrance = Callable[[Any], Any]


@transactional
def create(model: type[M], values: Mapping[str, Any], *, actor: Actor) -> M:
    """Add a record. Raises Conflict or Invalid where a constraint refuses it."""
    made = model(**values)
    db.session.add(made)
    db.session.flush()
    return made


@transactional
def update(
    model: type[M],
    key: UUID,
    values: Mapping[str, Any],
    *,
    actor: Actor,
    version: datetime | None = None,
    hindrance: Hindrance = lambda row: None,
) -> M:
    """Change the given columns of a record, if nobody changed it since `version`. `hindrance` says why it has to stay in
    use. Raises NotFound, Conflict, Invalid.
    """
    found: Any = lock(model, key, visible(model, actor), version=version)
    if values.get("active") is False and found.active and (reason := hindrance(found)) is not None:
        raise Invalid(fields={"active": [reason]})
    for name, value in values.items():
        setattr(found, name, value)
    db.session.flush()
    return cast(M, found)


def each(
    model: type[Any],
    ids: Sequence[UUID],
    title: Titled,
    change: Callable[[Any], bool],
    *,
    actor: Actor,
    deleted: bool = False,
) -> Result:
    """Do something to each record, all locked first in key order; a refusal is the outcome of its record alone. Called
    inside a transaction.
    """
    wanted = list(dict.fromkeys(ids))
    found = {row.id: row for row in lock_many(model, wanted, visible(model, actor, deleted=deleted))}
    return Result([_outcome(key, found.get(key), title, change) for key in wanted])


def _outcome(key: UUID, row: Any, title: Titled, change: Callable[[Any], bool]) -> Outcome:
    if row is None:
        return Outcome(str(key), str(key)[:8], NotFound())
    name = title(row)
    try:
        with savepoint():
            changed = change(row)
    except Refusal as refused:
        return Outcome(str(key), name, refused)
    return Outcome(str(key), name, unchanged=not changed)


@transactional
def delete(
    model: type[Any],
    ids: Sequence[UUID],
    *,
    actor: Actor,
    title: Titled,
    hindrance: Hindrance = lambda row: None,
) -> Result:
    """Delete records: softly where the table keeps what is deleted. `hindrance` says why one has to stay."""

    def change(row: Any) -> bool:
        reason = hindrance(row)
        if reason is not None:
            raise WrongState(reason)
        if hasattr(row, "deleted_at"):
            row.deleted_at = moment()
            row.deleted_by_id = actor.id
        else:
            db.session.delete(row)
        return True

    return each(model, ids, title, change, actor=actor)


@transactional
def restore(
    model: type[Any], ids: Sequence[UUID], *, actor: Actor, title: Titled, hindrance: Hindrance = lambda row: None
) -> Result:
    """Bring softly deleted records back. `hindrance` says why one has to stay deleted."""

    def change(row: Any) -> bool:
        if (reason := hindrance(row)) is not None:
            raise WrongState(reason)
        row.deleted_at = row.deleted_by_id = None
        return True

    return each(model, ids, title, change, actor=actor, deleted=True)


@transactional
def set_active(
    model: type[Any],
    ids: Sequence[UUID],
    *,
    actor: Actor,
    active: bool,
    title: Titled,
    hindrance: Hindrance = lambda row: None,
) -> Result:
    """Put records into use, or out of use. `hindrance` says why one has to stay in use."""

    def change(row: Any) -> bool:
        if row.active is active:
            return False
        reason = None if active else hindrance(row)
        if reason is not None:
            raise WrongState(reason)
        row.active = active
        return True

    return each(model, ids, title, change, actor=actor)
