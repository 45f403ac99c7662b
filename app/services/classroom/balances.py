"""The classes that remain, read from the one definition there is: the view `admission_balances`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.extensions import db

# One by one, which the OFFSET keeps: joined as a whole, the view would count the classes of all admissions first.
_BALANCES = text("""
    SELECT b.* FROM unnest(CAST(:ids AS uuid[])) AS wanted (id)
    CROSS JOIN LATERAL (SELECT * FROM admission_balances v WHERE v.admission_id = wanted.id OFFSET 0) b
""")


def of_admissions(ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Per admission: purchased, consumed, credits, remaining, scheduled, unplanned."""
    return {row.admission_id: row for row in db.session.execute(_BALANCES, {"ids": list(ids)})}


def remaining(ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many classes remain of each admission."""
    return {key: row.remaining for key, row in of_admissions(ids).items()}
