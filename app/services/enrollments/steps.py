"""The six steps: saved as a draft while somebody types, completed when all of it is right, corrected until the next one is
completed (spec B).

Locks: the enrollment first; its steps and documents are read afterwards. Of two who send the same step, the second finds
it completed with the same data, and nothing happens again.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.models.enrollments import (
    Enrollment,
    EnrollmentEventType,
    EnrollmentStatus,
    EnrollmentStep,
    StepStatus,
)
from app.policies.actor import Actor
from app.policies.enrollments import may_fill_steps
from app.policies.scopes import visible
from app.services import inputs, sessions
from app.services.enrollments import events, notices, progress
from app.services.enrollments.progress import COMPLETE
from app.services.enrollments.schemas import NOT_TO_COME, STEP_INPUTS, is_to_come
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from app.services.inputs import is_storable
from app.services.records import creation
from app.services.transaction import check_version, clock, lock, lock_many, transactional

LONGEST_DRAFT: Final = 1000
MOST_DRAFTED: Final = 50
CONSULTATION, SHADOW_DAY, STUDENT, DOCUMENTS, PAYMENT = 2, 3, 4, 5, 6
# What somebody works on is left out until the next time.
_LACKS_NOTHING: Final = text("""
    SELECT e.id FROM enrollments e
    WHERE e.status IN ('in_progress', 'registered') AND e.current_step = 6 AND e.deposit_paid AND e.deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM document_types t WHERE t.active AND t.required AND NOT EXISTS (
          SELECT FROM enrollment_documents d WHERE d.enrollment_id = e.id AND d.document_type = t.code
            AND d.replaced_at IS NULL AND d.status = 'verified'))
    ORDER BY e.id FOR NO KEY UPDATE OF e SKIP LOCKED
