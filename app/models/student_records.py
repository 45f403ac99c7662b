"""What the standards want to know of a student: the school, the program, the guardians, and who they are to OneRoster."""

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
    Identity,
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
from app.models.enrollments import EnrollmentInvitation
from app.models.organizations import GUID, Organization, metadata_column, source_system
from app.models.students import Student

OPEN = text("exit_date IS NULL")


class ExtensionStatus(enum.StrEnum):
    REGISTERED = "registered"
    ENROLLED = "enrolled"
    WITHDRAWN = "withdrawn"


class RosterStatus(enum.StrEnum):
    """OneRoster's status of a record."""

    ACTIVE = "active"
    TO_BE_DELETED = "tobedeleted"


class RosterRole(enum.StrEnum):
    """OneRoster 1.2's roles, and 1.1's administrator; `parent` of 1.1 is told apart from `guardian` on export only."""

    ADMINISTRATOR = "administrator"
    AIDE = "aide"
    COUNSELOR = "counselor"
    DISTRICT_ADMINISTRATOR = "districtAdministrator"
    GUARDIAN = "guardian"
    PARENT = "parent"
    PRINCIPAL = "principal"
    PROCTOR = "proctor"
    RELATIVE = "relative"
    SITE_ADMINISTRATOR = "siteAdministrator"
    STUDENT = "student"
    SYSTEM_ADMINISTRATOR = "systemAdministrator"
    TEACHER = "teacher"


class Guardian(Key, Stamps, SoftDelete, Base):
    """A parent or guardian: Ed-Fi's Contact. `contact_unique_id` is what other systems know them by."""

    __tablename__ = "guardians"
    __table_args__ = (
        UniqueConstraint("contact_unique_id"),
        Index(
            "uq_guardians_user_id",
            "user_id",
            unique=True,
            postgresql_where=text("deleted_at IS NULL AND user_id IS NOT NULL"),
        ),
        Index("ix_guardians_email", func.lower(text("email"))),
        Index("ix_guardians_last_name_id", "last_name", "id", postgresql_where=text("deleted_at IS NULL")),
        CheckConstraint("btrim(first_name) <> '' AND btrim(last_name) <> ''", name="name_not_blank"),
        CheckConstraint(r"phone ~ '^\+[1-9][0-9]{4,14}$'", name="phone_e164"),
        CheckConstraint("email <> ''", name="email_not_blank"),
    )
    contact_unique_id: Mapped[str] = mapped_column(
        String(32), server_default=text("replace(gen_random_uuid()::text, '-', '')")
    )
    user_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="SET NULL"))
    first_name: Mapped[str] = mapped_column(String(80))
    last_name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(16))

    account: Mapped[User | None] = relationship(foreign_keys=[user_id], lazy="raise_on_sql")


GUARDIAN_SEARCHED = searched(Guardian.first_name, Guardian.last_name, Guardian.email, Guardian.phone)
search_index("guardians", GUARDIAN_SEARCHED)


class StudentGuardian(Key, Stamps, Base):
    """Who is guardian of whom: Ed-Fi's StudentContactAssociation."""

    __tablename__ = "student_guardians"
    __table_args__ = (
        Index("uq_student_guardians_student_id_guardian_id", "student_id", "guardian_id", unique=True),
        Index("ix_student_guardians_guardian_id", "guardian_id"),
        Index("uq_student_guardians_primary", "student_id", unique=True, postgresql_where=text("primary_contact")),
    )
    student_id: Mapped[UUID] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"))
    guardian_id: Mapped[UUID] = mapped_column(ForeignKey("guardians.id", ondelete="CASCADE"))
    relation_descriptor: Mapped[str | None] = mapped_column(String(120))  # "Mother", a code value
    primary_contact: Mapped[bool] = mapped_column(server_default=text("false"))

    student: Mapped[Student] = relationship(lazy="raise_on_sql")
    guardian: Mapped[Guardian] = relationship(lazy="raise_on_sql")


