"""Choices of courses, plans, times and classes: only what is in use. Days are named in the reader's language."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, literal, select, text

from app.models.access import User
from app.models.courses import ClassroomSlot, Course, CoursePlan, Instrument, TimeSlot
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import people, weekdays
from app.services.resource import Lookup, register_lookup

NOTHING = literal("")


def _clock(column: Any) -> Any:
    return func.to_char(column, text("'HH24:MI'"))


def _time_slot() -> Any:
    """A time of the week from when to when, in SQL."""
    day = weekdays.in_words(TimeSlot.day)
    return func.concat(day, " ", _clock(TimeSlot.start_time), "\u2013", _clock(TimeSlot.end_time))


def _classroom_slot() -> Any:
    """ "Piano I · Tue 16:00 · Ana Moreno", in SQL."""
    when = func.concat(weekdays.in_words(TimeSlot.day, "abbreviated"), " ", _clock(TimeSlot.start_time))
    return func.concat_ws(" \u00b7 ", Course.name, when, people.full_name(User))


def _instruments(actor: Actor) -> Any:
    statement = select(Instrument.id, Instrument.name, NOTHING).where(visible(Instrument, actor))
    return statement.order_by(Instrument.name, Instrument.id)


def _courses(actor: Actor) -> Any:
    statement = select(Course.id, Course.name, Course.code).where(visible(Course, actor))
    return statement.order_by(Course.name, Course.id)


def _plans(actor: Actor) -> Any:
    detail = func.concat_ws(" \u00b7 ", CoursePlan.total_classes, CoursePlan.price)
    return select(CoursePlan.id, CoursePlan.name, detail).order_by(CoursePlan.duration_months, CoursePlan.id)


def _time_slots(actor: Actor) -> Any:
    return select(TimeSlot.id, _time_slot(), NOTHING).order_by(TimeSlot.day, TimeSlot.start_time, TimeSlot.id)


def _classroom_slots(actor: Actor) -> Any:
    taken = func.concat(ClassroomSlot.enrolled + ClassroomSlot.offered, "/", ClassroomSlot.capacity)
    return (
        select(ClassroomSlot.id, _classroom_slot(), func.concat_ws(" \u00b7 ", taken, ClassroomSlot.room))
        .join(Course, Course.id == ClassroomSlot.course_id)
        .join(TimeSlot, TimeSlot.id == ClassroomSlot.time_slot_id)
        .join(User, User.id == ClassroomSlot.teacher_id)
        .where(visible(ClassroomSlot, actor))
        .order_by(Course.name, TimeSlot.day, TimeSlot.start_time, ClassroomSlot.id)
    )


def _register(slug: str, name: str, statement: Any, search: Any, model: Any) -> None:
    """Choices that are named as their records are, of which those in use are offered."""
    register_lookup(Lookup(slug, ("lookup", name), statement, search, model.id, slug, offered=model.active))


_register("instruments", "Instruments", _instruments, Instrument.name, Instrument)
_register("courses", "Courses", _courses, Course.code + " " + Course.name, Course)
_register("course-plans", "Course plans", _plans, CoursePlan.name, CoursePlan)
_register("time-slots", "Time slots", _time_slots, _time_slot, TimeSlot)
_register("classroom-slots", "Classroom slots", _classroom_slots, _classroom_slot, ClassroomSlot)
