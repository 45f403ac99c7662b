"""What may be typed: an invitation, the six steps (spec B), and what staff and coaches say."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from app.models.enrollments import DocumentType, EnrollmentInvitation
from app.services import inputs, school
from app.services.accounts.inputs import Blank, EmailAddress, Phone, Secret, Stored
from app.services.inputs import CalendarDay, Input
from app.services.records import descriptors, grades

MOST_PROGRAMS: Final = 20
MOST_DEPOSIT: Final = 1_000_000
FURTHEST: Final = 730  # days to a consultation or shadow day
NOT_TO_COME: Final = _l("Choose a day from today on, within two years.")


class ContactMethod(enum.StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    TEXT = "text"


class ConsultationType(enum.StrEnum):
    PHONE = "phone"
    VIDEO = "video"
    IN_PERSON = "in_person"


class PaymentMethod(enum.StrEnum):
    BANK_TRANSFER = "bank_transfer"
    CARD = "card"
    CASH = "cash"
    CHECK = "check"


def _wrong(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("enrollments", "enrollments", {"sentence": sentence})


def _not_listed() -> PydanticCustomError:
    return _wrong(_("Choose one from the list."))


def programs() -> Sequence[str]:
    """What families may be interested in, as the installation says."""
    offered: Sequence[str] = current_app.config["ENROLLMENT_PROGRAMS"]
    return offered


def _programs(given: list[str]) -> list[str]:
    """As they are written in the list, whatever the capitals."""
    known = {each.casefold(): each for each in programs()}
    if any(each.strip().casefold() not in known for each in given):
        raise _not_listed()
    return list(dict.fromkeys(known[each.strip().casefold()] for each in given))


def _one_of(values: Sequence[str]) -> AfterValidator:
    """A descriptor's code value, whatever its capitals."""

    def check(given: str | None) -> str | None:
        if given is None:
            return None
        found = descriptors.match(values, given)
        if found is None:
            raise _not_listed()
        return found

    return AfterValidator(check)


def _grade(given: str | None) -> str | None:
    if given is None:
        return None
    found = grades.code_value(given)
    if found is None:
        raise _not_listed()
    return found


def _races(given: list[str]) -> list[str]:
    found = [descriptors.match(descriptors.RACES, each) for each in given]
    if None in found:
        raise _not_listed()
    return list(dict.fromkeys(each for each in found if each))


def is_to_come(day: date) -> bool:
    """Whether a day is from today on, within two years."""
    return 0 <= (day - school.today()).days <= FURTHEST


def _to_come(day: date) -> date:
    if not is_to_come(day):
        raise _wrong(str(NOT_TO_COME))
    return day


def _near(day: date | None) -> date | None:
    if day is not None and not 1900 <= day.year < 2200:
        raise _wrong(_("Must be between the years 1900 and 2199."))
    return day


def _birth(day: date) -> date:
    if day.year < 1900 or day > school.today():
        raise _wrong(_("Must be a day in the past."))
    return day


def _agreed(given: bool) -> bool:
    if not given:
        raise _wrong(_("Please agree to this to go on."))
    return given


def _day(given: date) -> date:
    """A day of what took place already."""
    if given > school.today() or given.year < 1900:
        raise _wrong(_("Must be today or earlier."))
    return given


def _needed_phone(given: str | None) -> str | None:
    if given is None:
        raise PydanticCustomError("missing", "missing")
    return given


Name = Annotated[str, Field(min_length=1, max_length=80), Stored]
MaybeName = Annotated[str | None, Field(max_length=80), Blank, Stored]
Line = Annotated[str | None, Field(max_length=200), Blank, Stored]
Note = Annotated[str | None, Field(max_length=500), Blank, Stored]
Programs = Annotated[list[str], Field(min_length=1, max_length=MOST_PROGRAMS), AfterValidator(_programs)]
SomePrograms = Annotated[list[str], Field(max_length=MOST_PROGRAMS), AfterValidator(_programs)]
Amount = Annotated[Decimal, Field(ge=0, le=MOST_DEPOSIT, max_digits=10, decimal_places=2, allow_inf_nan=False), Stored]
ToCome = Annotated[CalendarDay, AfterValidator(_to_come)]
Grade = Annotated[str | None, Field(max_length=40), AfterValidator(_grade), Blank, Stored]


