"""The roster of the help desk: the shifts of a week, what they need, who is on them, and what was made known of it."""

from __future__ import annotations

import enum
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    cast,
    extract,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import INT4RANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from app.models.assistants import HelpDeskAssistant
from app.models.base import Base, Key, Stamps, account_key, choice
from app.models.courses import Course, weekday


class RosterStatus(enum.StrEnum):
    """draft -> solving -> solved -> published. What is changed by hand is a draft again, unless it is published."""

    DRAFT = "draft"
    SOLVING = "solving"
    SOLVED = "solved"
    PUBLISHED = "published"


class Roster(Key, Stamps, Base):
    """A week. `solve_key` names the search that may write to it: emptying it calls that off. `objective` is what is
    missing, weighted, as the solver left it, and `bound` what it proved that cannot be beaten. `publication` counts how
    often it was made known.
    """

    __tablename__ = "rosters"
    __table_args__ = (
        Index("uq_rosters_starts_on", "starts_on", unique=True),
        CheckConstraint("extract(isodow FROM starts_on) = 1", name="starts_on_monday"),
        CheckConstraint("starts_on BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'", name="starts_on"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        CheckConstraint("num_nonnulls(solved_at, objective, bound) IN (0, 3)", name="solved_at"),
        CheckConstraint("bound BETWEEN 0 AND objective", name="bound"),
        CheckConstraint("(solve_key IS NULL) = (asked_at IS NULL)", name="asked_at"),
    )
    starts_on: Mapped[date]
    status: Mapped[RosterStatus] = mapped_column(
        choice(RosterStatus, "status"),
        Computed(
            "CASE WHEN solve_key IS NOT NULL THEN 'solving' WHEN published_at IS NOT NULL THEN 'published'"
            " WHEN solved_at IS NOT NULL THEN 'solved' ELSE 'draft' END",
            persisted=True,
        ),
    )
    objective: Mapped[int | None] = mapped_column(Integer)
    bound: Mapped[int | None] = mapped_column(Integer)
    gap: Mapped[Decimal | None] = mapped_column(
        Numeric(5, 2),
        Computed(
            "CASE WHEN objective > 0 THEN 100 * (objective - bound)::numeric / objective ELSE 0 * objective END",
            persisted=True,
        ),
    )
    solved_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    publication: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    solve_key: Mapped[UUID | None]
    asked_at: Mapped[datetime | None]
    asked_by_id: Mapped[int | None] = account_key()
    progress: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    message: Mapped[str] = mapped_column(String(500), server_default="")


class RosterShift(Key, Stamps, Base):
    """A time at which the help desk is open, at one place. `week_minutes` is the same as a range, from Monday 00:00."""

    __tablename__ = "roster_shifts"
    __table_args__ = (
        Index(
            "uq_roster_shifts_period",
            "roster_id",
            "day",
            "start_time",
            "end_time",
            text("lower(coalesce(place, ''))"),
            unique=True,
        ),
        # What assignments refer to, so that the time they block is always that of the shift.
        Index("uq_roster_shifts_id_roster_id_week_minutes", "id", "roster_id", "week_minutes", unique=True),
        CheckConstraint("day BETWEEN 0 AND 6", name="day"),
        CheckConstraint("end_time > start_time", name="ends_after_start"),
        CheckConstraint("extract(second FROM start_time) + extract(second FROM end_time) = 0", name="whole_minutes"),
        CheckConstraint("btrim(place) <> ''", name="place_not_blank"),
    )
    roster_id: Mapped[UUID] = mapped_column(ForeignKey("rosters.id", ondelete="CASCADE"))
    day: Mapped[int] = weekday()
    start_time: Mapped[time]
    end_time: Mapped[time]
    place: Mapped[str | None] = mapped_column(String(60))
    week_minutes: Mapped[Range[int]] = mapped_column(
        INT4RANGE,
        Computed(
            "int4range(day * 1440 + (extract(epoch FROM start_time) / 60)::integer,"
            " day * 1440 + (extract(epoch FROM end_time) / 60)::integer)",
            persisted=True,
        ),
    )

    roster: Mapped[Roster] = relationship(lazy="raise_on_sql")

    @property
    def weekday(self) -> str:
        """As a choice."""
        return str(self.day)


class ShiftDemand(Key, Stamps, Base):
    """So many tutors of a course are needed on a shift; the larger the weight, the worse when one is missing."""

    __tablename__ = "shift_demands"
    __table_args__ = (
        Index("uq_shift_demands_shift_id_course_id", "shift_id", "course_id", unique=True),
        Index("ix_shift_demands_course_id", "course_id"),
        CheckConstraint("tutors_required BETWEEN 1 AND 50", name="tutors_required"),
        CheckConstraint("weight BETWEEN 1 AND 100", name="weight"),
    )
    shift_id: Mapped[UUID] = mapped_column(ForeignKey("roster_shifts.id", ondelete="CASCADE"))
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="RESTRICT"))
    tutors_required: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    weight: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))

    shift: Mapped[RosterShift] = relationship(lazy="raise_on_sql")
    course: Mapped[Course] = relationship(lazy="raise_on_sql")


