"""What lets somebody in beside the password: links to set one, second factors, and who needs one."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.access import owned_by_account
from app.models.base import Base, Key, Stamps, TimeOrderedKey, choice


class LinkPurpose(enum.StrEnum):
    SET = "set"  # the first password of a new account
    RESET = "reset"  # a forgotten one


class PasswordLink(Key, Base):
    """One link by which a password may be chosen once. Only the digest of its token is kept.

    A trigger of `ab_user` ends all links of an account whose password or e-mail address changes, or that is switched
    off: `expires_at` is then the moment of that.
    """

    __tablename__ = "password_links"
    __table_args__ = (
        Index("uq_password_links_token_hash", "token_hash", unique=True),
        Index("ix_password_links_user_id", "user_id"),
    )
    user_id: Mapped[int] = owned_by_account()
    token_hash: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[LinkPurpose] = mapped_column(choice(LinkPurpose, "purpose"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by_id: Mapped[int | None] = mapped_column(
        Integer, ForeignKey("ab_user.id", ondelete="SET NULL"), server_default=text("current_actor()")
    )
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SecondFactor(Key, Stamps, Base):
    """An app that shows codes (TOTP, RFC 6238). The secret is made from `seed` and the application's SECRET_KEY, and
    kept nowhere. `last_step` is the time step of the last code that was taken: none is taken twice.
    """

    __tablename__ = "second_factors"
    __table_args__ = (Index("uq_second_factors_user_id", "user_id", unique=True),)
    user_id: Mapped[int] = owned_by_account()
    seed: Mapped[str] = mapped_column(String(64))
    confirmed_at: Mapped[datetime | None]  # empty: begun, not in use yet
    last_step: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class RecoveryCode(Key, Base):
    """Instead of a code of the app, once. Only a keyed digest is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index("uq_recovery_codes_factor_id_code_hash", "factor_id", "code_hash", unique=True),)
    factor_id: Mapped[UUID] = mapped_column(ForeignKey("second_factors.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class RequiredSecondFactor(Key, Stamps, Base):
    """A role whose holders need a second factor."""

    __tablename__ = "required_second_factors"
    __table_args__ = (Index("uq_required_second_factors_role_id", "role_id", unique=True),)
    role_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_role.id", ondelete="CASCADE"))


class LastPage(Base):
    """Where somebody was last who wants to begin there again."""

    __tablename__ = "last_pages"
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(String(500))


class LetterStatus(enum.StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"  # there was nothing to say, as to an address of which no account is known


class Letter(TimeOrderedKey, Base):
    """An e-mail to an address, which may be that of nobody known. What it says is made when it is sent, so that secrets
    are in no table.
    """

    __tablename__ = "letters"
    __table_args__ = (
        Index("ix_letters_due", "next_attempt_at", postgresql_where=text("status = 'queued'")),
        Index("ix_letters_created_at", "created_at"),
        CheckConstraint("attempts >= 0", name="attempts"),
    )
    kind: Mapped[str] = mapped_column(String(63))
    email: Mapped[str] = mapped_column(String(320))
    locale: Mapped[str | None] = mapped_column(String(16))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    status: Mapped[LetterStatus] = mapped_column(choice(LetterStatus, "status"), server_default="queued")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    claimed_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
