"""Reports whose rows are records rather than groups: a page has the first of them, its figures and its CSV are of all."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Select, func, null, select

from app.extensions import db
from app.policies.actor import Actor

MOST: Final = 500  # rows on a page


def first_admissions(statement: Select[*tuple[Any, ...]], actor: Actor) -> list[dict[str, Any]]:
    """The first MOST rows, each with the address of its admission where the actor may open that."""
    opens = actor.may("show", "Admissions")
    rows = db.session.execute(statement.limit(MOST))
    return [dict(row._mapping) | {"url": f"/admissions/{row.id}" if opens else ""} for row in rows]


def summed(statement: Select[*tuple[Any, ...]], total: str) -> tuple[int, Any]:
    """How many rows the statement has, and the sum of its column `total`; None without one."""
    rows = statement.order_by(None).subquery()
    amount = func.coalesce(func.sum(rows.c[total]), 0) if total else null()
    count, amounts = db.session.execute(select(func.count(), amount).select_from(rows)).one()
    return count, amounts
