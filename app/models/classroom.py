"""The classroom: attendance of every planned class, credits, and requests to move a class."""

from __future__ import annotations

import enum
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, Index, Integer, SmallInteger, String, func, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.models.admissions import Admission, of_admission
from app.models.base import Base, Key, Stamps, TimeOrderedKey, account_key, choice
from app.models.courses import ClassroomSlot, SlotTeacher, had_slot, of_slot
from app.models.students import Student, of_student

LIVE = text("deleted_at IS NULL")


class AttendanceStatus(enum.StrEnum):
    SCHEDULED = "scheduled"
    PRESENT = "present"
    LATE = "late"
    ABSENT = "absent"
    EXCUSED = "excused"


class RequestStatus(enum.StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class CreditReason(enum.StrEnum):
    EXCUSED = "excused"  # an excused absence
    CORRECTED = "corrected"  # the absence was corrected: the credit is taken back
    CLOSURE = "closure"  # a class that a closure cancelled
    GRANTED = "granted"  # by an admin


class Attendance(TimeOrderedKey, Stamps, Base):
    """One student in one class on one day. Planned as `scheduled`, then marked.

    `class_date` is the school's local day, `starts_at` and `ends_at` the moments. A moved class keeps the slot and day
    it was first planned for in `original_slot_id` and `original_date`. `makeup` was booked beside the plan. A row taken
    off the plan has `deleted_at`. `revision` grows with every move (SEQUENCE of iCalendar, RFC 5545).
    """

    __tablename__ = "attendance"
    __table_args__ = (
        Index(
            "uq_attendance_student_id_classroom_slot_id_class_date",
            "student_id",
            "classroom_slot_id",
            "class_date",
            unique=True,
            postgresql_where=LIVE,
        ),
        Index("uq_attendance_student_id_starts_at", "student_id", "starts_at", unique=True, postgresql_where=LIVE),
        Index("ix_attendance_student_id_class_date", "student_id", "class_date"),
        # Holds all that the dashboard counts, so that it reads no row.
        Index(
            "ix_attendance_classroom_slot_id_class_date",
            "classroom_slot_id",
            "class_date",
            postgresql_include=["status", "deleted_at"],
        ),
        Index(
            "ix_attendance_visitors",
            "classroom_slot_id",
            "class_date",
            "student_id",
            postgresql_where=text("deleted_at IS NULL AND (makeup OR original_slot_id IS NOT NULL)"),
        ),
        Index("ix_attendance_class_date_id", "class_date", "id", postgresql_where=LIVE),
        Index("ix_attendance_admission_id_status", "admission_id", "status", postgresql_where=LIVE),
        Index(
            "ix_attendance_original_slot_id_original_date",
            "original_slot_id",
            "original_date",
            postgresql_where=text("original_slot_id IS NOT NULL"),
        ),
        Index(
            "ix_attendance_unmarked",
            "class_date",
            "classroom_slot_id",
            postgresql_where=text("status = 'scheduled' AND deleted_at IS NULL"),
        ),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("(status = 'scheduled') = (marked_at IS NULL)", name="marked_at"),
        CheckConstraint("(original_slot_id IS NULL) = (original_date IS NULL)", name="original"),
    )
    student_id: Mapped[UUID] = of_student()
    admission_id: Mapped[UUID] = of_admission()
    classroom_slot_id: Mapped[UUID] = of_slot()
    class_date: Mapped[date]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[AttendanceStatus] = mapped_column(choice(AttendanceStatus, "status"), server_default="scheduled")
    marked_at: Mapped[datetime | None]
    marked_by_id: Mapped[int | None] = account_key()
    original_slot_id: Mapped[UUID | None] = mapped_column(ForeignKey("classroom_slots.id", ondelete="RESTRICT"))
    original_date: Mapped[date | None]
    makeup: Mapped[bool] = mapped_column(server_default=text("false"))
    revision: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    deleted_at: Mapped[datetime | None]
    # Without a foreign key, which would cost more than the row itself: an admission writes a hundred of them.
    created_by_id: Mapped[int | None] = mapped_column(Integer, server_default=text("current_actor()"))
    updated_by_id: Mapped[int | None] = mapped_column(
        Integer, server_default=text("current_actor()"), server_onupdate=FetchedValue()
    )

    student: Mapped[Student] = relationship(lazy="raise_on_sql")
    admission: Mapped[Admission] = relationship(lazy="raise_on_sql")
    classroom_slot: Mapped[ClassroomSlot] = relationship(foreign_keys=[classroom_slot_id], lazy="raise_on_sql")
    taught: Mapped[SlotTeacher] = relationship(
        primaryjoin=lambda: had_slot(SlotTeacher, foreign(Attendance.classroom_slot_id), Attendance.starts_at),
        lazy="raise_on_sql",
        viewonly=True,
    )


class AttendancePolicy(Key, Stamps, Base):
    """What a mark means for the classes that remain: whether it uses one up, and whether it earns a credit for one. One
    row per mark; admins decide. The view `admission_balances` reads it.
    """

    __tablename__ = "attendance_policies"
    __table_args__ = (
        Index("uq_attendance_policies_status", "status", unique=True),
        CheckConstraint("consumes OR NOT earns_credit", name="credit_needs_use"),
        CheckConstraint("status <> 'scheduled'", name="marked"),
    )
    status: Mapped[AttendanceStatus] = mapped_column(choice(AttendanceStatus, "status"))
    consumes: Mapped[bool] = mapped_column(server_default=text("false"))
    earns_credit: Mapped[bool] = mapped_column(server_default=text("false"))


class ClassCredit(TimeOrderedKey, Base):
    """The ledger of classes given back. Append-only: their sum is what an admission has beside the
    classes that were bought.
    """

    __tablename__ = "class_credits"
    __table_args__ = (
        Index("ix_class_credits_admission_id", "admission_id"),
        Index("ix_class_credits_attendance_id", "attendance_id"),
        Index("ix_class_credits_at_id", "at", "id"),
        CheckConstraint("classes <> 0", name="classes"),
    )
    admission_id: Mapped[UUID] = of_admission()
    attendance_id: Mapped[UUID | None] = mapped_column(ForeignKey("attendance.id", ondelete="CASCADE"))
    actor_id: Mapped[int | None] = mapped_column(
        Integer, server_default=text("current_actor()")
    )  # outlives the account
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    classes: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[CreditReason] = mapped_column(choice(CreditReason, "reason"))
    note: Mapped[str | None] = mapped_column(String(300))


class RescheduleRequest(TimeOrderedKey, Stamps, Base):
    """A wish to move one planned class to another day and slot of the same course and teacher."""

    __tablename__ = "reschedule_requests"
    __table_args__ = (
        Index(
            "uq_reschedule_requests_attendance_id",
            "attendance_id",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_reschedule_requests_attendance_id", "attendance_id"),
        Index("ix_reschedule_requests_status_created_at", "status", "created_at", "id"),
        Index("ix_reschedule_requests_created_at_id", "created_at", "id"),
        Index("ix_reschedule_requests_student_id", "student_id"),
        Index("ix_reschedule_requests_from_slot_id", "from_slot_id"),
        Index("ix_reschedule_requests_requested_slot_id", "requested_slot_id"),
        CheckConstraint("(status IN ('approved', 'rejected')) = (decided_at IS NOT NULL)", name="decided_at"),
    )
    attendance_id: Mapped[UUID] = mapped_column(ForeignKey("attendance.id", ondelete="CASCADE"))
    student_id: Mapped[UUID] = of_student()
    from_slot_id: Mapped[UUID] = of_slot()
    from_date: Mapped[date]
    requested_slot_id: Mapped[UUID] = of_slot()
    requested_date: Mapped[date]
    reason: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[RequestStatus] = mapped_column(choice(RequestStatus, "status"), server_default="pending")
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = account_key()
    decision_note: Mapped[str | None] = mapped_column(String(500))

    attendance: Mapped[Attendance] = relationship(lazy="raise_on_sql")
    student: Mapped[Student] = relationship(lazy="raise_on_sql")
    from_slot: Mapped[ClassroomSlot] = relationship(foreign_keys=[from_slot_id], lazy="raise_on_sql")
    requested_slot: Mapped[ClassroomSlot] = relationship(foreign_keys=[requested_slot_id], lazy="raise_on_sql")


class CalendarFeed(Key, Base):
    """A private address of somebody's timetable. Only the hash of its token is kept; revoking it ends the address."""

    __tablename__ = "calendar_feeds"
    __table_args__ = (
        Index("uq_calendar_feeds_token_hash", "token_hash", unique=True),
        Index("ix_calendar_feeds_user_id", "user_id"),
    )
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(60), server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    revoked_at: Mapped[datetime | None]
