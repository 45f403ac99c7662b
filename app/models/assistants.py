"""Help desk assistants: what somebody who applies has said (staging, until the decision), and who assists, with what they
know and when they can.
"""

from __future__ import annotations

import enum
from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Integer, Numeric, String, func, text
from sqlalchemy.dialects.postgresql import INT4RANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Key, Stamps, TimeOrderedKey, account_key, choice
from app.models.courses import Course, weekday
from app.models.students import Student

PENDING = text("status = 'pending'")
WEEK_MINUTES = (
    "int4range(day_of_week * 1440 + (extract(epoch FROM start_time) / 60)::integer,"
    " day_of_week * 1440 + (extract(epoch FROM end_time) / 60)::integer)"
)


class RegistrationStatus(enum.StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class RegistrationRequest(TimeOrderedKey, Stamps, Base):
    """Somebody wants to be a help desk assistant. There is no account and no student before the decision; the hash of the
    password they chose is kept only until then.
    """

    __tablename__ = "registration_requests"
    __table_args__ = (
        Index("uq_registration_requests_email", func.lower(text("email")), unique=True, postgresql_where=PENDING),
        Index("ix_registration_requests_created_at_id", "created_at", "id"),
        Index("ix_registration_requests_status_created_at", "status", "created_at", "id"),
        Index("uq_registration_requests_user_id", "user_id", unique=True),
        Index("uq_registration_requests_assistant_id", "assistant_id", unique=True),
        CheckConstraint(
            "btrim(username) <> '' AND btrim(first_name) <> '' AND btrim(last_name) <> '' AND btrim(email) <> ''",
            name="name_not_blank",
        ),
        CheckConstraint(r"phone ~ '^\+[1-9][0-9]{4,14}$'", name="phone_e164"),
        CheckConstraint("(status = 'pending') = (password_hash IS NOT NULL)", name="password_hash"),
        CheckConstraint("(status = 'pending') = (processed_at IS NULL)", name="processed_at"),
        CheckConstraint("(status = 'rejected') = (rejection_reason IS NOT NULL)", name="rejection_reason"),
        CheckConstraint("btrim(rejection_reason) <> ''", name="rejection_reason_not_blank"),
        CheckConstraint(
            "(status = 'approved') = (user_id IS NOT NULL) AND (status = 'approved') = (assistant_id IS NOT NULL)",
            name="approved",
        ),
    )
    username: Mapped[str] = mapped_column(String(128))
    password_hash: Mapped[str | None] = mapped_column(String(256), deferred=True)
    first_name: Mapped[str] = mapped_column(String(64))
    last_name: Mapped[str] = mapped_column(String(64))
    email: Mapped[str] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(16))
    degree: Mapped[str | None] = mapped_column(String(120))
    locale: Mapped[str | None] = mapped_column(String(16))  # the language in which they asked, and are answered
    status: Mapped[RegistrationStatus] = mapped_column(choice(RegistrationStatus, "status"), server_default="pending")
    processed_at: Mapped[datetime | None]
    processed_by_id: Mapped[int | None] = account_key()
    rejection_reason: Mapped[str | None] = mapped_column(String(500))
    user_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="RESTRICT"))
    assistant_id: Mapped[UUID | None] = mapped_column(ForeignKey("help_desk_assistants.id", ondelete="RESTRICT"))


def of_registration(table: str) -> Mapped[UUID]:
    """A reference to the request that a staged row belongs to, and with which it goes. Named here, because the usual
    name is longer than PostgreSQL takes.
    """
    key = ForeignKey("registration_requests.id", name=f"fk_{table}_registration_id", ondelete="CASCADE")
    return mapped_column(key, nullable=False)


