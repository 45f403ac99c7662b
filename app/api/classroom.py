"""REST of the classroom: days, registers, and the places to which a class may move."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.api import schemas
from app.api.base import RecordApi
from app.api.represent import mapping, result
from app.api.routes import PREFIX, Api, Parameter, route
from app.services import school
from app.services.classroom import ATTENDANCES, dashboard, marking, moving, register
from app.services.classroom.dashboard import Choice
from app.services.classroom.places import Wish
from app.services.errors import Invalid, NotFound
from app.web import current_actor

DAY = {"type": "string", "format": "date"}
NUMBER = {"type": "integer"}
CLASS = schemas.an_object(
    slot_id=schemas.UUID_,
    day=DAY,
    start=schemas.TIME,
    end=schemas.TIME,
    course=schemas.TEXT,
    teacher=schemas.TEXT,
    teacher_id=NUMBER,
    room=schemas.null_or(schemas.TEXT),
    capacity=NUMBER,
    taken=NUMBER,
    planned=NUMBER,
    marked=NUMBER,
    visitors=NUMBER,
)
SCHOOL_DAY = schemas.an_object(day=DAY, open=schemas.BOOL, closure=schemas.TEXT)
MARK = schemas.an_object(status=schemas.TEXT, at=schemas.MOMENT, who=schemas.TEXT)
ENTRY = schemas.an_object(
    attendance_id=schemas.UUID_,
    student_id=schemas.UUID_,
    student=schemas.TEXT,
    status=schemas.TEXT,
    makeup=schemas.BOOL,
    moved_from=schemas.null_or(DAY),
    remaining=NUMBER,
    marks={"type": "array", "items": MARK},
)
AWAY = schemas.an_object(
    attendance_id=schemas.UUID_, student_id=schemas.UUID_, student=schemas.TEXT, day=DAY, start=schemas.TIME
)
REGISTER = schemas.an_object(
    day=DAY,
    may_mark=schemas.BOOL,
    why_not=schemas.null_or(schemas.TEXT),
    entries={"type": "array", "items": ENTRY},
    away={"type": "array", "items": AWAY},
)
PLACE = schemas.an_object(
    slot_id=schemas.UUID_,
    day=DAY,
    starts_at=schemas.MOMENT,
    ends_at=schemas.MOMENT,
    room=schemas.null_or(schemas.TEXT),
    teacher=schemas.TEXT,
    free=NUMBER,
)
WHICH = (
    Parameter("day", "The day, or one of the week; today if not given.", DAY),
    Parameter("weeks", "The week from Monday instead of the day.", {"type": "string", "enum": ["0", "1"]}),
    Parameter("teacher_id", "Only this teacher's.", NUMBER),
    Parameter("course_id", "Only of this course.", schemas.UUID_),
)


class ClassroomApi(Api):
    route_base = f"{PREFIX}/classroom"
    class_permission_name = "Classroom"

    @route(
        "GET",
        "",
        "The classes of a day or a week",
        needs="list",
        parameters=WHICH,
        answer=schemas.items(CLASS, days={"type": "array", "items": SCHOOL_DAY}, more=schemas.BOOL),
    )
    def index(self) -> Any:
        """`taken` counts places and visitors less those who are elsewhere; `planned` and `marked` the register."""
        arguments, actor = request.args, current_actor()
        choice = Choice(_read(arguments.get("teacher_id"), _number), _read(arguments.get("course_id"), UUID))
        day = _read(arguments.get("day"), _day) or school.today()
        weekly = arguments.get("weeks") == "1"
        found = dashboard.week(day, actor, choice) if weekly else dashboard.days(day, 1, actor, choice)
        return {
            "items": [mapping(asdict(each)) for each in found.classes],
            "days": [mapping(asdict(each)) for each in found.days],
            "more": found.more,
        }

    @route("GET", "/<uuid:slot_id>/<day>", "The register of a class", needs="show", answer=REGISTER, others=(404,))
    def register(self, slot_id: UUID, day: str) -> Any:
        """Marked by the actions of attendance, `mark` and `clear`."""
        found = register.read(slot_id, _path_day(day), current_actor())
        return {
            "day": found.day.isoformat(),
            "may_mark": found.may_mark,
            "why_not": str(found.why_not) if found.why_not else None,
            "entries": [_entry(each) for each in found.entries],
            "away": [mapping(asdict(each)) for each in found.away],
        }

    @route(
        "POST",
        "/<uuid:slot_id>/<day>/all-present",
        "Mark all who are still planned as present",
        needs="mark",
        answer=schemas.RESULT,
        others=(403, 404),
    )
    def all_present(self, slot_id: UUID, day: str) -> Any:
        return result(marking.all_present(slot_id, _path_day(day), actor=current_actor()), dry_run=False)


class AttendanceApi(RecordApi):
    resource = ATTENDANCES

    @route(
        "GET",
        "/<pk>/places",
        "Where and when a class may be instead, in the coming weeks",
        needs="show",
        answer=schemas.items(PLACE),
        others=(404,),
    )
    def places(self, pk: str) -> Any:
        """Only places that would be accepted now."""
        found = self.item(self.key(pk))
        wish = Wish(UUID(found["admission_id"]), UUID(found["id"]))
        return {"items": [mapping(asdict(each)) for each in moving.offered(wish)]}


def _entry(each: register.Entry) -> dict[str, Any]:
    moved = each.moved_from[0].isoformat() if each.moved_from else None
    marks = [mapping(asdict(mark)) for mark in each.marks]
    return mapping(asdict(each)) | {"moved_from": moved, "marks": marks}


def _day(raw: str) -> date:
    day = date.fromisoformat(raw)
    if not 2000 <= day.year < 2200:
        raise ValueError(raw)
    return day


def _number(raw: str) -> int:
    number = int(raw)
    if abs(number) >= 2**31:
        raise ValueError(raw)
    return number


def _read(raw: str | None, kind: Any) -> Any:
    """Raises Invalid."""
    if not raw:
        return None
    try:
        return kind(raw)
    except ValueError:
        raise Invalid(_("This value is not accepted: %(value)s", value=raw[:60])) from None


def _path_day(raw: str) -> date:
    """Raises NotFound."""
    try:
        return _day(raw)
    except ValueError:
        raise NotFound from None
