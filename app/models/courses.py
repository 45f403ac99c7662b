"""Courses and the calendar: what is taught, by whom, in which plans, on which days and at which times."""

from __future__ import annotations

import enum
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    and_,
    func,
    or_,
    text,
)
from sqlalchemy.dialects.postgresql import INT4RANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.access import User
from app.models.base import Base, Key, SoftDelete, Stamps, choice

LIVE = text("deleted_at IS NULL")
LIVE_AND_ACTIVE = text("deleted_at IS NULL AND active")


class Difficulty(enum.StrEnum):
    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class Instrument(Key, Stamps, SoftDelete, Base):
    __tablename__ = "instruments"
    __table_args__ = (
        Index("uq_instruments_name", func.lower(text("name")), unique=True, postgresql_where=LIVE),
        CheckConstraint("btrim(name) <> ''", name="name_not_blank"),
    )
    name: Mapped[str] = mapped_column(String(60))
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class Course(Key, Stamps, SoftDelete, Base):
    """What can be learnt. Teachers of a course are in `course_teachers`."""

    __tablename__ = "courses"
    __table_args__ = (
        Index("uq_courses_code", func.lower(text("code")), unique=True, postgresql_where=LIVE),
        Index("ix_courses_instrument_id", "instrument_id"),
        CheckConstraint("btrim(code) <> '' AND btrim(name) <> ''", name="name_not_blank"),
    )
    code: Mapped[str] = mapped_column(String(24))
    name: Mapped[str] = mapped_column(String(120))
    instrument_id: Mapped[UUID | None] = mapped_column(ForeignKey("instruments.id", ondelete="RESTRICT"))
    difficulty: Mapped[Difficulty] = mapped_column(choice(Difficulty, "difficulty"), server_default="beginner")
    description: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(server_default=text("true"))

    instrument: Mapped[Instrument | None] = relationship(lazy="raise_on_sql")


class CourseTeacher(Key, Stamps, Base):
    """Who teaches a course."""

    __tablename__ = "course_teachers"
    __table_args__ = (
        Index("uq_course_teachers_course_id_teacher_id", "course_id", "teacher_id", unique=True),
        Index("ix_course_teachers_teacher_id", "teacher_id"),
    )
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    teacher_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"))

    course: Mapped[Course] = relationship(lazy="raise_on_sql")
    teacher: Mapped[User] = relationship(foreign_keys=[teacher_id], lazy="raise_on_sql")


class CoursePlan(Key, Stamps, Base):
    """How many classes are bought at once: months of four weeks."""

    __tablename__ = "course_plans"
    __table_args__ = (
        Index("uq_course_plans_name", func.lower(text("name")), unique=True),
        CheckConstraint("btrim(name) <> ''", name="name_not_blank"),
        CheckConstraint("duration_months BETWEEN 1 AND 36", name="duration_months"),
        CheckConstraint("classes_per_week BETWEEN 1 AND 14", name="classes_per_week"),
        CheckConstraint("price >= 0", name="price"),
    )
    name: Mapped[str] = mapped_column(String(60))
    duration_months: Mapped[int] = mapped_column(SmallInteger)
    classes_per_week: Mapped[int] = mapped_column(SmallInteger, server_default=text("2"))
    total_classes: Mapped[int] = mapped_column(
        Integer, Computed("duration_months * 4 * classes_per_week", persisted=True)
    )
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2), server_default=text("0"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))


def weekday() -> Mapped[int]:
    """A day of the week: 0 Monday to 6 Sunday, as in Python."""
    return mapped_column(SmallInteger, nullable=False)


class OperatingDay(Key, Stamps, Base):
    """Whether the school is open on a day of the week. Seven rows."""

    __tablename__ = "operating_days"
    __table_args__ = (
        Index("uq_operating_days_day", "day", unique=True),
        CheckConstraint("day BETWEEN 0 AND 6", name="day"),
    )
    day: Mapped[int] = weekday()
    open: Mapped[bool] = mapped_column(server_default=text("true"))

    @property
    def weekday(self) -> str:
        """As a choice."""
        return str(self.day)


class Closure(Key, Stamps, Base):
    """Days, both ends included, on which there are no classes."""

    __tablename__ = "closures"
    __table_args__ = (
        Index("ix_closures_starts_on_ends_on", "starts_on", "ends_on"),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("ends_on - starts_on < 366", name="at_most_a_year"),
        CheckConstraint("btrim(reason) <> ''", name="reason_not_blank"),
    )
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(120))


class TimeSlot(Key, Stamps, Base):
    """A time of the week at which classes can be. `week_minutes` is the same as a range, from Monday 00:00."""

    __tablename__ = "time_slot_templates"
    __table_args__ = (
        Index("uq_time_slot_templates_day_start_time_end_time", "day", "start_time", "end_time", unique=True),
        # What classroom slots refer to, so that the time they block cannot change under them.
        Index("uq_time_slot_templates_id_week_minutes", "id", "week_minutes", unique=True),
        CheckConstraint("day BETWEEN 0 AND 6", name="day"),
        CheckConstraint("end_time > start_time", name="ends_after_start"),
        CheckConstraint(
            "extract(second FROM start_time) = 0 AND extract(second FROM end_time) = 0", name="whole_minutes"
        ),
    )
    day: Mapped[int] = weekday()
    start_time: Mapped[time]
    end_time: Mapped[time]
    duration_minutes: Mapped[int] = mapped_column(
        Integer, Computed("(extract(epoch FROM end_time - start_time) / 60)::integer", persisted=True)
    )
    week_minutes: Mapped[Range[int]] = mapped_column(
        INT4RANGE,
        Computed(
            "int4range(day * 1440 + (extract(epoch FROM start_time) / 60)::integer,"
            " day * 1440 + (extract(epoch FROM end_time) / 60)::integer)",
            persisted=True,
        ),
    )
    active: Mapped[bool] = mapped_column(server_default=text("true"))

    @property
    def weekday(self) -> str:
        """As a choice."""
        return str(self.day)


