"""Reports on places: how full the classes are, and whose classes run out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from app.extensions import db
from app.models.access import User
from app.models.admissions import Admission
from app.models.classroom import Attendance
from app.models.courses import ClassroomSlot, Course, TimeSlot
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import people, weekdays
from app.services.admissions.attributes import BALANCES
from app.services.reports import links, records
from app.services.reports.leads import share

FEW = 4  # classes, as in the notice `classes_remaining_4`


def occupancy(question: Any, actor: Actor) -> list[dict[str, Any]]:
    """Places and who has them, from the counters of the slots: by course, day or teacher."""
    keys: dict[str, tuple[Any, Any]] = {
        "course": (Course.id, Course.name),
        "day": (TimeSlot.day, TimeSlot.day),
        "teacher": (User.id, people.full_name(User)),
    }
    key, name = keys[question.by]
    statement = (
        select(
            key.label("key"),
            name.label("name"),
            func.count().label("slots"),
            func.sum(ClassroomSlot.capacity).label("capacity"),
            func.sum(ClassroomSlot.enrolled).label("enrolled"),
            func.sum(ClassroomSlot.offered).label("offered"),
        )
        .select_from(ClassroomSlot)
        .join(Course, Course.id == ClassroomSlot.course_id)
        .join(TimeSlot, TimeSlot.id == ClassroomSlot.time_slot_id)
        .join(User, User.id == ClassroomSlot.teacher_id)
        .where(visible(ClassroomSlot, actor), ClassroomSlot.active)
        .group_by(key, name)
        .order_by(name)
    )
    if question.course_id is not None:
        statement = statement.where(ClassroomSlot.course_id == question.course_id)
    if question.teacher_id is not None:
        statement = statement.where(ClassroomSlot.teacher_id == question.teacher_id)
    asked = {"course": question.course_id, "teacher": question.teacher_id}
    attribute = {"course": "course", "day": "weekday", "teacher": "teacher"}[question.by]
    return [
        {
            "name": weekdays.name(row.name) if question.by == "day" else row.name,
            "slots": row.slots,
            "capacity": row.capacity,
            "enrolled": row.enrolled,
            "offered": row.offered,
            "rate": share(row.enrolled + row.offered, row.capacity),
            "url": links.to_list("classroom-slots", "active:is:true", **(asked | {attribute: row.key})),
        }
        for row in db.session.execute(statement)
    ]


def few_left(question: Any, actor: Actor) -> Select[*tuple[Any, ...]]:
    """Active admissions with few classes left, by the one definition of these (`admission_balances`)."""
    last_class = (
        select(func.max(Attendance.class_date))
        .where(Attendance.admission_id == Admission.id, Attendance.deleted_at.is_(None))
        .correlate(Admission)
        .scalar_subquery()
    )
    statement = (
        select(
            Admission.id,
            (Student.first_name + " " + Student.last_name).label("name"),
            Course.name.label("course"),
            BALANCES.c.remaining,
            last_class.label("last_class"),
        )
        .join(Student, Student.id == Admission.student_id)
        .join(Course, Course.id == Admission.course_id)
        .join(BALANCES, BALANCES.c.admission_id == Admission.id)
        .where(visible(Admission, actor), Admission.status == "active", BALANCES.c.remaining <= FEW)
        .order_by(BALANCES.c.remaining, Student.last_name, Admission.id)
    )
    if question.course_id is not None:
        statement = statement.where(Admission.course_id == question.course_id)
    return statement


def running_out(question: Any, actor: Actor) -> list[dict[str, Any]]:
    """Those with the fewest classes left."""
    return records.first_admissions(few_left(question, actor), actor)
