"""Reading the row history that the triggers write."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models.access import User
from app.models.history import RowHistory
from app.services.people import full_name


def of_row(table_name: str, row_id: Any, *, before: int | None = None, limit: int = 50) -> list[Any]:
    """The newest changes of one row: id, operation, at, before, after, who."""
    statement = (
        select(
            RowHistory.id,
            RowHistory.operation,
            RowHistory.at,
            RowHistory.before,
            RowHistory.after,
            full_name(User).label("who"),
        )
        .outerjoin(User, User.id == RowHistory.actor_id)
        .where(RowHistory.table_name == table_name, RowHistory.row_id == str(row_id))
        .order_by(RowHistory.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(RowHistory.id < before)
    return list(db.session.execute(statement).all())
