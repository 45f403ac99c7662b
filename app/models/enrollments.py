"""Guardian enrollment: a coach invites a family, which does six steps; documents, decisions and what happened."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.access import User
from app.models.base import Base, Key, SoftDelete, Stamps, TimeOrderedKey, choice, search_index, searched
from app.models.organizations import Organization
from app.models.students import Student

LIVE = text("deleted_at IS NULL")
WAITING = text("status = 'submitted' AND replaced_at IS NULL")  # documents that nobody has looked at
STEPS = 6


class InvitationStatus(enum.StrEnum):
    """sent -> opened -> accepted (there is an enrollment); or expired, or revoked, by which its link is over."""

    SENT = "sent"
    OPENED = "opened"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    REVOKED = "revoked"


class EnrollmentStatus(enum.StrEnum):
    """in_progress -> registered (the records of the student exist) -> enrolled; or withdrawn, or rejected."""

    IN_PROGRESS = "in_progress"
    REGISTERED = "registered"
    ENROLLED = "enrolled"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"


class StepStatus(enum.StrEnum):
    """pending -> in_progress (saved in part) -> completed, and may be corrected until the next step locks it."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class CoachDecision(enum.StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"


class DocumentStatus(enum.StrEnum):
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    REJECTED = "rejected"


class EnrollmentEventType(enum.StrEnum):
    INVITATION_SENT = "invitation_sent"
    INVITATION_OPENED = "invitation_opened"
    INVITATION_ACCEPTED = "invitation_accepted"
    INVITATION_REVOKED = "invitation_revoked"
    STEP_SAVED = "step_saved"
    STEP_COMPLETED = "step_completed"
    STEP_CORRECTED = "step_corrected"
    DECIDED = "decided"
    DOCUMENT_SUBMITTED = "document_submitted"
    DOCUMENT_REMOVED = "document_removed"
    DOCUMENT_VERIFIED = "document_verified"
    DOCUMENT_REJECTED = "document_rejected"
    PAYMENT_RECORDED = "payment_recorded"
    RECORDS_CREATED = "records_created"
    RECORD_CREATION_FAILED = "record_creation_failed"
    MESSAGE_SENT = "message_sent"
    ENROLLED = "enrolled"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    REOPENED = "reopened"
    HANDED_OVER = "handed_over"


def of_enrollment() -> Mapped[UUID]:
    """A reference to an enrollment, deleted with it."""
    return mapped_column(ForeignKey("enrollments.id", ondelete="CASCADE"))


def account(ondelete: str = "RESTRICT") -> Mapped[Any]:
    return mapped_column(Integer, ForeignKey("ab_user.id", ondelete=ondelete))


class EnrollmentInvitation(Key, Stamps, Base):
    """A coach invites the family of one student. Only the digest of the link's token is kept; a lost link is replaced by
    a new one, which ends the old.
    """

    __tablename__ = "enrollment_invitations"
    __table_args__ = (
        Index("uq_enrollment_invitations_token_hash", "token_hash", unique=True),
        Index("ix_enrollment_invitations_coach_id_created_at", "coach_id", "created_at"),
        Index("ix_enrollment_invitations_school_id", "school_id"),
        Index("ix_enrollment_invitations_created_at_id", "created_at", "id"),
        Index("ix_enrollment_invitations_guardian_email", func.lower(text("guardian_email"))),
        Index("ix_enrollment_invitations_import_id", "import_id", postgresql_where=text("import_id IS NOT NULL")),
        CheckConstraint("btrim(student_first_name) <> '' AND btrim(student_last_name) <> ''", name="name_not_blank"),
        CheckConstraint(
            "guardian_email LIKE '_%@_%' AND guardian_email = btrim(guardian_email)", name="guardian_email"
        ),
        CheckConstraint("jsonb_typeof(program_interests) = 'array'", name="program_interests_list"),
        CheckConstraint("token_hash ~ '^[0-9a-f]{64}$'", name="token_hash"),
        CheckConstraint("(status IN ('sent', 'revoked', 'expired')) OR opened_at IS NOT NULL", name="opened_at"),
    )
    coach_id: Mapped[int] = account()
    school_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="RESTRICT"))
    student_first_name: Mapped[str] = mapped_column(String(80))
    student_last_name: Mapped[str] = mapped_column(String(80))
    guardian_name: Mapped[str | None] = mapped_column(String(160))
    guardian_email: Mapped[str] = mapped_column(String(254))
    program_interests: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    grade_level: Mapped[str | None] = mapped_column(String(40))  # a descriptor's code value: "First grade"
    message: Mapped[str | None] = mapped_column(String(1000))
    locale: Mapped[str | None] = mapped_column(String(16))
    token_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]
    status: Mapped[InvitationStatus] = mapped_column(choice(InvitationStatus, "status"), server_default="sent")
    opened_at: Mapped[datetime | None]
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("imports.id", ondelete="SET NULL"))

    coach: Mapped[User] = relationship(foreign_keys=[coach_id], lazy="raise_on_sql")
    school: Mapped[Organization] = relationship(lazy="raise_on_sql")