class RegistrationAvailability(Key, Base):
    """When an applicant says they can, until the decision."""

    __tablename__ = "registration_availability"
    __table_args__ = (
        Index(
            "uq_registration_availability_period",
            "registration_id",
            "day_of_week",
            "start_time",
            "end_time",
            unique=True,
        ),
        ExcludeConstraint(
            ("registration_id", "="), ("week_minutes", "&&"), name="ex_registration_availability", using="gist"
        ),
        CheckConstraint("day_of_week BETWEEN 0 AND 6", name="day_of_week"),
        CheckConstraint("end_time > start_time", name="ends_after_start"),
    )
    registration_id: Mapped[UUID] = of_registration("registration_availability")
    day_of_week: Mapped[int] = weekday()
    start_time: Mapped[time]
    end_time: Mapped[time]
    week_minutes: Mapped[Range[int]] = mapped_column(INT4RANGE, Computed(WEEK_MINUTES, persisted=True))


class RegistrationCourse(Key, Base):
    """A course that an applicant says they can help with, until the decision."""

    __tablename__ = "registration_courses"
    __table_args__ = (
        Index("uq_registration_courses_registration_id_course_id", "registration_id", "course_id", unique=True),
        Index("ix_registration_courses_course_id", "course_id"),
    )
    registration_id: Mapped[UUID] = of_registration("registration_courses")
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))


class HelpDeskAssistant(Key, Stamps, Base):
    """A student who helps others. `hours_minimum` and `hours_maximum` are hours of one week, between which the roster
    plans; `rate` is paid per hour, and `hours_worked` are those of all shifts up to now.
    """

    __tablename__ = "help_desk_assistants"
    __table_args__ = (
        Index("uq_help_desk_assistants_student_id", "student_id", unique=True),
        Index("ix_help_desk_assistants_created_at_id", "created_at", "id"),
        CheckConstraint("rate >= 0", name="rate"),
        CheckConstraint("hours_minimum >= 0 AND hours_minimum <= hours_maximum", name="hours_minimum"),
        CheckConstraint("hours_maximum <= 168", name="hours_maximum"),
    )
    student_id: Mapped[UUID] = mapped_column(ForeignKey("students.id", ondelete="RESTRICT"))
    rate: Mapped[Decimal] = mapped_column(Numeric(8, 2), server_default=text("0"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    hours_minimum: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default=text("0"))
    hours_maximum: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default=text("20"))

    student: Mapped[Student] = relationship(lazy="raise_on_sql")
    if TYPE_CHECKING:
        hours_worked: Mapped[Decimal]  # of published shifts that are over: models/roster.py


def of_assistant(**options: Any) -> Mapped[UUID]:
    """A reference to an assistant, with whom the row goes."""
    return mapped_column(ForeignKey("help_desk_assistants.id", ondelete="CASCADE"), nullable=False, **options)


class CourseCapability(Key, Stamps, Base):
    """A course with which an assistant can help."""

    __tablename__ = "course_capabilities"
    __table_args__ = (
        Index("uq_course_capabilities_assistant_id_course_id", "assistant_id", "course_id", unique=True),
        Index("ix_course_capabilities_course_id", "course_id"),
    )
    assistant_id: Mapped[UUID] = of_assistant()
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))

    course: Mapped[Course] = relationship(lazy="raise_on_sql")


class Availability(Key, Stamps, Base):
    """A time of every week at which an assistant can help. `week_minutes` is the same as a range, from Monday 00:00."""

    __tablename__ = "availability"
    __table_args__ = (
        Index("uq_availability_period", "assistant_id", "day_of_week", "start_time", "end_time", unique=True),
        ExcludeConstraint(("assistant_id", "="), ("week_minutes", "&&"), name="ex_availability", using="gist"),
        CheckConstraint("day_of_week BETWEEN 0 AND 6", name="day_of_week"),
        CheckConstraint("end_time > start_time", name="ends_after_start"),
    )
    assistant_id: Mapped[UUID] = of_assistant()
    day_of_week: Mapped[int] = weekday()
    start_time: Mapped[time]
    end_time: Mapped[time]
    week_minutes: Mapped[Range[int]] = mapped_column(INT4RANGE, Computed(WEEK_MINUTES, persisted=True))
