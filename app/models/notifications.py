"""What happened (`notification_events`) and who is told (`notifications`)."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, Stamps, TimeOrderedKey, choice


class NotificationType(enum.StrEnum):
    LEAD_ASSIGNED = "lead_assigned"
    LEAD_STAGE_CHANGED = "lead_stage_changed"
    LEAD_WALKIN_ASSIGNED = "lead_walkin_assigned"
    LEAD_FOLLOWUP_DUE = "lead_followup_due"
    LEAD_FOLLOWUP_STATUS_CHANGED = "lead_followup_status_changed"
    ADMISSION_CREATED = "admission_created"
    ADMISSION_BLOCKED_CAPACITY = "admission_blocked_capacity"
    WAITLIST_OFFERED = "waitlist_offered"
    WAITLIST_EXPIRED = "waitlist_expired"
    CLASSES_REMAINING_4 = "classes_remaining_4"
    CLASSES_COMPLETED = "classes_completed"
    CLASS_MOVED = "class_moved"
    CLASS_CANCELLED = "class_cancelled"
    RESCHEDULE_REQUESTED = "reschedule_requested"
    RESCHEDULE_RESULT = "reschedule_result"
    ATTENDANCE_MISSING = "attendance_missing"
    REGISTRATION_SUBMITTED = "registration_submitted"
    REGISTRATION_APPROVED = "registration_approved"
    REGISTRATION_PROCESSED = "registration_processed"
    ROSTER_PUBLISHED = "roster_published"
    ALLOCATION_CHANGED = "allocation_changed"
    ROLE_CHANGED = "role_changed"
    ACCOUNT_BLOCKED = "account_blocked"
    ACCESS_REQUEST_SUBMITTED = "access_request_submitted"
    ACCESS_REQUEST_APPROVED = "access_request_approved"
    ACCESS_REQUEST_REJECTED = "access_request_rejected"
    ENROLLMENT_STEP_COMPLETED = "enrollment_step_completed"
    RECORD_CREATION_FAILED = "record_creation_failed"
    ENROLLMENT_COMPLETED = "enrollment_completed"
    DOCUMENT_REJECTED = "document_rejected"
    BROADCAST = "broadcast"
    CLOSURE_ANNOUNCEMENT = "closure_announcement"


class Severity(enum.StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Channel(enum.StrEnum):
    IN_APP = "in_app"
    EMAIL = "email"


class DeliveryStatus(enum.StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class NotificationEvent(TimeOrderedKey, Base):
    """Append-only source of truth: what happened, to what, by whom."""

    __tablename__ = "notification_events"
    __table_args__ = (Index("ix_notification_events_entity_id", "entity_id"),)
    type: Mapped[NotificationType] = mapped_column(choice(NotificationType, "type"))
    entity_type: Mapped[str] = mapped_column(String(63))
    entity_id: Mapped[str] = mapped_column(String(64))
    actor_id: Mapped[int | None] = mapped_column(
        Integer, server_default=text("current_actor()")
    )  # outlives the account
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Notification(TimeOrderedKey, Base):
    """One message to one person. The unique index decides whether it is new: one per recipient, type, entity and school
    day.

    `payload` holds title and body as they are said in any language (services/notifications/texts.py); `title` and
    `body` are the same in English, and all there is of a text that somebody typed.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        Index(
            "uq_notifications_recipient_type_entity_day", "recipient_id", "type", "entity_id", "dedup_day", unique=True
        ),
        Index(
            "ix_notifications_recipient_unread",
            "recipient_id",
            "created_at",
            postgresql_where=text("read_at IS NULL AND archived_at IS NULL"),
        ),
        Index("ix_notifications_recipient_id_read_at", "recipient_id", "read_at"),
        Index("ix_notifications_recipient_id_created_at", "recipient_id", "created_at", "id"),
    )
    recipient_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"))
    type: Mapped[NotificationType] = mapped_column(choice(NotificationType, "type"))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, server_default="")
    severity: Mapped[Severity] = mapped_column(choice(Severity, "severity"), server_default="info")
    entity_type: Mapped[str] = mapped_column(String(63))
    entity_id: Mapped[str] = mapped_column(String(64))
    link: Mapped[str] = mapped_column(String(255), server_default="")
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    dedup_day: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    read_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class NotificationDelivery(TimeOrderedKey, Base):
    """One notice on its way through one channel: the outbox of e-mail. Written with the notice, sent by workers after
    the commit, at least once. `claimed_until` is the lease of the worker that is sending it.
    """

    __tablename__ = "notification_deliveries"
    __table_args__ = (
        Index("uq_notification_deliveries_notification_id_channel", "notification_id", "channel", unique=True),
        Index("ix_notification_deliveries_due", "next_attempt_at", postgresql_where=text("status = 'queued'")),
        Index("ix_notification_deliveries_recipient_id", "recipient_id", "status"),
        Index("ix_notification_deliveries_sent_at", "sent_at", postgresql_where=text("status = 'sent'")),
        Index("ix_notification_deliveries_created_at_id", "created_at", "id"),
        CheckConstraint("attempts >= 0", name="attempts"),
    )
    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notifications.id", ondelete="CASCADE"))
    recipient_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"))  # the notice's
    channel: Mapped[Channel] = mapped_column(choice(Channel, "channel"), server_default="email")
    status: Mapped[DeliveryStatus] = mapped_column(choice(DeliveryStatus, "status"), server_default="queued")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    claimed_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
    message_id: Mapped[str | None] = mapped_column(String(255))  # of the e-mail; several notices share a digest
    error: Mapped[str | None] = mapped_column(Text)


class NotificationPreference(Key, Stamps, Base):
    """What somebody chose against the default: whether notices of a type reach them through a channel."""

    __tablename__ = "notification_preferences"
    __table_args__ = (
        Index("uq_notification_preferences_user_id_type_channel", "user_id", "type", "channel", unique=True),
    )
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"))
    type: Mapped[NotificationType] = mapped_column(choice(NotificationType, "type"))
    channel: Mapped[Channel] = mapped_column(choice(Channel, "channel"))
    enabled: Mapped[bool]
