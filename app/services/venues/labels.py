"""What venues and rooms are called, and what their constraints mean."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.models.venues import RoomStatus, RoomType, VenueStatus, VenueType
from app.services.errors import explain
from app.services.resource import options_of

_ALLOCATED = _l("Students have seats in it that would be gone. Give them other seats first.")

explain(
    {
        "uq_venues_code": ("code", _l("There is already a venue with this code.")),
        "ck_venues_name_not_blank": ("name", _l("This field is required.")),
        "uq_venue_availability_venue_id_date": ("date", _l("This day is noted for the venue already.")),
        "ck_venue_availability_date": ("date", _l("Must be between the years 1900 and 2199.")),
        "uq_rooms_venue_id_number": ("number", _l("The venue has a room with this number already.")),
        "ck_rooms_name_not_blank": ("name", _l("This field is required.")),
        "ck_rooms_capacity": ("capacity", _l("Must be from 1 to 10,000.")),
        "ck_rooms_computers": ("computers", _l("Must be from 0 to 10,000.")),
        "ck_rooms_grid": ("grid_columns", _l("Give rows and columns, or neither.")),
        "ck_rooms_grid_size": ("grid_rows", _l("Must be from 1 to 100.")),
        "ck_rooms_blocked_seats": ("blocked_seats", _l("Seats can be left out where there is a grid.")),
        "ck_rooms_seats": ("capacity", _l("The grid has fewer seats than that.")),
        "fk_room_allocations_room_id_room_seats": ("capacity", _ALLOCATED),
    }
)
VENUE_TYPES = options_of(
    VenueType,
    {
        "national": _l("National"),
        "special_session": _l("Special session"),
        "research": _l("Research"),
        "online": _l("Online"),
        "other": _l("Other"),
    },
)
VENUE_STATUSES = options_of(
    VenueStatus,
    {"active": _l("Active"), "inactive": _l("Inactive"), "under_maintenance": _l("Under maintenance")},
    {"active": "success", "under_maintenance": "warning"},
)
ROOM_TYPES = options_of(
    RoomType,
    {
        "classroom": _l("Classroom"),
        "laboratory": _l("Laboratory"),
        "hall": _l("Hall"),
        "office": _l("Office"),
        "other": _l("Other"),
    },
)
ROOM_STATUSES = options_of(
    RoomStatus,
    {"available": _l("Available"), "unavailable": _l("Unavailable"), "under_maintenance": _l("Under maintenance")},
    {"available": "success", "unavailable": "danger", "under_maintenance": "warning"},
)
LABELS = {
    "code": _l("Code"),
    "name": _l("Name"),
    "number": _l("Number"),
    "venue_id": _l("Venue"),
    "venue_type": _l("Type"),
    "room_type": _l("Type"),
    "address": _l("Address"),
    "city": _l("City"),
    "province": _l("Province"),
    "contact_name": _l("Contact"),
    "contact_phone": _l("Phone"),
    "contact_email": _l("E-mail"),
    "accessible": _l("Accessible"),
    "status": _l("Status"),
    "date": _l("Day"),
    "starts_on": _l("From"),
    "ends_on": _l("To"),
    "available": _l("Available"),
    "reason": _l("Reason"),
    "capacity": _l("Seats"),
    "computers": _l("Computers"),
    "grid_rows": _l("Rows of seats"),
    "grid_columns": _l("Seats in a row"),
    "blocked_seats": _l("Seats left out"),
    "created_at": _l("Entered"),
    "deleted_at": _l("Deleted"),
}


def venue_title(venue: Any) -> str:
    return f"{venue.code}, {venue.name}"


def room_title(room: Any) -> str:
    """A room, as "B12, Computer room"."""
    return f"{room.number}, {room.name}"


def day_title(day: Any) -> str:
    return f"{day.date:%Y-%m-%d}"
