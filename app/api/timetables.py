"""REST of timetables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.api import schemas
from app.api.represent import mapping
from app.api.routes import PREFIX, Api, Parameter, route
from app.services import school
from app.services.errors import Invalid, NotFound
from app.services.timetables import ClassEntry, of_actor, of_student, of_teacher, reading
from app.web import current_actor

DAY = {"type": "string", "format": "date"}
CLASS = schemas.an_object(
    key=schemas.TEXT,
    slot_id=schemas.UUID_,
    day=DAY,
    starts_at=schemas.MOMENT,
    ends_at=schemas.MOMENT,
    course=schemas.TEXT,
    teacher=schemas.TEXT,
    room=schemas.TEXT,
    status=schemas.TEXT,
    moved=schemas.BOOL,
    student=schemas.TEXT,
    students={"type": "array", "items": schemas.TEXT},
)
LONGEST = timedelta(days=400)
PERIOD = (
    Parameter("from", "The first day; today if not given.", DAY),
    Parameter("to", "The last day, at most 400 days later; four weeks if not given.", DAY),
)
ANSWER = schemas.items(CLASS)


class TimetableApi(Api):
    route_base = f"{PREFIX}/timetable"
    class_permission_name = "Timetable"

    @route("GET", "", "One's own classes, and those of one's children", needs="show", parameters=PERIOD, answer=ANSWER)
    def show(self) -> Any:
        return _answer(of_actor(*_period(), actor=current_actor()))

    @route(
        "GET",
        "/teachers/<int:teacher_id>",
        "A teacher's classes",
        needs="of_teacher",
        parameters=PERIOD,
        answer=ANSWER,
        others=(404,),
    )
    def of_teacher(self, teacher_id: int) -> Any:
        if teacher_id >= 2**31:
            raise NotFound
        reading.teacher_name(teacher_id)
        return _answer(of_teacher(teacher_id, *_period(), actor=current_actor()))


class StudentTimetableApi(Api):
    route_base = f"{PREFIX}/students"
    class_permission_name = "Timetable"

    @route(
        "GET",
        "/<uuid:student_id>/timetable",
        "A student's classes",
        needs="of_student",
        parameters=PERIOD,
        answer=ANSWER,
        others=(404,),
    )
    def of_student(self, student_id: UUID) -> Any:
        return _answer(of_student(student_id, *_period(), actor=current_actor()))


def _period() -> tuple[date, date]:
    first = _day("from") or school.today()
    last = _day("to") or first + timedelta(days=27)
    if not first <= last <= first + LONGEST:
        raise Invalid(fields={"to": [_("Must be the first day or later, and at most 400 days after it.")]})
    return first, last


def _day(name: str) -> date | None:
    raw = request.args.get(name)
    try:
        day = date.fromisoformat(raw) if raw else None
    except ValueError:
        day = date.min
    if day is not None and not 1900 <= day.year < 2200:
        raise Invalid(fields={name: [_("Must be a date, as 2026-03-31.")]})
    return day


def _answer(entries: Sequence[ClassEntry]) -> dict[str, Any]:
    items = []
    for entry in entries:
        shown = {name: getattr(entry, name) for name in CLASS["properties"] if name != "students"}
        items.append(mapping(shown) | {"students": list(entry.students)})
    return {"items": items}
