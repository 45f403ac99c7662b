"""What may be typed about test sessions, registrations and seats."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from app.models.test_sessions import RoomAllocation, TestRegistration, TestSession, TestYear
from app.services import inputs
from app.services.inputs import Input, blank_is_none, storable

SeatNumber = Annotated[str | None, Field(max_length=20), BeforeValidator(blank_is_none), BeforeValidator(storable)]

# Asked before the database is: with a year like 1, its rule about `opens_on` overflows.
Year = Annotated[int, Field(ge=1900, le=2199)]
YearInput = inputs.of(TestYear, "opens_on", "most_tests", "most_bookings", "closing_days", year=(Year, ...))
SessionInput = inputs.of(
    TestSession,
    "code",
    "name",
    "venue_id",
    "session_date",
    "start_time",
    "end_time",
    "registration_closes_on",
    "status",
    "special",
    "online",
    "notes",
)
RegistrationInput = inputs.of(TestRegistration, "session_id", "student_id", "notes")
# The columns of the table, all but the seat required; without one the first that is free is given.
AllocationInput = inputs.of(
    RoomAllocation,
    "session_id",
    "student_id",
    "room_id",
    "notes",
    name="AllocationInput",
    seat_number=(SeatNumber, None),
)


class MoveToSession(Input):
    """Another session for those who are registered."""

    session_id: UUID


class MoveToRoom(Input):
    """Another seat; without a number the first that is free."""

    room_id: UUID
    seat_number: SeatNumber = None
