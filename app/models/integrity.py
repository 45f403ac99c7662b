"""What was repaired in the database, by whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Integer, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TimeOrderedKey


class IntegrityRepair(TimeOrderedKey, Base):
    """One repair of one rule: how many rows broke it before and after. Which rows, and how they were, is in
    `row_history`, at the same moment. Append-only.
    """

    __tablename__ = "integrity_repairs"
    __table_args__ = (
        Index("ix_integrity_repairs_at_id", "at", "id"),
        Index("ix_integrity_repairs_invariant_at", "invariant", "at"),
        CheckConstraint("rows_before >= 0 AND rows_after >= 0", name="rows"),
    )
    invariant: Mapped[str] = mapped_column(String(63))
    actor_id: Mapped[int | None] = mapped_column(
        Integer, server_default=text("current_actor()")
    )  # outlives the account
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    rows_before: Mapped[int] = mapped_column(Integer)
    rows_after: Mapped[int] = mapped_column(Integer)
