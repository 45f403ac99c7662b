"""What venues, their days and their rooms are to people."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, literal, select
from sqlalchemy.orm import aliased, joinedload

from app.models.venues import Room, Venue, VenueAvailability
from app.policies.actor import Actor
from app.policies.rules import may_run_tests
from app.policies.scopes import visible
from app.services.resource import Action, Attribute, Kind, Lookup, Resource, register, register_lookup
from app.services.venues import rooms, venues
from app.services.venues.labels import (
    LABELS,
    ROOM_STATUSES,
    ROOM_TYPES,
    VENUE_STATUSES,
    VENUE_TYPES,
    day_title,
    room_title,
    venue_title,
)
from app.services.venues.schemas import AvailabilityInput, RoomInput, SetDays, VenueInput

_venue_of_day, _venue_of_room = aliased(Venue), aliased(Venue)


def _plain(model: Any, name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    column = getattr(model, name)
    return Attribute(name, LABELS[name], kind, column, nullable=column.nullable, **more)


def _venue_of(model: Any, venue: Any) -> Attribute:
    shown, join = venue.name, (venue, venue.id == model.venue_id)
    return Attribute("venue", LABELS["venue_id"], Kind.RELATION, shown, key=model.venue_id, join=join, lookup="venues")


VENUES = register(
    Resource(
        name="Venues",
        slug="venues",
        model=Venue,
        singular=_l("Venue"),
        plural=_l("Venues"),
        title=venue_title,
        attributes=(
            _plain(Venue, "code"),
            _plain(Venue, "name", sortable=True),
            _plain(Venue, "venue_type", Kind.CHOICE, options=VENUE_TYPES),
            _plain(Venue, "address"),
            _plain(Venue, "city"),
            _plain(Venue, "province"),
            _plain(Venue, "contact_name"),
            _plain(Venue, "contact_phone", Kind.PHONE),
            _plain(Venue, "contact_email", Kind.EMAIL),
            _plain(Venue, "accessible", Kind.BOOL),
            _plain(Venue, "status", Kind.CHOICE, options=VENUE_STATUSES),
        ),
        search=func.search_fold(func.concat_ws(" ", Venue.code, Venue.name, Venue.city, Venue.province)),
        search_help=_l("Code, name, city or province"),
        default_sort="name",
        input=VenueInput,
        labels=LABELS,
        options={"venue_type": VENUE_TYPES, "status": VENUE_STATUSES},
        create=venues.create,
        update=venues.update,
        delete=venues.delete,
        restore=venues.restore,
        edit_rule=may_run_tests,
        actions=(
            Action(
                "set_days",
                _l("Set days"),
                venues.set_days,
                may_run_tests,
                SetDays,
                icon="calendar-x",
                help=_l("Notes of every day from the first to the last whether the venue can be had."),
            ),
        ),
        icon="school",
        title_columns=(Venue.code, Venue.name),
        export_columns=("code", "name", "venue_type", "address", "city", "province", "accessible", "status"),
        small=True,
    )
)

AVAILABILITY = register(
    Resource(
        name="Venue availability",
        slug="venue-availability",
        model=VenueAvailability,
        singular=_l("Day of a venue"),
        plural=_l("Days of venues"),
        title=day_title,
        attributes=(
            _venue_of(VenueAvailability, _venue_of_day),
            Attribute("date", LABELS["date"], Kind.DATE, VenueAvailability.date, sortable=True),
            _plain(VenueAvailability, "available", Kind.BOOL),
            _plain(VenueAvailability, "reason"),
        ),
        default_sort="-date",
        input=AvailabilityInput,
        labels=LABELS,
        relations={"venue_id": "venues"},
        create=venues.create_day,
        update=venues.update_day,
        delete=venues.delete_days,
        edit_rule=may_run_tests,
        load=(joinedload(VenueAvailability.venue),),
        icon="calendar-x",
        title_columns=(VenueAvailability.date,),
        small=True,
    )
)

ROOMS = register(
    Resource(
        name="Rooms",
        slug="rooms",
        model=Room,
        singular=_l("Room"),
        plural=_l("Rooms"),
        title=room_title,
        attributes=(
            _venue_of(Room, _venue_of_room),
            _plain(Room, "number"),
            _plain(Room, "name"),
            _plain(Room, "capacity", Kind.NUMBER),
            _plain(Room, "room_type", Kind.CHOICE, options=ROOM_TYPES),
            _plain(Room, "computers", Kind.NUMBER),
            _plain(Room, "accessible", Kind.BOOL),
            _plain(Room, "status", Kind.CHOICE, options=ROOM_STATUSES),
            _plain(Room, "grid_rows", Kind.NUMBER),
            _plain(Room, "grid_columns", Kind.NUMBER),
            Attribute(
                "blocked_seats",
                LABELS["blocked_seats"],
                Kind.TEXT,
                func.array_to_string(Room.blocked_seats, literal(", ")),
                filterable=False,
            ),
            _plain(Room, "created_at", Kind.DATETIME, sortable=True),
        ),
        search=func.search_fold(func.concat_ws(" ", Room.number, Room.name)),
        search_help=_l("Number or name"),
        input=RoomInput,
        labels=LABELS,
        relations={"venue_id": "venues"},
        options={"room_type": ROOM_TYPES, "status": ROOM_STATUSES},
        create=rooms.create,
        update=rooms.update,
        delete=rooms.delete,
        restore=rooms.restore,
        edit_rule=may_run_tests,
        load=(joinedload(Room.venue),),
        icon="door-open",
        title_columns=(Room.number, Room.name),
        export_columns=("venue", "number", "name", "capacity", "room_type", "computers", "accessible", "status"),
        small=True,
    )
)


def _venues(actor: Actor) -> Any:
    statement = select(Venue.id, Venue.name, Venue.code).where(visible(Venue, actor))
    return statement.order_by(Venue.name, Venue.id)


def _rooms(actor: Actor) -> Any:
    """ "B12, Computer room", with the venue beside it."""
    shown = func.concat(Room.number, ", ", Room.name)
    statement = select(Room.id, shown, Venue.name).join(Venue, Venue.id == Room.venue_id)
    return statement.where(visible(Room, actor)).order_by(Venue.name, Room.number, Room.id)


register_lookup(
    Lookup(
        "venues",
        ("lookup", "Venues"),
        _venues,
        func.concat_ws(" ", Venue.code, Venue.name),
        Venue.id,
        "venues",
        offered=Venue.status != "inactive",
    )
)
register_lookup(
    Lookup(
        "rooms",
        ("lookup", "Rooms"),
        _rooms,
        func.concat_ws(" ", Room.number, Room.name, Venue.name),
        Room.id,
        "rooms",
    )
)
