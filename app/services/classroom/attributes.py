"""What lists of attendance, requests, credits and policies show, filter and sort by."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, select
from sqlalchemy.orm import aliased

from app.models.access import User
from app.models.admissions import Admission
from app.models.classroom import (
    Attendance,
    AttendancePolicy,
    AttendanceStatus,
    ClassCredit,
    CreditReason,
    RequestStatus,
    RescheduleRequest,
)
from app.models.courses import ClassroomSlot, Course, SlotTeacher, had_slot
from app.models.students import Student
from app.services import people
from app.services.classroom.labels import CREDITS, LABELS, REQUEST_TONES, REQUESTS, STATUS_TONES, STATUSES
from app.services.resource import Attribute, Kind, options_of

STATUS = options_of(AttendanceStatus, STATUSES, STATUS_TONES)
MARKS = tuple(option for option in STATUS if option.value != AttendanceStatus.SCHEDULED)
REQUEST = options_of(RequestStatus, REQUESTS, REQUEST_TONES)
CREDIT = options_of(CreditReason, CREDITS)


def _student(model: Any) -> Attribute:
    who = aliased(Student)
    return Attribute(
        "student",
        LABELS["student_id"],
        Kind.RELATION,
        who.first_name + " " + who.last_name,
        key=model.student_id,
        join=(who, who.id == model.student_id),
        lookup="students",
        person=True,
    )


def _slot(name: str, label: Any, key: Any) -> Attribute:
    slot, course = aliased(ClassroomSlot), aliased(Course)
    shown = select(course.name).where(course.id == slot.course_id).scalar_subquery()
    return Attribute(name, label, Kind.RELATION, shown, key=key, join=(slot, slot.id == key), lookup="classroom-slots")


def _admission(model: Any) -> Attribute:
    admission = aliased(Admission)
    return Attribute(
        "admission",
        LABELS["admission_id"],
        Kind.RELATION,
        admission.number,
        key=model.admission_id,
        join=(admission, admission.id == model.admission_id),
        lookup="admissions",
    )


def _account(name: str, label: Any, key: Any) -> Attribute:
    who = aliased(User)
    return Attribute(
        name,
        label,
        Kind.RELATION,
        people.full_name(who),
        key=key,
        join=(who, who.id == key),
        lookup="accounts",
        nullable=True,
        person=True,
    )


_slot_of_class, _taught = aliased(ClassroomSlot), aliased(SlotTeacher)


ATTENDANCE = (
    _student(Attendance),
    _slot("course", _l("Class"), Attendance.classroom_slot_id),
    Attribute(
        "taught_course",
        _l("Course"),
        Kind.RELATION,
        select(Course.name).where(Course.id == _slot_of_class.course_id).scalar_subquery(),
        key=_slot_of_class.course_id,
        join=(_slot_of_class, _slot_of_class.id == Attendance.classroom_slot_id),
        through=(Attendance.classroom_slot_id, _slot_of_class.id),
        lookup="courses",
    ),
    Attribute(
        "teacher",
        _l("Teacher"),
        Kind.RELATION,
        select(people.full_name(User)).where(User.id == _taught.teacher_id).scalar_subquery(),
        key=_taught.teacher_id,
        join=(_taught, had_slot(_taught, Attendance.classroom_slot_id, Attendance.starts_at)),
        through=(Attendance.classroom_slot_id, _taught.classroom_slot_id),
        lookup="teachers",
        person=True,
    ),
    Attribute("class_date", LABELS["class_date"], Kind.DATE, Attendance.class_date, sortable=True),
    Attribute("starts_at", LABELS["starts_at"], Kind.DATETIME, Attendance.starts_at),
    Attribute("status", LABELS["status"], Kind.CHOICE, Attendance.status, options=STATUS),
    Attribute("makeup", LABELS["makeup"], Kind.BOOL, Attendance.makeup),
    Attribute(
        "moved",
        _l("Moved"),
        Kind.BOOL,
        case((Attendance.original_slot_id.is_not(None), True), else_=False),
    ),
    Attribute(
        "original_date", LABELS["original_date"], Kind.DATE, Attendance.original_date, nullable=True, filterable=False
    ),
    _admission(Attendance),
    Attribute("marked_at", LABELS["marked_at"], Kind.DATETIME, Attendance.marked_at, nullable=True),
    _account("marked_by", LABELS["marked_by_id"], Attendance.marked_by_id),
)

REQUEST_ATTRIBUTES = (
    _student(RescheduleRequest),
    _slot("course", _l("Class"), RescheduleRequest.from_slot_id),
    Attribute("from_date", LABELS["from_date"], Kind.DATE, RescheduleRequest.from_date),
    Attribute("requested_date", LABELS["requested_date"], Kind.DATE, RescheduleRequest.requested_date),
    Attribute("reason", LABELS["reason"], Kind.TEXT, RescheduleRequest.reason, nullable=True, filterable=False),
    Attribute("status", LABELS["status"], Kind.CHOICE, RescheduleRequest.status, options=REQUEST),
    Attribute(
        "decision_note",
        LABELS["decision_note"],
        Kind.TEXT,
        RescheduleRequest.decision_note,
        nullable=True,
        filterable=False,
    ),
    Attribute("decided_at", LABELS["decided_at"], Kind.DATETIME, RescheduleRequest.decided_at, nullable=True),
    _account("decided_by", _l("Decided by"), RescheduleRequest.decided_by_id),
    Attribute("created_at", _l("Asked"), Kind.DATETIME, RescheduleRequest.created_at, sortable=True),
    _account("created_by", _l("Asked by"), RescheduleRequest.created_by_id),
)

CREDIT_ATTRIBUTES = (
    _admission(ClassCredit),
    Attribute("classes", LABELS["classes"], Kind.NUMBER, ClassCredit.classes),
    Attribute("reason", LABELS["reason"], Kind.CHOICE, ClassCredit.reason, options=CREDIT),
    Attribute("note", LABELS["note"], Kind.TEXT, ClassCredit.note, nullable=True, filterable=False),
    Attribute("at", _l("When"), Kind.DATETIME, ClassCredit.at, sortable=True),
    _account("actor", _l("By"), ClassCredit.actor_id),
)

POLICY_ATTRIBUTES = (
    Attribute("status", _l("Mark"), Kind.CHOICE, AttendancePolicy.status, options=STATUS, sortable=True),
    Attribute("consumes", LABELS["consumes"], Kind.BOOL, AttendancePolicy.consumes),
    Attribute("earns_credit", LABELS["earns_credit"], Kind.BOOL, AttendancePolicy.earns_credit),
)
