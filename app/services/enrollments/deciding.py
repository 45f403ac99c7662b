"""What coaches and the office do with an enrollment, one or many: the consultation, the shadow day, the decision, the
payment, and ending it (spec B).

Each has a `why_not_…` that the buttons ask, and that is asked again of every locked row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.models.enrollments import (
    CoachDecision,
    Enrollment,
    EnrollmentEventType,
    EnrollmentStatus,
    StepStatus,
)
from app.models.organizations import Organization
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.enrollments import is_office, may_decide_enrollment, may_run_enrollments
from app.policies.scopes import visible
from app.services import lookups, plain, school
from app.services.enrollments import events, notices, progress, steps
from app.services.enrollments.progress import OPEN
from app.services.enrollments.schemas import ConsultationType, PaymentMethod
from app.services.enrollments.steps import CONSULTATION, PAYMENT, SHADOW_DAY
from app.services.errors import NotAllowed, WrongState
from app.services.records import leaving
from app.services.resource import Result, Rule
from app.services.transaction import clock, lock_many, transactional

title = notices.name_of
CLOSED = _l("This enrollment is closed.")


def _ruled(rule: Rule, state: Callable[[Actor, Any], Any]) -> Rule:
    return lambda actor, enrollment: rule(actor, enrollment) or state(actor, enrollment)


def _consultation(actor: Actor, enrollment: Any) -> Any:
    if enrollment.status not in OPEN:
        return CLOSED
    if enrollment.current_step < CONSULTATION:
        return _l("The family has not completed the step before.")
    return _l("The consultation has taken place.") if enrollment.current_step > CONSULTATION else None


def _shadow_day(actor: Actor, enrollment: Any) -> Any:
    if enrollment.status not in OPEN:
        return CLOSED
    return _l("The student information is complete, which locks it.") if enrollment.current_step > 4 else None


def _approve(actor: Actor, enrollment: Any) -> Any:
    if enrollment.status not in OPEN:
        return CLOSED
    if enrollment.coach_decision is CoachDecision.APPROVED:
        return _l("It is approved already.")
    return _l("First the consultation takes place.") if enrollment.current_step <= CONSULTATION else None


def _reject(actor: Actor, enrollment: Any) -> Any:
    if enrollment.status not in OPEN:
        return CLOSED
    late = enrollment.current_step > 4 and not is_office(actor)
    return _l("The family has gone on since it was approved. Ask the office.") if late else None


def _withdraw(actor: Actor, enrollment: Any) -> Any:
    if enrollment.status is EnrollmentStatus.ENROLLED:
        return _l("The student is enrolled: end it at the student's school association.")
    return CLOSED if enrollment.status not in OPEN else None


def _reopen(actor: Actor, enrollment: Any) -> Any:
    if enrollment.status not in (EnrollmentStatus.WITHDRAWN, EnrollmentStatus.REJECTED):
        return _l("It is not closed.")
    deleted = select(Student.id).where(Student.id == enrollment.student_id, Student.deleted_at.is_not(None))
    gone = enrollment.student_id is not None and db.session.scalar(deleted) is not None
    if gone:
        return _l("This student was deleted meanwhile.")
    deleted = select(Organization.id).where(
        Organization.id == enrollment.school_id, Organization.deleted_at.is_not(None)
    )
    return _l("Its school was deleted meanwhile.") if db.session.scalar(deleted) is not None else None


def _running(actor: Actor, enrollment: Any) -> Any:
    return CLOSED if enrollment.status not in OPEN else None


why_not_complete_consultation = _ruled(may_decide_enrollment, _consultation)
why_not_set_shadow_day = _ruled(may_decide_enrollment, _shadow_day)
why_not_approve = _ruled(may_decide_enrollment, _approve)
why_not_reject = _ruled(may_decide_enrollment, _reject)
why_not_record_payment = _ruled(may_run_enrollments, _running)
why_not_hand_over = _ruled(may_run_enrollments, _running)
why_not_withdraw = _ruled(may_run_enrollments, _withdraw)
why_not_reopen = _ruled(may_run_enrollments, _reopen)


def _each(ids: Sequence[UUID], rule: Rule, state: Rule, change: Callable[[Enrollment], bool], actor: Actor) -> Result:
    """Do something to each enrollment, all locked first; a refusal is the outcome of its own."""

    def ruled(found: Enrollment) -> bool:
        if (reason := rule(actor, found)) is not None:
            raise NotAllowed(reason)
        if (reason := state(actor, found)) is not None:
            raise WrongState(reason)
        return change(found)

    return plain.each(Enrollment, ids, title, ruled, actor=actor)


@transactional
def complete_consultation(
    ids: Sequence[UUID],
    *,
    actor: Actor,
    consultation_date: date,
    consultation_type: ConsultationType,
    notes: str | None = None,
) -> Result:
    """Note that the consultation took place, which completes the second step (spec B)."""

    def change(found: Enrollment) -> bool:
        step = progress.steps_of(found.id)[CONSULTATION]
        said = {"consultation_date": consultation_date.isoformat(), "consultation_type": consultation_type.value}
        more = {"notes": notes} if notes else {}
        steps.complete(found, step, {**step.data, **said, **more}, actor)
        return True

    return _each(ids, may_decide_enrollment, _consultation, change, actor)


@transactional
def set_shadow_day(ids: Sequence[UUID], *, actor: Actor, shadow_day: date) -> Result:
    """Say when the student comes to look. The family still has to sign the waivers."""

    def change(found: Enrollment) -> bool:
        step, day = progress.steps_of(found.id)[SHADOW_DAY], shadow_day.isoformat()
        if step.data.get("shadow_day") == day:
            return False
        step.data = {**step.data, "shadow_day": day}
        if step.status is StepStatus.PENDING:
            step.status = StepStatus.IN_PROGRESS
        events.note(found, EnrollmentEventType.STEP_SAVED, step=SHADOW_DAY, shadow_day=day)
        return True

    return _each(ids, may_decide_enrollment, _shadow_day, change, actor)


@transactional
def approve(ids: Sequence[UUID], *, actor: Actor, note: str | None = None) -> Result:
    """Let the family go on to the student information. One approved before is left as it is."""

    def change(found: Enrollment) -> bool:
        if found.coach_decision is CoachDecision.APPROVED:
            return False
        found.coach_decision, found.decided_at, found.decision_note = CoachDecision.APPROVED, clock(), note
        db.session.flush()
        events.note(found, EnrollmentEventType.DECIDED, decision="approved")
        notices.approved(found, actor)
        return True

    def state(asked: Actor, found: Any) -> Any:
        return None if found.coach_decision is CoachDecision.APPROVED else _approve(asked, found)

    return _each(ids, may_decide_enrollment, state, change, actor)


@transactional
def reject(ids: Sequence[UUID], *, actor: Actor, reason: str) -> Result:
    """Say no, and tell the family why; a student who has records leaves the school. It can be opened again."""
    _lock_with_students(ids, actor)

    def change(found: Enrollment) -> bool:
        now = clock()
        if found.current_step <= 4:
            found.coach_decision, found.decided_at, found.decision_note = CoachDecision.REJECTED, now, reason
            events.note(found, EnrollmentEventType.DECIDED, decision="rejected")
        _close(found, EnrollmentStatus.REJECTED, reason, actor)
        return True

    return _each(ids, may_decide_enrollment, _reject, change, actor)


@transactional
def withdraw(ids: Sequence[UUID], *, actor: Actor, reason: str) -> Result:
    """Note that the family does not want to go on, and tell them; a student who has records leaves the school. It can be
    opened again.
    """
    _lock_with_students(ids, actor)

    def change(found: Enrollment) -> bool:
        _close(found, EnrollmentStatus.WITHDRAWN, reason, actor)
        return True

    return _each(ids, may_run_enrollments, _withdraw, change, actor)


@transactional
def reopen(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Let a closed enrollment go on where it was, and the student at the school. A rejection by the coach is forgotten: they
    decide anew. Refused for one whose school or student is deleted, as who is erased has no enrollment that runs, or has another
    primary school by now.
    """
    lock_many(Organization, [each.school_id for each in _lock_with_students(ids, actor)])

    def change(found: Enrollment) -> bool:
        if found.coach_decision is CoachDecision.REJECTED:
            found.coach_decision = found.decided_at = found.decision_note = None
        made = found.student_id is not None
        found.status = EnrollmentStatus.REGISTERED if made else EnrollmentStatus.IN_PROGRESS
        db.session.flush()
        leaving.come_back(found)
        events.note(found, EnrollmentEventType.REOPENED)
        notices.reopened(found, actor)
        steps.settle(found, actor)
        return True

    return _each(ids, may_run_enrollments, _reopen, change, actor)


