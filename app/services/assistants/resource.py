"""What applications and assistants are to people: attributes, input, actions."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import aliased, joinedload

from app.models.access import User
from app.models.assistants import HelpDeskAssistant, RegistrationRequest, RegistrationStatus
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.rules import may_decide_registration
from app.services import people, plain
from app.services.assistants import deciding, records
from app.services.assistants.schemas import AssistantInput, Rejection
from app.services.resource import Action, Attribute, Kind, Part, Resource, options_of, register
from app.services.weekdays import WEEKDAYS

LABELS = {
    "name": _l("Name"),
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "username": _l("Username"),
    "email": _l("E-mail"),
    "phone": _l("Phone"),
    "degree": _l("Degree"),
    "locale": _l("Language"),
    "status": _l("Status"),
    "created_at": _l("Applied"),
    "processed_at": _l("Decided"),
    "processed_by": _l("Decided by"),
    "processed_by_id": _l("Decided by"),
    "rejection_reason": _l("Reason of the rejection"),
    "reason": _l("Reason"),
    "user_id": _l("Account"),
    "assistant_id": _l("Assistant"),
    "password": _l("Password"),
    "password_again": _l("Password again"),
    "course_ids": _l("Courses"),
    "availability": _l("Availability"),
}
ASSISTANT_LABELS = {
    "student": _l("Assistant"),
    "student_id": _l("Student"),
    "rate": _l("Rate per hour"),
    "active": _l("Active"),
    "hours_minimum": _l("Fewest hours a week"),
    "hours_maximum": _l("Most hours a week"),
    "hours_worked": _l("Hours worked"),
    "created_at": _l("Since"),
}
STATUS = options_of(
    RegistrationStatus,
    {"pending": _l("Pending"), "approved": _l("Approved"), "rejected": _l("Rejected")},
    {"pending": "warning", "approved": "success", "rejected": "danger"},
)


def _decidable(actor: Actor, request: Any) -> Any:
    """For the buttons; the service asks again."""
    if request.status is not RegistrationStatus.PENDING:
        return _l("It is decided already.")
    return may_decide_registration(actor, request)


def _text(model: Any, labels: Any, name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    column = getattr(model, name)
    return Attribute(name, labels[name], kind, column, nullable=column.nullable, **more)


def _parts(column: str, hours: str, courses: str) -> tuple[Part, ...]:
    """When they can, and what they know, of an application and of an assistant alike."""
    when = {"day_of_week": _l("Day"), "start_time": _l("From"), "end_time": _l("Until")}
    return (
        Part(hours, column, LABELS["availability"], when, {"day_of_week": WEEKDAYS}),
        Part(courses, column, _l("Course"), {"course_id": _l("Course")}),
    )


_of_request = partial(_text, RegistrationRequest, LABELS)
_of_assistant = partial(_text, HelpDeskAssistant, ASSISTANT_LABELS)
_full_name = RegistrationRequest.first_name + " " + RegistrationRequest.last_name
_decider, _student = aliased(User), aliased(Student)
_titled = aliased(Student)
_student_name = (
    select(_titled.first_name + " " + _titled.last_name)
    .where(_titled.id == HelpDeskAssistant.student_id)
    .correlate(HelpDeskAssistant)
    .scalar_subquery()
)

REGISTRATIONS = register(
    Resource(
        name="Registrations",
        slug="registrations",
        model=RegistrationRequest,
        singular=_l("Application"),
        plural=_l("Applications"),
        title=deciding.title,
        attributes=(
            Attribute("name", LABELS["name"], Kind.TEXT, _full_name, filterable=False, person=True),
            _of_request("status", Kind.CHOICE, options=STATUS),
            _of_request("username"),
            _of_request("email", Kind.EMAIL),
            _of_request("phone", Kind.PHONE),
            _of_request("degree"),
            _of_request("created_at", Kind.DATETIME, sortable=True),
            _of_request("processed_at", Kind.DATETIME),
            Attribute(
                "processed_by",
                LABELS["processed_by"],
                Kind.RELATION,
                people.full_name(_decider),
                key=RegistrationRequest.processed_by_id,
                join=(_decider, _decider.id == RegistrationRequest.processed_by_id),
                lookup="accounts",
                nullable=True,
                person=True,
            ),
            _of_request("rejection_reason"),
        ),
        search=func.search_fold(
            _full_name + " " + RegistrationRequest.username + " " + RegistrationRequest.email,
        ),
        search_help=_l("Name, username or e-mail"),
        labels=LABELS,
        relations={"processed_by_id": "accounts", "user_id": "accounts", "course_id": "courses"},
        parts=_parts("registration_id", "registration_availability", "registration_courses"),
        options={"status": STATUS},
        actions=(
            Action(
                "approve",
                _l("Approve"),
                deciding.approve,
                _decidable,
                icon="check",
                help=_l("Makes the account, the student and the assistant. They can sign in at once and are told."),
            ),
            Action(
                "reject",
                _l("Reject"),
                deciding.reject,
                _decidable,
                Rejection,
                icon="x",
                danger=True,
                help=_l("Nothing is made. The password, courses and times that they gave are deleted."),
            ),
        ),
        icon="clipboard-check",
        title_columns=(RegistrationRequest.first_name, RegistrationRequest.last_name),
        told=("username", "email", "status"),
        small=True,
    )
)

ASSISTANTS = register(
    Resource(
        name="Assistants",
        slug="assistants",
        model=HelpDeskAssistant,
        singular=_l("Assistant"),
        plural=_l("Assistants"),
        title=records.title,
        attributes=(
            Attribute(
                "student",
                ASSISTANT_LABELS["student"],
                Kind.RELATION,
                _student.first_name + " " + _student.last_name,
                key=HelpDeskAssistant.student_id,
                join=(_student, _student.id == HelpDeskAssistant.student_id),
                lookup="students",
                person=True,
            ),
            _of_assistant("active", Kind.BOOL),
            _of_assistant("rate", Kind.NUMBER, money=True),
            _of_assistant("hours_minimum", Kind.NUMBER),
            _of_assistant("hours_maximum", Kind.NUMBER),
            Attribute("hours_worked", ASSISTANT_LABELS["hours_worked"], Kind.NUMBER, HelpDeskAssistant.hours_worked),
            _of_assistant("created_at", Kind.DATETIME, sortable=True),
        ),
        search=func.search_fold(_student_name),
        search_help=_l("Name"),
        input=AssistantInput,
        labels=ASSISTANT_LABELS,
        relations={"student_id": "students", "course_id": "courses"},
        parts=_parts("assistant_id", "availability", "course_capabilities"),
        update=partial(plain.update, HelpDeskAssistant),
        actions=(
            Action(
                "activate",
                _l("Activate"),
                partial(plain.set_active, HelpDeskAssistant, active=True, title=records.title),
                lambda actor, assistant: _l("They are active already.") if assistant.active else None,
                icon="play",
            ),
            Action(
                "deactivate",
                _l("Deactivate"),
                partial(plain.set_active, HelpDeskAssistant, active=False, title=records.title),
                lambda actor, assistant: None if assistant.active else _l("They are not active."),
                icon="ban",
                help=_l("They get no new shifts. Their account stays."),
            ),
        ),
        load=(joinedload(HelpDeskAssistant.student),),
        icon="life-buoy",
        title_columns=(_student_name.label("student_name"),),
        export_columns=("student", "active", "rate", "hours_minimum", "hours_maximum", "hours_worked", "created_at"),
        small=True,
    )
)
