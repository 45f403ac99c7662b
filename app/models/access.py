"""Accounts: what Flask-AppBuilder's `ab_user` does not hold. Keys of accounts are integers, Flask-AppBuilder's own."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask_appbuilder.security.sqla.models import Group, Role, User
from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, Stamps, UtcDateTime, choice, search_index, searched

__all__ = [
    "NO_EMAIL",
    "Group",
    "IdempotencyKey",
    "PermissionStamp",
    "RateLimit",
    "Role",
    "SessionKind",
    "User",
    "UserProfile",
    "UserSession",
    "UserSettings",
    "WaitsFor",
]

# Flask-AppBuilder's table demands an address that nobody else has; `.invalid` never receives mail (RFC 2606).
NO_EMAIL: Final = "no-email.invalid"

# Two accounts never differ by capitals alone.
Index("uq_ab_user_username_ci", func.lower(User.username), unique=True)
Index("uq_ab_user_email_ci", func.lower(User.email), unique=True)

# When a group, or what it carries, was last changed: services/accounts/groups.py writes it.
Group.updated_at = mapped_column(UtcDateTime(), nullable=False, server_default=func.now())

ACCOUNT_SEARCHED = searched(User.username, User.first_name, User.last_name, User.email)
search_index("ab_user", ACCOUNT_SEARCHED)


class Theme(enum.StrEnum):
    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


class TimeFormat(enum.StrEnum):
    TWELVE = "12h"
    TWENTY_FOUR = "24h"


class WeekStart(enum.StrEnum):
    MONDAY = "mon"
    SUNDAY = "sun"


class SessionKind(enum.StrEnum):
    WEB = "web"
    API = "api"


class WaitsFor(enum.StrEnum):
    """What a login needs before it is worth anything."""

    CODE = "code"  # of the second factor
    ENROLMENT = "enrolment"  # a second factor, which a role of the person demands


def owned_by_account() -> Mapped[int]:
    return mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)


class UserProfile(Key, Stamps, Base):
    """One per account, made with it in the same transaction."""

    __tablename__ = "user_profiles"
    __table_args__ = (
        Index("uq_user_profiles_user_id", "user_id", unique=True),
        Index("uq_user_profiles_main_portal_id", "main_portal_id", unique=True),
        Index("ix_user_profiles_import_id", "import_id", postgresql_where=text("import_id IS NOT NULL")),
        CheckConstraint(
            "main_portal_id <> '' AND main_portal_id = btrim(main_portal_id)", name="main_portal_id_not_blank"
        ),
        CheckConstraint(r"phone ~ '^\+[1-9][0-9]{4,14}$'", name="phone_e164"),
    )
    user_id: Mapped[int] = owned_by_account()
    phone: Mapped[str | None] = mapped_column(String(16))
    department: Mapped[str | None] = mapped_column(String(100))
    main_portal_id: Mapped[str | None] = mapped_column(String(64))
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("imports.id", ondelete="SET NULL"))  # that made it


class UserSettings(Key, Stamps, Base):
    """How one person wants to see the site. One per account."""

    __tablename__ = "user_settings"
    __table_args__ = (
        Index("uq_user_settings_user_id", "user_id", unique=True),
        CheckConstraint("auto_logout_minutes BETWEEN 5 AND 1440", name="auto_logout_minutes"),
    )
    user_id: Mapped[int] = owned_by_account()
    time_zone: Mapped[str | None] = mapped_column(String(64))
    time_format: Mapped[TimeFormat] = mapped_column(choice(TimeFormat, "time_format"), server_default="24h")
    week_start: Mapped[WeekStart] = mapped_column(choice(WeekStart, "week_start"), server_default="mon")
    theme: Mapped[Theme] = mapped_column(choice(Theme, "theme"), server_default="system")
    locale: Mapped[str | None] = mapped_column(String(16))
    auto_logout_minutes: Mapped[int | None] = mapped_column(SmallInteger)
    remember_last_page: Mapped[bool] = mapped_column(server_default=text("false"))


class UserSession(Key, Base):
    """One login. Ending it ends every copy of its cookie or token."""

    __tablename__ = "user_sessions"
    __table_args__ = (
        Index("uq_user_sessions_token_hash", "token_hash", unique=True),
        Index("ix_user_sessions_user_id", "user_id", postgresql_where=text("ended_at IS NULL")),
    )
    user_id: Mapped[int] = owned_by_account()
    kind: Mapped[SessionKind] = mapped_column(choice(SessionKind, "kind"))
    token_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ip_address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(255))
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())  # to some minutes: sessions.py
    waits_for: Mapped[WaitsFor | None] = mapped_column(choice(WaitsFor, "waits_for"))


class PermissionStamp(Base):
    """One row; it grows whenever a role's permissions change, so that processes know when to read them again."""

    __tablename__ = "permission_stamp"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    stamp: Mapped[int] = mapped_column(server_default=text("1"))


class RateLimit(Base):
    """Counters of the rate limits, shared by all processes. Unlogged: they may be lost in a crash."""

    __tablename__ = "rate_limits"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    hits: Mapped[int]
    expires_at: Mapped[datetime]


class IdempotencyKey(Base):
    """The answer to a request that its sender gave a key, so that sending it again has no second effect. `answer` is
    written in the transaction that makes the row: nobody else ever sees it empty."""

    __tablename__ = "idempotency_keys"
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    answer: Mapped[Any | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
