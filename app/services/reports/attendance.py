"""The report on attendance."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Any

from sqlalchemy import func, select, text

from app.extensions import db
from app.models.access import User
from app.models.classroom import Attendance
from app.models.courses import ClassroomSlot, Course, SlotTeacher
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import people, school
from app.services.reports import links
from app.services.reports.leads import share


def rate(question: Any, actor: Actor) -> list[dict[str, Any]]:
    """Marks of a period by month, course or teacher of the day. Reads the classes of the period by the index on their day."""
    month = func.to_char(Attendance.class_date, text("'YYYY-MM'"))
    keys: dict[str, tuple[Any, Any]] = {
        "month": (month, month),
        "course": (Course.id, Course.name),
        "teacher": (User.id, people.full_name(User)),
    }
    key, name = keys[question.by]
    marks = {
        mark: func.count().filter(Attendance.status == mark).label(mark)
        for mark in ("present", "late", "absent", "excused", "scheduled")
    }
    statement = (
        select(key.label("key"), name.label("name"), *marks.values())
        .select_from(Attendance)
        .join(ClassroomSlot, ClassroomSlot.id == Attendance.classroom_slot_id)
        .join(Course, Course.id == ClassroomSlot.course_id)
        .join(Attendance.taught)
        .join(User, User.id == SlotTeacher.teacher_id)
        .where(
            visible(Attendance, actor),
            Attendance.deleted_at.is_(None),
            Attendance.class_date.between(question.first, min(question.last, school.today())),
        )
        .group_by(key, name)
        .order_by(name)
    )
    if question.course_id is not None:
        statement = statement.where(ClassroomSlot.course_id == question.course_id)
    if question.teacher_id is not None:
        statement = statement.where(SlotTeacher.teacher_id == question.teacher_id)
    return [_row(row, question) for row in db.session.execute(statement)]


def _row(row: Any, question: Any) -> dict[str, Any]:
    there = row.present + row.late
    marked = there + row.absent + row.excused
    return {
        "name": row.name,
        "marked": marked,
        "there": there,
        "absent": row.absent,
        "excused": row.excused,
        "unmarked": row.scheduled,
        "rate": share(there, marked),
        "url": _list(row, question),
        "urls": {name: _list(row, question, f"status:in:{wanted}") for name, wanted in _MARKS.items()},
    }


_MARKS = {
    "marked": "present,late,absent,excused",
    "there": "present,late",
    "absent": "absent",
    "excused": "excused",
    "unmarked": "scheduled",
}


def _list(row: Any, question: Any, *marks: str) -> str:
    """The classes that a row of the report is about."""
    first, last = question.first, min(question.last, school.today())
    wanted = {"taught_course": question.course_id, "teacher": question.teacher_id}
    if question.by == "month":
        start = date.fromisoformat(f"{row.key}-01")
        first, last = max(first, start), min(last, start.replace(day=monthrange(start.year, start.month)[1]))
    else:
        wanted["teacher" if question.by == "teacher" else "taught_course"] = row.key
    return links.to_list("attendance", f"class_date:between:{first}..{last}", *marks, **wanted)
