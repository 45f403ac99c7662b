"""REST of admissions: what they have beyond other resources: the open slots of a course, and a rehearsal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.api import bodies, schemas
from app.api.base import RecordApi
from app.api.represent import plain
from app.api.routes import Parameter, route
from app.services.admissions import ADMISSIONS, places
from app.services.admissions.admit import admit
from app.services.admissions.orders import Admitted
from app.services.admissions.schemas import AdmitInput
from app.services.errors import Invalid
from app.services.transaction import rehearse
from app.web import current_actor

NUMBER = {"type": "integer"}
DAY = {"type": "string", "format": "date"}
SLOT = schemas.an_object(
    id=schemas.UUID_,
    time_slot_id=schemas.UUID_,
    teacher_id=NUMBER,
    title=schemas.TEXT,
    room=schemas.null_or(schemas.TEXT),
    enrolled=NUMBER,
    offered=NUMBER,
    capacity=NUMBER,
)
PLAN = schemas.an_object(
    student=schemas.TEXT,
    course=schemas.TEXT,
    plan=schemas.TEXT,
    starts_on=DAY,
    ends_on=DAY,
    final_classes=NUMBER,
    price=schemas.TEXT,
    total=schemas.TEXT,
    dates={"type": "array", "items": schemas.an_object(date=DAY, slot_id=schemas.UUID_)},
)
COURSE = Parameter("course_id", "The course; required.", schemas.UUID_)


class AdmissionApi(RecordApi):
    resource = ADMISSIONS

    @route("GET", "/slots", "Open slots of a course", needs="add", parameters=(COURSE,), answer=schemas.items(SLOT))
    def slots(self) -> Any:
        """In the order of the week, the emptiest teacher first, with what is taken of each."""
        try:
            course_id = UUID(request.args.get("course_id", ""))
        except ValueError:
            raise Invalid(fields={"course_id": [_("Choose one from the list.")]}) from None
        return {"items": [_slot(slot) for slot in places.of_course(course_id)]}

    @route("POST", "/preview", "Rehearse an admission", needs="add", body=schemas.input_of, answer=PLAN, others=(409,))
    def preview(self) -> Any:
        """What making the same admission would write, or why it would be refused. Nothing is written, nobody is told."""
        return _plan(rehearse(admit, bodies.read(AdmitInput), actor=current_actor()))


def _slot(slot: places.Slot) -> dict[str, Any]:
    names = ("id", "time_slot_id", "teacher_id", "title", "room", "enrolled", "offered", "capacity")
    return {name: plain(getattr(slot, name)) for name in names}


def _plan(made: Admitted) -> dict[str, Any]:
    names = ("student", "course", "plan", "starts_on", "ends_on", "final_classes", "price", "total")
    dates = [{"date": day.isoformat(), "slot_id": str(slot_id)} for day, slot_id in made.dates]
    return {name: plain(getattr(made, name)) for name in names} | {"dates": dates}
