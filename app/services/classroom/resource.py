"""What attendance, a request to move a class, a credit and an attendance policy are to people."""

from __future__ import annotations

from typing import Any

from flask_babel import format_date
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.models.classroom import Attendance, AttendancePolicy, AttendanceStatus, ClassCredit, RescheduleRequest
from app.models.courses import ClassroomSlot
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.rules import may_decide_request, may_mark, may_move_class, may_plan_classes, may_withdraw_request
from app.services import inputs
from app.services.classroom import ledger, makeups, marking, moving, requests
from app.services.classroom.attributes import (
    ATTENDANCE,
    CREDIT,
    CREDIT_ATTRIBUTES,
    MARKS,
    POLICY_ATTRIBUTES,
    REQUEST,
    REQUEST_ATTRIBUTES,
    STATUS,
)
from app.services.classroom.labels import LABELS, STATUSES
from app.services.classroom.schemas import Approve, AskToMove, BookMakeup, Grant, Mark, MoveTo, Reject
from app.services.matching import Through
from app.services.resource import Action, Resource, register


def _name(row: Any) -> str:
    """Of the student, where a list or the record has it."""
    if hasattr(row, "student_name"):
        return str(row.student_name)
    return str(row.student.name) if "student" in row.__dict__ else ""


def attendance_title(row: Any) -> str:
    return ", ".join(filter(None, (_name(row), format_date(row.class_date))))


def request_title(row: Any) -> str:
    return " ".join(filter(None, (_name(row), f"{format_date(row.from_date)} → {format_date(row.requested_date)}")))


def _student_name(model: Any) -> Any:
    name = Student.first_name + " " + Student.last_name
    return select(name).where(Student.id == model.student_id).scalar_subquery().label("student_name")


def _markable(actor: Actor, row: Any) -> Any:
    reason = may_mark(actor, row.taught)
    if reason is None and not marking.is_open(row.class_date):
        return _l("This class can be marked from its day on.")
    return reason


def _clearable(actor: Actor, row: Any) -> Any:
    return _l("It is not marked.") if row.status is AttendanceStatus.SCHEDULED else _markable(actor, row)


def _movable(actor: Actor, row: Any) -> Any:
    return may_move_class(actor, row) or planned(row)


def planned(row: Any) -> Any:
    """None while a class is still to come and not marked, or why it is not."""
    if row.status is not AttendanceStatus.SCHEDULED:
        return _l("The class is marked already.")
    return _l("The class has begun already.") if moving.has_begun(row) else None


def _cancellable(actor: Actor, row: Any) -> Any:
    if not row.makeup:
        return _l("It is not a make-up class.")
    return may_plan_classes(actor, row) or (
        None if row.status is AttendanceStatus.SCHEDULED else _l("The class is marked already.")
    )


ATTENDANCES = register(
    Resource(
        name="Attendance",
        slug="attendance",
        model=Attendance,
        singular=_l("Class of a student"),
        plural=_l("Attendance"),
        title=attendance_title,
        export_columns=(
            "student",
            "course",
            "class_date",
            "starts_at",
            "status",
            "makeup",
            "moved",
            "original_date",
            "admission",
            "marked_at",
            "marked_by",
        ),
        attributes=ATTENDANCE,
        # No search: among millions of classes one looks by student, class or day, which have indexes.
        default_sort="-class_date",
        input=BookMakeup,
        labels=LABELS,
        relations={
            "student_id": "students",
            "admission_id": "admissions",
            "classroom_slot_id": "classroom-slots",
            "original_slot_id": "classroom-slots",
            "marked_by_id": "accounts",
        },
        options={"status": STATUS},
        create=makeups.book,
        actions=(
            Action(
                "mark",
                _l("Mark"),
                marking.mark,
                _markable,
                Mark,
                icon="clipboard-check",
                help=_l("From the day of the class on. What was marked before stays in the history."),
            ),
            Action(
                "clear",
                _l("Take the mark back"),
                marking.clear,
                _clearable,
                icon="undo-2",
                help=_l("The class is planned again, and a credit that it earned is taken back."),
            ),
            Action(
                "move",
                _l("Move"),
                moving.move,
                _movable,
                MoveTo,
                icon="arrow-right-left",
                help=_l("To a class of the same course and teacher. The student and the teacher are told."),
                bulk=False,
                defaults=lambda row: {"classroom_slot_id": row.classroom_slot_id, "class_date": row.class_date},
            ),
            Action(
                "cancel_makeup",
                _l("Cancel make-up class"),
                makeups.cancel,
                _cancellable,
                icon="ban",
                danger=True,
                help=_l("It can be booked again for another day."),
            ),
        ),
        load=(
            joinedload(Attendance.student),
            joinedload(Attendance.admission),
            joinedload(Attendance.taught),
            joinedload(Attendance.classroom_slot).options(
                joinedload(ClassroomSlot.course),
                joinedload(ClassroomSlot.teacher),
                joinedload(ClassroomSlot.time_slot),
            ),
        ),
        icon="clipboard-check",
        title_columns=(_student_name(Attendance), Attendance.class_date),
        told=("course", "teacher", "status"),
    )
)


