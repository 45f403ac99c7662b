"""What was done to the records of a student as a whole: duplicates merged, and data erased on request."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, Stamps
from app.models.students import of_student


class StudentMerge(Key, Stamps, Base):
    """Two records of one student made one: what was moved from the duplicate, so that it can be undone."""

    __tablename__ = "student_merges"
    __table_args__ = (Index("ix_student_merges_duplicate_id", "duplicate_id"),)
    student_id: Mapped[UUID] = of_student(index=True)
    duplicate_id: Mapped[UUID] = of_student()
    moved: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    undone_at: Mapped[datetime | None]


class StudentErasure(Key, Stamps, Base):
    """A person's data was erased on request: what had to be kept and why, and how many rows of what were erased. It does
    not say who the person was.
    """

    __tablename__ = "student_erasures"
    student_id: Mapped[UUID] = of_student(index=True)
    reason: Mapped[str] = mapped_column(String(500))
    kept: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    erased: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