@transactional
def hand_over(ids: Sequence[UUID], *, actor: Actor, coach_id: int) -> Result:
    """Have another coach lead these families; that one is told. Who invited them stays on record. Raises Invalid at the
    field.
    """
    lookups.check("coaches", actor, coach_id, "coach_id")

    def change(found: Enrollment) -> bool:
        if found.coach_id == coach_id:
            return False
        events.note(found, EnrollmentEventType.HANDED_OVER, before=found.coach_id, after=coach_id)
        found.coach_id = coach_id
        db.session.flush()
        notices.handed_over(found, actor)
        return True

    return _each(ids, may_run_enrollments, _running, change, actor)


@transactional
def record_payment(
    ids: Sequence[UUID],
    *,
    actor: Actor,
    payment_method: PaymentMethod,
    deposit_amount: Decimal,
    paid: bool = True,
    paid_on: date | None = None,
) -> Result:
    """Note how much the family pays and whether the money is there, which completes the enrollment when nothing else is
    left to do (spec B).
    """

    def change(found: Enrollment) -> bool:
        step = progress.steps_of(found.id)[PAYMENT]
        amount = f"{deposit_amount:.2f}"
        step.data = {**step.data, "payment_method": payment_method.value, "deposit_amount": amount}
        if step.status is StepStatus.PENDING:
            step.status = StepStatus.IN_PROGRESS
        found.deposit_amount, found.deposit_paid = deposit_amount, paid
        found.deposit_paid_on = (paid_on or school.today()) if paid else None
        db.session.flush()
        events.note(found, EnrollmentEventType.PAYMENT_RECORDED, method=payment_method.value, amount=amount, paid=paid)
        steps.settle(found, actor)
        return True

    return _each(ids, may_run_enrollments, _running, change, actor)


def _close(found: Enrollment, status: EnrollmentStatus, reason: str, actor: Actor) -> None:
    found.status = status
    db.session.flush()
    events.note(found, EnrollmentEventType(status.value), reason=reason, **leaving.leave(found))
    notices.closed(found, reason, actor)


def _lock_with_students(ids: Sequence[UUID], actor: Actor) -> list[Enrollment]:
    """These enrollments, then their students, as erasing locks them."""
    found = lock_many(Enrollment, ids, visible(Enrollment, actor))
    lock_many(Student, [each.student_id for each in found if each.student_id is not None])
    return found
