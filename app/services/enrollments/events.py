"""The log of an enrollment: what happened, in order. Only ever appended to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from app.extensions import db
from app.models.access import User
from app.models.enrollments import Enrollment, EnrollmentEvent, EnrollmentEventType, EnrollmentInvitation
from app.services import people

MOST = 200


class Happened(NamedTuple):
    """An event with who did it; `who` is empty when it was Registrar itself."""

    event: EnrollmentEvent
    who: str


def note(of: Enrollment | EnrollmentInvitation, kind: EnrollmentEventType, **details: Any) -> None:
    """Write an event down in the running transaction. `details` is JSON without data of persons."""
    if isinstance(of, Enrollment):
        enrollment_id, invitation_id = of.id, of.invitation_id
    else:
        enrollment_id, invitation_id = None, of.id
    db.session.add(
        EnrollmentEvent(enrollment_id=enrollment_id, invitation_id=invitation_id, type=kind, details=details)
    )


def was_set(enrollment_id: Any, day: str) -> bool:
    """Whether a coach or the office has set this as the shadow day."""
    statement = select(EnrollmentEvent.id).where(
        EnrollmentEvent.enrollment_id == enrollment_id,
        EnrollmentEvent.type == EnrollmentEventType.STEP_SAVED,
        EnrollmentEvent.details["shadow_day"].astext == day,
    )
    return db.session.scalar(statement.limit(1)) is not None


def of_invitation(invitation_id: Any) -> Sequence[Happened]:
    """Everything that happened on an invitation and its enrollment, newest first."""
    statement = (
        select(EnrollmentEvent, people.full_name(User))
        .outerjoin(User, User.id == EnrollmentEvent.actor_id)
        .where(EnrollmentEvent.invitation_id == invitation_id)
        .order_by(EnrollmentEvent.at.desc(), EnrollmentEvent.id.desc())
        .limit(MOST)
    )
    return [Happened(event, who or "") for event, who in db.session.execute(statement)]
