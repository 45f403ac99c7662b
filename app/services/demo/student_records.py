"""The records of the demo's enrolled students, made the one way; the family whose records could not be made waits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import exists, select

from app.extensions import db
from app.models.enrollments import Enrollment
from app.models.student_records import Guardian, RecordCreationAttempt
from app.models.students import Student
from app.services import sessions
from app.services.demo.school import School
from app.services.records import creation, links

TABLES: Final = ("guardians", "student_school_associations")


def load(school: School) -> None:
    tried = exists().where(RecordCreationAttempt.enrollment_id == Enrollment.id)
    due = Enrollment.records_due_since.is_not(None) & Enrollment.student_id.is_(None)
    for enrollment in db.session.scalars(select(Enrollment).where(due, ~tried).order_by(Enrollment.created_at)).all():
        enrollment.records_due_since = datetime.now(UTC)  # what was long ago would read as a long wait
        creation.create_records(enrollment, actor=sessions.system())
    _one_family(school)


def _one_family(school: School) -> None:
    """Who has the login of the guardian looks after who has that of the student, and sees their classes."""
    guardian_id = db.session.scalar(select(Guardian.id).where(Guardian.user_id == school.named("guardian").id))
    student_id = db.session.scalar(select(Student.id).where(Student.user_id == school.named("student").id))
    values = {"student_id": student_id, "guardian_id": guardian_id, "relation_descriptor": "Mother"}
    if guardian_id is not None and student_id is not None:
        links.create_link(values, actor=sessions.system())
