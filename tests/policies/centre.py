"""Venues, rooms, test sessions, registrations and seats for the matrix of roles, and what their forms are sent."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from app.extensions import db
from app.models.test_sessions import TestYear
from app.models.venues import VenueAvailability
from app.services import school
from tests.factories import seating
from tests.factories.students import student

DAY = date(2098, 6, 15)


class Centre:
    """A session with one who has a seat and one who waits for one, another session to come, and of what can be deleted
    one that is not used and one that is deleted.
    """

    def __init__(self) -> None:
        gone = {"deleted_at": datetime.now(school.zone())}
        self.venue = seating.venue()
        self.room, spare = seating.room(self.venue, 3), seating.room(self.venue, 3)
        self.session, self.later = (
            seating.session(self.venue, session_date=DAY.replace(month=each)) for each in (6, 7)
        )
        sitting, self.waiting = seating.registered(self.session, 2)
        self.seat, self.sitting, self.nobody = (
            seating.allocation(self.session, self.room, sitting, "1"),
            sitting,
            student(),
        )
        self.run = seating.applied_run(self.session)
        self.booking = db.session.execute(
            db.text("SELECT id FROM test_registrations WHERE student_id = :id"), {"id": sitting}
        ).scalar_one()
        noted = VenueAvailability(venue_id=self.venue.id, date=DAY.replace(day=1), available=False)
        year = TestYear(year=2033, opens_on=date(2033, 1, 1))
        db.session.add_all([noted, year])
        db.session.commit()
        self.deleted = {"VenueView": seating.venue(**gone).id, "RoomView": seating.room(self.venue, 1, **gone).id}
        names = {
            "Venue": seating.venue().id,
            "VenueAvailability": noted.id,
            "Room": spare.id,
            "TestYear": year.id,
            "TestSession": self.session.id,
            "TestRegistration": self.booking,
            "RoomAllocation": self.seat.id,
            "AllocationRun": self.run.id,
        }
        self.keys = {f"{name}{kind}": key for name, key in names.items() for kind in ("View", "Api")}

    def record(self, endpoint: str) -> Any:
        """Restoring asks for what is deleted; a session goes only while nobody is registered for it."""
        view, _dot, method = endpoint.partition(".")
        if endpoint == "TestSessionView.delete":
            return self.later.id
        return self.deleted.get(view) if method == "restore" else None

    def arguments(self, endpoint: str) -> dict[str, Any]:
        """What the addresses of these routes are filled with, and not by `pk`."""
        if not endpoint.startswith(("RoomAllocationApi", "SeatView")):
            return {}
        return {"session_id": self.session.id, "room_id": self.room.id, "student_id": self.sitting}

    def form(self, endpoint: str) -> dict[str, Any]:
        view, _dot, method = endpoint.partition(".")
        new = method in ("add", "create")
        venue = {"venue_id": str(self.venue.id)}
        period = {
            "starts_on": str(DAY.replace(month=2)),
            "ends_on": str(DAY.replace(month=2)),
            "date": str(DAY.replace(day=2)),
        }
        times = {"session_date": str(DAY), "start_time": "13:00", "end_time": "14:00"}
        seat = {"session_id": str(self.session.id), "student_id": str(self.waiting if new else self.sitting)}
        forms: dict[str, dict[str, Any]] = {
            "VenueView": {"code": "CHANGED", "venue_type": "other", "status": "inactive"} | period,
            "VenueAvailabilityView": venue | period | {"reason": "Changed"},
            "RoomView": venue | {"number": "999", "capacity": "2", "room_type": "hall", "status": "available"},
            "TestYearView": {"year": "2034", "opens_on": "2034-01-01", "most_tests": "3"},
            "TestSessionView": venue
            | times
            | {"code": "CHANGED", "status": "open", "batch": str(self.run.id), "run_id": str(self.run.id)},
            "SeatView": {"student_id": str(self.waiting), "room_id": str(self.room.id), "seat_number": "2"},
            "TestRegistrationView": {"session_id": str(self.later.id), "student_id": str(self.nobody.id)},
            "RoomAllocationView": seat | {"room_id": str(self.room.id), "seat_number": "3"},
        }
        return forms.get(view, {})
