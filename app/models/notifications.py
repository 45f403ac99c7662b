"""What happened (`notification_events`) and who is told (`notifications`)."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TimeOrderedKey, choice


class NotificationType(enum.StrEnum):
    LEAD_ASSIGNED = "lead_assigned"
    LEAD_STAGE_CHANGED = "lead_stage_changed"
    LEAD_WALKIN_ASSIGNED = "lead_walkin_assigned"
    LEAD_FOLLOWUP_DUE = "lead_followup_due"
    LEAD_FOLLOWUP_STATUS_CHANGED = "lead_followup_status_changed"


class Severity(enum.StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


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
    dedup_day: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    read_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
