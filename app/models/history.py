"""Row history: every insert, update and delete of a business row, written by database triggers and append-only."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Identity, Index, Integer, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, choice


class Operation(enum.StrEnum):
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


# Tables whose rows are told in the history of the record that they are parts of.
PARTS: Final = (
    "ab_group_role",
    "ab_user_group",
    "ab_user_role",
    "admission_payments",
    "admission_slots",
    "availability",
    "classroom_enrollments",
    "course_capabilities",
    "course_teachers",
    "enrollment_steps",
    "lead_contact_attempts",
    "lead_notes",
    "lead_tags",
    "registration_availability",
    "registration_courses",
    "second_factors",
    "user_profiles",
)


class RowHistory(Base):
    """`before` and `after` hold the whole row on delete and insert, and the changed columns on update. `actor_id` is no
    foreign key: the record outlives the account.
    """

    __tablename__ = "row_history"
    __table_args__ = (
        Index("ix_row_history_table_name_row_id", "table_name", "row_id", "id"),
        Index(
            "ix_row_history_parts",
            func.coalesce(text("after"), text("before")).label("whole"),
            postgresql_using="gin",
            postgresql_ops={"whole": "jsonb_path_ops"},
            postgresql_where=text(f"operation <> 'update' AND table_name IN {PARTS}"),
        ),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    table_name: Mapped[str] = mapped_column(String(63))
    row_id: Mapped[str] = mapped_column(String(64))
    operation: Mapped[Operation] = mapped_column(choice(Operation, "operation"))
    actor_id: Mapped[int | None] = mapped_column(Integer, server_default=text("current_actor()"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
