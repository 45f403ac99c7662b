"""Admissions: who takes which course, in which weekly slots, how many classes of it, and what is paid."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Sequence,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Key, SoftDelete, Stamps, TimeOrderedKey, account_key, choice
from app.models.courses import ClassroomSlot, Course, CoursePlan, of_slot
from app.models.leads import Lead
from app.models.students import Student, of_student

LIVE = text("deleted_at IS NULL")

ADMISSION_NUMBER = Sequence("admission_number_seq", start=1001, metadata=Base.metadata)


class AdmissionStatus(enum.StrEnum):
    """pending until the first day, then active; paused and back; completed or cancelled is the end."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class DiscountType(enum.StrEnum):
    NONE = "none"
    PERCENT = "percent"
    AMOUNT = "amount"


class EnrollmentStatus(enum.StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class PaymentStatus(enum.StrEnum):
    UNPAID = "unpaid"
    PAID = "paid"


class WaitlistStatus(enum.StrEnum):
    """waiting -> offered (a place is held) -> accepted, or expired, or declined; withdrawn by staff."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class AdmissionEvent(enum.StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    DISCOUNT_CHANGED = "discount_changed"
    EXTRA_CLASSES_ADDED = "extra_classes_added"
    STATUS_CHANGED = "status_changed"
    PAYMENT_CHANGED = "payment_changed"
    RENEWED = "renewed"
    CLASSES_MOVED = "classes_moved"
    CREDIT_CHANGED = "credit_changed"
    DELETED = "deleted"
    RESTORED = "restored"


class Admission(TimeOrderedKey, Stamps, SoftDelete, Base):
    """One student in one course: `base_classes` come from the plan, `final_classes` dates are planned.

    The price is that of the plan on the day of admission; a discount never changes the number of classes. `ends_on` is
    the last day on which a class of it may be. `submission_key` names the form that made it: the same form sent twice
    yields the same admission, and another one under its key is refused.
    """

    __tablename__ = "admissions"
    __table_args__ = (
        Index("uq_admissions_number", "number", unique=True),
        Index("uq_admissions_submission_key", "submission_key", unique=True),
        Index(
            "uq_admissions_renewed_from_id",
            "renewed_from_id",
            unique=True,
            postgresql_where=text("deleted_at IS NULL AND status <> 'cancelled'"),
        ),
        Index("ix_admissions_renewed_from_id", "renewed_from_id", postgresql_where=text("renewed_from_id IS NOT NULL")),
        Index("ix_admissions_lead_id", "lead_id", postgresql_where=text("lead_id IS NOT NULL")),
        Index("ix_admissions_student_id", "student_id"),
        Index("ix_admissions_course_id", "course_id"),
        Index("ix_admissions_plan_id", "plan_id"),
        Index("ix_admissions_created_at_id", "created_at", "id", postgresql_where=LIVE),
        Index("ix_admissions_status_created_at", "status", "created_at", "id", postgresql_where=LIVE),
        Index("ix_admissions_starts_on", "starts_on", "id", postgresql_where=LIVE),
        CheckConstraint("base_classes > 0", name="base_classes"),
        CheckConstraint("extra_classes BETWEEN 0 AND 500", name="extra_classes"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint(
            "discount_value >= 0 AND (discount_type <> 'percent' OR discount_value <= 100)"
            " AND (discount_type <> 'none' OR discount_value = 0)"
            " AND (discount_type <> 'amount' OR discount_value <= price)",
            name="discount",
        ),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("(status = 'paused') = (paused_at IS NOT NULL)", name="paused_at"),
    )
    number: Mapped[int] = mapped_column(
        BigInteger, ADMISSION_NUMBER, server_default=text("nextval('admission_number_seq')")
    )
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("leads.id", ondelete="SET NULL"))
    student_id: Mapped[UUID] = of_student()
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="RESTRICT"))
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("course_plans.id", ondelete="RESTRICT"))
    status: Mapped[AdmissionStatus] = mapped_column(choice(AdmissionStatus, "status"), server_default="active")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    paused_at: Mapped[datetime | None]  # also the `deleted_at` of the classes that it took off the plan
    base_classes: Mapped[int] = mapped_column(Integer)
    extra_classes: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    final_classes: Mapped[int] = mapped_column(Integer, Computed("base_classes + extra_classes", persisted=True))
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    discount_type: Mapped[DiscountType] = mapped_column(choice(DiscountType, "discount_type"), server_default="none")
    discount_value: Mapped[Decimal] = mapped_column(Numeric(10, 2), server_default=text("0"))
    total: Mapped[Decimal] = mapped_column(
        Numeric(10, 2),
        Computed(
            "CASE discount_type WHEN 'percent' THEN round(price * (100 - discount_value) / 100, 2)"
            " WHEN 'amount' THEN price - discount_value ELSE price END",
            persisted=True,
        ),
    )
    notes: Mapped[str | None] = mapped_column(Text)
    renewed_from_id: Mapped[UUID | None] = mapped_column(ForeignKey("admissions.id", ondelete="SET NULL"))
    submission_key: Mapped[UUID | None]
    submission_digest: Mapped[str | None] = mapped_column(String(64))  # of what was sent with the key

    student: Mapped[Student] = relationship(lazy="raise_on_sql")
    course: Mapped[Course] = relationship(lazy="raise_on_sql")
    plan: Mapped[CoursePlan] = relationship(lazy="raise_on_sql")
    lead: Mapped[Lead | None] = relationship(lazy="raise_on_sql")
    payment: Mapped[AdmissionPayment] = relationship(lazy="raise_on_sql", uselist=False, viewonly=True)


def of_admission() -> Mapped[UUID]:
    return mapped_column(ForeignKey("admissions.id", ondelete="CASCADE"), nullable=False)


class AdmissionSlot(Key, Stamps, Base):
    """A weekly slot that was chosen for an admission."""

    __tablename__ = "admission_slots"
    __table_args__ = (
        Index("uq_admission_slots_admission_id_classroom_slot_id", "admission_id", "classroom_slot_id", unique=True),
        Index("ix_admission_slots_classroom_slot_id", "classroom_slot_id"),
    )
    admission_id: Mapped[UUID] = of_admission()
    classroom_slot_id: Mapped[UUID] = of_slot()

    classroom_slot: Mapped[ClassroomSlot] = relationship(lazy="raise_on_sql")


class ClassroomEnrollment(TimeOrderedKey, Stamps, Base):
    """A student's place in a classroom slot. Active ones count against its capacity."""

    __tablename__ = "classroom_enrollments"
    __table_args__ = (
        Index(
            "uq_classroom_enrollments_student_id_classroom_slot_id",
            "student_id",
            "classroom_slot_id",
            unique=True,
            postgresql_where=text("status = 'active'"),
        ),
        Index("ix_classroom_enrollments_student_id", "student_id"),
        Index("ix_classroom_enrollments_classroom_slot_id_status", "classroom_slot_id", "status"),
        Index("ix_classroom_enrollments_admission_id", "admission_id"),
        Index("ix_classroom_enrollments_sourced_id", text("('enrollment_' || id::text)")),  # OneRoster's key of it
    )
    student_id: Mapped[UUID] = of_student()
    classroom_slot_id: Mapped[UUID] = of_slot()
    admission_id: Mapped[UUID] = of_admission()
    status: Mapped[EnrollmentStatus] = mapped_column(choice(EnrollmentStatus, "status"), server_default="active")


class AdmissionPayment(TimeOrderedKey, Stamps, Base):
    """What an admission costs, and whether it is paid. One per admission; no card data is kept."""

    __tablename__ = "admission_payments"
    __table_args__ = (
        Index("uq_admission_payments_admission_id", "admission_id", unique=True),
        Index("ix_admission_payments_unpaid", "created_at", "id", postgresql_where=text("status = 'unpaid'")),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_at"),
    )
    admission_id: Mapped[UUID] = of_admission()
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    status: Mapped[PaymentStatus] = mapped_column(choice(PaymentStatus, "status"), server_default="unpaid")
    paid_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = account_key()  # who set it to paid or back
    note: Mapped[str | None] = mapped_column(String(300))


class AdmissionAuditEvent(TimeOrderedKey, Base):
    """What was done to an admission, in the words of the domain. Append-only."""

    __tablename__ = "admission_audit_events"
    __table_args__ = (
        Index("ix_admission_audit_events_admission_id_at", "admission_id", "at"),
        Index("ix_admission_audit_events_batch_id", "batch_id", postgresql_where=text("batch_id IS NOT NULL")),
    )
    admission_id: Mapped[UUID] = of_admission()
    type: Mapped[AdmissionEvent] = mapped_column(choice(AdmissionEvent, "type"))
    actor_id: Mapped[int | None] = mapped_column(
        Integer, server_default=text("current_actor()")
    )  # outlives the account
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    batch_id: Mapped[UUID | None]


class WaitlistEntry(TimeOrderedKey, Stamps, Base):
    """Somebody who waits for a place in a full classroom slot: a lead or a student. While `offered`, a place is held for
    them until `expires_at`. `position` only grows: who came first is offered first.
    """

    __tablename__ = "waitlist_entries"
    __table_args__ = (
        Index(
            "uq_waitlist_entries_lead_id_classroom_slot_id",
            "lead_id",
            "classroom_slot_id",
            unique=True,
            postgresql_where=text("status IN ('waiting', 'offered')"),
        ),
        Index(
            "uq_waitlist_entries_student_id_classroom_slot_id",
            "student_id",
            "classroom_slot_id",
            unique=True,
            postgresql_where=text("status IN ('waiting', 'offered')"),
        ),
        Index("ix_waitlist_entries_lead_id", "lead_id"),
        Index("ix_waitlist_entries_student_id", "student_id"),
        Index("ix_waitlist_entries_admission_id", "admission_id"),
        Index("ix_waitlist_entries_classroom_slot_id_status_position", "classroom_slot_id", "status", "position"),
        Index("ix_waitlist_entries_expires_at", "expires_at", postgresql_where=text("status = 'offered'")),
        CheckConstraint("num_nonnulls(lead_id, student_id) = 1", name="lead_or_student"),
        CheckConstraint("(status = 'offered') <= (expires_at IS NOT NULL)", name="offer_expires"),
    )
    classroom_slot_id: Mapped[UUID] = of_slot()
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    student_id: Mapped[UUID | None] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    status: Mapped[WaitlistStatus] = mapped_column(choice(WaitlistStatus, "status"), server_default="waiting")
    offered_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    admission_id: Mapped[UUID | None] = mapped_column(ForeignKey("admissions.id", ondelete="SET NULL"))
    notes: Mapped[str | None] = mapped_column(String(300))

    classroom_slot: Mapped[ClassroomSlot] = relationship(lazy="raise_on_sql")
    lead: Mapped[Lead | None] = relationship(lazy="raise_on_sql")
    student: Mapped[Student | None] = relationship(lazy="raise_on_sql")
