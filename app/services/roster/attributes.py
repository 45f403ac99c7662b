"""Attributes that weeks, shifts, demand and assignments have in common."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, text
from sqlalchemy.orm import aliased

from app.models.assistants import HelpDeskAssistant
from app.models.courses import Course
from app.models.roster import Roster, RosterShift, ShiftAssignment
from app.models.students import Student
from app.services import people, weekdays
from app.services.resource import Attribute, Kind
from app.services.roster.labels import LABELS

_week, SHIFT, _course = aliased(Roster), aliased(RosterShift), aliased(Course)
SHIFT_OF_ASSIGNMENT = (SHIFT, SHIFT.id == ShiftAssignment.shift_id)
_person = (
    select(HelpDeskAssistant.id, people.full_name(Student).label("name"))
    .join(Student, Student.id == HelpDeskAssistant.student_id)
    .subquery("assistant_names")
)


def clock(column: Any) -> Any:
    """A time of day, in SQL."""
    return func.to_char(column, text("'HH24:MI'"))


def shift_in_words(shift: Any) -> Any:
    """A shift from when to when, in SQL."""
    return func.concat(weekdays.in_words(shift.day), " ", clock(shift.start_time), "\u2013", clock(shift.end_time))


def day_of(week: Any) -> Any:
    """The Monday of a week, in SQL."""
    return func.to_char(week.starts_on, text("'YYYY-MM-DD'"))


def week_of(model: Any) -> Attribute:
    join = (_week, _week.id == model.roster_id)
    return Attribute(
        "roster", LABELS["roster_id"], Kind.RELATION, day_of(_week), key=model.roster_id, join=join, lookup="rosters"
    )


def course_of(model: Any) -> Attribute:
    join = (_course, _course.id == model.course_id)
    return Attribute(
        "course", LABELS["course_id"], Kind.RELATION, _course.name, key=model.course_id, join=join, lookup="courses"
    )


def assistant_of(model: Any) -> Attribute:
    return Attribute(
        "assistant",
        LABELS["assistant_id"],
        Kind.RELATION,
        _person.c.name,
        key=model.assistant_id,
        join=(_person, _person.c.id == model.assistant_id),
        lookup="roster-assistants",
        person=True,
    )


def shift_of(model: Any) -> Attribute:
    return Attribute(
        "shift",
        LABELS["shift_id"],
        Kind.RELATION,
        func.concat(clock(SHIFT.start_time), "\u2013", clock(SHIFT.end_time)),
        key=model.shift_id,
        join=(SHIFT, SHIFT.id == model.shift_id),
        lookup="roster-shifts",
    )


def created_at(model: Any) -> Attribute:
    return Attribute("created_at", _l("Created"), Kind.DATETIME, model.created_at, sortable=True)
