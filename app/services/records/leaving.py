"""A family ends its enrollment when there are records: the student leaves the school that the enrollment entered, and comes
back when the enrollment is opened again.
"""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.enrollments import Enrollment, EnrollmentEvent, EnrollmentEventType
from app.models.student_records import ExtensionStatus
from app.services import school
from app.services.errors import WrongState
from app.services.records.descriptors import WITHDRAWN
from app.services.records.following import follow

_EXTENSION = text("UPDATE student_program_extensions SET enrollment_status = :status WHERE student_id = :student_id")
# The association that was made with the records: the last one before the attempt that made them. One of before the enrollment is
# another's, as after a merge.
_LEAVE = text("""
    UPDATE student_school_associations SET exit_date = greatest(entry_date, :today), exit_type_descriptor = :kind
    WHERE exit_date IS NULL AND id = (
        SELECT a.id FROM enrollments e
        JOIN record_creation_attempts t ON t.enrollment_id = e.id AND t.succeeded
        JOIN student_school_associations a ON a.student_id = e.student_id AND a.created_at BETWEEN e.created_at AND t.at
        WHERE e.id = :id ORDER BY a.created_at DESC, a.id LIMIT 1)
    RETURNING id, exit_date
""")
# What somebody has changed since, as the day of the exit, is theirs.
_LEFT = """
    FROM student_school_associations a
    WHERE a.id = CAST(:association AS uuid) AND a.exit_date = CAST(:exit_date AS date) AND a.exit_type_descriptor = :kind
"""
_ELSEWHERE = text(f"""
    SELECT EXISTS (SELECT {_LEFT} AND a.primary_school AND EXISTS (
        SELECT FROM student_school_associations o WHERE o.student_id = a.student_id AND o.school_year = a.school_year
          AND o.primary_school AND o.exit_date IS NULL))
""")  # noqa: S608
_COME_BACK = text(f"""
    UPDATE student_school_associations SET exit_date = NULL, exit_type_descriptor = NULL WHERE id IN (SELECT a.id {_LEFT})
""")  # noqa: S608


def leave(enrollment: Enrollment) -> dict[str, str]:
    """Enter the exit of a student whose enrollment ends: today, or the first day where that is to come. The enrollment and
    the student are locked. Returns what `come_back` needs to take it back.
    """
    if enrollment.student_id is None:
        return {}
    _extend(enrollment, ExtensionStatus.WITHDRAWN)
    facts = {"id": enrollment.id, "today": school.today(), "kind": WITHDRAWN}
    left = db.session.execute(_LEAVE, facts).one_or_none()
    follow([enrollment.student_id])
    return {"association": str(left.id), "exit_date": left.exit_date.isoformat()} if left else {}


def come_back(enrollment: Enrollment) -> None:
    """Take back exactly the exit that ending the enrollment has entered. Raises WrongState when the student has another
    primary school in that year by now.
    """
    if enrollment.student_id is None:
        return
    _extend(enrollment, ExtensionStatus.REGISTERED)
    if "association" not in (told := ending(enrollment)):
        return
    facts = {"association": told["association"], "exit_date": told["exit_date"], "kind": WITHDRAWN}
    if db.session.scalar(_ELSEWHERE, facts):
        raise WrongState(_("The student has another primary school in this year: enter an exit there first."))
    db.session.execute(_COME_BACK, facts)
    follow([enrollment.student_id])


def ending(enrollment: Enrollment) -> dict[str, Any]:
    """What was written down when the enrollment ended last, as the reason; nothing when it never did."""
    statement = (
        select(EnrollmentEvent.details)
        .where(
            EnrollmentEvent.enrollment_id == enrollment.id,
            EnrollmentEvent.type.in_([EnrollmentEventType.WITHDRAWN, EnrollmentEventType.REJECTED]),
        )
        .order_by(EnrollmentEvent.at.desc(), EnrollmentEvent.id.desc())
        .limit(1)
    )
    return db.session.scalar(statement) or {}


def _extend(enrollment: Enrollment, status: ExtensionStatus) -> None:
    """The student's program says the same."""
    db.session.execute(_EXTENSION, {"status": status.value, "student_id": enrollment.student_id})
