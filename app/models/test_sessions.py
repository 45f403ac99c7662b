"""Test sessions, who is registered for them, and who sits where."""

from __future__ import annotations

import enum
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Key, Stamps, TimeOrderedKey, choice
from app.models.students import Student
from app.models.venues import Room, Venue


class TestSessionStatus(enum.StrEnum):
    """Registrations and seats change while a session is open; a closed one is settled, and can be opened again."""

    __test__ = False
    OPEN = "open"
    CLOSED = "closed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class TestRegistrationStatus(enum.StrEnum):
    __test__ = False
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class AllocationRunKind(enum.StrEnum):
    EVERYONE = "everyone"
    REPAIR = "repair"


class AllocationRunStatus(enum.StrEnum):
    """queued -> running -> applied -> undone; or failed."""

    QUEUED = "queued"
    RUNNING = "running"
    APPLIED = "applied"
    UNDONE = "undone"
    FAILED = "failed"


def of_session() -> Mapped[UUID]:
    """A reference to a session, deleted with it."""
    return mapped_column(ForeignKey("test_sessions.id", ondelete="CASCADE"))


def of_student() -> Mapped[UUID]:
    """A reference to a student, deleted with them."""
    return mapped_column(ForeignKey("students.id", ondelete="CASCADE"))


class TestYear(Key, Stamps, Base):
    """The rules of registration in a year. A year without a row has these defaults, and is open."""

    __test__ = False
    __tablename__ = "test_years"
    __table_args__ = (
        Index("uq_test_years_year", "year", unique=True),
        CheckConstraint("year BETWEEN 1900 AND 2199", name="year"),
        CheckConstraint("opens_on BETWEEN make_date(year - 1, 1, 1) AND make_date(year, 12, 31)", name="opens_on"),
        CheckConstraint("most_tests BETWEEN 1 AND 50", name="most_tests"),
        CheckConstraint("most_bookings BETWEEN 1 AND 50", name="most_bookings"),
        CheckConstraint("closing_days BETWEEN 0 AND 365", name="closing_days"),
    )
    year: Mapped[int] = mapped_column(SmallInteger)
    opens_on: Mapped[date]
    most_tests: Mapped[int] = mapped_column(SmallInteger, server_default=text("2"))  # in the year, per student
    most_bookings: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))  # active at once, per student
    closing_days: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))  # before the session


class TestSession(Key, Stamps, Base):
    """A test on one day at one venue; which rooms it uses is told by its allocations.

    Registrations change until `registration_closes_on`; if that is empty, until the year's days before.
    """

    __test__ = False
    __tablename__ = "test_sessions"
    __table_args__ = (
        Index("uq_test_sessions_code", text("lower(code)"), unique=True),
        Index("uq_test_sessions_id_venue_id", "id", "venue_id", unique=True),  # what allocations refer to
        Index("ix_test_sessions_venue_id_session_date", "venue_id", "session_date"),
        Index("ix_test_sessions_session_date_id", "session_date", "id"),
        CheckConstraint("btrim(code) <> '' AND btrim(name) <> ''", name="name_not_blank"),
        CheckConstraint("end_time > start_time", name="ends_after_start"),
        CheckConstraint("session_date BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'", name="session_date"),
        CheckConstraint("registration_closes_on <= session_date", name="registration_closes_on"),
    )
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venues.id", ondelete="RESTRICT"))
    session_date: Mapped[date]
    start_time: Mapped[time]
    end_time: Mapped[time]
    registration_closes_on: Mapped[date | None]
    status: Mapped[TestSessionStatus] = mapped_column(choice(TestSessionStatus, "status"), server_default="open")
    special: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    online: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    notes: Mapped[str | None] = mapped_column(String(2000))

    venue: Mapped[Venue] = relationship(lazy="raise_on_sql")
    # Newest first. Read once for everything that a page asks of them; a lock of the session reads them afresh.
    runs: Mapped[list[AllocationRun]] = relationship(
        back_populates="session", order_by="AllocationRun.id.desc()", viewonly=True
    )


class TestRegistration(TimeOrderedKey, Stamps, Base):
    """A student's booking of a session. Who is confirmed may be allocated."""

    __test__ = False
    __tablename__ = "test_registrations"
    __table_args__ = (
        Index(
            "uq_test_registrations_session_id_student_id",
            "session_id",
            "student_id",
            unique=True,
            postgresql_where=text("status = 'confirmed'"),
        ),
        Index("ix_test_registrations_session_id", "session_id"),
        Index("ix_test_registrations_student_id", "student_id"),
        Index("ix_test_registrations_created_at_id", "created_at", "id"),
        Index("ix_test_registrations_import_id", "import_id", postgresql_where=text("import_id IS NOT NULL")),
        CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_at"),
    )
    session_id: Mapped[UUID] = of_session()
    student_id: Mapped[UUID] = of_student()
    status: Mapped[TestRegistrationStatus] = mapped_column(
        choice(TestRegistrationStatus, "status"), server_default="confirmed"
    )
    cancelled_at: Mapped[datetime | None]
    notes: Mapped[str | None] = mapped_column(String(500))
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("imports.id", ondelete="SET NULL"))

    session: Mapped[TestSession] = relationship(lazy="raise_on_sql")
    student: Mapped[Student] = relationship(lazy="raise_on_sql")