INVITATION_SEARCHED = searched(
    EnrollmentInvitation.student_first_name, EnrollmentInvitation.student_last_name, EnrollmentInvitation.guardian_email
)
search_index("enrollment_invitations", INVITATION_SEARCHED)


class Enrollment(TimeOrderedKey, Stamps, SoftDelete, Base):
    """A family's way from the invitation to the school. `current_step` is the first that is not completed, 7 when all
    are. `records_due_since` is set while the records of the student are wanted and do not exist.
    """

    __tablename__ = "enrollments"
    __table_args__ = (
        Index("uq_enrollments_enrollment_code", "enrollment_code", unique=True),
        Index("uq_enrollments_invitation_id", "invitation_id", unique=True),
        Index("uq_enrollments_student_id", "student_id", unique=True, postgresql_where=text("student_id IS NOT NULL")),
        Index("ix_enrollments_guardian_id", "guardian_id"),
        Index("ix_enrollments_coach_id_created_at", "coach_id", "created_at", "id"),
        Index("ix_enrollments_created_at_id", "created_at", "id", postgresql_where=LIVE),
        Index("ix_enrollments_status_current_step", "status", "current_step", postgresql_where=LIVE),
        Index(
            "ix_enrollments_records_due_since",
            "records_due_since",
            postgresql_where=text("records_due_since IS NOT NULL"),
        ),
        CheckConstraint("enrollment_code ~ '^[A-Z0-9]{2,8}-ENROLL-[0-9]{8}-[A-Z0-9]{6}$'", name="enrollment_code"),
        CheckConstraint("current_step BETWEEN 1 AND 7", name="current_step"),
        CheckConstraint("status <> 'enrolled' OR current_step = 7", name="enrolled_when_complete"),
        CheckConstraint("status <> 'registered' OR student_id IS NOT NULL", name="registered_with_records"),
        CheckConstraint("(coach_decision IS NULL) = (decided_at IS NULL)", name="coach_decision_at"),
        CheckConstraint("(status = 'enrolled') = (enrolled_at IS NOT NULL)", name="enrolled_at"),
        CheckConstraint("deposit_amount >= 0", name="deposit_amount"),
        CheckConstraint("NOT deposit_paid OR deposit_paid_on IS NOT NULL", name="deposit_paid_on"),
    )
    enrollment_code: Mapped[str] = mapped_column(String(40))
    invitation_id: Mapped[UUID] = mapped_column(ForeignKey("enrollment_invitations.id", ondelete="RESTRICT"))
    guardian_id: Mapped[int] = account()
    coach_id: Mapped[int] = account()
    school_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="RESTRICT"), index=True)
    status: Mapped[EnrollmentStatus] = mapped_column(choice(EnrollmentStatus, "status"), server_default="in_progress")
    current_step: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    student_id: Mapped[UUID | None] = mapped_column(ForeignKey("students.id", ondelete="RESTRICT"))
    student_first_name: Mapped[str] = mapped_column(String(80))
    student_last_name: Mapped[str] = mapped_column(String(80))
    coach_decision: Mapped[CoachDecision | None] = mapped_column(choice(CoachDecision, "coach_decision"))
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None] = mapped_column(String(500))
    deposit_amount: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    deposit_paid: Mapped[bool] = mapped_column(server_default=text("false"))
    deposit_paid_on: Mapped[date | None] = mapped_column(Date)
    enrolled_at: Mapped[datetime | None]
    records_due_since: Mapped[datetime | None]

    invitation: Mapped[EnrollmentInvitation] = relationship(lazy="raise_on_sql")
    guardian: Mapped[User] = relationship(foreign_keys=[guardian_id], lazy="raise_on_sql")
    coach: Mapped[User] = relationship(foreign_keys=[coach_id], lazy="raise_on_sql")
    school: Mapped[Organization] = relationship(lazy="raise_on_sql")
    student: Mapped[Student | None] = relationship(lazy="raise_on_sql")