def _decidable(actor: Actor, found: Any) -> Any:
    return may_decide_request(actor, found) or (
        None if found.status.value == "pending" else _l("It is decided already.")
    )


def _withdrawable(actor: Actor, found: Any) -> Any:
    return may_withdraw_request(actor, found) or (
        None if found.status.value == "pending" else _l("It is decided already.")
    )


_SLOT = (joinedload(ClassroomSlot.course), joinedload(ClassroomSlot.teacher), joinedload(ClassroomSlot.time_slot))

REQUESTS = register(
    Resource(
        name="Reschedule requests",
        slug="reschedule-requests",
        model=RescheduleRequest,
        singular=_l("Request to move a class"),
        plural=_l("Requests to move a class"),
        title=request_title,
        attributes=REQUEST_ATTRIBUTES,
        search=Through(RescheduleRequest.student_id, Student.id, Student.search_text),
        search_help=_l("Student's name, number, phone or e-mail"),
        input=AskToMove,
        labels=LABELS,
        relations={
            "student_id": "students",
            "attendance_id": "classes",
            "from_slot_id": "classroom-slots",
            "requested_slot_id": "classroom-slots",
            "decided_by_id": "accounts",
        },
        options={"status": REQUEST},
        create=requests.request,
        actions=(
            Action(
                "approve",
                _l("Approve"),
                requests.approve,
                _decidable,
                Approve,
                icon="check",
                help=_l("Moves the class, if the place is still free. The student and the teacher are told."),
            ),
            Action(
                "reject",
                _l("Reject"),
                requests.reject,
                _decidable,
                Reject,
                icon="x",
                danger=True,
                help=_l("The class stays where it is. The student and the teacher are told why."),
            ),
            Action("withdraw", _l("Withdraw"), requests.withdraw, _withdrawable, icon="undo-2"),
        ),
        load=(
            joinedload(RescheduleRequest.student),
            joinedload(RescheduleRequest.attendance),
            joinedload(RescheduleRequest.from_slot).options(*_SLOT),
            joinedload(RescheduleRequest.requested_slot).options(*_SLOT),
        ),
        icon="arrow-right-left",
        title_columns=(_student_name(RescheduleRequest), RescheduleRequest.from_date, RescheduleRequest.requested_date),
        told=("course", "reason"),
    )
)

LEDGER = register(
    Resource(
        name="Class credits",
        slug="class-credits",
        model=ClassCredit,
        singular=_l("Credit"),
        plural=_l("Class credits"),
        title=ledger.title,
        attributes=CREDIT_ATTRIBUTES,
        default_sort="-at",
        input=Grant,
        labels=LABELS,
        relations={"admission_id": "admissions"},
        options={"reason": CREDIT},
        create=ledger.grant,
        icon="receipt",
        title_columns=(ClassCredit.classes, ClassCredit.at, ledger.STUDENT_NAME.label("student_name")),
    )
)

POLICIES = register(
    Resource(
        name="Attendance policies",
        slug="attendance-policies",
        model=AttendancePolicy,
        singular=_l("Attendance policy"),
        plural=_l("Attendance policies"),
        title=lambda policy: str(STATUSES[getattr(policy.status, "value", policy.status)]),
        attributes=POLICY_ATTRIBUTES,
        default_sort="status",
        input=inputs.of(AttendancePolicy, "consumes", "earns_credit"),
        labels=LABELS,
        options={"status": MARKS},
        update=ledger.change_policy,
        icon="scale",
        title_columns=(AttendancePolicy.status,),
        small=True,
    )
)
