"""Venues where tests are written, the days on which they are free, their rooms and the seats of these."""

from __future__ import annotations

import enum
from datetime import date
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Key, SoftDelete, Stamps, choice

LIVE = text("deleted_at IS NULL")


class VenueType(enum.StrEnum):
    NATIONAL = "national"
    SPECIAL_SESSION = "special_session"
    RESEARCH = "research"
    ONLINE = "online"
    OTHER = "other"


class VenueStatus(enum.StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    UNDER_MAINTENANCE = "under_maintenance"


class RoomType(enum.StrEnum):
    CLASSROOM = "classroom"
    LABORATORY = "laboratory"
    HALL = "hall"
    OFFICE = "office"
    OTHER = "other"


class RoomStatus(enum.StrEnum):
    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"
    UNDER_MAINTENANCE = "under_maintenance"


class Venue(Key, Stamps, SoftDelete, Base):
    """A place with rooms in which tests are written."""

    __tablename__ = "venues"
    __table_args__ = (
        Index("uq_venues_code", text("lower(code)"), unique=True, postgresql_where=LIVE),
        Index("ix_venues_name_id", "name", "id", postgresql_where=LIVE),
        CheckConstraint("btrim(code) <> '' AND btrim(name) <> ''", name="name_not_blank"),
        CheckConstraint(r"contact_phone ~ '^\+[1-9][0-9]{4,14}$'", name="phone_e164"),
    )
    code: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    venue_type: Mapped[VenueType] = mapped_column(choice(VenueType, "venue_type"), server_default="national")
    address: Mapped[str | None] = mapped_column(String(255))
    city: Mapped[str | None] = mapped_column(String(80))
    province: Mapped[str | None] = mapped_column(String(80))
    contact_name: Mapped[str | None] = mapped_column(String(120))
    contact_phone: Mapped[str | None] = mapped_column(String(16))
    contact_email: Mapped[str | None] = mapped_column(String(254))
    accessible: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    status: Mapped[VenueStatus] = mapped_column(choice(VenueStatus, "status"), server_default="active")


class VenueAvailability(Key, Stamps, Base):
    """A day on which a venue is, or is not, to be had, and why. A day that is not listed is free."""

    __tablename__ = "venue_availability"
    __table_args__ = (
        Index("uq_venue_availability_venue_id_date", "venue_id", "date", unique=True),
        CheckConstraint("date BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'", name="date"),
    )
    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venues.id", ondelete="CASCADE"))
    date: Mapped[date]
    available: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    reason: Mapped[str | None] = mapped_column(String(200))

    venue: Mapped[Venue] = relationship(lazy="raise_on_sql")


class Room(Key, Stamps, SoftDelete, Base):
    """A room of a venue. A trigger keeps its seats in `room_seats`: without a grid they are called 1 to `capacity`; with
    one they are the first `capacity` places of it, row by row, that are not blocked, and called A1, A2, …
    """

    __tablename__ = "rooms"
    __table_args__ = (
        Index("uq_rooms_venue_id_number", "venue_id", text("lower(number)"), unique=True, postgresql_where=LIVE),
        Index("uq_rooms_id_venue_id", "id", "venue_id", unique=True),  # what allocations refer to
        Index("ix_rooms_venue_id", "venue_id"),
        CheckConstraint("btrim(name) <> '' AND btrim(number) <> ''", name="name_not_blank"),
        CheckConstraint("capacity BETWEEN 1 AND 10000", name="capacity"),
        CheckConstraint("computers BETWEEN 0 AND 10000", name="computers"),
        CheckConstraint("(grid_rows IS NULL) = (grid_columns IS NULL)", name="grid"),
        CheckConstraint("grid_rows BETWEEN 1 AND 100 AND grid_columns BETWEEN 1 AND 100", name="grid_size"),
        CheckConstraint(
            "(grid_rows IS NOT NULL OR blocked_seats = '{}') AND array_position(blocked_seats, NULL) IS NULL",
            name="blocked_seats",
        ),
        CheckConstraint("capacity <= grid_rows * grid_columns - cardinality(blocked_seats)", name="seats"),
    )
    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venues.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(20))
    capacity: Mapped[int] = mapped_column(Integer)
    room_type: Mapped[RoomType] = mapped_column(choice(RoomType, "room_type"), server_default="classroom")
    computers: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    accessible: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    status: Mapped[RoomStatus] = mapped_column(choice(RoomStatus, "status"), server_default="available")
    grid_rows: Mapped[int | None] = mapped_column(SmallInteger)
    grid_columns: Mapped[int | None] = mapped_column(SmallInteger)
    blocked_seats: Mapped[list[str]] = mapped_column(ARRAY(String(20)), server_default=text("'{}'"))

    venue: Mapped[Venue] = relationship(lazy="raise_on_sql")


class RoomSeat(Base):
    """A seat of a room: what is allocated. Written by a trigger of `rooms` alone; a seat that is allocated in any session
    cannot go, so that a room cannot shrink below its allocations.
    """

    __tablename__ = "room_seats"
    room_id: Mapped[UUID] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True)
    seat_number: Mapped[str] = mapped_column(String(20), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)  # 1 to capacity, the order in which seats are given
    grid_row: Mapped[int | None] = mapped_column(SmallInteger)
    grid_column: Mapped[int | None] = mapped_column(SmallInteger)
