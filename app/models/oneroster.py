"""OneRoster: the parts of a roster that came in a bundle and have no table of their own here, the bundles themselves, and
the clients that may read the roster over REST.
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, Stamps, TimeOrderedKey, choice
from app.models.organizations import GUID, metadata_column, source_system
from app.models.student_records import RosterRole, RosterStatus


def status() -> Mapped[RosterStatus]:
    return mapped_column(choice(RosterStatus, "status"), server_default="active")


def strings() -> Mapped[list[Any]]:
    return mapped_column(JSONB, server_default=text("'[]'::jsonb"))


class OneRosterRole(TimeOrderedKey, Stamps, Base):
    """A role of a user at an organization, as `roles.csv` of 1.2 brings it. A user without such rows has the role of
    `oneroster_users` at each organization.
    """

    __tablename__ = "oneroster_roles"
    __table_args__ = (
        UniqueConstraint("sourced_id"),
        Index(
            "uq_oneroster_roles_primary",
            "oneroster_user_id",
            "organization_id",
            unique=True,
            postgresql_where=text("role_type = 'primary' AND status = 'active'"),
        ),
        Index("ix_oneroster_roles_organization_id", "organization_id"),
        CheckConstraint(GUID, name="sourced_id"),
        CheckConstraint("role_type IN ('primary', 'secondary')", name="role_type"),
        CheckConstraint("end_date >= begin_date", name="ends_after_begin"),
    )
    sourced_id: Mapped[str] = mapped_column(String(255))
    status: Mapped[RosterStatus] = status()
    oneroster_user_id: Mapped[UUID] = mapped_column(ForeignKey("oneroster_users.id", ondelete="CASCADE"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    role: Mapped[RosterRole] = mapped_column(choice(RosterRole, "role"))
    role_type: Mapped[str] = mapped_column(String(16), server_default="primary")
    begin_date: Mapped[date | None] = mapped_column(Date)
    end_date: Mapped[date | None] = mapped_column(Date)
    more: Mapped[dict[str, Any]] = metadata_column()
    source_system: Mapped[str | None] = source_system()


class OneRosterCourse(Key, Stamps, Base):
    """A course that came in a bundle. Courses of the school itself are in `courses`."""

    __tablename__ = "oneroster_courses"
    __table_args__ = (
        UniqueConstraint("sourced_id"),
        Index("ix_oneroster_courses_organization_id", "organization_id"),
        Index("ix_oneroster_courses_term_id", "term_id"),
        CheckConstraint(GUID, name="sourced_id"),
        CheckConstraint("jsonb_array_length(subjects) = jsonb_array_length(subject_codes)", name="subject_codes"),
    )
    sourced_id: Mapped[str] = mapped_column(String(255))
    status: Mapped[RosterStatus] = status()
    term_id: Mapped[UUID | None] = mapped_column(ForeignKey("terms.id", ondelete="RESTRICT"))  # its school year
    title: Mapped[str] = mapped_column(String(255))
    course_code: Mapped[str] = mapped_column(String(120))
    grades: Mapped[list[Any]] = strings()
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="RESTRICT"))
    subjects: Mapped[list[Any]] = strings()
    subject_codes: Mapped[list[Any]] = strings()
    more: Mapped[dict[str, Any]] = metadata_column()
    source_system: Mapped[str | None] = source_system()


class OneRosterClass(Key, Stamps, Base):
    """A class that came in a bundle. Classes of the school itself are `classroom_slots`."""

    __tablename__ = "oneroster_classes"
    __table_args__ = (
        UniqueConstraint("sourced_id"),
        Index("ix_oneroster_classes_course_id", "course_id"),
        Index("ix_oneroster_classes_organization_id", "organization_id"),
        CheckConstraint(GUID, name="sourced_id"),
        CheckConstraint("class_type IN ('homeroom', 'scheduled')", name="class_type"),
        CheckConstraint("jsonb_typeof(term_ids) = 'array'", name="term_ids_list"),
        CheckConstraint("jsonb_array_length(subjects) = jsonb_array_length(subject_codes)", name="subject_codes"),
    )
    sourced_id: Mapped[str] = mapped_column(String(255))
    status: Mapped[RosterStatus] = status()
    title: Mapped[str] = mapped_column(String(255))
    course_id: Mapped[UUID] = mapped_column(ForeignKey("oneroster_courses.id", ondelete="RESTRICT"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="RESTRICT"))
    class_code: Mapped[str | None] = mapped_column(String(120))
    class_type: Mapped[str] = mapped_column(String(16), server_default="scheduled")
    location: Mapped[str | None] = mapped_column(String(255))
    grades: Mapped[list[Any]] = strings()
    term_ids: Mapped[list[Any]] = strings()  # sourced_ids of terms
    subjects: Mapped[list[Any]] = strings()
    subject_codes: Mapped[list[Any]] = strings()
    periods: Mapped[list[Any]] = strings()
    more: Mapped[dict[str, Any]] = metadata_column()
    source_system: Mapped[str | None] = source_system()


class OneRosterEnrollment(TimeOrderedKey, Stamps, Base):
    """Who is in a class, or teaches it, as a bundle says. Of the school's own classes, `classroom_enrollments` tells."""

    __tablename__ = "oneroster_enrollments"
    __table_args__ = (
        UniqueConstraint("sourced_id"),
        Index("ix_oneroster_enrollments_class_id", "class_id", "role"),
        Index("ix_oneroster_enrollments_oneroster_user_id", "oneroster_user_id"),
        CheckConstraint(GUID, name="sourced_id"),
        CheckConstraint("role IN ('administrator', 'proctor', 'student', 'teacher')", name="role"),
        CheckConstraint("end_date >= begin_date", name="ends_after_begin"),
    )
    sourced_id: Mapped[str] = mapped_column(String(255))
    status: Mapped[RosterStatus] = status()
    class_id: Mapped[UUID] = mapped_column(ForeignKey("oneroster_classes.id", ondelete="CASCADE"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="RESTRICT"), index=True)
    oneroster_user_id: Mapped[UUID] = mapped_column(ForeignKey("oneroster_users.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(32))
    primary: Mapped[bool | None] = mapped_column("primary")
    begin_date: Mapped[date | None] = mapped_column(Date)
    end_date: Mapped[date | None] = mapped_column(Date)
    more: Mapped[dict[str, Any]] = metadata_column()
    source_system: Mapped[str | None] = source_system()


class OneRosterFormerTeacher(Base):
    """Who taught one of the school's own classes, written by a trigger: other systems are told that they do no more."""

    __tablename__ = "oneroster_former_teachers"
    __table_args__ = (Index("ix_oneroster_former_teachers_teacher_id", "teacher_id"),)
    classroom_slot_id: Mapped[UUID] = mapped_column(
        ForeignKey("classroom_slots.id", ondelete="CASCADE"), primary_key=True
    )
    teacher_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OAuthClient(Key, Stamps, Base):
    """A program that may read the roster (OAuth 2 client credentials). Only a digest of its secret is kept."""

    __tablename__ = "oauth_clients"
    __table_args__ = (
        UniqueConstraint("client_id"),
        CheckConstraint("btrim(name) <> ''", name="name_not_blank"),
        CheckConstraint("jsonb_typeof(scopes) = 'array' AND jsonb_array_length(scopes) > 0", name="scopes_list"),
    )
    name: Mapped[str] = mapped_column(String(120))
    client_id: Mapped[str] = mapped_column(String(64))
    secret_hash: Mapped[str] = mapped_column(String(255))
    scopes: Mapped[list[Any]] = strings()
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    last_used_at: Mapped[datetime | None]

    @property
    def reads(self) -> str:
        return ", ".join(self.scopes)


class OAuthToken(Base):
    """An access token that was given to a client, as its digest."""

    __tablename__ = "oauth_tokens"
    __table_args__ = (
        Index("ix_oauth_tokens_client_id", "client_id"),
        Index("ix_oauth_tokens_expires_at", "expires_at"),
    )
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("oauth_clients.id", ondelete="CASCADE"))
    scopes: Mapped[list[Any]] = strings()
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


class ExportStatus(enum.StrEnum):
    """queued -> running -> done; refused when a strict reader would not take the bundle."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class OneRosterExport(Key, Stamps, Base):
    """A bundle that was written, or could not be: `faults` says which rows stand against it, `counts` how many rows each
    file has. `as_of` is the moment that it shows: the next delta begins there.
    """

    __tablename__ = "oneroster_exports"
    __table_args__ = (
        Index("ix_oneroster_exports_created_at_id", "created_at", "id"),
        CheckConstraint("version IN ('1.1', '1.2')", name="version"),
        CheckConstraint("mode IN ('bulk', 'delta')", name="mode"),
        CheckConstraint("(mode = 'delta') = (since IS NOT NULL)", name="since"),
    )
    version: Mapped[str] = mapped_column(String(3))
    mode: Mapped[str] = mapped_column(String(8), server_default="bulk")
    since: Mapped[datetime | None]
    status: Mapped[ExportStatus] = mapped_column(choice(ExportStatus, "status"), server_default="queued")
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    faults: Mapped[list[Any]] = strings()
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(Text, server_default="")
    as_of: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class OneRosterExportFile(Base):
    """The bundle itself, in the database so that any machine can send it; apart, as that of an import is."""

    __tablename__ = "oneroster_export_files"
    export_id: Mapped[UUID] = mapped_column(ForeignKey("oneroster_exports.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