class StudentSchoolAssociation(Key, Stamps, Base):
    """A student at a school, from a day on. Descriptors are code values of Ed-Fi: mapped to URIs on the way out."""

    __tablename__ = "student_school_associations"
    __table_args__ = (
        Index(
            "uq_student_school_associations_student_id_school_id_entry_date",
            "student_id",
            "school_id",
            "entry_date",
            unique=True,
        ),
        Index(
            "uq_student_school_associations_open_primary_school",
            "student_id",
            "school_year",
            unique=True,
            postgresql_where=text("primary_school AND exit_date IS NULL"),
        ),
        Index("ix_student_school_associations_school_id", "school_id", "student_id"),
        CheckConstraint("exit_date >= entry_date", name="exit_after_entry"),
        CheckConstraint("school_year BETWEEN 1900 AND 2199", name="school_year"),
        CheckConstraint("exit_type_descriptor IS NULL OR exit_date IS NOT NULL", name="exit_type_descriptor"),
        CheckConstraint("btrim(entry_grade_level_descriptor) <> ''", name="entry_grade_level_descriptor"),
    )
    student_id: Mapped[UUID] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"))
    school_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="RESTRICT"))
    entry_date: Mapped[date] = mapped_column(Date)
    entry_grade_level_descriptor: Mapped[str] = mapped_column(String(120))
    entry_type_descriptor: Mapped[str | None] = mapped_column(String(120))
    school_year: Mapped[int] = mapped_column(SmallInteger)
    primary_school: Mapped[bool] = mapped_column(server_default=text("true"))
    exit_date: Mapped[date | None] = mapped_column(Date)
    exit_type_descriptor: Mapped[str | None] = mapped_column(String(120))

    student: Mapped[Student] = relationship(lazy="raise_on_sql")
    school: Mapped[Organization] = relationship(lazy="raise_on_sql")


class StudentProgramExtension(Key, Stamps, Base):
    """What the school's own program knows of a student, beside the standard's elements. `custom_data` is never exported."""

    __tablename__ = "student_program_extensions"
    __table_args__ = (
        Index("uq_student_program_extensions_student_id", "student_id", unique=True),
        Index("ix_student_program_extensions_referring_coach_id", "referring_coach_id"),
        Index("ix_student_program_extensions_invitation_id", "invitation_id"),
        CheckConstraint("jsonb_typeof(sport_interests) = 'array'", name="sport_interests_list"),
        CheckConstraint("jsonb_typeof(custom_data) = 'object'", name="custom_data_object"),
        CheckConstraint("deposit_amount >= 0", name="deposit_amount"),
    )
    student_id: Mapped[UUID] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"))
    sport_interests: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    enrollment_status: Mapped[ExtensionStatus] = mapped_column(
        choice(ExtensionStatus, "enrollment_status"), server_default="registered"
    )
    assigned_program_track: Mapped[str | None] = mapped_column(String(80))
    grade_at_enrollment: Mapped[str | None] = mapped_column(String(40))
    expected_start_date: Mapped[date | None] = mapped_column(Date)
    referring_coach_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="SET NULL"))
    invitation_id: Mapped[UUID | None] = mapped_column(ForeignKey("enrollment_invitations.id", ondelete="SET NULL"))
    consultation_completed: Mapped[bool] = mapped_column(server_default=text("false"))
    documents_complete: Mapped[bool] = mapped_column(server_default=text("false"))
    deposit_paid: Mapped[bool] = mapped_column(server_default=text("false"))
    deposit_amount: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    deposit_paid_on: Mapped[date | None] = mapped_column(Date)
    completed_on: Mapped[date | None] = mapped_column(Date)
    shadow_day: Mapped[date | None] = mapped_column(Date)
    custom_data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))

    student: Mapped[Student] = relationship(lazy="raise_on_sql")
    referring_coach: Mapped[User | None] = relationship(foreign_keys=[referring_coach_id], lazy="raise_on_sql")
    invitation: Mapped[EnrollmentInvitation | None] = relationship(lazy="raise_on_sql")