ENROLLMENT_SEARCHED = searched(Enrollment.student_first_name, Enrollment.student_last_name, Enrollment.enrollment_code)
search_index("enrollments", ENROLLMENT_SEARCHED)


class EnrollmentStep(Key, Stamps, Base):
    """One of the six steps of an enrollment, and what was entered: `data` as the step's schema has it."""

    __tablename__ = "enrollment_steps"
    __table_args__ = (
        Index("uq_enrollment_steps_enrollment_id_step", "enrollment_id", "step", unique=True),
        CheckConstraint("step BETWEEN 1 AND 6", name="step"),
        CheckConstraint("jsonb_typeof(data) = 'object'", name="data_object"),
        CheckConstraint("(status = 'completed') = (completed_at IS NOT NULL)", name="completed_at"),
    )
    enrollment_id: Mapped[UUID] = of_enrollment()
    step: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[StepStatus] = mapped_column(choice(StepStatus, "status"), server_default="pending")
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    completed_at: Mapped[datetime | None]
    completed_by: Mapped[int | None] = account("SET NULL")


class EnrollmentDocument(Key, Stamps, Base):
    """One uploaded file, stored under its digest. `replaced_at` is set when one of its type came after its rejection."""

    __tablename__ = "enrollment_documents"
    __table_args__ = (
        Index(
            "uq_enrollment_documents_enrollment_id_type",
            "enrollment_id",
            "document_type",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index("ix_enrollment_documents_created_at_id", "created_at", "id"),
        Index("ix_enrollment_documents_waiting", "created_at", "id", postgresql_where=WAITING),
        Index("ix_enrollment_documents_sha256", "sha256"),
        CheckConstraint("btrim(file_name) <> ''", name="file_name_not_blank"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("status <> 'rejected' OR coalesce(btrim(reason), '') <> ''", name="rejected_with_reason"),
    )
    enrollment_id: Mapped[UUID] = of_enrollment()
    document_type: Mapped[str] = mapped_column(ForeignKey("document_types.code", ondelete="RESTRICT"), index=True)
    file_name: Mapped[str] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(127))
    status: Mapped[DocumentStatus] = mapped_column(choice(DocumentStatus, "status"), server_default="submitted")
    reason: Mapped[str | None] = mapped_column(String(500))
    reviewed_by: Mapped[int | None] = account("SET NULL")
    reviewed_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]

    enrollment: Mapped[Enrollment] = relationship(lazy="raise_on_sql")


class DocumentType(Key, Stamps, Base):
    """What families are asked for: a birth certificate, and the like. Documents name it by its code."""

    __tablename__ = "document_types"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("code ~ '^[a-z][a-z0-9_]*$'", name="code"),
        CheckConstraint("btrim(name) <> ''", name="name_not_blank"),
    )
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str | None] = mapped_column(String(300))
    required: Mapped[bool] = mapped_column(server_default=text("true"))
    position: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class EnrollmentEvent(TimeOrderedKey, Base):
    """What happened on an enrollment, in order. Only ever appended to."""

    __tablename__ = "enrollment_events"
    __table_args__ = (
        Index("ix_enrollment_events_enrollment_id_at", "enrollment_id", "at", "id"),
        Index("ix_enrollment_events_invitation_id_at", "invitation_id", "at", "id"),
    )
    enrollment_id: Mapped[UUID | None] = mapped_column(ForeignKey("enrollments.id", ondelete="CASCADE"))
    invitation_id: Mapped[UUID] = mapped_column(ForeignKey("enrollment_invitations.id", ondelete="CASCADE"))
    type: Mapped[EnrollmentEventType] = mapped_column(choice(EnrollmentEventType, "type"))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    actor_id: Mapped[int | None] = mapped_column(
        Integer, server_default=text("current_actor()")
    )  # outlives the account
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
