"""What enrollments are to people: attributes and actions."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload

from app.models.access import User
from app.models.enrollments import ENROLLMENT_SEARCHED, Enrollment
from app.policies.scopes import visible
from app.services import people, school
from app.services.enrollments import attributes, deciding, progress
from app.services.enrollments.labels import (
    DECISIONS,
    ENROLLMENT_STATUS,
    LABELS,
    STEP_OPTIONS,
    STEP_STATUS,
    STEPS,
)
from app.services.enrollments.schemas import Consultation, Decision, GivenReason, HandOver, Payment, ShadowDay
from app.services.records import retrying
from app.services.resource import (
    Action,
    Attribute,
    Kind,
    Lookup,
    Option,
    Part,
    Resource,
    register,
    register_lookup,
)


def _of(name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    return attributes.plain(Enrollment, name, kind, **more)


def _data_of(step: int, *names: str) -> Any:
    """What a step holds already, for the form of an action."""
    return lambda found: {name: progress.steps_of(found.id)[step].data.get(name) for name in names}


def _consultation_of(found: Any) -> dict[str, Any]:
    """What the family wished; a day to come, or what is none in a draft, is not when it took place."""
    said, today = progress.steps_of(found.id)[2].data, school.today().isoformat()
    day = said.get("consultation_date")
    return {
        "consultation_date": day if isinstance(day, str) and day < today else today,
        "consultation_type": said.get("consultation_type"),
        "notes": said.get("notes"),
    }


def _payment_of(found: Any) -> dict[str, Any]:
    said = progress.steps_of(found.id)[6].data
    amount = found.deposit_amount if found.deposit_amount is not None else said.get("deposit_amount")
    return {"payment_method": said.get("payment_method"), "deposit_amount": amount, "paid": True}


def step_name(step: int) -> str:
    """As "3 Shadow day"; after the last one all are complete."""
    return f"{step} {STEPS[step]}" if step in STEPS else _("All complete")


_guardian = aliased(User)
_STEPS = tuple(Option(str(step), label) for step, label in STEPS.items())

ENROLLMENTS = register(
    Resource(
        name="Enrollments",
        slug="enrollments",
        model=Enrollment,
        singular=_l("Enrollment"),
        plural=_l("Enrollments"),
        title=deciding.title,
        attributes=(
            attributes.student(Enrollment),
            _of("enrollment_code"),
            _of("status", Kind.CHOICE, options=ENROLLMENT_STATUS),
            _of("current_step", Kind.NUMBER),
            _of("coach_decision", Kind.CHOICE, options=DECISIONS),
            attributes.coach(Enrollment),
            Attribute(
                "guardian",
                LABELS["guardian"],
                Kind.RELATION,
                people.full_name(_guardian),
                key=Enrollment.guardian_id,
                join=(_guardian, _guardian.id == Enrollment.guardian_id),
                lookup="accounts",
                person=True,
            ),
            attributes.school(Enrollment),
            _of("student_first_name"),
            _of("student_last_name"),
            _of("deposit_paid", Kind.BOOL),
            _of("deposit_amount", Kind.NUMBER, money=True),
            _of("deposit_paid_on", Kind.DATE),
            _of("decided_at", Kind.DATETIME),
            _of("decision_note"),
            _of("enrolled_at", Kind.DATETIME),
            _of("records_due_since", Kind.DATETIME),
            _of("created_at", Kind.DATETIME, sortable=True),
        ),
        search=ENROLLMENT_SEARCHED,
        search_help=_l("Student or code"),
        labels=LABELS,
        relations={"coach_id": "coaches", "guardian_id": "accounts", "school_id": "enrollment-schools"}
        | {"student_id": "students", "invitation_id": "enrollment-invitations"},
        parts=(
            Part(
                "enrollment_steps",
                "enrollment_id",
                _l("Step"),
                {"step": _l("Step"), "status": LABELS["status"], "completed_at": _l("Completed")},
                {"step": _STEPS, "status": STEP_STATUS},
                "step",
            ),
        ),
        options={
            **STEP_OPTIONS,
            "status": ENROLLMENT_STATUS,
            "coach_decision": DECISIONS,
            "current_step": _STEPS,
        },
        actions=(
            Action(
                "complete_consultation",
                _l("Consultation completed"),
                deciding.complete_consultation,
                deciding.why_not_complete_consultation,
                Consultation,
                icon="phone-call",
                bulk=False,
                defaults=_consultation_of,
                help=_l("The family can go on to the shadow day."),
            ),
            Action(
                "set_shadow_day",
                _l("Set shadow day"),
                deciding.set_shadow_day,
                deciding.why_not_set_shadow_day,
                ShadowDay,
                icon="calendar-plus",
                bulk=False,
                defaults=_data_of(3, "shadow_day"),
                help=_l("The family still signs the waivers."),
            ),
            Action(
                "approve",
                _l("Approve"),
                deciding.approve,
                deciding.why_not_approve,
                Decision,
                icon="check",
                help=_l("The family can enter the student's information."),
            ),
            Action(
                "reject",
                _l("Reject"),
                deciding.reject,
                deciding.why_not_reject,
                GivenReason,
                icon="x",
                danger=True,
                help=_l("The enrollment is closed. The office can open it again."),
            ),
            Action(
                "hand_over",
                _l("Hand over to another coach"),
                deciding.hand_over,
                deciding.why_not_hand_over,
                HandOver,
                icon="user-check",
                help=_l("The other coach leads the family from now on, and is told."),
            ),
            Action(
                "record_payment",
                _l("Record payment"),
                deciding.record_payment,
                deciding.why_not_record_payment,
                Payment,
                icon="banknote",
                bulk=False,
                defaults=_payment_of,
                help=_l("With the deposit paid and the documents verified, the student is enrolled."),
            ),
            Action(
                "retry_records",
                _l("Retry record creation"),
                retrying.retry,
                retrying.hindrance,
                icon="refresh-cw",
                help=_l("Makes the student's records, if they are missing. It never makes them twice."),
            ),
            Action(
                "withdraw",
                _l("Withdraw"),
                deciding.withdraw,
                deciding.why_not_withdraw,
                GivenReason,
                icon="log-out",
                danger=True,
                help=_l("The family does not want to go on."),
            ),
            Action(
                "reopen",
                _l("Open again"),
                deciding.reopen,
                deciding.why_not_reopen,
                icon="rotate-ccw",
                help=_l("It goes on where it was."),
            ),
        ),
        load=(joinedload(Enrollment.coach), joinedload(Enrollment.guardian), joinedload(Enrollment.school)),
        icon="route",
        title_columns=(Enrollment.student_first_name, Enrollment.student_last_name),
        told=("enrollment_code", "status", "coach"),
        export_columns=(
            "enrollment_code",
            "student_first_name",
            "student_last_name",
            "status",
            "current_step",
            "coach_decision",
            "coach",
            "guardian",
            "school",
            "deposit_paid",
            "deposit_amount",
            "deposit_paid_on",
            "enrolled_at",
            "created_at",
        ),
    )
)

register_lookup(
    Lookup(
        "enrollments",
        ("lookup", "Enrollments"),
        lambda actor: (
            select(
                Enrollment.id,
                Enrollment.student_first_name + " " + Enrollment.student_last_name,
                Enrollment.enrollment_code,
            )
            .where(visible(Enrollment, actor))
            .order_by(Enrollment.created_at.desc(), Enrollment.id.desc())
        ),
        Enrollment.student_first_name + " " + Enrollment.student_last_name + " " + Enrollment.enrollment_code,
        Enrollment.id,
        "enrollments",
    )
)