class OneRosterUser(TimeOrderedKey, Stamps, Base):
    """Who somebody is to OneRoster: made with a student's records, or taken over from a bundle. `org_ids` are the
    `sourced_id`s of organizations, the primary one first; `grades` are CEDS codes. `metadata` holds what
    this table has no column for; of the standard's own columns, under their names, what stands in the cell.
    """

    __tablename__ = "oneroster_users"
    __table_args__ = (
        UniqueConstraint("sourced_id"),
        Index(
            "uq_oneroster_users_username",
            func.lower(text("username")),
            unique=True,
            postgresql_where=text("status = 'active'"),
        ),
        Index(
            "uq_oneroster_users_student_id", "student_id", unique=True, postgresql_where=text("student_id IS NOT NULL")
        ),
        Index(
            "uq_oneroster_users_guardian_id",
            "guardian_id",
            unique=True,
            postgresql_where=text("guardian_id IS NOT NULL"),
        ),
        Index("uq_oneroster_users_user_id", "user_id", unique=True, postgresql_where=text("user_id IS NOT NULL")),
        Index("ix_oneroster_users_role_sourced_id", "role", "sourced_id"),
        Index("ix_oneroster_users_updated_at", "updated_at"),
        Index(
            "ix_oneroster_users_demographics",
            "sourced_id",
            postgresql_include=["student_id", "birth_date"],  # so that counting and paging need nothing else
            postgresql_where=text(
                "student_id IS NOT NULL OR birth_date IS NOT NULL OR (status = 'tobedeleted' AND role = 'student')"
            ),
        ),
        Index("ix_oneroster_users_org_ids", "org_ids", postgresql_using="gin"),
        CheckConstraint(GUID, name="sourced_id"),
        CheckConstraint("btrim(username) <> ''", name="username_not_blank"),
        CheckConstraint("jsonb_typeof(org_ids) = 'array'", name="org_ids_list"),
        CheckConstraint("jsonb_typeof(grades) = 'array'", name="grades_list"),
        CheckConstraint("jsonb_typeof(metadata) = 'object'", name="metadata_object"),
    )
    sourced_id: Mapped[str] = mapped_column(String(255))
    status: Mapped[RosterStatus] = mapped_column(choice(RosterStatus, "status"), server_default="active")
    username: Mapped[str] = mapped_column(String(255))
    enabled_user: Mapped[bool] = mapped_column(server_default=text("true"))
    given_name: Mapped[str] = mapped_column(String(120))
    family_name: Mapped[str] = mapped_column(String(120))
    middle_name: Mapped[str | None] = mapped_column(String(120))
    role: Mapped[RosterRole] = mapped_column(choice(RosterRole, "role"))
    identifier: Mapped[str | None] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(40))
    birth_date: Mapped[date | None] = mapped_column(Date)
    org_ids: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    grades: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    more: Mapped[dict[str, Any]] = metadata_column()
    source_system: Mapped[str | None] = source_system()
    student_id: Mapped[UUID | None] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"))
    guardian_id: Mapped[UUID | None] = mapped_column(ForeignKey("guardians.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="SET NULL"))


ROSTER_USER_SEARCHED = searched(OneRosterUser.given_name, OneRosterUser.family_name, OneRosterUser.username)
search_index("oneroster_users", ROSTER_USER_SEARCHED)


class OneRosterAgent(Base):
    """Who stands for whom: the guardian of a student."""

    __tablename__ = "oneroster_agents"
    __table_args__ = (Index("ix_oneroster_agents_agent_id", "agent_id"),)
    oneroster_user_id: Mapped[UUID] = mapped_column(
        ForeignKey("oneroster_users.id", ondelete="CASCADE"), primary_key=True
    )
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("oneroster_users.id", ondelete="CASCADE"), primary_key=True)


class RecordCreationAttempt(Base):
    """One try to make a student's records from an enrollment: what came of it, and which fields were missing."""

    __tablename__ = "record_creation_attempts"
    __table_args__ = (
        Index("ix_record_creation_attempts_enrollment_id_id", "enrollment_id", "id"),
        Index("ix_record_creation_attempts_at", "at"),
        CheckConstraint("succeeded = (student_id IS NOT NULL)", name="student_id"),
        CheckConstraint("jsonb_typeof(fields) = 'object'", name="fields_object"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id", ondelete="CASCADE"))
    succeeded: Mapped[bool]
    student_id: Mapped[UUID | None] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"), index=True)
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))  # name -> what is wrong
    message: Mapped[str] = mapped_column(String(1000), server_default="")
    due_since: Mapped[datetime]  # when the step was completed: what the latency is counted from
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    actor_id: Mapped[int | None] = mapped_column(
        Integer, server_default=text("current_actor()")
    )  # outlives the account
