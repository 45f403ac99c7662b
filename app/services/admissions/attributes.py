"""What lists of admissions and of the waitlist show, filter and sort by."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Integer, Uuid, column, select, table
from sqlalchemy.orm import aliased

from app.models.access import User
from app.models.admissions import (
    Admission,
    AdmissionPayment,
    AdmissionStatus,
    DiscountType,
    EnrollmentStatus,
    PaymentStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from app.models.courses import ClassroomSlot, Course, CoursePlan
from app.models.leads import Lead
from app.models.students import Student
from app.services import people
from app.services.admissions import labels
from app.services.resource import Attribute, Kind, Part, options_of

# The one definition of the classes that remain is this view of the database.
BALANCES = table(
    "admission_balances",
    column("admission_id", Uuid()),
    *(column(name, Integer) for name in ("purchased", "consumed", "credits", "remaining", "scheduled", "unplanned")),
)


def balance_of(key: Any) -> Any:
    """The balance of the admission with this key, to be joined: counted of that one alone, which the offset keeps."""
    return select(BALANCES).where(BALANCES.c.admission_id == key).offset(0).lateral()


STATUSES = options_of(AdmissionStatus, labels.STATUSES, labels.STATUS_TONES)
DISCOUNTS = options_of(DiscountType, labels.DISCOUNTS)
PAYMENTS = options_of(PaymentStatus, labels.PAYMENTS, labels.PAYMENT_TONES)
WAITLIST = options_of(WaitlistStatus, labels.WAITLIST, labels.WAITLIST_TONES)

_student, _course, _plan, _maker = aliased(Student), aliased(Course), aliased(CoursePlan), aliased(User)
_payment = (
    select(AdmissionPayment.status)
    .where(AdmissionPayment.admission_id == Admission.id)
    .correlate(Admission)
    .scalar_subquery()
)
_remaining = (
    select(BALANCES.c.remaining).where(BALANCES.c.admission_id == Admission.id).correlate(Admission).scalar_subquery()
)

ATTRIBUTES = (
    Attribute("number", labels.LABELS["number"], Kind.NUMBER, Admission.number, called=True),
    Attribute(
        "student",
        _l("Student"),
        Kind.RELATION,
        _student.first_name + " " + _student.last_name,
        key=Admission.student_id,
        join=(_student, _student.id == Admission.student_id),
        lookup="students",
        person=True,
    ),
    Attribute(
        "course",
        _l("Course"),
        Kind.RELATION,
        _course.name,
        key=Admission.course_id,
        join=(_course, _course.id == Admission.course_id),
        lookup="courses",
    ),
    Attribute(
        "plan",
        _l("Plan"),
        Kind.RELATION,
        _plan.name,
        key=Admission.plan_id,
        join=(_plan, _plan.id == Admission.plan_id),
        lookup="course-plans",
    ),
    Attribute("status", _l("Status"), Kind.CHOICE, Admission.status, options=STATUSES),
    Attribute("payment", _l("Payment"), Kind.CHOICE, _payment, options=PAYMENTS),
    Attribute("starts_on", labels.LABELS["starts_on"], Kind.DATE, Admission.starts_on, sortable=True),
    Attribute("ends_on", labels.LABELS["ends_on"], Kind.DATE, Admission.ends_on),
    Attribute("final_classes", labels.LABELS["final_classes"], Kind.NUMBER, Admission.final_classes),
    Attribute("extra_classes", labels.LABELS["extra_classes"], Kind.NUMBER, Admission.extra_classes),
    Attribute("remaining", _l("Remaining"), Kind.NUMBER, _remaining, filterable=False),
    Attribute("price", labels.LABELS["price"], Kind.NUMBER, Admission.price, money=True),
    Attribute("discount_type", labels.LABELS["discount_type"], Kind.CHOICE, Admission.discount_type, options=DISCOUNTS),
    Attribute("discount_value", labels.LABELS["discount_value"], Kind.NUMBER, Admission.discount_value),
    Attribute("total", labels.LABELS["total"], Kind.NUMBER, Admission.total, money=True),
    Attribute("notes", labels.LABELS["notes"], Kind.TEXT, Admission.notes, nullable=True, filterable=False),
    Attribute(
        "created_by",
        _l("Made by"),
        Kind.RELATION,
        people.full_name(_maker),
        key=Admission.created_by_id,
        join=(_maker, _maker.id == Admission.created_by_id),
        lookup="staff",
        nullable=True,
        person=True,
    ),
    Attribute("created_at", labels.LABELS["created_at"], Kind.DATETIME, Admission.created_at, sortable=True),
)

_waiting_lead, _waiting_student, _slot, _slot_course = (
    aliased(Lead),
    aliased(Student),
    aliased(ClassroomSlot),
    aliased(Course),
)

WAITLIST_ATTRIBUTES = (
    Attribute("position", _l("Order"), Kind.NUMBER, WaitlistEntry.position, sortable=True),
    Attribute(
        "slot",
        _l("Class"),
        Kind.RELATION,
        select(_slot_course.name).where(_slot_course.id == _slot.course_id).scalar_subquery(),
        key=WaitlistEntry.classroom_slot_id,
        join=(_slot, _slot.id == WaitlistEntry.classroom_slot_id),
        lookup="classroom-slots",
    ),
    Attribute(
        "lead",
        _l("Lead"),
        Kind.RELATION,
        _waiting_lead.first_name + " " + _waiting_lead.last_name,
        key=WaitlistEntry.lead_id,
        join=(_waiting_lead, _waiting_lead.id == WaitlistEntry.lead_id),
        lookup="leads",
        nullable=True,
        person=True,
    ),
    Attribute(
        "student",
        _l("Student"),
        Kind.RELATION,
        _waiting_student.first_name + " " + _waiting_student.last_name,
        key=WaitlistEntry.student_id,
        join=(_waiting_student, _waiting_student.id == WaitlistEntry.student_id),
        lookup="students",
        nullable=True,
        person=True,
    ),
    Attribute("status", _l("Status"), Kind.CHOICE, WaitlistEntry.status, options=WAITLIST),
    Attribute("expires_at", _l("Held until"), Kind.DATETIME, WaitlistEntry.expires_at, nullable=True),
    Attribute("notes", _l("Notes"), Kind.TEXT, WaitlistEntry.notes, nullable=True, filterable=False),
    Attribute("created_at", _l("Entered"), Kind.DATETIME, WaitlistEntry.created_at, sortable=True),
)
_SLOT = {"classroom_slot_id": _l("Classroom slot")}
PARTS = (
    Part(
        "admission_payments",
        "admission_id",
        _l("Payment"),
        {
            "status": labels.LABELS["status"],
            "amount": _l("Amount"),
            "paid_at": _l("Paid at"),
            "note": labels.LABELS["note"],
            "confirmed_by_id": _l("Confirmed by"),
        },
        {"status": PAYMENTS},
    ),
    Part("admission_slots", "admission_id", _l("Weekly slot"), _SLOT),
    Part(
        "classroom_enrollments",
        "admission_id",
        _l("Place in a class"),
        _SLOT | {"status": labels.LABELS["status"]},
        {"status": options_of(EnrollmentStatus, labels.PLACES)},
        "classroom_slot_id",
    ),
)
