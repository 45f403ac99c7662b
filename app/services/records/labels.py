"""What the columns of records are called, and their choices."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.models.student_records import ExtensionStatus, RosterRole, RosterStatus
from app.services.records import descriptors
from app.services.resource import Attribute, Kind, Option, options_of

TITLE: Final = "record_title"
LABELS: Final = {
    "name": _l("Name"),
    "student": _l("Student"),
    "student_id": _l("Student"),
    "guardian": _l("Guardian"),
    "guardian_id": _l("Guardian"),
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "email": _l("E-mail"),
    "phone": _l("Phone"),
    "account": _l("Account"),
    "user_id": _l("Account"),
    "contact_unique_id": _l("Contact id"),
    "relation_descriptor": _l("Relation"),
    "primary_contact": _l("First to be called"),
    "school": _l("School"),
    "school_id": _l("School"),
    "entry_date": _l("First day"),
    "entry_grade_level_descriptor": _l("Grade on entry"),
    "entry_type_descriptor": _l("Kind of entry"),
    "school_year": _l("School year"),
    "primary_school": _l("Primary school"),
    "exit_date": _l("Last day"),
    "exit_type_descriptor": _l("Reason for leaving"),
    "sport_interests": _l("Interests"),
    "enrollment_status": _l("Enrollment"),
    "assigned_program_track": _l("Track"),
    "grade_at_enrollment": _l("Grade at enrollment"),
    "expected_start_date": _l("Expected start"),
    "referring_coach": _l("Coach"),
    "referring_coach_id": _l("Coach"),
    "consultation_completed": _l("Consultation held"),
    "documents_complete": _l("Documents complete"),
    "deposit_paid": _l("Deposit paid"),
    "deposit_amount": _l("Deposit"),
    "deposit_paid_on": _l("Deposit paid on"),
    "completed_on": _l("Completed on"),
    "shadow_day": _l("Shadow day"),
    "custom_data": _l("Other data"),
    "sourced_id": _l("OneRoster id"),
    "status": _l("State"),
    "username": _l("Username"),
    "enabled_user": _l("May log in"),
    "given_name": _l("First name"),
    "family_name": _l("Last name"),
    "role": _l("Role"),
    "identifier": _l("Identifier"),
    "birth_date": _l("Born on"),
    "org_ids": _l("Organizations"),
    "grades": _l("Grades"),
    "created_at": _l("Entered"),
}
EXTENSION_STATUSES: Final = options_of(
    ExtensionStatus,
    {"registered": _l("Registered"), "enrolled": _l("Enrolled"), "withdrawn": _l("Withdrawn")},
    {"registered": "info", "enrolled": "success", "withdrawn": "neutral"},
)
ROSTER_STATUSES: Final = options_of(
    RosterStatus, {"active": _l("Active"), "tobedeleted": _l("To be deleted")}, {"active": "success"}
)
ROLES: Final = options_of(
    RosterRole,
    {
        "administrator": _l("Administrator"),
        "aide": _l("Aide"),
        "counselor": _l("Counselor"),
        "districtAdministrator": _l("District administrator"),
        "guardian": _l("Guardian"),
        "parent": _l("Parent"),
        "principal": _l("Principal"),
        "proctor": _l("Proctor"),
        "relative": _l("Relative"),
        "siteAdministrator": _l("Site administrator"),
        "student": _l("Student"),
        "systemAdministrator": _l("System administrator"),
        "teacher": _l("Teacher"),
    },
    {"student": "info", "teacher": "success"},
)


def codes(values: tuple[str, ...]) -> tuple[Option, ...]:
    """Code values as choices: they are shown as the standard has them, in every language."""
    return tuple(Option(value, value) for value in values)


GRADE_LEVELS: Final = codes(descriptors.GRADE_LEVELS)
ENTRY_TYPES: Final = codes(descriptors.ENTRY_TYPES)
EXIT_TYPES: Final = codes(descriptors.EXIT_TYPES)
RELATIONS: Final = codes(descriptors.RELATIONS)


def attribute(model: Any, name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    """An attribute that is a column of the model."""
    column = getattr(model, name)
    return Attribute(name, LABELS[name], kind, column, nullable=column.nullable, **more)


def person(name: str, key: Any, alias: Any, lookup: str, **more: Any) -> Attribute:
    """An attribute that is somebody with first and last name."""
    return Attribute(
        name,
        LABELS[name],
        Kind.RELATION,
        alias.first_name + " " + alias.last_name,
        key=key,
        join=(alias, alias.id == key),
        lookup=lookup,
        nullable=key.nullable,
        person=True,
        **more,
    )


def of_key(model: Any, key: Any, *columns: Any) -> Any:
    """What the related record is called, as SQL: for the title of a row, which has no related records."""
    shown = columns[0] if len(columns) == 1 else columns[0] + " " + columns[1]
    return select(shown).where(model.id == key).correlate(key.table).scalar_subquery()


def row_title(record: Any) -> str | None:
    """The title that a row of a list brings along."""
    title = getattr(record, TITLE, None)
    return None if title is None else str(title)
