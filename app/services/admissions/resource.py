"""What an admission and an entry of the waitlist are to people: attributes, inputs and actions."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.models.admissions import Admission, AdmissionStatus, PaymentStatus, WaitlistEntry
from app.models.courses import ClassroomSlot, Course
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.rules import may_admit, may_change_admission, may_take_money
from app.policies.scopes import visible
from app.services import inputs
from app.services.admissions import actions, labels, money, records, renewing, waitlist
from app.services.admissions.attributes import ATTRIBUTES, DISCOUNTS, PARTS, STATUSES, WAITLIST, WAITLIST_ATTRIBUTES
from app.services.admissions.batch import TRANSITIONS, title
from app.services.admissions.schemas import (
    AdmitInput,
    DiscountInput,
    ExtraClasses,
    PaymentNote,
    Reason,
    Renew,
    Resume,
)
from app.services.matching import Through
from app.services.resource import Action, Lookup, Resource, Rule, register, register_lookup

RUNNING = AdmissionStatus.PENDING, AdmissionStatus.ACTIVE


def _while(*states: AdmissionStatus) -> Rule:
    """For the buttons: who may change an admission, while it is in one of these states. The action looks again, under its
    lock.
    """

    def rule(actor: Actor, admission: Any) -> Any:
        reason = may_change_admission(actor, admission)
        if reason is None and admission.status not in states:
            state = str(labels.STATUSES[admission.status.value]).lower()
            return _("It is %(status)s: this cannot be done now.", status=state)
        return reason

    return rule


def _becoming(state: AdmissionStatus) -> Rule:
    return _while(*(before for before, after in TRANSITIONS.items() if state in after))


def _payable(actor: Actor, admission: Any) -> Any:
    paid = admission.payment.status is PaymentStatus.PAID
    return may_take_money(actor, admission) or (_l("It is paid already.") if paid else None)


def _paid(actor: Actor, admission: Any) -> Any:
    paid = admission.payment.status is PaymentStatus.PAID
    return may_take_money(actor, admission) or (None if paid else _l("It is not paid."))


def _discountable(actor: Actor, admission: Any) -> Any:
    reason = _while(*set(AdmissionStatus) - {AdmissionStatus.CANCELLED})(actor, admission)
    paid = admission.payment.status is PaymentStatus.PAID
    return reason or (_l("It is paid already: set it to unpaid first.") if paid else None)


ACTIONS = (
    Action(
        "mark_paid",
        _l("Mark as paid"),
        money.mark_paid,
        _payable,
        PaymentNote,
        icon="circle-check",
        help=_l("Who said so, and when, is kept. Nothing about cards is stored."),
    ),
    Action("mark_unpaid", _l("Mark as unpaid"), money.mark_unpaid, _paid, PaymentNote, icon="undo-2"),
    Action(
        "pause",
        _l("Pause"),
        actions.pause,
        _becoming(AdmissionStatus.PAUSED),
        Reason,
        icon="clock",
        help=_l("Frees the places. The classes to come wait until you resume."),
    ),
    Action(
        "resume",
        _l("Resume"),
        actions.resume,
        _while(AdmissionStatus.PAUSED),
        Resume,
        icon="play",
        help=_l("Takes the places again if they are free, and gives the waiting classes new dates."),
    ),
    Action(
        "add_extra_classes",
        _l("Extra classes"),
        actions.add_extra_classes,
        _while(*RUNNING),
        ExtraClasses,
        icon="plus",
        help=_l("Planned after the last class, in the same weekly slots."),
    ),
    Action(
        "change_discount",
        _l("Change discount"),
        money.change_discount,
        _discountable,
        DiscountInput,
        icon="tag",
        help=_l("Changes the total. The number of classes stays."),
        defaults=lambda admission: {
            "discount_type": admission.discount_type,
            "discount_value": admission.discount_value,
        },
    ),
    Action(
        "renew",
        _l("Renew"),
        renewing.renew,
        _while(*RUNNING, AdmissionStatus.COMPLETED),
        Renew,
        icon="rotate-ccw",
        help=_l("The next admission in the same weekly slots. Leave plan and day empty to go on as before."),
    ),
    Action(
        "complete",
        _l("Complete"),
        actions.complete,
        _becoming(AdmissionStatus.COMPLETED),
        icon="check",
        help=_l("Closes an admission whose classes are over, and frees its places."),
    ),
    Action(
        "cancel",
        _l("Cancel"),
        actions.cancel,
        _becoming(AdmissionStatus.CANCELLED),
        Reason,
        icon="ban",
        danger=True,
        help=_l("Frees the places and takes the classes to come off the plan. What was marked stays."),
    ),
)

_OF_STUDENT = Through(Admission.student_id, Student.id, Student.search_text, Admission.number)

ADMISSIONS = register(
    Resource(
        name="Admissions",
        slug="admissions",
        model=Admission,
        singular=_l("Admission"),
        plural=_l("Admissions"),
        title=title,
        attributes=ATTRIBUTES,
        search=_OF_STUDENT,
        search_help=_l("Student's name, number, phone or e-mail"),
        input=AdmitInput,
        labels=labels.LABELS,
        relations={
            "lead_id": "leads",
            "student_id": "students",
            "course_id": "courses",
            "plan_id": "course-plans",
            "classroom_slot_id": "classroom-slots",
            "confirmed_by_id": "accounts",
        },
        parts=PARTS,
        options={"status": STATUSES, "discount_type": DISCOUNTS},
        create=records.create,
        update=actions.update,
        delete=actions.delete,
        restore=actions.restore,
        edit_rule=may_change_admission,
        actions=ACTIONS,
        load=(
            joinedload(Admission.student),
            joinedload(Admission.course),
            joinedload(Admission.plan),
            joinedload(Admission.lead),
            joinedload(Admission.payment),
        ),
        icon="graduation-cap",
        title_columns=(Admission.number,),
        told=("student", "course", "starts_on", "status"),
        export_columns=(
            "number",
            "student",
            "course",
            "plan",
            "status",
            "payment",
            "starts_on",
            "ends_on",
            "final_classes",
            "remaining",
            "price",
            "discount_type",
            "discount_value",
            "total",
            "created_by",
            "created_at",
        ),
    )
)


def _withdrawable(actor: Actor, entry: Any) -> Any:
    ended = entry.status.value not in ("waiting", "offered")
    return _l("It is not on the waitlist any more.") if ended else may_admit(actor)


ENTRIES = register(
    Resource(
        name="Waitlist",
        slug="waitlist",
        model=WaitlistEntry,
        singular=_l("Waitlist entry"),
        plural=_l("Waitlist"),
        title=lambda entry: f"#{entry.position}",
        attributes=WAITLIST_ATTRIBUTES,
        default_sort="position",
        input=inputs.of(WaitlistEntry, "classroom_slot_id", "lead_id", "student_id", "notes"),
        labels={
            "classroom_slot_id": _l("Class"),
            "lead_id": _l("Lead"),
            "student_id": _l("Student"),
            "notes": _l("Notes"),
            "status": _l("Status"),
            "expires_at": _l("Held until"),
            "offered_at": _l("Offered"),
            "position": _l("Order"),
        },
        relations={"classroom_slot_id": "classroom-slots", "lead_id": "leads", "student_id": "students"},
        options={"status": WAITLIST},
        create=waitlist.join,
        actions=(
            Action(
                "withdraw",
                _l("Take off the waitlist"),
                waitlist.withdraw,
                _withdrawable,
                icon="ban",
                danger=True,
                help=_l("A place that is held goes to the next who waits."),
            ),
        ),
        load=(
            joinedload(WaitlistEntry.lead),
            joinedload(WaitlistEntry.student),
            joinedload(WaitlistEntry.classroom_slot).joinedload(ClassroomSlot.course),
        ),
        icon="clock",
        title_columns=(WaitlistEntry.position,),
        told=("slot", "lead", "student", "status"),
    )
)


_CALLED = func.concat("#", Admission.number, " ", Student.first_name, " ", Student.last_name)


def _admission_choices(actor: Actor) -> Any:
    return (
        select(Admission.id, _CALLED, Course.name)
        .join(Student, Student.id == Admission.student_id)
        .join(Course, Course.id == Admission.course_id)
        .where(visible(Admission, actor))
        .order_by(Admission.created_at.desc(), Admission.id)
    )


register_lookup(
    Lookup(
        "admissions",
        ("lookup", "Admissions"),
        _admission_choices,
        _OF_STUDENT,
        Admission.id,
        "admissions",
        folded=True,
    )
)
