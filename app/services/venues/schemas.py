"""What may be typed about venues and rooms."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from app.models.venues import Room, Venue, VenueAvailability
from app.services import inputs
from app.services.inputs import CalendarDay, Input, blank_is_none, storable

VenueInput = inputs.of(
    Venue,
    "code",
    "name",
    "venue_type",
    "address",
    "city",
    "province",
    "contact_name",
    "contact_email",
    "accessible",
    "status",
    contact_phone=(
        Annotated[str | None, Field(max_length=40), BeforeValidator(blank_is_none), BeforeValidator(storable)],
        None,
    ),
)
AvailabilityInput = inputs.of(VenueAvailability, "venue_id", "date", "available", "reason")
RoomInput = inputs.of(
    Room,
    "venue_id",
    "name",
    "number",
    "capacity",
    "room_type",
    "computers",
    "accessible",
    "status",
    "grid_rows",
    "grid_columns",
    blocked_seats=(Annotated[str, Field(max_length=5000), BeforeValidator(storable)], ""),
)


class SetDays(Input):
    """Several days in a row."""

    starts_on: CalendarDay
    ends_on: Annotated[CalendarDay | None, BeforeValidator(blank_is_none)] = None
    available: bool = False
    reason: Annotated[str | None, Field(max_length=200), BeforeValidator(blank_is_none), BeforeValidator(storable)] = (
        None
    )
