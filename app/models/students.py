"""Students: people who learn at the school, and what is known about them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, Integer, Sequence, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.access import User
from app.models.base import Base, SoftDelete, Stamps, TimeOrderedKey

LIVE = text("deleted_at IS NULL")

STUDENT_USI = Sequence("student_usi_seq", start=100001, metadata=Base.metadata)


class Student(TimeOrderedKey, Stamps, SoftDelete, Base):
    """A person who learns here. Names of Ed-Fi's Student are kept; what the records lack as yet is empty.

    `student_usi` is the number that the school gives; `student_unique_id` comes with enrollment. `search_text` is what
    the search box looks through.
    """

    __tablename__ = "students"
    __table_args__ = (
        Index("uq_students_student_usi", "student_usi", unique=True),
        Index("uq_students_student_unique_id", "student_unique_id", unique=True),
        Index(
            "uq_students_user_id",
            "user_id",
            unique=True,
            postgresql_where=text("deleted_at IS NULL AND user_id IS NOT NULL"),
        ),
        Index("ix_students_user_id", "user_id", postgresql_where=text("user_id IS NOT NULL")),
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
    )
    student_usi: Mapped[int] = mapped_column(BigInteger, STUDENT_USI, server_default=text("nextval('student_usi_seq')"))
    student_unique_id: Mapped[str | None] = mapped_column(String(32))
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
    source_system_descriptor: Mapped[str | None] = mapped_column(String(120))
    notes: Mapped[str | None] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(
        Text,
        Computed(
            "search_fold(first_name || ' ' || coalesce(middle_name || ' ', '') || last_name || ' ' || student_usi"
            " || ' ' || coalesce(phone, '') || ' ' || coalesce(email, ''))",
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
