"""What waits for somebody today, as numbers: all in one statement, each counted up to a limit."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select

from app.extensions import db
from app.models.admissions import Admission, AdmissionPayment, AdmissionStatus, PaymentStatus
from app.models.classroom import Attendance, AttendanceStatus, RequestStatus, RescheduleRequest
from app.models.test_sessions import TestRegistration
from app.policies.actor import Actor
from app.policies.relations import held
from app.policies.roles import Role
from app.policies.scopes import visible
from app.services import listing, school
from app.services.enrollments import waiting as enrollment_work
from app.services.leads import LEADS, worklist
from app.services.resource import Resource
from app.services.test_sessions import SESSIONS, ahead

COUNT_LIMIT: Final = 1_000


def waiting(actor: Actor, whose: str) -> dict[str, int]:
    """By name, what the actor's role has to do with: follow-ups that are overdue and due today (those of `whose`, all
    or mine), students not marked on the days before today, requests to decide, open payments; what waits for a coach or the
    enrollment office, and for an exam officer. Each up to COUNT_LIMIT + 1.
    """
    counts: dict[str, Any] = {}
    if actor.may("mark", "Classroom"):
        counts["unmarked"] = listing.counted(Attendance, _unmarked(actor), COUNT_LIMIT)
    if actor.may("approve", "Reschedule requests"):
        pending = [visible(RescheduleRequest, actor), RescheduleRequest.status == RequestStatus.PENDING]
        counts["requests"] = listing.counted(RescheduleRequest, pending, COUNT_LIMIT)
    if actor.may("mark_paid", "Admissions"):
        counts["unpaid"] = listing.counted(AdmissionPayment, _unpaid(actor), COUNT_LIMIT)
    if actor.has(Role.EXAM_OFFICER):
        counts["seatless"] = listing.counted(TestRegistration, ahead.seatless(), COUNT_LIMIT)
    for name, (resource, query) in _lists(actor, whose).items():
        counts[name] = listing.counted(resource.model, listing.conditions(resource, actor, query), COUNT_LIMIT)
    if not counts:
        return {}
    row = db.session.execute(select(*(value.label(name) for name, value in counts.items()))).one()
    return dict(row._mapping)


def _lists(actor: Actor, whose: str) -> dict[str, tuple[Resource, listing.Query]]:
    """Work that is a list of records, each with the filters that find it."""
    found = enrollment_work.lists(actor)
    if actor.may("worklist", LEADS.name):
        found |= {name: (LEADS, worklist.query(name, whose, actor)) for name in ("overdue", "today")}
    if actor.has(Role.EXAM_OFFICER):
        found["tests_to_complete"] = (SESSIONS, ahead.to_complete())
        found["tests_to_come"] = (SESSIONS, ahead.to_come())
    return found


def _unmarked(actor: Actor) -> list[Any]:
    """What the actor is to mark, as `policies.rules.may_mark` has it: who took a slot over also sees what was not theirs."""
    mine = [] if actor.is_admin else [held(actor, Attendance.classroom_slot_id, Attendance.starts_at)]
    return [
        *mine,
        visible(Attendance, actor),
        Attendance.status == AttendanceStatus.SCHEDULED,
        Attendance.class_date < school.today(),
    ]


def _unpaid(actor: Actor) -> list[Any]:
    owing = select(Admission.id).where(
        Admission.id == AdmissionPayment.admission_id,
        Admission.status != AdmissionStatus.CANCELLED,
        visible(Admission, actor),
    )
    return [
        visible(AdmissionPayment, actor),
        AdmissionPayment.status == PaymentStatus.UNPAID,
        AdmissionPayment.amount > 0,
        owing.exists(),
    ]
