"""The report on what is owed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Date, Select, cast, func, literal, select

from app.models.admissions import Admission, AdmissionPayment
from app.models.courses import Course
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import school
from app.services.reports import records


def owed(question: Any, actor: Actor) -> Select[*tuple[Any, ...]]:
    """Payments that are open, the oldest first, without those of cancelled admissions. By a partial index. Days are the
    school's.
    """
    since = cast(func.timezone(school.zone().key, AdmissionPayment.created_at), Date)
    statement = (
        select(
            Admission.id,
            (Student.first_name + " " + Student.last_name).label("name"),
            Course.name.label("course"),
            AdmissionPayment.amount,
            since.label("since"),
            (literal(school.today(), Date) - since).label("days"),
        )
        .join(Admission, Admission.id == AdmissionPayment.admission_id)
        .join(Student, Student.id == Admission.student_id)
        .join(Course, Course.id == Admission.course_id)
        .where(
            AdmissionPayment.status == "unpaid",
            AdmissionPayment.amount > 0,
            Admission.status != "cancelled",
            visible(Admission, actor),
            visible(AdmissionPayment, actor),
        )
        .order_by(AdmissionPayment.created_at, AdmissionPayment.id)
    )
    if question.course_id is not None:
        statement = statement.where(Admission.course_id == question.course_id)
    return statement


def unpaid(question: Any, actor: Actor) -> list[dict[str, Any]]:
    """The payments that have been open for longest."""
    return records.first_admissions(owed(question, actor), actor)
