"""Choices of classes: a student, the day, the course."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, text

from app.models.classroom import Attendance
from app.models.courses import ClassroomSlot, Course
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import people
from app.services.matching import Through
from app.services.resource import Lookup, register_lookup


def _classes(actor: Actor) -> Any:
    day = func.to_char(Attendance.class_date, text("'YYYY-MM-DD'"))
    return (
        select(Attendance.id, func.concat(people.full_name(Student), ", ", day), Course.name)
        .join(Student, Student.id == Attendance.student_id)
        .join(ClassroomSlot, ClassroomSlot.id == Attendance.classroom_slot_id)
        .join(Course, Course.id == ClassroomSlot.course_id)
        .where(visible(Attendance, actor))
        .order_by(Attendance.class_date.desc(), Attendance.id.desc())
    )


register_lookup(
    Lookup(
        "classes",
        ("lookup", "Attendance"),
        _classes,
        Through(Attendance.student_id, Student.id, Student.search_text),
        Attendance.id,
        "attendance",
        folded=True,
    )
)
