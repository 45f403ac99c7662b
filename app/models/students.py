"""Students: people who learn at the school, and what is known about them."""

from __future__ import annotations

import enum
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Integer,
    Sequence,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.access import User
from app.models.base import Base, SoftDelete, Stamps, TimeOrderedKey, choice

LIVE = text("deleted_at IS NULL")

TEST_NUMBER = Sequence("test_number_seq", metadata=Base.metadata)  # read by make_test_number()
STUDENT_USI = Sequence("student_usi_seq", start=100001, metadata=Base.metadata)


class IdentityType(enum.StrEnum):
    SA_ID = "SA_ID"
    FOREIGN_ID = "FOREIGN_ID"
    PASSPORT = "PASSPORT"


class Student(TimeOrderedKey, Stamps, SoftDelete, Base):
    """A person who learns here. Names of Ed-Fi's Student are kept; what the records lack as yet is empty.

    `student_usi` is the number that the school gives; `student_unique_id` comes with enrollment. `test_number`
    is for tests: the year, nine digits and a check digit, made by the database. `search_text` is what the search box
    looks through.
    """

    __tablename__ = "students"
    __table_args__ = (
        Index("uq_students_student_usi", "student_usi", unique=True),
        Index("uq_students_student_unique_id", "student_unique_id", unique=True),
        Index("uq_students_test_number", "test_number", unique=True),
        Index(
            "uq_students_identity_type_identity_number",
            "identity_type",
            "identity_number",
            unique=True,
            postgresql_where=text("deleted_at IS NULL AND identity_number IS NOT NULL"),
        ),
        Index(
            "uq_students_user_id",
            "user_id",
            unique=True,
            postgresql_where=text("deleted_at IS NULL AND user_id IS NOT NULL"),
        ),
        Index("ix_students_user_id", "user_id", postgresql_where=text("user_id IS NOT NULL")),
        Index("ix_students_needing", "id", postgresql_where=text("deleted_at IS NOT NULL OR needs_accessible_room")),
        Index("ix_students_created_at_id", "created_at", "id", postgresql_where=LIVE),
        Index("ix_students_last_name_id", "last_name", "id", postgresql_where=LIVE),
        Index(
            "ix_students_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        CheckConstraint("btrim(first_name) <> '' AND btrim(last_name) <> ''", name="name_not_blank"),
        CheckConstraint(r"phone ~ '^\+[1-9][0-9]{4,14}$'", name="phone_e164"),
        CheckConstraint("email <> ''", name="email_not_blank"),
        CheckConstraint("birth_date >= DATE '1900-01-01'", name="birth_date"),
        CheckConstraint("jsonb_typeof(races) = 'array'", name="races_list"),
        CheckConstraint("test_number ~ '^[0-9]{14}$' AND luhn_holds(test_number)", name="test_number"),
        CheckConstraint("(identity_type IS NULL) = (identity_number IS NULL)", name="identity"),
        CheckConstraint(
            "CASE identity_type WHEN 'SA_ID' THEN identity_number ~ '^[0-9]{13}$' AND luhn_holds(identity_number)"
            " WHEN 'PASSPORT' THEN identity_number ~ '^[A-Z0-9]{5,20}$' ELSE identity_number ~ '^[A-Z0-9-]{4,30}$' END",
            name="identity_number",
        ),
    )
    student_usi: Mapped[int] = mapped_column(BigInteger, STUDENT_USI, server_default=text("nextval('student_usi_seq')"))
    student_unique_id: Mapped[str | None] = mapped_column(String(32))
    test_number: Mapped[str] = mapped_column(String(14), server_default=text("make_test_number()"))
    user_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="SET NULL"))
    first_name: Mapped[str] = mapped_column(String(80))
    middle_name: Mapped[str | None] = mapped_column(String(80))
    last_name: Mapped[str] = mapped_column(String(80))
    generation_suffix: Mapped[str | None] = mapped_column(String(10))
    phone: Mapped[str | None] = mapped_column(String(16))
    email: Mapped[str | None] = mapped_column(String(254))
    guardian_name: Mapped[str | None] = mapped_column(String(160))
    birth_date: Mapped[date | None]
    birth_city: Mapped[str | None] = mapped_column(String(80))
    birth_state: Mapped[str | None] = mapped_column(String(80))
    birth_country: Mapped[str | None] = mapped_column(String(80))
    birth_sex_descriptor: Mapped[str | None] = mapped_column(String(120))
    hispanic_latino_ethnicity: Mapped[bool | None]
    races: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    identity_type: Mapped[IdentityType | None] = mapped_column(choice(IdentityType, "identity_type"))
    identity_number: Mapped[str | None] = mapped_column(String(30))
    school_name: Mapped[str | None] = mapped_column(String(160))
    needs_accessible_room: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    accommodation_needs: Mapped[str | None] = mapped_column(String(500))
    source_system_descriptor: Mapped[str | None] = mapped_column(String(120))
    notes: Mapped[str | None] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(
        Text,
        Computed(
            "search_fold(first_name || ' ' || coalesce(middle_name || ' ', '') || last_name || ' ' || student_usi"
            " || ' ' || test_number || ' ' || coalesce(phone, '') || ' ' || coalesce(email, ''))",
            persisted=True,
        ),
        deferred=True,
    )

    account: Mapped[User | None] = relationship(foreign_keys=[user_id], lazy="raise_on_sql")

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


def of_student(**options: Any) -> Mapped[UUID]:
    """A reference to a student, who is not deleted for good while something refers to them."""
    return mapped_column(ForeignKey("students.id", ondelete="RESTRICT"), nullable=False, **options)
