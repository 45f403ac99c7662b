"""How far an enrollment is: percent, the next step, and for whom it waits. Read from its rows, decided nowhere else."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.models.enrollments import (
    STEPS,
    CoachDecision,
    DocumentStatus,
    DocumentType,
    Enrollment,
    EnrollmentDocument,
    EnrollmentStatus,
    EnrollmentStep,
    StepStatus,
)
from app.policies.actor import Actor
from app.policies.enrollments import is_office

OPEN = (EnrollmentStatus.IN_PROGRESS, EnrollmentStatus.REGISTERED)
COMPLETE = STEPS + 1


class WaitsFor(enum.StrEnum):
    FAMILY = "family"
    COACH = "coach"
    OFFICE = "office"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Progress:
    """`done` of all the steps are completed. `step` is the next one, 7 when all are; `reason` says why the family cannot go on
    by itself, or what it still has to send.
    """

    done: int
    step: int
    waits_for: WaitsFor
    reason: Any = ""

    @property
    def percent(self) -> int:
        return self.done * 100 // STEPS


Steps = Mapping[int, EnrollmentStep]


def steps_of(enrollment_id: UUID) -> dict[int, EnrollmentStep]:
    """The steps by their number, as they are now."""
    statement = (
        select(EnrollmentStep).where(EnrollmentStep.enrollment_id == enrollment_id).order_by(EnrollmentStep.step)
    )
    return {each.step: each for each in db.session.scalars(statement.execution_options(populate_existing=True))}


def of(enrollment: Any, steps: Steps) -> Progress:
    """How far the enrollment is."""
    done = sum(each.status is StepStatus.COMPLETED for each in steps.values())
    if enrollment.status not in OPEN:
        return Progress(done, enrollment.current_step, WaitsFor.NOBODY)
    waits_for, reason = _waiting(enrollment, steps)
    return Progress(done, enrollment.current_step, waits_for, reason)


def _waiting(enrollment: Any, steps: Steps) -> tuple[WaitsFor, Any]:
    step = enrollment.current_step
    if step == 2 and is_sent(steps[2]):
        return WaitsFor.COACH, _l("Your coach will talk to you on that day, and mark the consultation as completed.")
    if step == 4 and enrollment.coach_decision is not CoachDecision.APPROVED:
        return WaitsFor.COACH, _l("Your coach has to approve the enrollment before you go on.")
    if step == 6 and (lacking := missing(enrollment.id)):  # a type that is asked for since they completed that step
        names = ", ".join(each.name for each in lacking)
        return WaitsFor.FAMILY, _l("Still needed, at the step of the documents: %(names)s.", names=names)
    if step == 6 and (enrollment.deposit_paid or is_sent(steps[6])):
        paid = _l("The office still has to verify your documents.")
        sent = _l("The office will record your payment when the money is there.")
        return WaitsFor.OFFICE, paid if enrollment.deposit_paid else sent
    return WaitsFor.FAMILY, ""


def is_sent(step: EnrollmentStep) -> bool:
    """Whether the family has done its part of a step that somebody else completes."""
    return bool(step.data.get("sent_at"))


def why_not_fill(enrollment: Enrollment, step: int, actor: Actor) -> Any:
    """Why a step cannot be filled in or corrected now, or None. A completed step can be corrected until the next one is
    completed, too; that of the student as long as there are no records (spec B).
    """
    current = enrollment.current_step
    if enrollment.status not in OPEN:
        return _l("This enrollment is closed.")
    if step > current:
        return _l("First complete the step before.")
    if step == 2 and current > 2:
        return _l("The consultation has taken place.")
    if step == 4 and enrollment.coach_decision is not CoachDecision.APPROVED:
        return _l("The coach has to approve the enrollment first.")
    if step == 4 and enrollment.student_id is not None:
        return _l("The student's records exist already. Ask the office to correct them.")
    if step == 6 and enrollment.deposit_paid:
        return _l("The payment is recorded.")
    if step == 4 and is_office(actor):
        return None
    if step < current - 1:
        return _l("The next step is completed, which locks this one. Ask the office to correct it.")
    return None


def documents_of(enrollment_id: UUID) -> dict[str, EnrollmentDocument]:
    """The documents that count, by type."""
    statement = select(EnrollmentDocument).where(
        EnrollmentDocument.enrollment_id == enrollment_id, EnrollmentDocument.replaced_at.is_(None)
    )
    found = db.session.scalars(statement.execution_options(populate_existing=True))
    return {each.document_type: each for each in found}


def types_wanted() -> Sequence[DocumentType]:
    """What families are asked for now, in its order."""
    statement = select(DocumentType).where(DocumentType.active)
    return db.session.scalars(statement.order_by(DocumentType.position, DocumentType.name, DocumentType.id)).all()


def missing(enrollment_id: UUID, *, verified: bool = False) -> list[DocumentType]:
    """The required documents that are not there, or were rejected; with `verified` also those that nobody verified."""
    there = documents_of(enrollment_id)
    good = {DocumentStatus.VERIFIED} if verified else {DocumentStatus.VERIFIED, DocumentStatus.SUBMITTED}
    has = {code for code, each in there.items() if each.status in good}
    return [each for each in types_wanted() if each.required and each.code not in has]
