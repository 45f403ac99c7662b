"""How invitations, enrollments and documents are told to people."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.models.enrollments import (
    CoachDecision,
    DocumentStatus,
    EnrollmentEventType,
    EnrollmentStatus,
    InvitationStatus,
    StepStatus,
)
from app.services.enrollments.schemas import ConsultationType, ContactMethod, PaymentMethod
from app.services.records import descriptors
from app.services.resource import Option, options_of

STEPS: Final[dict[int, Any]] = {
    1: _l("Program information"),
    2: _l("Phone consultation"),
    3: _l("Shadow day"),
    4: _l("Student information"),
    5: _l("Documents"),
    6: _l("Payment"),
}
LABELS: Final[dict[str, Any]] = {
    "student": _l("Student"),
    "student_id": _l("Student"),
    "student_first_name": _l("First name of the student"),
    "student_last_name": _l("Last name of the student"),
    "guardian_name": _l("Name of the parent or guardian"),
    "guardian_email": _l("E-mail of the parent or guardian"),
    "guardian": _l("Parent or guardian"),
    "guardian_id": _l("Parent or guardian"),
    "coach": _l("Coach"),
    "coach_id": _l("Coach"),
    "school": _l("School"),
    "school_id": _l("School"),
    "program_interests": _l("Programs"),
    "grade_level": _l("Grade level"),
    "message": _l("Message"),
    "locale": _l("Language"),
    "expires_at": _l("Works until"),
    "opened_at": _l("Opened"),
    "status": _l("Status"),
    "created_at": _l("Entered"),
    "updated_at": _l("Last change"),
    "import": _l("Import"),
    "enrollment_code": _l("Code"),
    "current_step": _l("Step"),
    "coach_decision": _l("Decision of the coach"),
    "decided_at": _l("Decided"),
    "decision_note": _l("Note on the decision"),
    "deposit_amount": _l("Deposit"),
    "deposit_paid": _l("Deposit paid"),
    "deposit_paid_on": _l("Paid on"),
    "enrolled_at": _l("Enrolled"),
    "records_due_since": _l("Records missing since"),
    "document_type": _l("Document"),
    "enrollment": _l("Enrollment"),
    "enrollment_status": _l("Status of the enrollment"),
    "enrollment_id": _l("Enrollment"),
    "file_name": _l("File name"),
    "content_type": _l("Type"),
    "size": _l("Size"),
    "sha256": _l("Digest"),
    "reason": _l("Reason"),
    "reviewed_by": _l("Reviewed by"),
    "reviewed_at": _l("Reviewed"),
    "replaced_at": _l("Replaced"),
    "note": _l("Note"),
    "code": _l("Code"),
    "name": _l("Name"),
    "description": _l("Description"),
    "required": _l("Required"),
    "position": _l("Position"),
    "active": _l("Active"),
    # the steps
    "contact_method": _l("Reached by"),
    "contact_time": _l("Best reached"),
    "expected_start_date": _l("Expected start"),
    "consultation_date": _l("Day of the consultation"),
    "consultation_type": _l("Kind of consultation"),
    "notes": _l("Notes"),
    "shadow_day": _l("Shadow day"),
    "waivers_signed": _l("Waivers signed"),
    "emergency_contact": _l("Emergency contact on that day"),
    "first_name": _l("First name"),
    "middle_name": _l("Middle name"),
    "last_name": _l("Last name"),
    "generation_suffix": _l("Suffix"),
    "birth_date": _l("Birth date"),
    "birth_city": _l("City of birth"),
    "birth_state": _l("State of birth"),
    "birth_country": _l("Country of birth"),
    "birth_sex_descriptor": _l("Sex at birth"),
    "hispanic_latino_ethnicity": _l("Hispanic or Latino"),
    "races": _l("Races"),
    "guardian_first_name": _l("First name of the parent or guardian"),
    "guardian_last_name": _l("Last name of the parent or guardian"),
    "guardian_phone": _l("Phone of the parent or guardian"),
    "guardian_relation": _l("Relation to the student"),
    "payment_method": _l("Payment by"),
    "paid": _l("The money is there"),
    "paid_on": _l("Paid on"),
    "phone": _l("Phone"),
    "password": _l("Password"),
    "password_again": _l("Password again"),
}
INVITATION_STATUS: Final = options_of(
    InvitationStatus,
    {
        "sent": _l("Sent"),
        "opened": _l("Opened"),
        "accepted": _l("Accepted"),
        "expired": _l("Expired"),
        "revoked": _l("Revoked"),
    },
    {"sent": "info", "opened": "warning", "accepted": "success", "expired": "neutral", "revoked": "danger"},
)
ENROLLMENT_STATUS: Final = options_of(
    EnrollmentStatus,
    {
        "in_progress": _l("In progress"),
        "registered": _l("Registered"),
        "enrolled": _l("Enrolled"),
        "withdrawn": _l("Withdrawn"),
        "rejected": _l("Rejected"),
    },
    {"in_progress": "info", "registered": "warning", "enrolled": "success", "rejected": "danger"},
)
DECISIONS: Final = options_of(
    CoachDecision,
    {"approved": _l("Approved"), "rejected": _l("Rejected")},
    {"approved": "success", "rejected": "danger"},
)
DOCUMENT_STATUS: Final = options_of(
    DocumentStatus,
    {"submitted": _l("To be checked"), "verified": _l("Verified"), "rejected": _l("Rejected")},
    {"submitted": "warning", "verified": "success", "rejected": "danger"},
)
STEP_STATUS: Final = options_of(
    StepStatus,
    {"pending": _l("To come"), "in_progress": _l("Begun"), "completed": _l("Completed")},
    {"in_progress": "info", "completed": "success"},
)
CONTACT_METHODS: Final = options_of(
    ContactMethod, {"email": _l("E-mail"), "phone": _l("Phone"), "text": _l("Text message")}
)
CONSULTATION_TYPES: Final = options_of(
    ConsultationType, {"phone": _l("By phone"), "video": _l("By video"), "in_person": _l("At the school")}
)
PAYMENT_METHODS: Final = options_of(
    PaymentMethod,
    {
        "bank_transfer": _l("Bank transfer"),
        "card": _l("Card, at the office"),
        "cash": _l("Cash"),
        "check": _l("Check"),
    },
)
EVENTS: Final[dict[EnrollmentEventType, tuple[Any, str]]] = {
    EnrollmentEventType.INVITATION_SENT: (_l("Invitation sent"), "send"),
    EnrollmentEventType.INVITATION_OPENED: (_l("Invitation opened"), "eye"),
    EnrollmentEventType.INVITATION_ACCEPTED: (_l("Invitation accepted"), "user-check"),
    EnrollmentEventType.INVITATION_REVOKED: (_l("Invitation revoked"), "ban"),
    EnrollmentEventType.STEP_SAVED: (_l("Step saved"), "save"),
    EnrollmentEventType.STEP_COMPLETED: (_l("Step completed"), "circle-check"),
    EnrollmentEventType.STEP_CORRECTED: (_l("Step corrected"), "pencil"),
    EnrollmentEventType.DECIDED: (_l("Coach decided"), "scale"),
    EnrollmentEventType.DOCUMENT_SUBMITTED: (_l("Document sent in"), "upload"),
    EnrollmentEventType.DOCUMENT_REMOVED: (_l("Document taken back"), "trash-2"),
    EnrollmentEventType.DOCUMENT_VERIFIED: (_l("Document verified"), "check"),
    EnrollmentEventType.DOCUMENT_REJECTED: (_l("Document rejected"), "circle-x"),
    EnrollmentEventType.PAYMENT_RECORDED: (_l("Payment recorded"), "banknote"),
    EnrollmentEventType.RECORDS_CREATED: (_l("Student records made"), "id-card"),
    EnrollmentEventType.RECORD_CREATION_FAILED: (_l("Student records could not be made"), "triangle-alert"),
    EnrollmentEventType.MESSAGE_SENT: (_l("Message sent"), "mail"),
    EnrollmentEventType.ENROLLED: (_l("Enrolled"), "graduation-cap"),
    EnrollmentEventType.WITHDRAWN: (_l("Withdrawn"), "log-out"),
    EnrollmentEventType.REJECTED: (_l("Rejected"), "ban"),
    EnrollmentEventType.REOPENED: (_l("Opened again"), "rotate-ccw"),
    EnrollmentEventType.HANDED_OVER: (_l("Handed over to another coach"), "user-check"),
}


def _plain(values: tuple[str, ...]) -> tuple[Option, ...]:
    """Codes of the standard, shown as they are."""
    return tuple(Option(value, value) for value in values)


STEP_OPTIONS: Final[dict[str, tuple[Option, ...]]] = {
    "contact_method": CONTACT_METHODS,
    "consultation_type": CONSULTATION_TYPES,
    "payment_method": PAYMENT_METHODS,
    "grade_level": _plain(descriptors.GRADE_LEVELS),
    "birth_sex_descriptor": _plain(descriptors.SEXES),
    "races": _plain(descriptors.RACES),
    "guardian_relation": _plain(descriptors.RELATIONS),
}
