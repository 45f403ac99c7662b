"""Schools and what they belong to, and the terms of the year: OneRoster's orgs and academic sessions, Ed-Fi's education
organizations.
"""

from __future__ import annotations

import enum
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Key, SoftDelete, Stamps, choice

LIVE = text("deleted_at IS NULL")
GUID = "sourced_id ~ '^[0-9A-Za-z._/@-]{1,255}$'"


class OrganizationType(enum.StrEnum):
    """OneRoster's OrgType."""

    DEPARTMENT = "department"
    SCHOOL = "school"
    DISTRICT = "district"
    LOCAL = "local"
    STATE = "state"
    NATIONAL = "national"


class TermType(enum.StrEnum):
    """OneRoster's SessionType."""

    GRADING_PERIOD = "gradingPeriod"
    SEMESTER = "semester"
    SCHOOL_YEAR = "schoolYear"
    TERM = "term"


def sourced_id() -> Mapped[str]:
    """The identifier by which other systems know the record: stable for ever, and told nothing about a person."""
    return mapped_column(String(255), server_default=text("gen_random_uuid()::text"))


def metadata_column() -> Mapped[dict[str, Any]]:
    """What the standard has no column for."""
    return mapped_column("metadata", JSONB, server_default=text("'{}'::jsonb"))


def source_system() -> Mapped[str | None]:
    """The system whose bundle brought the record; empty for our own. Only what a system brought is gone when it is
    missing in that system's next complete bundle.
    """
    return mapped_column("source_system", String(255))


class Organization(Key, Stamps, SoftDelete, Base):
    """A school, or the district or department that it belongs to. `school_id` is Ed-Fi's number of it."""

    __tablename__ = "organizations"
    __table_args__ = (
        UniqueConstraint("sourced_id"),
        Index("uq_organizations_school_id", "school_id", unique=True, postgresql_where=LIVE),
        Index("uq_organizations_identifier", func.lower(text("identifier")), unique=True, postgresql_where=LIVE),
        Index("ix_organizations_parent_id", "parent_id"),
        Index("ix_organizations_name_id", "name", "id", postgresql_where=LIVE),
        CheckConstraint("btrim(name) <> '' AND btrim(identifier) <> ''", name="name_not_blank"),
        CheckConstraint(GUID, name="sourced_id"),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        CheckConstraint("school_id BETWEEN 1 AND 999999999999", name="school_id"),
        CheckConstraint("jsonb_typeof(grades) = 'array'", name="grades_list"),
    )
    sourced_id: Mapped[str] = sourced_id()
    name: Mapped[str] = mapped_column(String(160))
    type: Mapped[OrganizationType] = mapped_column(choice(OrganizationType, "type"), server_default="school")
    identifier: Mapped[str] = mapped_column(String(60))
    school_id: Mapped[int | None] = mapped_column(BigInteger)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id", ondelete="RESTRICT"))
    grades: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))  # CEDS codes
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    more: Mapped[dict[str, Any]] = metadata_column()
    source_system: Mapped[str | None] = source_system()

    parent: Mapped[Organization | None] = relationship(remote_side="Organization.id", lazy="raise_on_sql")


class Term(Key, Stamps, SoftDelete, Base):
    """A school year, or a part of one. `end_date` is the day after the last, as in OneRoster; `school_year` is the year in
    which it ends.
    """

    __tablename__ = "terms"
    __table_args__ = (
        UniqueConstraint("sourced_id"),
        Index("ix_terms_parent_id", "parent_id"),
        Index("ix_terms_start_date_id", "start_date", "id", postgresql_where=LIVE),
        CheckConstraint("btrim(title) <> ''", name="title_not_blank"),
        CheckConstraint(GUID, name="sourced_id"),
        CheckConstraint("end_date > start_date", name="ends_after_start"),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        CheckConstraint("school_year BETWEEN 1900 AND 2199", name="school_year"),
    )
    sourced_id: Mapped[str] = sourced_id()
    title: Mapped[str] = mapped_column(String(120))
    type: Mapped[TermType] = mapped_column(choice(TermType, "type"), server_default="term")
    start_date: Mapped[date] = mapped_column(Date)
    end_date: Mapped[date] = mapped_column(Date)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("terms.id", ondelete="RESTRICT"))
    school_year: Mapped[int] = mapped_column(SmallInteger)
    more: Mapped[dict[str, Any]] = metadata_column()
    source_system: Mapped[str | None] = source_system()

    parent: Mapped[Term | None] = relationship(remote_side="Term.id", lazy="raise_on_sql")