class AllocationRun(TimeOrderedKey, Stamps, Base):
    """What was allocated, or moved to repair a session, in one go, and is undone in one go."""

    __tablename__ = "allocation_runs"
    __table_args__ = (
        Index("ix_allocation_runs_session_id_id", "session_id", "id"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        CheckConstraint("(status = 'undone') = (undone_at IS NOT NULL)", name="undone_at"),
    )
    session_id: Mapped[UUID] = of_session()
    kind: Mapped[AllocationRunKind] = mapped_column(choice(AllocationRunKind, "kind"))
    status: Mapped[AllocationRunStatus] = mapped_column(choice(AllocationRunStatus, "status"), server_default="queued")
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    summary: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    progress: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    message: Mapped[str] = mapped_column(String(500), server_default="")
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    session: Mapped[TestSession] = relationship(back_populates="runs", lazy="raise_on_sql")


class RoomAllocation(TimeOrderedKey, Stamps, Base):
    """Who sits where in a session. The foreign keys hold that the room is one of the session's venue and that the seat is
    one of the room, so that no room takes more than it has seats.
    """

    __tablename__ = "room_allocations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["session_id", "venue_id"],
            ["test_sessions.id", "test_sessions.venue_id"],
            name="fk_room_allocations_session_id_test_sessions",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["room_id", "venue_id"],
            ["rooms.id", "rooms.venue_id"],
            name="fk_room_allocations_room_id_rooms",
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["room_id", "seat_number"],
            ["room_seats.room_id", "room_seats.seat_number"],
            name="fk_room_allocations_room_id_room_seats",
            ondelete="RESTRICT",
        ),
        Index("uq_room_allocations_session_id_student_id", "session_id", "student_id", unique=True),
        Index("uq_room_allocations_session_id_room_id_seat", "session_id", "room_id", "seat_number", unique=True),
        Index("ix_room_allocations_student_id", "student_id"),
        Index("ix_room_allocations_created_at_id", "created_at", "id"),
        Index("ix_room_allocations_room_id_seat_number", "room_id", "seat_number"),
        Index(
            "ix_room_allocations_allocation_run_id",
            "allocation_run_id",
            postgresql_where=text("allocation_run_id IS NOT NULL"),
        ),
    )
    session_id: Mapped[UUID]
    venue_id: Mapped[UUID]
    room_id: Mapped[UUID]
    student_id: Mapped[UUID] = of_student()
    seat_number: Mapped[str] = mapped_column(String(20))
    allocation_date: Mapped[datetime] = mapped_column(server_default=func.now())
    notes: Mapped[str | None] = mapped_column(String(500))
    allocation_run_id: Mapped[UUID | None] = mapped_column(ForeignKey("allocation_runs.id", ondelete="SET NULL"))

    session: Mapped[TestSession] = relationship(
        primaryjoin="foreign(RoomAllocation.session_id) == TestSession.id", lazy="raise_on_sql", viewonly=True
    )
    room: Mapped[Room] = relationship(
        primaryjoin="foreign(RoomAllocation.room_id) == Room.id", lazy="raise_on_sql", viewonly=True
    )
    student: Mapped[Student] = relationship(lazy="raise_on_sql")


class SeatNotice(Key, Stamps, Base):
    """The seat of a student as they were told of it last; `revision` is the SEQUENCE of their calendar entry."""

    __tablename__ = "seat_notices"
    __table_args__ = (
        Index("uq_seat_notices_session_id_student_id", "session_id", "student_id", unique=True),
        Index("ix_seat_notices_student_id", "student_id"),
        Index("ix_seat_notices_room_id", "room_id"),
    )
    session_id: Mapped[UUID] = of_session()
    student_id: Mapped[UUID] = of_student()
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("rooms.id", ondelete="SET NULL"))
    seat_number: Mapped[str | None] = mapped_column(String(20))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]  # as the place: unknown of letters from before it was kept
    place: Mapped[str | None] = mapped_column(Text)  # the names and the address, which may change
    revision: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    told_at: Mapped[datetime] = mapped_column(server_default=func.now())
