"""What became of records at a server: the log of a push, and what each server was sent last."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.extensions import db
from app.models.edfi import EdFiOutcome, EdFiPush, EdFiPushItem, EdFiPushStatus, EdFiRecord
from app.policies.actor import Actor
from app.services.edfi.schema import ASSOCIATIONS
from app.services.transaction import transactional

KEPT: Final = timedelta(days=180)
LONGEST: Final = 2000
# More than both of a resource are no daily business, but somebody's mistake.
MOST_DELETED: Final = 5
MOST_DELETED_PERCENT: Final = 20
SENT: Final = (EdFiOutcome.CREATED, EdFiOutcome.UPDATED)


@dataclass(frozen=True)
class Written:
    """One record, and what became of it."""

    resource: str
    key: str
    outcome: EdFiOutcome
    status: int | None = None
    message: str = ""
    digest: str = ""
    location: str | None = None


@dataclass(frozen=True)
class Sent:
    """What a server has of us that is no more."""

    resource: str
    key: str
    location: str | None


@dataclass(frozen=True)
class Vanished:
    """All of a resource that is no more, and how many records of it the server has."""

    resource: str
    records: list[Sent]
    total: int

    @property
    def is_too_much(self) -> bool:
        count = len(self.records)
        return count > MOST_DELETED and 100 * count > MOST_DELETED_PERCENT * self.total


def mark(resource: str, key: str) -> bytes:
    """A few bytes that stand for a record, for there may be hundreds of thousands."""
    return hashlib.blake2b(f"{resource} {key}".encode(), digest_size=12).digest()


def digests(connection_id: UUID, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What the server was sent last of these records."""
    where = tuple_(EdFiRecord.resource, EdFiRecord.natural_key).in_(keys)
    statement = select(EdFiRecord.resource, EdFiRecord.natural_key, EdFiRecord.digest)
    rows = db.session.execute(statement.where(EdFiRecord.connection_id == connection_id, where))
    return {(resource, key): digest for resource, key, digest in rows}


def vanished(connection_id: UUID, seen: Collection[bytes]) -> Iterator[Vanished]:
    """Associations that the server was sent and that are no more, the last to be learnt first. Students, guardians and
    schools are never deleted there: others may know them too.
    """
    for resource in reversed(ASSOCIATIONS):
        statement = select(EdFiRecord.natural_key, EdFiRecord.location)
        mine = (EdFiRecord.connection_id == connection_id) & (EdFiRecord.resource == resource)
        rows = db.session.execute(statement.where(mine).order_by(EdFiRecord.natural_key)).all()
        gone = [Sent(resource, key, location) for key, location in rows if mark(resource, key) not in seen]
        if gone:
            yield Vanished(resource, gone, len(rows))


_LATEST = text("""
    SELECT resource, natural_key, outcome FROM (
        SELECT DISTINCT ON (resource, natural_key) resource, natural_key, outcome FROM edfi_push_items
        WHERE push_id = :push_id ORDER BY resource, natural_key, id DESC) latest
    WHERE outcome IN ('created', 'updated', 'deleted')
""")


def counted(push_id: UUID) -> tuple[dict[str, int], set[bytes]]:
    """How many records a push has written down by outcome, and which: those that were sent before its worker was killed."""
    counts: dict[str, int] = {}
    known = set()
    for resource, key, outcome in db.session.execute(_LATEST, {"push_id": push_id}):
        counts[outcome] = counts.get(outcome, 0) + 1
        known.add(mark(resource, key))
    return counts, known


@transactional
def write(
    push_id: UUID, connection_id: UUID, found: Sequence[Written], counts: Mapping[str, int], *, actor: Actor
) -> bool:
    """Note what became of some records. Returns whether the push still runs."""
    _log(push_id, [each for each in found if each.outcome is not EdFiOutcome.UNCHANGED])
    _remember(connection_id, [each for each in found if each.outcome in SENT])
    _forget(connection_id, [each for each in found if each.outcome is EdFiOutcome.DELETED])
    running = (EdFiPush.id == push_id) & (EdFiPush.status == EdFiPushStatus.RUNNING)
    marked = update(EdFiPush).where(running).values(counts=dict(counts)).returning(EdFiPush.id)
    return db.session.scalar(marked) is not None


def _log(push_id: UUID, found: Sequence[Written]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "push_id": push_id,
            "resource": each.resource,
            "natural_key": each.key,
            "outcome": each.outcome,
            "status_code": each.status,
            "message": each.message[:LONGEST],
        }
        for each in found
    ]
    if rows:
        db.session.execute(insert(EdFiPushItem), rows)


def _remember(connection_id: UUID, found: Sequence[Written]) -> None:
    rows = [
        {
            "connection_id": connection_id,
            "resource": each.resource,
            "natural_key": each.key,
            "digest": each.digest,
            "location": each.location,
            "sent_at": datetime.now(UTC),
        }
        for each in found
    ]
    if rows:
        statement = upsert(EdFiRecord).values(rows)
        new = statement.excluded
        location = func.coalesce(new.location, EdFiRecord.location)
        changed = {"digest": new.digest, "sent_at": new.sent_at, "location": location}
        keys = ["connection_id", "resource", "natural_key"]
        db.session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))


def _forget(connection_id: UUID, found: Sequence[Written]) -> None:
    keys = [(each.resource, each.key) for each in found]
    if keys:
        where = tuple_(EdFiRecord.resource, EdFiRecord.natural_key).in_(keys)
        db.session.execute(delete(EdFiRecord).where(EdFiRecord.connection_id == connection_id, where))


_OLD = text("DELETE FROM edfi_pushes WHERE finished_at < now() - CAST(:kept AS interval)")


@transactional
def clean_up() -> int:
    """Delete the logs of pushes that are long over; returns how many."""
    return int(db.session.execute(_OLD, {"kept": KEPT}).rowcount)  # type: ignore[attr-defined]
