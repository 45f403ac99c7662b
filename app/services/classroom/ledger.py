"""The ledger of classes given back. What the marks earn is settled by one statement, which adds what is missing to it:
per class it is always one or nothing, however often and by how many at once it is corrected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import format_date, ngettext
from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.admissions import Admission, AdmissionEvent, AdmissionStatus
from app.models.classroom import AttendancePolicy, ClassCredit, CreditReason
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.rules import may_give_credit
from app.policies.scopes import visible
from app.services import people
from app.services.admissions import events
from app.services.classroom import balances
from app.services.errors import Invalid, NotAllowed, WrongState
from app.services.transaction import lock, lock_many, transactional

_SETTLE = """
    INSERT INTO class_credits (admission_id, attendance_id, classes, reason)
    SELECT a.admission_id, a.id, earned.classes - given.classes,
           CASE WHEN earned.classes > given.classes THEN 'excused' ELSE 'corrected' END
    FROM attendance a
    CROSS JOIN LATERAL (SELECT coalesce((SELECT p.earns_credit FROM attendance_policies p WHERE p.status = a.status), false)
                               ::integer AS classes) earned
    CROSS JOIN LATERAL (SELECT coalesce(sum(c.classes), 0) AS classes FROM class_credits c
                        WHERE c.attendance_id = a.id) given
    WHERE {rows} AND a.deleted_at IS NULL AND earned.classes <> given.classes
    RETURNING admission_id
"""
_SETTLE_ROWS = text(_SETTLE.format(rows="a.id = ANY(:ids)"))
_SETTLE_STATUS = text(_SETTLE.format(rows="a.status = :status"))
STUDENT_NAME = (
    select(people.full_name(Student))
    .join(Admission, Admission.student_id == Student.id)
    .where(Admission.id == ClassCredit.admission_id)
    .correlate(ClassCredit)
    .scalar_subquery()
)
_READ_POLICIES = text("SELECT 1 FROM attendance_policies FOR SHARE")


def title(credit: Any) -> str:
    """Whose it is, how many classes, and since which day of the reader's: "Ana Rao, +1, Nov 21, 2026". Rows of a list
    bring the name with them.
    """
    name = getattr(credit, "student_name", None)
    if name is None:
        name = db.session.scalar(select(STUDENT_NAME).where(ClassCredit.id == credit.id))
    return f"{name}, {credit.classes:+d}, {format_date(credit.at)}"


def settle(attendance_ids: Sequence[UUID]) -> None:
    """Give and take what the marks of these locked classes earn. Waits for a policy that is being changed."""
    db.session.execute(_READ_POLICIES)
    db.session.execute(_SETTLE_ROWS, {"ids": list(attendance_ids)})


@transactional
def change_policy(
    policy_id: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> AttendancePolicy:
    """Change what a mark means, for the classes that were marked already as well, so that one rule holds for all.

    Raises NotFound, Conflict.
    """
    policy = lock(AttendancePolicy, policy_id, visible(AttendancePolicy, actor), version=version)
    for name, value in values.items():
        setattr(policy, name, value)
    if policy.earns_credit and not policy.consumes:
        raise Invalid(fields={"earns_credit": [_("A class that is not used up cannot be given back.")]})
    db.session.flush()
    db.session.execute(_SETTLE_STATUS, {"status": policy.status.value})
    db.session.refresh(policy)
    return policy


@transactional
def grant(values: Mapping[str, Any], *, actor: Actor) -> ClassCredit:
    """Give an admission classes, or take some (a negative number), with a note why. Admins only.

    Raises Invalid at the field, also when more are taken than remain; NotAllowed; WrongState for taking from a paused one.
    """
    found = lock_many(Admission, [values["admission_id"]], visible(Admission, actor))
    if not found:
        raise Invalid(fields={"admission_id": [_("Choose one from the list.")]})
    admission, classes = found[0], values["classes"]
    reason = may_give_credit(actor, admission)
    if reason is not None:
        raise NotAllowed(reason)
    if classes < 0 and admission.status is AdmissionStatus.PAUSED:  # the classes that wait are neither used nor planned
        raise WrongState(_("Resume it first."))
    if classes == 0:
        raise Invalid(fields={"classes": [_("Give or take at least one class.")]})
    left = balances.of_admissions([admission.id])[admission.id]
    if classes < 0 and left.unplanned + classes < 0:
        raise Invalid(
            fields={
                "classes": [
                    ngettext(
                        "Only %(num)s class is neither used up nor planned.",
                        "Only %(num)s classes are neither used up nor planned.",
                        max(left.unplanned, 0),
                    )
                ]
            }
        )
    credit = ClassCredit(
        admission_id=admission.id, classes=classes, reason=CreditReason.GRANTED, note=values.get("note")
    )
    db.session.add(credit)
    db.session.flush()
    before, after = {"remaining": left.remaining}, {"remaining": left.remaining + classes, "note": credit.note}
    events.record(AdmissionEvent.CREDIT_CHANGED, admission.id, before, after)
    return credit
