"""Reading the row history that the triggers write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, literal, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import JSONB

from app.extensions import db
from app.models.access import User
from app.models.history import Operation, RowHistory
from app.services.people import full_name
from app.services.resource import Part

_WHOLE = func.coalesce(RowHistory.after, RowHistory.before)  # updates hold no more than what changed


class Entry(NamedTuple):
    """One change of one row. `before` and `after` are as in `RowHistory`; of a part they hold what is told of it, and
    `named` which of them it is.
    """

    id: int
    table_name: str
    operation: Operation
    at: datetime
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    who: str | None
    named: Any = None


def of_row(
    table_name: str, row_id: Any, *, parts: Sequence[Part] = (), before: int | None = None, limit: int = 50
) -> list[Entry]:
    """The newest changes of one row, and of the rows of other tables that are parts of it."""
    parts_of = _rows_of(parts, row_id)
    rows = [(table_name, str(row_id)), *parts_of]
    statement = (
        select(
            RowHistory.id,
            RowHistory.table_name,
            RowHistory.operation,
            RowHistory.at,
            RowHistory.before,
            RowHistory.after,
            full_name(User).label("who"),
            RowHistory.row_id,
        )
        .outerjoin(User, User.id == RowHistory.actor_id)
        .where(tuple_(RowHistory.table_name, RowHistory.row_id).in_(rows))
        .order_by(RowHistory.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(RowHistory.id < before)
    told = {part.table: part for part in parts}
    return [
        _told(Entry(*row[:-1]), told[row.table_name], parts_of[row.table_name, row.row_id])
        if row.table_name in told
        else Entry(*row[:-1])
        for row in db.session.execute(statement)
    ]


def _told(entry: Entry, part: Part, whole: dict[str, Any]) -> Entry:
    before, after = (
        row and {name: value for name, value in row.items() if name in part.values}
        for row in (entry.before, entry.after)
    )
    return entry._replace(before=before, after=after, named=whole.get(part.named))


def _rows_of(parts: Sequence[Part], row_id: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Every row that is, or ever was, a part of the record, by its table and id, as it was made or deleted."""
    if not parts:
        return {}
    key = str(row_id) if isinstance(row_id, UUID) else row_id
    found = [
        select(RowHistory.table_name, RowHistory.row_id, _WHOLE.label("whole")).where(
            RowHistory.table_name == part.table,
            RowHistory.operation != Operation.UPDATE,
            _WHOLE.op("@>")(literal({part.column: key}, JSONB)),
        )
        for part in parts
    ]
    return {(row.table_name, row.row_id): row.whole for row in db.session.execute(union_all(*found))}
