"""What the program's record of a student and OneRoster's users are to people."""

from __future__ import annotations

from typing import Annotated, Any

from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field
from sqlalchemy import func, select
from sqlalchemy.orm import aliased, joinedload

from app.models.access import User
from app.models.organizations import Organization
from app.models.student_records import ROSTER_USER_SEARCHED, OneRosterUser, StudentProgramExtension
from app.models.students import Student
from app.services import inputs
from app.services.inputs import CalendarDay, Json, blank_is_none, storable
from app.services.records import links
from app.services.records.facts import TRACK
from app.services.records.labels import (
    EXTENSION_STATUSES,
    LABELS,
    ROLES,
    ROSTER_STATUSES,
    TITLE,
    attribute,
    of_key,
    person,
    row_title,
)
from app.services.records.organization_resource import listed
from app.services.resource import Attribute, Kind, Resource, register

_member, _coach = aliased(Student), aliased(User)


def _extension_title(extension: Any) -> str:
    return row_title(extension) or links.student_name(extension.student_id)


EXTENSIONS = register(
    Resource(
        name="Program extensions",
        slug="program-extensions",
        model=StudentProgramExtension,
        singular=_l("Program record"),
        plural=_l("Program records"),
        title=_extension_title,
        attributes=(
            person("student", StudentProgramExtension.student_id, _member, "students"),
            attribute(StudentProgramExtension, "enrollment_status", Kind.CHOICE, options=EXTENSION_STATUSES),
            Attribute(
                "sport_interests",
                LABELS["sport_interests"],
                Kind.TEXT,
                listed(StudentProgramExtension.sport_interests),
                filterable=False,
            ),
            attribute(StudentProgramExtension, "assigned_program_track"),
            attribute(StudentProgramExtension, "grade_at_enrollment"),
            attribute(StudentProgramExtension, "expected_start_date", Kind.DATE),
            person("referring_coach", StudentProgramExtension.referring_coach_id, _coach, "accounts"),
            attribute(StudentProgramExtension, "consultation_completed", Kind.BOOL),
            attribute(StudentProgramExtension, "documents_complete", Kind.BOOL),
            attribute(StudentProgramExtension, "shadow_day", Kind.DATE),
            attribute(StudentProgramExtension, "deposit_paid", Kind.BOOL),
            attribute(StudentProgramExtension, "deposit_amount", Kind.NUMBER, money=True),
            attribute(StudentProgramExtension, "deposit_paid_on", Kind.DATE),
            attribute(StudentProgramExtension, "completed_on", Kind.DATE),
            attribute(StudentProgramExtension, "created_at", Kind.DATETIME),
        ),
        input=inputs.of(
            StudentProgramExtension,
            name="ProgramExtensionInput",
            sport_interests=(Annotated[str, Field(max_length=1000), BeforeValidator(storable)], ""),
            assigned_program_track=(TRACK, None),
            expected_start_date=(Annotated[CalendarDay | None, BeforeValidator(blank_is_none)], None),
            custom_data=(Json, {}),
        ),
        labels=LABELS,
        relations={
            "student_id": "students",
            "referring_coach_id": "accounts",
            "invitation_id": "enrollment-invitations",
        },
        options={"enrollment_status": EXTENSION_STATUSES},
        update=links.update_extension,
        load=(joinedload(StudentProgramExtension.student), joinedload(StudentProgramExtension.referring_coach)),
        icon="flag",
        title_columns=(
            of_key(Student, StudentProgramExtension.student_id, Student.first_name, Student.last_name).label(TITLE),
        ),
        export_columns=(
            "student",
            "enrollment_status",
            "sport_interests",
            "assigned_program_track",
            "expected_start_date",
            "referring_coach",
            "completed_on",
        ),
    )
)


def _user_title(user: Any) -> str:
    return f"{user.given_name} {user.family_name}".strip() or str(user.username)


ROSTER_USERS = register(
    Resource(
        name="OneRoster users",
        slug="oneroster-users",
        model=OneRosterUser,
        singular=_l("Person on the roster"),
        plural=_l("People on the roster"),
        title=_user_title,
        attributes=(
            Attribute(
                "name",
                LABELS["name"],
                Kind.TEXT,
                OneRosterUser.given_name + " " + OneRosterUser.family_name,
                filterable=False,
            ),
            attribute(OneRosterUser, "username"),
            attribute(OneRosterUser, "role", Kind.CHOICE, options=ROLES),
            attribute(OneRosterUser, "status", Kind.CHOICE, options=ROSTER_STATUSES),
            attribute(OneRosterUser, "enabled_user", Kind.BOOL),
            attribute(OneRosterUser, "given_name"),
            attribute(OneRosterUser, "family_name"),
            attribute(OneRosterUser, "identifier"),
            attribute(OneRosterUser, "email", Kind.EMAIL),
            attribute(OneRosterUser, "phone", Kind.PHONE),
            attribute(OneRosterUser, "birth_date", Kind.DATE),
            Attribute("grades", LABELS["grades"], Kind.TEXT, listed(OneRosterUser.grades), filterable=False),
            Attribute(
                "org_ids",
                LABELS["org_ids"],
                Kind.TEXT,
                select(func.string_agg(Organization.name, ", "))
                .where(OneRosterUser.org_ids.op("?")(Organization.sourced_id))
                .correlate(OneRosterUser)
                .scalar_subquery(),
                filterable=False,
            ),
            attribute(OneRosterUser, "sourced_id", sortable=True),
            attribute(OneRosterUser, "created_at", Kind.DATETIME),
        ),
        search=ROSTER_USER_SEARCHED,
        search_help=_l("Name or username"),
        default_sort="sourced_id",
        labels=LABELS,
        options={"role": ROLES, "status": ROSTER_STATUSES},
        icon="id-card",
        title_columns=(OneRosterUser.given_name, OneRosterUser.family_name, OneRosterUser.username),
        export_columns=("sourced_id", "name", "username", "role", "status", "enabled_user", "org_ids", "grades"),
    )
)
