"""What a family entered, read as the facts of a student's records; whatever is missing or wrong is named exactly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final

from flask_babel import gettext as _
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import select

from app.extensions import db
from app.models.enrollments import Enrollment, EnrollmentStep
from app.models.organizations import Organization
from app.models.students import Student
from app.services import contact, inputs, phones, school
from app.services.errors import Invalid
from app.services.inputs import CalendarDay, blank_is_none, storable
from app.services.records import descriptors, grades

MISSING: Final = "missing"
INVALID: Final = "invalid"
MOST_INTERESTS: Final = 20


def _wrong(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("record", "record", {"sentence": sentence})


def code_of(values: tuple[str, ...]) -> Any:
    """Checks that a text is one of these code values."""

    def check(typed: str | None) -> str | None:
        if typed is None:
            return None
        found = descriptors.match(values, typed)
        if found is None:
            raise _wrong(_("Choose one from the list."))
        return found

    return AfterValidator(check)


def _grade(typed: str) -> str:
    found = grades.code_value(typed)
    if found is None:
        raise _wrong(_("This is no grade, as 1, K or First grade."))
    return found


def _born(day: date) -> date:
    if not date(1900, 1, 1) <= day <= school.today():
        raise _wrong(_("Must be between 1900 and today."))
    return day


def address(typed: str | None) -> str | None:
    """Checks that a text may be an e-mail address."""
    if typed is not None and not contact.is_address(typed):
        raise _wrong(str(contact.NO_ADDRESS))
    return typed


def phone(typed: str | None) -> str | None:
    """The number as it is stored, if it is one."""
    if typed is None:
        return None
    try:
        return phones.normalise(typed, school.phone_region())
    except ValueError as error:
        raise _wrong(str(error)) from None


STORED = BeforeValidator(storable)
BLANK = BeforeValidator(blank_is_none)
NAME = Annotated[str, Field(min_length=1, max_length=80), STORED]
GRADE = Annotated[str, Field(min_length=1, max_length=40), STORED, AfterValidator(_grade)]
BORN = Annotated[CalendarDay, AfterValidator(_born)]
SEX = Annotated[str, Field(min_length=1, max_length=120), STORED, code_of(descriptors.SEXES)]
RACE = Annotated[str, Field(max_length=120), STORED, code_of(descriptors.RACES)]
INTEREST = Annotated[str, Field(min_length=1, max_length=80), STORED]
EMAIL = Annotated[str, Field(min_length=3, max_length=254), STORED, AfterValidator(address)]
PHONE = Annotated[str, Field(min_length=1, max_length=40), STORED, AfterValidator(phone)]
RELATION = Annotated[str | None, Field(max_length=120), STORED, BLANK, code_of(descriptors.RELATIONS)]
TRACK = Annotated[str | None, Field(max_length=80), STORED, BLANK]

FactsInput = inputs.of(
    Student,
    "middle_name",
    "generation_suffix",
    "birth_city",
    "birth_state",
    "birth_country",
    name="FactsInput",
    first_name=(NAME, ...),
    last_name=(NAME, ...),
    birth_date=(BORN, ...),
    grade_level=(GRADE, ...),
    birth_sex_descriptor=(SEX, ...),
    hispanic_latino_ethnicity=(bool, ...),
    races=(Annotated[list[RACE], Field(min_length=1, max_length=len(descriptors.RACES))], ...),
    guardian_first_name=(NAME, ...),
    guardian_last_name=(NAME, ...),
    guardian_email=(EMAIL, ...),
    guardian_phone=(PHONE, ...),
    guardian_relation=(RELATION, None),
    program_interests=(Annotated[list[INTEREST], Field(max_length=MOST_INTERESTS)], []),
    program_track=(TRACK, None),
    expected_start_date=(Annotated[CalendarDay | None, BLANK], None),
    shadow_day=(Annotated[CalendarDay | None, BLANK], None),
)


class Unfit(Invalid):
    """Records cannot be made of this: `names` holds each field at fault, and whether it is missing or invalid."""

    code = "records_unfit"

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = dict(names)
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in sorted(self.names.items())))


def entered(enrollment: Enrollment) -> tuple[dict[str, Any], dict[int, str]]:
    """Everything that the steps of an enrollment hold, and the status of each step."""
    steps = db.session.scalars(
        select(EnrollmentStep)
        .where(EnrollmentStep.enrollment_id == enrollment.id)
        .order_by(EnrollmentStep.step)
        .execution_options(populate_existing=True)
    ).all()
    raw: dict[str, Any] = {}
    for step in steps:
        raw |= step.data
    return raw, {step.step: step.status.value for step in steps}


def read(enrollment: Enrollment) -> dict[str, Any]:
    """The checked facts of an enrollment's records. Raises Unfit, naming every field that is missing or invalid."""
    raw, statuses = entered(enrollment)
    faults: dict[str, str] = {}
    values: dict[str, Any] = {}
    try:
        values = inputs.parse(FactsInput, raw)
    except Invalid as error:
        faults = {name: _kind(raw.get(name)) for name in error.fields}
    school_of = db.session.execute(
        select(Organization.sourced_id).where(
            Organization.id == enrollment.school_id, Organization.deleted_at.is_(None), Organization.active
        )
    ).one_or_none()
    if school_of is None:
        faults["school_id"] = INVALID
    if faults or school_of is None:
        raise Unfit(faults)
    return values | {
        "school_sourced_id": school_of.sourced_id,
        "consultation_completed": statuses.get(2) == "completed",
    }


def _kind(value: Any) -> str:
    blank = value is None or value == [] or (isinstance(value, str) and not value.strip())
    return MISSING if blank else INVALID
