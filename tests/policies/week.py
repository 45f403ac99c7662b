"""A week of the help desk for the matrix of roles, and what its forms are sent."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from app.extensions import db
from app.models.roster import PublishedShift
from app.services import school
from tests.factories.assistants import assistant, period
from tests.factories.courses import course
from tests.factories.roster import MONDAY, assignment, roster, shift


class Week:
    """A week with somebody on its first shift and nobody on its second, and what was published of it."""

    def __init__(self) -> None:
        self.course, self.other, self.roster = course(), course(), roster()
        self.person = assistant(courses=[self.course], periods=[period(0, "09:00", "13:00")])
        self.shift = shift(self.roster, 0, "09:00", "11:00", [(self.course, 1)])
        self.late = shift(self.roster, 0, "11:00", "13:00", [(self.course, 1)])
        self.assignment = assignment(self.shift, self.course, self.person)
        self.demand = db.session.execute(
            db.text("SELECT id FROM shift_demands WHERE shift_id = :id"), {"id": self.shift.id}
        ).scalar_one()
        starts = datetime(2026, 3, 2, 9, tzinfo=school.zone())
        before = roster(date(2026, 3, 2), published_at=starts, publication=1)
        self.published = PublishedShift(
            roster_id=before.id,
            shift_id=shift(before, 0, "09:00", "11:00", [(self.course, 1)]).id,
            assistant_id=self.person.id,
            course_id=self.course.id,
            starts_at=starts,
            ends_at=starts + timedelta(hours=2),
        )
        db.session.add(self.published)
        db.session.commit()
        self.keys: dict[str, Any] = {
            "RosterView": self.roster.id,
            "RosterApi": self.roster.id,
            "ShiftView": self.shift.id,
            "RosterShiftApi": self.shift.id,
            "DemandView": self.demand,
            "ShiftDemandApi": self.demand,
            "AssignmentView": self.assignment.id,
            "ShiftAssignmentApi": self.assignment.id,
            "PublishedShiftView": self.published.id,
            "PublishedShiftApi": self.published.id,
        }

    def arguments(self, endpoint: str) -> dict[str, Any]:
        """What the addresses of these routes are filled with, and not by `pk`."""
        return {"shift_id": self.late.id, "course_id": self.course.id} if endpoint == "AssignmentView.choose" else {}

    def form(self, endpoint: str) -> dict[str, Any]:
        """A whole body for whatever these routes take."""
        view, _dot, method = endpoint.partition(".")
        needed = {"shift_id": str(self.shift.id), "course_id": str(self.course.id)}
        if method in ("add", "create"):
            needed["course_id"] = str(self.other.id)
        place = {"shift_id": str(self.late.id), "course_id": str(self.course.id)}
        time = {"day": "1", "start_time": "09:00", "end_time": "10:00", "place": "Hall"}
        return {
            "RosterView": {"starts_on": str(MONDAY + timedelta(days=7)), "copy_from_id": str(self.roster.id)},
            "RosterApi": {"starts_on": str(MONDAY + timedelta(days=7)), "copy_from_id": str(self.roster.id)},
            "ShiftView": time | {"roster_id": str(self.roster.id)},
            "RosterShiftApi": time | {"roster_id": str(self.roster.id)},
            "DemandView": needed | {"tutors_required": "2", "weight": "1"},
            "ShiftDemandApi": needed | {"tutors_required": 2, "weight": 1},
            "AssignmentView": place | {"assistant_id": str(self.person.id)},
            "ShiftAssignmentApi": place | {"assistant_id": str(self.person.id)},
        }.get(view, {})
