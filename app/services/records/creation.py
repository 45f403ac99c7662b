"""The records of a student, made of an enrollment: one set, in one savepoint of the step's transaction, exactly once
(02-enrollment). Whatever goes wrong is written down and told to the office; it never stops the family.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.models.enrollments import (
    Enrollment,
    EnrollmentEvent,
    EnrollmentEventType,
    EnrollmentStatus,
    EnrollmentStep,
)
from app.models.student_records import RecordCreationAttempt
from app.policies.actor import Actor
from app.services import school
from app.services.records import facts, grades, naming, notices, sets, years
from app.services.records.descriptors import SOURCE_SYSTEM
from app.services.records.facts import Unfit
from app.services.transaction import lock, transactional

log = logging.getLogger(__name__)

ENDED: Final = (EnrollmentStatus.WITHDRAWN, EnrollmentStatus.REJECTED)
STUDENT_INFORMATION: Final = 4
COMPLETE: Final = 7


@transactional
def create_records(enrollment: Enrollment, *, actor: Actor) -> RecordCreationAttempt:
    """Make the records of a locked enrollment's student, unless they are there; returns the attempt that tells what
    came of it. Missing or invalid data, and a fault of the database, are written down as attempt and event and told to
    the office, never raised: the step is saved all the same. Raises NotFound for an enrollment that is not there.
    """
    locked = lock(Enrollment, enrollment.id)
    if locked.student_id is not None:
        return _attempt_that_succeeded(locked)
    due_since = locked.records_due_since or _due_since(locked)
    try:
        with db.session.begin_nested():
            made = _make(locked)
            return _note(locked, due_since, student_id=made)
    except Unfit as unfit:
        return _failed(locked, due_since, actor, unfit.names, str(unfit))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise  # nothing can be saved any more
        log.warning("records of enrollment %s could not be made", locked.id, exc_info=True)
        return _failed(locked, due_since, actor, {}, _told(error))
    except Exception as error:  # a fault of ours must not stop the family either
        log.exception("records of enrollment %s could not be made", locked.id)
        return _failed(locked, due_since, actor, {}, type(error).__name__)


def _due_since(enrollment: Enrollment) -> datetime:
    """When the step was completed that asked for them, which is what the latency is counted from."""
    statement = select(EnrollmentStep.completed_at).where(
        EnrollmentStep.enrollment_id == enrollment.id, EnrollmentStep.step == STUDENT_INFORMATION
    )
    return db.session.scalar(statement) or datetime.now(UTC)


def _attempt_that_succeeded(enrollment: Enrollment) -> RecordCreationAttempt:
    statement = (
        select(RecordCreationAttempt)
        .where(RecordCreationAttempt.enrollment_id == enrollment.id, RecordCreationAttempt.succeeded)
        .order_by(RecordCreationAttempt.id.desc())
        .limit(1)
    )
    found = db.session.scalars(statement).one_or_none()
    return found or RecordCreationAttempt(
        enrollment_id=enrollment.id, succeeded=True, student_id=enrollment.student_id, fields={}, message=""
    )


_KEYS = text("SELECT uuid_time_ordered() AS id, nextval('student_usi_seq') AS usi")
# Two children of one family at once: the second waits here, whoever is named, and finds the guardian that the first has
# made. An account stands for one person: who has another name there is none of its guardian.
_OF_ACCOUNT = text("""
    INSERT INTO guardians AS kept (user_id, first_name, last_name, email, phone)
    VALUES (:user_id, :first_name, :last_name, :email, :phone)
    ON CONFLICT (user_id) WHERE deleted_at IS NULL AND user_id IS NOT NULL DO UPDATE
    SET email = coalesce(kept.email, excluded.email), phone = coalesce(kept.phone, excluded.phone)
    WHERE lower(kept.first_name) = lower(excluded.first_name) AND lower(kept.last_name) = lower(excluded.last_name)
    RETURNING id
""")
# As the import of students tells who is the same.
_OF_NAME = text("""
    SELECT id FROM guardians
    WHERE deleted_at IS NULL AND lower(email) = lower(:email)
      AND lower(first_name) = lower(:first_name) AND lower(last_name) = lower(:last_name)
    ORDER BY created_at, id LIMIT 1
""")
_WITHOUT_ACCOUNT = text("""
    INSERT INTO guardians (first_name, last_name, email, phone) VALUES (:first_name, :last_name, :email, :phone) RETURNING id
