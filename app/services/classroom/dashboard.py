"""The classes of days: who teaches what, where, how full it is and how far it is marked. One statement counts all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Integer, SmallInteger, and_, cast, column, exists, func, literal_column, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from app.extensions import db
from app.models.access import User
from app.models.classroom import Attendance
from app.models.courses import ClassroomSlot, Closure, Course, OperatingDay, SlotTeacher, TimeSlot, had_slot
from app.policies.actor import Actor
from app.policies.scopes import classes_of_day
from app.services import people, school
from app.services.classroom.classes import begins
from app.services.classroom.occupancy import moved_out, visitors

MOST_SHOWN = 100


@dataclass(frozen=True)
class Choice:
    """What is looked at: all classes, or those of a teacher or a course."""

    teacher_id: int | None = None
    course_id: UUID | None = None


@dataclass(frozen=True)
class ClassOfDay:
    slot_id: UUID
    day: date
    start: time
    end: time
    course: str
    teacher: str
    teacher_id: int
    room: str | None
    capacity: int
    taken: int
    planned: int  # rows of the register
    marked: int
    visitors: int

    @property
    def open(self) -> int:
        """How many of the register are still to be marked."""
        return self.planned - self.marked


@dataclass(frozen=True)
class SchoolDay:
    """A day: whether there are classes. `closure` says why not; empty and not open: a weekly day off."""

    day: date
    open: bool
    closure: str = ""


@dataclass(frozen=True)
class Days:
    days: list[SchoolDay]
    classes: list[ClassOfDay]
    more: bool  # there are more classes than are shown


def days(first: date, count: int, actor: Actor, choice: Choice | None = None) -> Days:
    """The classes of some days in a row, in the order of time, at most as many as a page holds. On a closed day, or in
    a slot out of use, only those in which somebody is planned.
    """
    wanted = [first + timedelta(days=offset) for offset in range(count)]
    known = _school_days(wanted)
    found = _classes(wanted, actor, choice or Choice(), MOST_SHOWN + 1)
    closed = {each.day for each in known if not each.open}
    shown = [each for each in found[:MOST_SHOWN] if each.planned or each.day not in closed]
    return Days(known, shown, len(found) > MOST_SHOWN)


def week(day: date, actor: Actor, choice: Choice | None = None) -> Days:
    """The classes of the week, from Monday, in which a day lies."""
    return days(day - timedelta(days=day.weekday()), 7, actor, choice)


def _school_days(wanted: Sequence[date]) -> list[SchoolDay]:
    closed = and_(Closure.starts_on <= wanted[-1], Closure.ends_on >= wanted[0])
    rows = db.session.execute(
        select(OperatingDay.day, OperatingDay.open, Closure.starts_on, Closure.ends_on, Closure.reason)
        .select_from(OperatingDay)
        .outerjoin(Closure, closed)
        .order_by(Closure.starts_on)
    ).all()
    open_days = {row.day for row in rows if row.open}
    closures = dict.fromkeys((row.starts_on, row.ends_on, row.reason) for row in rows if row.starts_on is not None)
    return [_school_day(day, open_days, closures) for day in wanted]


def _school_day(day: date, open_days: set[int], closures: Iterable[tuple[date, date, str]]) -> SchoolDay:
    reasons = [reason for first, last, reason in closures if first <= day <= last]
    return SchoolDay(day, day.weekday() in open_days and not reasons, ", ".join(reasons))


# `w` is a class of a day, in the statement below. The register is counted once: how many, and how many of them marked.
_REGISTER = (
    "(SELECT ARRAY[count(*), count(*) FILTER (WHERE a.status <> 'scheduled')] FROM attendance a"
    " WHERE a.classroom_slot_id = w.slot_id AND a.class_date = w.day AND a.deleted_at IS NULL)"
)


def _classes(wanted: Sequence[date], actor: Actor, choice: Choice, most: int) -> list[ClassOfDay]:
    """The counting is done for as many as are shown, and no more."""
    weekdays = [each.weekday() for each in wanted]
    given = func.unnest(cast(list(wanted), ARRAY(Date)), cast(weekdays, ARRAY(SmallInteger)))
    both = given.table_valued(column("day", Date), column("weekday", SmallInteger)).render_derived("given")
    of_day = select(both.c.day, both.c.weekday).order_by(both.c.day).subquery("d")
    planned = (
        exists()
        .where(
            Attendance.classroom_slot_id == ClassroomSlot.id,
            Attendance.class_date == of_day.c.day,
            Attendance.deleted_at.is_(None),
        )
        .correlate(ClassroomSlot, of_day)
    )
    moment = begins(of_day.c.day)
    in_use = ClassroomSlot.active & TimeSlot.active & ClassroomSlot.deleted_at.is_(None)
    of_one_day = (
        select(
            ClassroomSlot.id.label("slot_id"),
            TimeSlot.start_time.label("start"),
            TimeSlot.end_time.label("end"),
            ClassroomSlot.course_id,
            SlotTeacher.teacher_id,
            ClassroomSlot.room,
            ClassroomSlot.capacity,
            ClassroomSlot.enrolled,
        )
        .join(TimeSlot, TimeSlot.id == ClassroomSlot.time_slot_id)
        .join(SlotTeacher, had_slot(SlotTeacher, ClassroomSlot.id, moment))
        .where(TimeSlot.day == of_day.c.weekday, classes_of_day(actor, moment), or_(in_use, planned))
        .order_by(TimeSlot.start_time, ClassroomSlot.id)
        .limit(most)
    )
    if choice.teacher_id is not None:
        of_one_day = of_one_day.where(SlotTeacher.teacher_id == choice.teacher_id)
    if choice.course_id is not None:
        of_one_day = of_one_day.where(ClassroomSlot.course_id == choice.course_id)
    # Day by day: once there are as many as are shown, the days after are not looked at.
    found = of_one_day.correlate(of_day).lateral("found")
    statement = select(of_day.c.day, found).join(found, true()).order_by(of_day.c.day, found.c.start, found.c.slot_id)
    statement = statement.limit(most)
    w = statement.cte("w")
    counted = (
        select(
            w,
            Course.name.label("course"),
            people.full_name(User).label("teacher"),
            literal_column(_REGISTER, ARRAY(Integer)).label("register"),
            literal_column(visitors("w.slot_id", "w.day"), Integer).label("visitors"),
            literal_column(moved_out("w.slot_id", "w.day"), Integer).label("away"),
        )
        .join(Course, Course.id == w.c.course_id)
        .join(User, User.id == w.c.teacher_id)
        .order_by(w.c.day, w.c.start, Course.name, User.first_name, w.c.slot_id)
    )
    today = school.today()
    return [_class_of_day(row, today) for row in db.session.execute(counted)]


def _class_of_day(row: Any, today: date) -> ClassOfDay:
    """On days that are over, who was planned counts; on those to come, also places in which nobody is planned yet."""
    planned, marked = row.register
    taken = row.enrolled + row.visitors - row.away if row.day >= today else planned
    return ClassOfDay(
        row.slot_id,
        row.day,
        row.start,
        row.end,
        row.course,
        row.teacher,
        row.teacher_id,
        row.room,
        row.capacity,
        taken,
        planned,
        marked,
        row.visitors,
    )
