from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import time
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models.courses import ClassroomSlot, Closure, Course, CoursePlan, CourseTeacher, Instrument, TimeSlot

_numbers = itertools.count(1)


def _saved(made: Any) -> Any:
    db.session.add(made)
    db.session.commit()
    return made


def instrument(**values: Any) -> Instrument:
    return _saved(Instrument(**{"name": f"Instrument {next(_numbers)}"} | values))


def course(teachers: Sequence[Any] = (), **values: Any) -> Course:
    """A committed course with these teachers (accounts or their keys)."""
    number = next(_numbers)
    made = _saved(Course(**{"code": f"C{number}", "name": f"Course {number}"} | values))
    for teacher in teachers:
        _saved(CourseTeacher(course_id=made.id, teacher_id=getattr(teacher, "id", teacher)))
    return made


def plan(months: int = 3, **values: Any) -> CoursePlan:
    """One of the plans that there are: with two classes a week."""
    if not values:
        return db.session.scalars(
            select(CoursePlan).where(CoursePlan.duration_months == months, CoursePlan.classes_per_week == 2)
        ).one()
    number = next(_numbers)
    return _saved(CoursePlan(**{"name": f"Plan {number}", "duration_months": months, "price": 100} | values))


def _time(value: Any) -> time:
    return value if isinstance(value, time) else time.fromisoformat(value)


def time_slot(day: int, start: Any, end: Any = None) -> TimeSlot:
    """The time slot of this day (0 Monday), made where there is none; an hour long."""
    start = _time(start)
    end = _time(end) if end else time(start.hour + 1, start.minute)
    found = db.session.scalars(
        select(TimeSlot).where(TimeSlot.day == day, TimeSlot.start_time == start, TimeSlot.end_time == end)
    )
    return found.one_or_none() or _saved(TimeSlot(day=day, start_time=start, end_time=end))


def slot(
    of: Course, teacher: Any, day: int, start: Any, *, capacity: int = 8, end: Any = None, **values: Any
) -> ClassroomSlot:
    """A committed classroom slot of a course."""
    data = {
        "time_slot_id": time_slot(day, start, end).id,
        "course_id": of.id,
        "teacher_id": getattr(teacher, "id", teacher),
    }
    return _saved(ClassroomSlot(**data, capacity=capacity, **values))


def closure(starts_on: Any, ends_on: Any = None, reason: str = "Holiday") -> Closure:
    return _saved(Closure(starts_on=starts_on, ends_on=ends_on or starts_on, reason=reason))
