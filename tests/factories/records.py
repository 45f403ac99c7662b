"""Enrollments as families leave them, for the making of records: school, invitation, steps."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.extensions import db
from app.models.enrollments import Enrollment, EnrollmentInvitation, EnrollmentStep
from app.models.organizations import Organization
from app.services import accounts

_numbers = itertools.count(1)

STUDENT = {
    "first_name": "Zoë",
    "last_name": "Ångström",
    "birth_date": "2015-04-01",
    "grade_level": "1",
    "birth_sex_descriptor": "Female",
    "hispanic_latino_ethnicity": False,
    "races": ["White", "Asian"],
    "guardian_first_name": "Maj",
    "guardian_last_name": "Ångström",
    "guardian_email": "maj@example.org",
    "guardian_phone": "+44 20 7946 0018",
    "guardian_relation": "Mother",
}


def organization(**values: Any) -> Organization:
    number = next(_numbers)
    made = Organization(**{"name": f"School {number}", "identifier": f"S{number}", "school_id": 1000 + number} | values)
    db.session.add(made)
    db.session.commit()
    return made


def enrollment(*, student: dict[str, Any] | None = None, steps: int = 4, **values: Any) -> Enrollment:
    """A committed enrollment of which the first `steps` steps are completed."""
    number, coach, guardian = next(_numbers), accounts.find("coach"), accounts.find("guardian")
    assert coach is not None and guardian is not None
    school_id = values.pop("school_id", None) or organization().id
    now = datetime.now(UTC)
    invitation = EnrollmentInvitation(
        coach_id=coach.id,
        school_id=school_id,
        student_first_name="Zoë",
        student_last_name="Ångström",
        guardian_email="maj@example.org",
        token_hash=hashlib.sha256(str((number, now)).encode()).hexdigest(),
        expires_at=now + timedelta(days=14),
        opened_at=now,
        status="accepted",
    )
    db.session.add(invitation)
    db.session.flush()
    made = Enrollment(
        **{
            "enrollment_code": f"TSA-ENROLL-20241208-{number:06d}",
            "invitation_id": invitation.id,
            "guardian_id": guardian.id,
            "coach_id": coach.id,
            "school_id": school_id,
            "student_first_name": "Zoë",
            "student_last_name": "Ångström",
            "current_step": steps + 1,
        }
        | values
    )
    db.session.add(made)
    db.session.flush()
    data = {
        1: {"program_interests": ["Football", "Chess"], "expected_start_date": "2026-09-01"},
        3: {"shadow_day": date(2026, 3, 1).isoformat()},
        4: STUDENT if student is None else student,
    }
    db.session.add_all(
        EnrollmentStep(enrollment_id=made.id, step=step, data=data.get(step, {}), status="completed", completed_at=now)
        for step in range(1, steps + 1)
    )
    db.session.commit()
    return made