class ShiftAssignment(Key, Stamps, Base):
    """An assistant on a shift, for one of the courses that it needs. A pinned one is left alone by the solver.

    A trigger fills `roster_id` and `week_minutes` from the shift: nobody is on two shifts of a week at once.
    """

    __tablename__ = "shift_assignments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["shift_id", "roster_id", "week_minutes"],
            ["roster_shifts.id", "roster_shifts.roster_id", "roster_shifts.week_minutes"],
            name="fk_shift_assignments_shift_id_roster_shifts",
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        ForeignKeyConstraint(
            ["shift_id", "course_id"],
            ["shift_demands.shift_id", "shift_demands.course_id"],
            name="fk_shift_assignments_shift_id_shift_demands",
            ondelete="CASCADE",
        ),
        Index("uq_shift_assignments_shift_id_assistant_id", "shift_id", "assistant_id", unique=True),
        Index("ix_shift_assignments_assistant_id", "assistant_id"),
        ExcludeConstraint(
            ("roster_id", "="),
            ("assistant_id", "="),
            ("week_minutes", "&&"),
            name="ex_shift_assignments_overlap",
            using="gist",
        ),
    )
    roster_id: Mapped[UUID]
    shift_id: Mapped[UUID]
    week_minutes: Mapped[Range[int]] = mapped_column(INT4RANGE)
    course_id: Mapped[UUID]
    assistant_id: Mapped[UUID] = mapped_column(ForeignKey("help_desk_assistants.id", ondelete="CASCADE"))
    pinned: Mapped[bool] = mapped_column(server_default=text("false"))

    shift: Mapped[RosterShift] = relationship(
        primaryjoin="foreign(ShiftAssignment.shift_id) == RosterShift.id", lazy="raise_on_sql", viewonly=True
    )
    course: Mapped[Course] = relationship(
        primaryjoin="foreign(ShiftAssignment.course_id) == Course.id", lazy="raise_on_sql", viewonly=True
    )
    assistant: Mapped[HelpDeskAssistant] = relationship(lazy="raise_on_sql")


class PublishedShift(Key, Stamps, Base):
    """A shift as its assistant was told of it, until it is published anew. `revision` is the SEQUENCE of its calendar
    entry: one that was taken back stays, as cancelled.
    """

    __tablename__ = "published_shifts"
    __table_args__ = (
        Index("uq_published_shifts_shift_id_assistant_id", "shift_id", "assistant_id", unique=True),
        Index("ix_published_shifts_roster_id", "roster_id"),
        Index("ix_published_shifts_assistant_id_starts_at", "assistant_id", "starts_at"),
        Index("ix_published_shifts_course_id", "course_id"),
        Index("ix_published_shifts_starts_at_id", "starts_at", "id"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    )
    roster_id: Mapped[UUID] = mapped_column(ForeignKey("rosters.id", ondelete="RESTRICT"))
    shift_id: Mapped[UUID | None] = mapped_column(ForeignKey("roster_shifts.id", ondelete="SET NULL"))
    assistant_id: Mapped[UUID] = mapped_column(ForeignKey("help_desk_assistants.id", ondelete="CASCADE"))
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="RESTRICT"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    place: Mapped[str | None] = mapped_column(String(60))
    revision: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    cancelled_at: Mapped[datetime | None]

    roster: Mapped[Roster] = relationship(lazy="raise_on_sql")
    assistant: Mapped[HelpDeskAssistant] = relationship(lazy="raise_on_sql")
    course: Mapped[Course] = relationship(lazy="raise_on_sql")


# Read where it is shown, through the index of an assistant's shifts.
_SECONDS = func.sum(extract("epoch", PublishedShift.ends_at - PublishedShift.starts_at))
_OVER = (
    PublishedShift.assistant_id == HelpDeskAssistant.id,
    PublishedShift.cancelled_at.is_(None),
    PublishedShift.ends_at <= func.now(),
)
_WORKED = select(func.coalesce(_SECONDS / 3600, 0)).where(*_OVER).correlate_except(PublishedShift)
HelpDeskAssistant.hours_worked = column_property(cast(_WORKED.scalar_subquery(), Numeric(9, 2)), deferred=True)
