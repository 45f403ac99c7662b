"""The report on what is owed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models.admissions import Admission, AdmissionPayment
from app.models.courses import Course
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import school

MOST = 500


def unpaid(question: Any, actor: Actor) -> list[dict[str, Any]]:
    """Payments that are open, the oldest first, without those of cancelled admissions. By a partial index."""
    statement = (
        select(
            Admission.id,
            (Student.first_name + " " + Student.last_name).label("name"),
            Course.name.label("course"),
            AdmissionPayment.amount,
            AdmissionPayment.created_at,
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
        .limit(MOST)
    )
    if question.course_id is not None:
        statement = statement.where(Admission.course_id == question.course_id)
    today, zone = school.today(), school.zone()
    rows = []
    for row in db.session.execute(statement):
        since = row.created_at.astimezone(zone).date()
        rows.append(
            {
                "name": row.name,
                "course": row.course,
                "amount": row.amount,
                "since": since,
                "days": (today - since).days,
                "url": f"/admissions/{row.id}",
            }
        )
    return rows