""")
SENT = "sent_at"  # the family has done its part of a step that somebody else completes


@transactional
def save_draft(
    enrollment_id: UUID, step: int, raw: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> EnrollmentStep:
    """Keep what was typed so far, right or not. A completed step stays as it is until it is sent again.

    Raises NotFound, NotAllowed, WrongState, Invalid for what cannot be kept at all, and Conflict when somebody else changed
    the step since `version`.
    """
    enrollment = lock_to_fill(enrollment_id, step, actor)
    found = progress.steps_of(enrollment.id)[step]
    draft = _draft(step, raw)
    if found.status is StepStatus.COMPLETED or progress.is_sent(found) or draft == found.data:
        return found
    _check_version(found, version, actor)
    found.data, found.status = draft, StepStatus.IN_PROGRESS
    db.session.flush()
    return found


@transactional
def submit(
    enrollment_id: UUID, step: int, raw: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> Enrollment:
    """Complete or correct a step. The same again changes nothing. Completing the student information makes the records,
    whose failure stops nobody.

    Raises NotFound, NotAllowed, WrongState, Invalid with every error at its field, and Conflict when somebody else changed
    the step since `version`; nothing is changed then.
    """
    enrollment = lock_to_fill(enrollment_id, step, actor, raw)
    found = progress.steps_of(enrollment.id)[step]
    data = _data(found, raw)
    if step == DOCUMENTS:
        _check_documents(enrollment)
    known = {name: found.data.get(name) for name in STEP_INPUTS[step].model_fields}
    same = known == {name: data.get(name) for name in known}
    if same and (found.status is StepStatus.COMPLETED or progress.is_sent(found)):
        return enrollment
    _check_version(found, version, actor)
    if step in (CONSULTATION, PAYMENT):
        _hand_in(enrollment, found, data, actor)
    else:
        complete(enrollment, found, data, actor)
    return enrollment


def lock_to_fill(enrollment_id: UUID, step: int, actor: Actor, raw: Mapping[str, Any] | None = None) -> Enrollment:
    """The enrollment, locked, if this step may be filled in now. Raises NotFound, NotAllowed, WrongState."""
    if step not in STEP_INPUTS:
        raise NotFound
    enrollment = lock(Enrollment, enrollment_id, visible(Enrollment, actor))
    if (reason := may_fill_steps(actor, enrollment)) is not None:
        raise NotAllowed(reason)
    if (reason := progress.why_not_fill(enrollment, step, actor)) is not None and not _is_repeated(
        enrollment, step, raw
    ):
        raise WrongState(reason)
    return enrollment


def _is_repeated(enrollment: Enrollment, step: int, raw: Mapping[str, Any] | None) -> bool:
    """Whether a completed step is sent once more as it is: a second click, or another window."""
    if raw is None or step >= enrollment.current_step or enrollment.status not in progress.OPEN:
        return False
    found = progress.steps_of(enrollment.id)[step]
    try:
        data = _data(found, raw)
    except Invalid:
        return False
    names = STEP_INPUTS[step].model_fields
    return found.status is StepStatus.COMPLETED and all(found.data.get(name) == data.get(name) for name in names)


def complete(enrollment: Enrollment, step: EnrollmentStep, data: Mapping[str, Any], actor: Actor) -> None:
    """Write a step of a locked enrollment as completed, tell of it, and make the records where they are due."""
    before, now = step.status, clock()
    changed = sorted(name for name in {*step.data, *data} if step.data.get(name) != data.get(name))
    step.data, step.status = dict(data), StepStatus.COMPLETED
    if before is not StepStatus.COMPLETED:
        step.completed_at, step.completed_by = now, actor.id
    enrollment.current_step = max(enrollment.current_step, step.step + 1)
    if step.step == STUDENT:
        enrollment.student_first_name, enrollment.student_last_name = data["first_name"], data["last_name"]
    db.session.flush()
    if before is StepStatus.COMPLETED:
        events.note(enrollment, EnrollmentEventType.STEP_CORRECTED, step=step.step, fields=changed)
    else:
        events.note(enrollment, EnrollmentEventType.STEP_COMPLETED, step=step.step)
        notices.step_completed(enrollment, step.step, step.id, actor)
    if step.step == STUDENT and current_app.config["ENROLLMENT_CREATE_RECORDS_AT_STEP"] == STUDENT:
        make_records(enrollment, actor)
    if step.step == DOCUMENTS:
        settle(enrollment, actor)


def make_records(enrollment: Enrollment, actor: Actor) -> None:
    """Have the student's records made, if there are none. What comes of it is on record; it never stops the family."""
    if enrollment.student_id is None:
        enrollment.records_due_since = enrollment.records_due_since or clock()
        db.session.flush()
        creation.create_records(enrollment, actor=actor)
        db.session.flush()
        db.session.refresh(enrollment)


def settle(enrollment: Enrollment, actor: Actor) -> bool:
    """Complete the payment, and with it the enrollment, when nothing is left to do: the deposit is paid, and every required
    document verified. Returns whether it is complete now.
    """
    if enrollment.current_step != PAYMENT or enrollment.status not in progress.OPEN or not enrollment.deposit_paid:
        return False
    if progress.missing(enrollment.id, verified=True):
        return False
    step, now = progress.steps_of(enrollment.id)[PAYMENT], clock()
    step.status, step.completed_at, step.completed_by = StepStatus.COMPLETED, now, actor.id
    enrollment.current_step = COMPLETE
    db.session.flush()
    events.note(enrollment, EnrollmentEventType.STEP_COMPLETED, step=PAYMENT)
    make_records(enrollment, actor)
    enrollment.status, enrollment.enrolled_at = EnrollmentStatus.ENROLLED, now
    db.session.flush()
    creation.complete_records(enrollment, actor=actor)
    events.note(enrollment, EnrollmentEventType.ENROLLED)
    notices.enrolled(enrollment, actor)
    return True


def settle_paid() -> int:
    """Complete what lacked only a document that is not asked for any more: its type was switched off, deleted, or is no
    longer required. Returns how many are complete now.
    """
    return _settle_paid(actor=sessions.system())


