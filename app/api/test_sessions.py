"""REST of venues, seats and imports of registrations: what they have beyond other resources."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.api import lists, schemas
from app.api.base import RecordApi
from app.api.imports import ImportApi
from app.api.positions import read_number
from app.api.represent import mapping
from app.api.routes import PREFIX, Parameter, route
from app.services.test_sessions import ALLOCATIONS, seats
from app.services.venues import VENUES, rooms
from app.web import current_actor

PAGE = 1000
FROM = Parameter("from", "How many to pass over, from `next`.", {"type": "integer", "minimum": 0, "default": 0})
SEAT = schemas.an_object(
    id=schemas.UUID_,
    session_id=schemas.UUID_,
    room_id=schemas.UUID_,
    room_number=schemas.TEXT,
    room_name=schemas.TEXT,
    student_id=schemas.UUID_,
    test_number=schemas.TEXT,
    student_name=schemas.TEXT,
    seat_number=schemas.TEXT,
    allocation_date=schemas.MOMENT,
    notes=schemas.null_or(schemas.TEXT),
)
SEATS = schemas.items(SEAT, next=schemas.ADDRESS)
ROOM = schemas.an_object(
    id=schemas.UUID_,
    number=schemas.TEXT,
    name=schemas.TEXT,
    capacity=schemas.COUNT,
    accessible={"type": "boolean"},
    status=schemas.TEXT,
    grid_rows=schemas.null_or(schemas.COUNT),
    grid_columns=schemas.null_or(schemas.COUNT),
    allocated=schemas.COUNT,
    available=schemas.COUNT,
    usable={"type": "boolean"},
    busy={"type": "boolean", "description": "Another session is held in it at this time."},
)
FREE = schemas.an_object(items={"type": "array", "items": schemas.TEXT}, count=schemas.COUNT)


class VenueApi(RecordApi):
    resource = VENUES

    @route(
        "GET",
        "/<pk>/capacity",
        "How many seats the available rooms of a venue have",
        needs="show",
        answer=schemas.an_object(capacity=schemas.COUNT),
        others=(404,),
    )
    def capacity(self, pk: str) -> Any:
        key = self.key(pk)
        self.item(key)
        return {"capacity": rooms.capacity_of_venue(key)}


class RoomAllocationApi(RecordApi):
    """A POST gives a student a seat, a PATCH another one, a DELETE takes it away."""

    resource = ALLOCATIONS

    @route(
        "GET",
        "/session/<uuid:session_id>",
        "Who sits where in a session",
        needs="list",
        parameters=(FROM,),
        answer=SEATS,
        others=(404,),
    )
    def of_session(self, session_id: UUID) -> Any:
        """By room and seat, at most a thousand at a time."""
        return self.seats(session_id, None, f"session/{session_id}")

    @route(
        "GET",
        "/room/<uuid:room_id>/session/<uuid:session_id>",
        "Who sits where in a room of a session",
        needs="list",
        parameters=(FROM,),
        answer=SEATS,
        others=(404,),
    )
    def of_room(self, room_id: UUID, session_id: UUID) -> Any:
        return self.seats(session_id, room_id, f"room/{room_id}/session/{session_id}")

    def seats(self, session_id: UUID, room_id: UUID | None, address: str) -> Any:
        first = min(read_number("from") or 0, 10**9)
        found = seats.allocations(session_id, current_actor(), room_id, first=first, limit=PAGE)
        after = f"{self.route_base}/{address}?from={first + PAGE}" if len(found) == PAGE else None
        items = [mapping(row._mapping) for row in found]
        return {"items": items, "next": after}, 200, lists.link_header({"next": after})

    @route(
        "GET",
        "/room/<uuid:room_id>/session/<uuid:session_id>/available-seats",
        "The free seats of a room in a session, in their order",
        needs="add",
        answer=FREE,
        others=(404,),
    )
    def available_seats(self, room_id: UUID, session_id: UUID) -> Any:
        found = seats.available_seats(room_id, session_id, current_actor())
        return {"items": found, "count": len(found)}

    @route(
        "GET",
        "/session/<uuid:session_id>/rooms",
        "Every room of a session: its seats, and how many are free",
        needs="add",
        answer=schemas.items(ROOM, available=schemas.COUNT),
        others=(404,),
    )
    def rooms(self, session_id: UUID) -> Any:
        found = seats.rooms(session_id, current_actor())
        items = [mapping(row._mapping) for row in found]
        return {"items": items, "available": sum(row.available for row in found)}

    @route(
        "GET",
        "/session/<uuid:session_id>/student/<uuid:student_id>",
        "Whether a student has a seat in a session",
        needs="list",
        answer=schemas.an_object(allocated={"type": "boolean"}),
        others=(404,),
    )
    def is_allocated(self, session_id: UUID, student_id: UUID) -> Any:
        return {"allocated": seats.is_allocated(session_id, student_id, current_actor())}


class TestRegistrationImportApi(ImportApi):
    """Registrations for tests. Whoever is not known yet becomes a student."""

    __test__ = False
    route_base = f"{PREFIX}/test-registration-imports"
    class_permission_name = "Test registration imports"
    resource = "test-registrations"
