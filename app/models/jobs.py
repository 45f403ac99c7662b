"""The history of scheduled jobs."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TimeOrderedKey


class JobRun(TimeOrderedKey, Base):
    """One run of a scheduled job for a school-local day. `rows` is what it wrote; `error` is empty when it went well."""

    __tablename__ = "job_runs"
    __table_args__ = (Index("ix_job_runs_name_day", "name", "day"),)
    name: Mapped[str] = mapped_column(String(64))
    day: Mapped[date]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    rows: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)
    host: Mapped[str | None] = mapped_column(String(255))
