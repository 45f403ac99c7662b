"""Everything about one person, for their page: read through the rules of who may see what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select, true

from app.extensions import db
from app.models.access import User
from app.models.admissions import Admission, AdmissionPayment, WaitlistEntry
from app.models.classroom import Attendance, RescheduleRequest
from app.models.courses import ClassroomSlot, Course, CoursePlan, SlotTeacher, TimeSlot
from app.models.leads import Lead
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.scopes import visible
from app.services import people
from app.services.admissions.attributes import balance_of

UPCOMING = 10
PAST = 20
SEES_IDENTITY = (Role.SUPER_ADMIN, Role.ADMIN, Role.STAFF, Role.ADMISSIONS, Role.EXAM_OFFICER)


def may_see_identity(student: Any, actor: Actor) -> bool:
    """Identity documents and needs are the offices' to see, and one's own: not the teachers'."""
    return actor.id is None or actor.has(*SEES_IDENTITY) or student.user_id == actor.id


def admissions(student_id: UUID, actor: Actor) -> Sequence[Any]:
    """Their admissions, the newest first, with what remains of each and what is paid where the actor may see money."""
    left = balance_of(Admission.id)
    statement = (
        select(
            Admission.id,
            Admission.number,
            Admission.status,
            Admission.starts_on,
            case((AdmissionPayment.id.is_not(None), Admission.total)).label("total"),
            Course.name.label("course"),
            CoursePlan.name.label("plan"),
            left.c.purchased,
            left.c.consumed,
            left.c.remaining,
            AdmissionPayment.status.label("payment"),
        )
        .join(Course, Course.id == Admission.course_id)
        .join(CoursePlan, CoursePlan.id == Admission.plan_id)
        .join(left, true())
        .outerjoin(
            AdmissionPayment,
            (AdmissionPayment.admission_id == Admission.id) & visible(AdmissionPayment, actor),
        )
        .where(Admission.student_id == student_id, visible(Admission, actor))
        .order_by(Admission.created_at.desc(), Admission.id.desc())
    )
    return db.session.execute(statement.limit(50)).all()


def classes(student_id: UUID, actor: Actor, *, upcoming: bool) -> Sequence[Any]:
    """Their next classes, or the last that were."""
    ahead = (Attendance.status == "scheduled") & (Attendance.ends_at >= func.now())
    order = Attendance.starts_at.asc() if upcoming else Attendance.starts_at.desc()
    statement = (
        select(
            Attendance.id,
            Attendance.class_date,
            Attendance.status,
            Attendance.original_date,
            Attendance.makeup,
            TimeSlot.start_time,
            Course.name.label("course"),
            people.full_name(User).label("teacher"),
            ClassroomSlot.room,
        )
        .join(ClassroomSlot, ClassroomSlot.id == Attendance.classroom_slot_id)
        .join(TimeSlot, TimeSlot.id == ClassroomSlot.time_slot_id)
        .join(Course, Course.id == ClassroomSlot.course_id)
        .join(Attendance.taught)
        .join(User, User.id == SlotTeacher.teacher_id)
        .where(
            Attendance.student_id == student_id,
            Attendance.deleted_at.is_(None),
            visible(Attendance, actor),
            ahead if upcoming else ~ahead,
        )
        .order_by(order, Attendance.id)
    )
    return db.session.execute(statement.limit(UPCOMING if upcoming else PAST)).all()


def marks(student_id: UUID, actor: Actor) -> dict[str, int]:
    """How often they were present, late, absent or excused."""
    statement = (
        select(Attendance.status, func.count())
        .where(Attendance.student_id == student_id, Attendance.deleted_at.is_(None), visible(Attendance, actor))
        .group_by(Attendance.status)
    )
    return {status.value: count for status, count in db.session.execute(statement)}


def requests(student_id: UUID, actor: Actor) -> Sequence[RescheduleRequest]:
    """What they asked to move, the newest first."""
    statement = select(RescheduleRequest).where(
        RescheduleRequest.student_id == student_id, visible(RescheduleRequest, actor)
    )
    return db.session.scalars(statement.order_by(RescheduleRequest.id.desc()).limit(10)).all()


def waiting(student_id: UUID, actor: Actor) -> Sequence[Any]:
    """Where they are on the waitlist."""
    statement = (
        select(WaitlistEntry.id, WaitlistEntry.status, WaitlistEntry.expires_at, Course.name.label("course"))
        .join(ClassroomSlot, ClassroomSlot.id == WaitlistEntry.classroom_slot_id)
        .join(Course, Course.id == ClassroomSlot.course_id)
        .where(
            WaitlistEntry.student_id == student_id,
            WaitlistEntry.status.in_(["waiting", "offered"]),
            visible(WaitlistEntry, actor),
        )
    )
    return db.session.execute(statement.order_by(WaitlistEntry.position)).all()


def leads(student_id: UUID, actor: Actor) -> Sequence[Any]:
    """The leads they came from."""
    came = select(Admission.lead_id).where(Admission.student_id == student_id, Admission.lead_id.is_not(None))
    statement = select(Lead.id, (Lead.first_name + " " + Lead.last_name).label("name"), Lead.source)
    return db.session.execute(statement.where(Lead.id.in_(came), visible(Lead, actor))).all()
