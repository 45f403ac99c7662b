"""The records of the demo's enrolled students, made the one way; the family whose records could not be made waits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import exists, select

from app.extensions import db
from app.models.enrollments import Enrollment
from app.models.student_records import RecordCreationAttempt
from app.services import sessions
from app.services.demo.school import School
from app.services.records import creation

TABLES: Final = ("guardians", "student_school_associations")


def load(school: School) -> None:
    tried = exists().where(RecordCreationAttempt.enrollment_id == Enrollment.id)
    due = Enrollment.records_due_since.is_not(None) & Enrollment.student_id.is_(None)
    for enrollment in db.session.scalars(select(Enrollment).where(due, ~tried).order_by(Enrollment.created_at)).all():
        enrollment.records_due_since = datetime.now(UTC)  # what was long ago would read as a long wait
        creation.create_records(enrollment, actor=sessions.system())
