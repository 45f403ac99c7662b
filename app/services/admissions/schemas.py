"""What is typed to admit somebody, and for each action on an admission."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from flask_babel import gettext as _
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.models.admissions import DiscountType
from app.services import inputs
from app.services.admissions.places import Choice
from app.services.inputs import CalendarDay, Input, blank_is_none, storable

MOST_SLOTS = 14
_OF_CHOICE = ("time_slot_id", "teacher_id")


def _choice(value: Any) -> Any:
    """A time, with a teacher where one is asked for: `<time slot>` or `<time slot>:<teacher>`, or the same as an
    object.
    """
    if isinstance(value, dict):
        if unknown := next((name for name in value if name not in _OF_CHOICE), None):
            sentence = _("There is no field %(name)s.", name=str(unknown)[:100])
            raise PydanticCustomError("slot", "slot", {"sentence": sentence})
        value = f"{value.get('time_slot_id', '')}:{value.get('teacher_id') or ''}"
    if isinstance(value, Choice):
        return value
    time_slot, _colon, teacher = str(value).partition(":")
    try:
        return Choice(UUID(time_slot), int(teacher) if teacher else None)
    except ValueError:
        raise PydanticCustomError("slot", "slot", {"sentence": _("Choose a time from the list.")}) from None


def _several(value: Any) -> Any:
    """One slot is a list of one."""
    return [value] if isinstance(value, (str, dict)) else value


Name = Annotated[str | None, Field(max_length=80), BeforeValidator(blank_is_none), BeforeValidator(storable)]
Day = Annotated[CalendarDay | None, BeforeValidator(blank_is_none)]
Key = Annotated[UUID | None, BeforeValidator(blank_is_none)]
Note = Annotated[str | None, Field(max_length=300), BeforeValidator(blank_is_none), BeforeValidator(storable)]
Notes = Annotated[
    str | None, Field(max_length=inputs.LONGEST_TEXT), BeforeValidator(blank_is_none), BeforeValidator(storable)
]


def _blank_is_zero(value: Any) -> Any:
    return 0 if value in ("", None) else value


Discount = Annotated[
    Decimal, Field(ge=0, max_digits=10, decimal_places=2, allow_inf_nan=False), BeforeValidator(_blank_is_zero)
]
Extra = Annotated[int, Field(ge=0, le=500), BeforeValidator(_blank_is_zero)]


class DiscountInput(Input):
    """None, a percentage of the price, or an amount of it. A discount never changes the number of classes."""

    discount_type: DiscountType = DiscountType.NONE
    discount_value: Discount = Decimal(0)


class AdmitInput(DiscountInput):
    """An admission. The person is a lead, a student, or somebody who walked in: then a lead is made from the name and
    phone. `submission_key` makes the same form, sent twice, one admission.
    `accept_duplicates` says that whoever has the same phone or e-mail is somebody else.
    """

    lead_id: Key = None
    student_id: Key = None
    first_name: Name = None
    last_name: Name = None
    phone: Annotated[str | None, Field(max_length=40), BeforeValidator(blank_is_none), BeforeValidator(storable)] = None
    email: Annotated[str | None, Field(max_length=254), BeforeValidator(blank_is_none), BeforeValidator(storable)] = (
        None
    )
    course_id: UUID
    plan_id: UUID
    starts_on: CalendarDay
    slots: Annotated[
        list[Annotated[Choice, BeforeValidator(_choice)]],
        Field(min_length=1, max_length=MOST_SLOTS),
        BeforeValidator(_several),
    ]
    extra_classes: Extra = 0
    notes: Notes = None
    submission_key: Key = None
    accept_duplicates: bool = False


class ExtraClasses(Input):
    classes: Annotated[int, Field(ge=1, le=200)]


class PaymentNote(Input):
    note: Note = None


class Reason(Input):
    note: Note = None


class Resume(Input):
    resume_on: Day = None


class Renew(DiscountInput):
    plan_id: Key = None
    starts_on: Day = None
    extra_classes: Extra = 0