class ProgramStep(Input):
    """Step 1, program information."""

    program_interests: Programs
    contact_method: ContactMethod
    contact_time: Line = None
    expected_start_date: Annotated[CalendarDay | None, AfterValidator(_near), Blank] = None
    message: Note = None


class ConsultationStep(Input):
    """Step 2, phone consultation: when the family would like it. The coach marks it completed."""

    consultation_date: ToCome
    consultation_type: ConsultationType
    notes: Note = None


class ShadowDayStep(Input):
    """Step 3, shadow day. `steps` refuses a day that is over, unless the coach has set it."""

    shadow_day: Annotated[CalendarDay, AfterValidator(_near)]
    waivers_signed: Annotated[bool, AfterValidator(_agreed)]
    emergency_contact: Line = None


class StudentStep(Input):
    """Step 4, student information. The keys are those that the making of records reads."""

    first_name: Name
    middle_name: MaybeName = None
    last_name: Name
    generation_suffix: Annotated[str | None, Field(max_length=10), Blank, Stored] = None
    birth_date: Annotated[CalendarDay, AfterValidator(_birth)]
    birth_city: MaybeName = None
    birth_state: MaybeName = None
    birth_country: MaybeName = None
    grade_level: Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_grade), Stored]
    birth_sex_descriptor: Annotated[str, Field(min_length=1, max_length=40), _one_of(descriptors.SEXES), Stored]
    hispanic_latino_ethnicity: bool
    races: Annotated[list[str], Field(min_length=1, max_length=len(descriptors.RACES)), AfterValidator(_races)]
    guardian_first_name: Name
    guardian_last_name: Name
    guardian_email: EmailAddress
    guardian_phone: Annotated[Phone, AfterValidator(_needed_phone)]
    guardian_relation: Annotated[str | None, Field(max_length=40), _one_of(descriptors.RELATIONS), Blank, Stored] = None


class DocumentsStep(Input):
    """Step 5, documents: nothing is typed, the files are there."""


class PaymentStep(Input):
    """Step 6, payment: how the family pays. No data of a card is asked for."""

    payment_method: PaymentMethod
    deposit_amount: Amount


STEP_INPUTS: Final[dict[int, type[BaseModel]]] = {
    1: ProgramStep,
    2: ConsultationStep,
    3: ShadowDayStep,
    4: StudentStep,
    5: DocumentsStep,
    6: PaymentStep,
}

InvitationInput = inputs.of(
    EnrollmentInvitation,
    "student_first_name",
    "student_last_name",
    "guardian_name",
    "message",
    name="InvitationInput",
    guardian_email=(EmailAddress, ...),
    grade_level=(Grade, None),
    program_interests=(SomePrograms, []),
    school_id=(Annotated[UUID | None, Blank], None),
    coach_id=(Annotated[int | None, Field(ge=1, le=2**31 - 1), Blank], None),
    locale=(Annotated[str | None, Field(max_length=16), Blank, Stored], None),
)


def _code(given: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", given):
        raise _wrong(_("Small letters, digits and _, beginning with a letter."))
    return given


DocumentTypeInput = inputs.of(
    DocumentType,
    "name",
    "description",
    "required",
    "position",
    "active",
    name="DocumentTypeInput",
    code=(Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_code), Stored], ...),
)


class AcceptInput(Input):
    """Who takes an invitation, and the password that they choose."""

    first_name: Annotated[str, Field(min_length=1, max_length=64), Stored]
    last_name: Annotated[str, Field(min_length=1, max_length=64), Stored]
    phone: Phone = None
    password: Secret
    password_again: Secret


class Consultation(Input):
    """The consultation that took place."""

    consultation_date: Annotated[CalendarDay, AfterValidator(_day)]
    consultation_type: ConsultationType
    notes: Note = None


class ShadowDay(Input):
    shadow_day: Annotated[CalendarDay, AfterValidator(_near)]


class HandOver(Input):
    coach_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Decision(Input):
    note: Note = None


class GivenReason(Input):
    reason: Annotated[str, Field(min_length=1, max_length=500), Stored]


class Payment(Input):
    """What was paid. The paid flag is one's word that the money is there."""

    payment_method: PaymentMethod
    deposit_amount: Amount
    paid: bool = True
    paid_on: Annotated[CalendarDay | None, AfterValidator(lambda day: day and _day(day)), Blank] = None