class ClassroomSlot(Key, Stamps, SoftDelete, Base):
    """A course taught by a teacher at a time of the week, with so many places.

    `enrolled` counts active enrollments and `offered` the places held for people of the waitlist. Triggers keep both,
    and the CHECK is what makes overbooking impossible.
    """

    __tablename__ = "classroom_slots"
    __table_args__ = (
        ForeignKeyConstraint(
            ["time_slot_id", "week_minutes"],
            ["time_slot_templates.id", "time_slot_templates.week_minutes"],
            name="fk_classroom_slots_time_slot_id_time_slot_templates",
            ondelete="RESTRICT",
        ),
        Index(
            "uq_classroom_slots_time_slot_id_course_id_teacher_id",
            "time_slot_id",
            "course_id",
            "teacher_id",
            unique=True,
            postgresql_where=LIVE,
        ),
        Index("ix_classroom_slots_time_slot_id", "time_slot_id"),
        Index("ix_classroom_slots_course_id", "course_id"),
        Index("ix_classroom_slots_teacher_id", "teacher_id"),
        ExcludeConstraint(
            ("teacher_id", "="),
            ("week_minutes", "&&"),
            name="ex_classroom_slots_teacher",
            using="gist",
            where=LIVE_AND_ACTIVE,
        ),
        ExcludeConstraint(
            (text("lower(room)"), "="),
            ("week_minutes", "&&"),
            name="ex_classroom_slots_room",
            using="gist",
            where=text("deleted_at IS NULL AND active AND room IS NOT NULL"),
        ),
        CheckConstraint("capacity BETWEEN 1 AND 1000", name="capacity"),
        CheckConstraint("enrolled >= 0 AND offered >= 0", name="counted"),
        CheckConstraint("enrolled + offered <= capacity", name="places"),
        CheckConstraint("btrim(room) <> ''", name="room_not_blank"),
    )
    time_slot_id: Mapped[UUID] = mapped_column()
    week_minutes: Mapped[Range[int]] = mapped_column(INT4RANGE)  # filled by a trigger from the time slot
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="RESTRICT"))
    teacher_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="RESTRICT"))
    room: Mapped[str | None] = mapped_column(String(60))
    capacity: Mapped[int] = mapped_column(SmallInteger)
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    enrolled: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    offered: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))

    time_slot: Mapped[TimeSlot] = relationship(
        primaryjoin="foreign(ClassroomSlot.time_slot_id) == TimeSlot.id", lazy="raise_on_sql", viewonly=True
    )
    course: Mapped[Course] = relationship(lazy="raise_on_sql")
    teacher: Mapped[User] = relationship(foreign_keys=[teacher_id], lazy="raise_on_sql")

    @property
    def free(self) -> int:
        return self.capacity - self.enrolled - self.offered


class SlotTeacher(Key, Base):
    """Who taught a classroom slot from when to when, without gaps: a trigger of `classroom_slots` writes it. The first one
    has no `since`, the last one, who teaches it now, no `until`. A class belongs to whoever had the slot when it began.
    """

    __tablename__ = "classroom_slot_teachers"
    __table_args__ = (
        Index(
            "uq_classroom_slot_teachers_classroom_slot_id",
            "classroom_slot_id",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
        Index("ix_classroom_slot_teachers_classroom_slot_id", "classroom_slot_id"),
        Index("ix_classroom_slot_teachers_teacher_id", "teacher_id"),
        CheckConstraint("until >= since", name="ends_after_start"),
    )
    classroom_slot_id: Mapped[UUID] = mapped_column(ForeignKey("classroom_slots.id", ondelete="CASCADE"))
    teacher_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="RESTRICT"))
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]

    teacher: Mapped[User] = relationship(foreign_keys=[teacher_id], lazy="raise_on_sql")


def had_slot(teacher: Any, slot_id: Any, moment: Any) -> ColumnElement[bool]:
    """Whether a SlotTeacher, or an alias of it, had this slot at this moment, as SQL. Not as a range: PostgreSQL takes
    "in the range" for rarer than it is, and asks it of all slots first.
    """
    began = or_(teacher.since.is_(None), teacher.since <= moment)
    return and_(teacher.classroom_slot_id == slot_id, began, or_(teacher.until.is_(None), teacher.until > moment))


def of_slot(**options: Any) -> Mapped[UUID]:
    """A reference to a classroom slot, which is not deleted for good while something refers to it."""
    return mapped_column(ForeignKey("classroom_slots.id", ondelete="RESTRICT"), nullable=False, **options)
