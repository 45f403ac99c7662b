"""The types of notices: what each is called, who is told, how grave it is, and through which channels it goes unless
somebody chose otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.models.notifications import Channel, NotificationType, Severity
from app.policies.actor import Actor
from app.policies.roles import Role

SUPER_ADMINS: Final = frozenset({Role.SUPER_ADMIN})
OFFICE: Final = frozenset({Role.SUPER_ADMIN, Role.ADMIN, Role.STAFF})
ADMINS: Final = frozenset({Role.SUPER_ADMIN, Role.ADMIN})
CLASS: Final = ADMINS | {Role.TEACHER, Role.STUDENT}
ENROLLMENT: Final = ADMINS | {Role.ADMISSIONS, Role.COACH}
EVERYBODY: Final[frozenset[Role]] = frozenset()


@dataclass(frozen=True)
class TypeOfNotice:
    """`roles` are those whom it concerns; none: everybody. A mail for everything that is merely good to know would make
    people switch all of it off, so `email` is on where somebody has to do something, or has a class at another time.
    """

    label: Any
    help: Any
    roles: frozenset[Role]
    severity: Severity = Severity.INFO
    email: bool = True
    in_app: bool = True

    def default(self, channel: Channel) -> bool:
        return self.email if channel is Channel.EMAIL else self.in_app

    def concerns(self, actor: Actor) -> bool:
        return not self.roles or actor.has(*self.roles)


_T = NotificationType
TYPES: Final[dict[NotificationType, TypeOfNotice]] = {
    _T.LEAD_ASSIGNED: TypeOfNotice(_l("Lead assigned"), _l("A lead is yours now."), OFFICE),
    _T.LEAD_STAGE_CHANGED: TypeOfNotice(
        _l("Lead changed stage"), _l("Somebody else moved one of your leads."), OFFICE, email=False
    ),
    _T.LEAD_WALKIN_ASSIGNED: TypeOfNotice(
        _l("Walk-in for you"), _l("Somebody came by for a trial lesson with you."), frozenset({Role.TEACHER})
    ),
    _T.LEAD_FOLLOWUP_DUE: TypeOfNotice(
        _l("Follow-up due"), _l("Every morning: leads that are due today or overdue."), OFFICE
    ),
    _T.LEAD_FOLLOWUP_STATUS_CHANGED: TypeOfNotice(
        _l("Follow-up done or open again"), _l("Somebody settled a follow-up."), ADMINS, email=False
    ),
    _T.ADMISSION_CREATED: TypeOfNotice(
        _l("New admission"), _l("Somebody was admitted to a course."), OFFICE | {Role.STUDENT}
    ),
    _T.ADMISSION_BLOCKED_CAPACITY: TypeOfNotice(
        _l("Admission blocked"),
        _l("Somebody could not be admitted, because classes are full."),
        OFFICE,
        Severity.WARNING,
    ),
    _T.WAITLIST_OFFERED: TypeOfNotice(
        _l("Place offered"), _l("A place is held for somebody who waited."), OFFICE | {Role.STUDENT}
    ),
    _T.WAITLIST_EXPIRED: TypeOfNotice(_l("Offer expired"), _l("Nobody took the place in time."), OFFICE),
    _T.CLASSES_REMAINING_4: TypeOfNotice(
        _l("Classes running out"),
        _l("Four classes of an admission are left, or fewer."),
        ADMINS | {Role.STUDENT},
        Severity.WARNING,
    ),
    _T.CLASSES_COMPLETED: TypeOfNotice(
        _l("All classes taken"),
        _l("An admission is to be completed or renewed."),
        ADMINS | {Role.STUDENT},
        Severity.WARNING,
    ),
    _T.CLASS_MOVED: TypeOfNotice(_l("Class moved"), _l("A class is on another day or at another time."), CLASS),
    _T.CLASS_CANCELLED: TypeOfNotice(
        _l("Class cancelled"), _l("A class does not take place."), CLASS, Severity.WARNING
    ),
    _T.RESCHEDULE_REQUESTED: TypeOfNotice(
        _l("Move requested"), _l("Somebody asks to move a class."), ADMINS | {Role.TEACHER}
    ),
    _T.RESCHEDULE_RESULT: TypeOfNotice(
        _l("Answer to a request"),
        _l("It was decided whether a class is moved."),
        frozenset({Role.TEACHER, Role.STUDENT}),
    ),
    _T.ATTENDANCE_MISSING: TypeOfNotice(
        _l("Attendance missing"),
        _l("A class that ended more than a day ago is not marked."),
        ADMINS | {Role.TEACHER},
        Severity.WARNING,
    ),
    _T.REGISTRATION_SUBMITTED: TypeOfNotice(
        _l("Assistant applied"), _l("Somebody wants to be a help desk assistant."), ADMINS
    ),
    _T.REGISTRATION_APPROVED: TypeOfNotice(
        _l("You are an assistant"), _l("Your application was approved."), frozenset({Role.ASSISTANT})
    ),
    _T.REGISTRATION_PROCESSED: TypeOfNotice(
        _l("Application decided"), _l("Another admin approved or rejected an assistant."), ADMINS, email=False
    ),
    _T.ROSTER_PUBLISHED: TypeOfNotice(
        _l("Roster published"),
        _l("Your shifts at the help desk are known, or have changed."),
        frozenset({Role.ASSISTANT}),
    ),
    _T.ALLOCATION_CHANGED: TypeOfNotice(
        _l("Seat changed"),
        _l("You have a seat in a test, another one or none any more, or the test is at another time or cancelled."),
        frozenset({Role.STUDENT}),
    ),
    _T.ROLE_CHANGED: TypeOfNotice(_l("Roles changed"), _l("What you may do here has changed."), EVERYBODY),
    _T.ACCOUNT_BLOCKED: TypeOfNotice(
        _l("Account blocked"), _l("An account was made inactive."), ADMINS, Severity.CRITICAL
    ),
    _T.ACCESS_REQUEST_SUBMITTED: TypeOfNotice(
        _l("Access requested"), _l("Somebody without an account asks for one."), SUPER_ADMINS
    ),
    _T.ACCESS_REQUEST_APPROVED: TypeOfNotice(
        _l("Access granted"), _l("Another Super Admin granted a request for access."), SUPER_ADMINS, email=False
    ),
    _T.ACCESS_REQUEST_REJECTED: TypeOfNotice(
        _l("Access refused"), _l("Another Super Admin refused a request for access."), SUPER_ADMINS, email=False
    ),
    _T.ENROLLMENT_STEP_COMPLETED: TypeOfNotice(
        _l("Enrollment went on"),
        _l("A family, or the school, completed a step of an enrollment."),
        ENROLLMENT | {Role.GUARDIAN},
    ),
    _T.RECORD_CREATION_FAILED: TypeOfNotice(
        _l("Student records missing"),
        _l("The records of a student could not be made; the enrollment goes on."),
        ENROLLMENT,
        Severity.WARNING,
    ),
    _T.ENROLLMENT_COMPLETED: TypeOfNotice(
        _l("Enrollment complete"), _l("A student is enrolled."), ENROLLMENT | {Role.GUARDIAN}
    ),
    _T.DOCUMENT_REJECTED: TypeOfNotice(
        _l("Document rejected"),
        _l("A document has to be sent again."),
        ENROLLMENT | {Role.GUARDIAN},
        Severity.WARNING,
    ),
    _T.BROADCAST: TypeOfNotice(_l("Message of the school"), _l("Written by an admin."), EVERYBODY),
    _T.CLOSURE_ANNOUNCEMENT: TypeOfNotice(
        _l("School closed"), _l("Days without classes."), EVERYBODY, Severity.WARNING
    ),
}
CHANNELS: Final = {Channel.IN_APP: _l("Inbox"), Channel.EMAIL: _l("E-mail")}
SEVERITIES: Final = {"info": _l("Information"), "warning": _l("Warning"), "critical": _l("Critical")}


def concerning(actor: Actor) -> dict[NotificationType, TypeOfNotice]:
    """The types that the actor may be told of."""
    return {kind: each for kind, each in TYPES.items() if each.concerns(actor)}
