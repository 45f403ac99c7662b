"""Requests for access: who would like an account, and what became of it."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.access import User
from app.models.base import Base, Stamps, TimeOrderedKey, choice


class AccessRequestStatus(enum.StrEnum):
    """pending, then approved (there is an account) or rejected; both are the end."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


def _account() -> Mapped[int | None]:
    return mapped_column(Integer, ForeignKey("ab_user.id", ondelete="RESTRICT"))


class AccessRequest(TimeOrderedKey, Stamps, Base):
    """Somebody without an account asks for one. At most one request per address waits, in whatever capitals."""

    __tablename__ = "access_requests"
    __table_args__ = (
        Index(
            "uq_access_requests_email_pending",
            func.lower(text("email")),
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index("uq_access_requests_user_id", "user_id", unique=True),
        Index("ix_access_requests_reviewed_by", "reviewed_by"),
        Index("ix_access_requests_created_at_id", "created_at", "id"),
        Index("ix_access_requests_status_created_at", "status", "created_at", "id"),
        CheckConstraint("(status = 'approved') = (user_id IS NOT NULL)", name="user_id"),
        CheckConstraint(
            "(status = 'pending') = (reviewed_at IS NULL) AND (reviewed_at IS NULL) = (reviewed_by IS NULL)",
            name="reviewed",
        ),
        CheckConstraint("review_note IS NULL OR status <> 'pending'", name="review_note"),
        CheckConstraint("status <> 'rejected' OR coalesce(btrim(review_note), '') <> ''", name="rejected_with_reason"),
        CheckConstraint("email LIKE '_%@_%' AND email = btrim(email)", name="email"),
        CheckConstraint("btrim(first_name) <> '' AND btrim(last_name) <> ''", name="name_not_blank"),
    )
    email: Mapped[str] = mapped_column(String(320))
    first_name: Mapped[str] = mapped_column(String(64))
    last_name: Mapped[str] = mapped_column(String(64))
    requested_role: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(String(1000))
    locale: Mapped[str | None] = mapped_column(String(16))  # the language in which it was asked, and is answered
    status: Mapped[AccessRequestStatus] = mapped_column(choice(AccessRequestStatus, "status"), server_default="pending")
    reviewed_by: Mapped[int | None] = _account()
    reviewed_at: Mapped[datetime | None]
    review_note: Mapped[str | None] = mapped_column(String(500))
    user_id: Mapped[int | None] = _account()

    reviewer: Mapped[User | None] = relationship(User, foreign_keys=[reviewed_by], lazy="raise_on_sql")
    account: Mapped[User | None] = relationship(User, foreign_keys=[user_id], lazy="raise_on_sql")