""")


def _guardian(enrollment: Enrollment, given: dict[str, Any]) -> UUID:
    """Who was entered as guardian: that of the family's account if the name is theirs, else the one of this name and e-mail
    address, else a new one.
    """
    person = {name: given[f"guardian_{name}"] for name in ("first_name", "last_name", "email", "phone")}
    of_account = db.session.scalar(_OF_ACCOUNT, person | {"user_id": enrollment.guardian_id})
    found: UUID = of_account or db.session.scalar(_OF_NAME, person) or db.session.scalar(_WITHOUT_ACCOUNT, person)
    return found


def _make(enrollment: Enrollment) -> UUID:
    """The whole set, in the savepoint of the caller. Raises Unfit, and what the database raises."""
    given = facts.read(enrollment)
    keys = db.session.execute(_KEYS).one()
    guardian_id = _guardian(enrollment, given)
    one = {name: given.get(name) for name in sets.SET if given.get(name) is not None} | {
        "student_id": keys.id,
        "student_usi": keys.usi,
        "student_unique_id": naming.student_unique_id(enrollment.enrollment_code),
        "source_system_descriptor": SOURCE_SYSTEM,
        "guardian_id": guardian_id,
        "guardian_name": f"{given['guardian_first_name']} {given['guardian_last_name']}"[:160],
        "relation_descriptor": given.get("guardian_relation"),
        "stem": naming.stem(given["first_name"], given["last_name"]),
        "guardian_stem": naming.stem(given["guardian_first_name"], given["guardian_last_name"]),
    }
    sets.write(sets=sets.as_json([one | _of_school(enrollment, given) | _of_program(enrollment, given)]))
    student_id: UUID = keys.id
    enrollment.student_id, enrollment.records_due_since = student_id, None
    if enrollment.status is EnrollmentStatus.IN_PROGRESS:
        enrollment.status = EnrollmentStatus.REGISTERED
    db.session.flush()
    if enrollment.current_step == COMPLETE:  # made late: what completing would have entered is entered now
        _complete(enrollment)
    return student_id


def _of_school(enrollment: Enrollment, given: dict[str, Any]) -> dict[str, Any]:
    today = school.today()
    code = grades.ceds(given["grade_level"])
    return {
        "school_id": enrollment.school_id,
        "entry_date": today,
        "entry_grade_level_descriptor": given["grade_level"],
        "school_year": years.school_year(today),
        "grades": [code] if code else [],
    }


def _of_program(enrollment: Enrollment, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "sport_interests": given.get("program_interests") or [],
        "assigned_program_track": given.get("program_track"),
        "grade_at_enrollment": given["grade_level"],
        "referring_coach_id": enrollment.coach_id,
        "invitation_id": enrollment.invitation_id,
    }


def _note(
    enrollment: Enrollment,
    due_since: datetime,
    *,
    student_id: UUID | None = None,
    fields: dict[str, str] | None = None,
    message: str = "",
) -> RecordCreationAttempt:
    """Write down what came of an attempt: a row, and an event on the enrollment."""
    attempt = RecordCreationAttempt(
        enrollment_id=enrollment.id,
        succeeded=student_id is not None,
        student_id=student_id,
        fields=fields or {},
        message=message[:1000],
        due_since=due_since,
    )
    kinds = (EnrollmentEventType.RECORD_CREATION_FAILED, EnrollmentEventType.RECORDS_CREATED)
    details = {"student_id": str(student_id)} if student_id else {"fields": fields or {}, "message": message[:1000]}
    db.session.add(attempt)
    db.session.add(
        EnrollmentEvent(
            enrollment_id=enrollment.id,
            invitation_id=enrollment.invitation_id,
            type=kinds[attempt.succeeded],
            details=details,
        )
    )
    db.session.flush()
    return attempt


def _failed(
    enrollment: Enrollment, due_since: datetime, actor: Actor, fields: dict[str, str], message: str
) -> RecordCreationAttempt:
    """Write a failure down and tell the office. When even that fails, the step is still saved, and `records_due_since`,
    which it has set, brings the retry.
    """
    try:
        with db.session.begin_nested():
            enrollment.records_due_since = due_since
            attempt = _note(enrollment, due_since, fields=fields, message=message)
            notices.tell_failed(enrollment, fields, actor)
            return attempt
    except Exception:
        log.exception("the failure of enrollment %s could not be written down", enrollment.id)
        return RecordCreationAttempt(
            enrollment_id=enrollment.id, succeeded=False, fields=fields, message=message, due_since=due_since
        )


def _told(error: DBAPIError) -> str:
    """What the database refused, without anybody's data."""
    state = getattr(error.orig, "sqlstate", None) or type(error.orig).__name__
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    return f"database: {state} {constraint}".strip()


_COMPLETE = text("""
    UPDATE student_program_extensions x
    SET enrollment_status = 'enrolled', deposit_paid = e.deposit_paid, deposit_amount = e.deposit_amount,
        deposit_paid_on = e.deposit_paid_on, completed_on = :today,
        consultation_completed = EXISTS (
            SELECT FROM enrollment_steps s WHERE s.enrollment_id = e.id AND s.step = 2 AND s.status = 'completed'),
        documents_complete = NOT EXISTS (
            SELECT FROM document_types t WHERE t.required AND t.active AND NOT EXISTS (
                SELECT FROM enrollment_documents d WHERE d.enrollment_id = e.id AND d.document_type = t.code
                  AND d.replaced_at IS NULL AND d.status <> 'rejected'))
    FROM enrollments e WHERE e.id = :id AND x.student_id = e.student_id
""")


@transactional
def complete_records(enrollment: Enrollment, *, actor: Actor) -> bool:
    """Enter into the records that the enrollment is complete: status, deposit, documents and the day (02-enrollment).
    Returns whether there are records; where there are none yet, making them enters it.
    """
    return _complete(lock(Enrollment, enrollment.id))


def _complete(enrollment: Enrollment) -> bool:
    facts_of = {"id": enrollment.id, "today": school.today()}
    return bool(db.session.execute(_COMPLETE, facts_of).rowcount)  # type: ignore[attr-defined]
