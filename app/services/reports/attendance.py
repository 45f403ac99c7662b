"""The report on attendance."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, text

from app.extensions import db
from app.models.access import User
from app.models.classroom import Attendance
from app.models.courses import ClassroomSlot, Course
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import people, school
from app.services.reports.leads import share


def rate(question: Any, actor: Actor) -> list[dict[str, Any]]:
    """Marks of a period by month, course or teacher. Reads the classes of the period by the index on their day."""
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
        .join(User, User.id == ClassroomSlot.teacher_id)
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
        statement = statement.where(ClassroomSlot.teacher_id == question.teacher_id)
    return [
        _row(row, f"/attendance/?f=class_date:between:{question.first}..{question.last}")
        for row in db.session.execute(statement)
    ]


def _row(row: Any, url: str) -> dict[str, Any]:
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
        "url": url,
    }