@transactional
def _settle_paid(*, actor: Actor) -> int:
    return sum(settle(each, actor) for each in lock_many(Enrollment, list(db.session.scalars(_LACKS_NOTHING))))


def reopen_documents(enrollment: Enrollment) -> None:
    """A required document was rejected: the family has to send another one before it goes on."""
    step = progress.steps_of(enrollment.id)[DOCUMENTS]
    if step.status is StepStatus.COMPLETED and enrollment.status in progress.OPEN:
        step.status, step.completed_at, step.completed_by = StepStatus.IN_PROGRESS, None, None
        enrollment.current_step = DOCUMENTS
        db.session.flush()


def _hand_in(enrollment: Enrollment, step: EnrollmentStep, data: dict[str, Any], actor: Actor) -> None:
    """The family's part of a step that the coach or the office completes."""
    step.data, step.status = {**data, SENT: datetime.now(UTC).isoformat()}, StepStatus.IN_PROGRESS
    db.session.flush()
    events.note(enrollment, EnrollmentEventType.STEP_SAVED, step=step.step)
    tell = notices.consultation_wanted if step.step == CONSULTATION else notices.payment_wanted
    tell(enrollment, step.id, actor)


def _check_documents(enrollment: Enrollment) -> None:
    """Raises Invalid at the type of each required document that is not there."""
    lacking = progress.missing(enrollment.id)
    if lacking:
        raise Invalid(fields={each.code: [_("This document is required.")] for each in lacking})


def _check_version(found: EnrollmentStep, version: datetime | None, actor: Actor) -> None:
    """Raises Conflict when somebody else changed the step since. One's own drafts are no obstacle: a script may save one
    that the page, when it is sent, has not heard of yet.
    """
    if found.updated_by_id != actor.id:
        check_version(found, version)


def _data(found: EnrollmentStep, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a step as they are kept: JSON, without what is empty. Raises Invalid."""
    faults = _day_over(found, raw) if found.step == SHADOW_DAY else {}
    try:
        values = inputs.parse(STEP_INPUTS[found.step], raw)
    except Invalid as refusal:
        raise Invalid(fields=faults | refusal.fields) from None
    if faults:
        raise Invalid(fields=faults)
    kept = {name: value for name, value in values.items() if value is not None}
    plain: dict[str, Any] = json.loads(json.dumps(kept, default=str))
    return plain


def _day_over(found: EnrollmentStep, raw: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What is wrong with a shadow day that is over. One that the coach has set, or that was accepted, stays good."""
    given = raw.get("shadow_day")
    try:
        if not isinstance(given, str) or is_to_come(date.fromisoformat(given)):
            return {}
    except ValueError:
        return {}  # no day at all, which the schema says
    accepted = found.status is StepStatus.COMPLETED or events.was_set(found.enrollment_id, given)
    return {} if accepted and given == found.data.get("shadow_day") else {"shadow_day": [NOT_TO_COME]}


def _draft(step: int, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed into the fields of a step, as typed: a list of texts where the field is a list, one value where not.
    Raises Invalid.
    """
    fields = STEP_INPUTS[step].model_fields
    draft, wrong = {}, {name: [_("This step has no such field.")] for name in raw if name not in fields}
    for name, field in fields.items():
        value = raw.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, Decimal):  # as a step that is sent keeps it
            value = str(value)
        fits = _are_texts(value) if typing.get_origin(field.annotation) is list else _may_be_kept(value)
        if not fits:
            wrong[name] = [_("This value is not accepted.")]
        else:
            draft[name] = value
    if wrong:
        raise Invalid(fields=wrong)
    return draft


def _are_texts(value: Any) -> bool:
    if not isinstance(value, list) or len(value) > MOST_DRAFTED:
        return False
    return all(isinstance(each, str) and _may_be_kept(each) for each in value)


def _may_be_kept(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_DRAFT and is_storable(value)
    return isinstance(value, (bool, int)) and abs(value) < 2**53
