"""What may be typed about assistants: an application, a week, courses."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Self
from uuid import UUID

from flask_babel import gettext as _
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from app.models.assistants import HelpDeskAssistant
from app.services import inputs
from app.services.accounts.inputs import Blank, EmailAddress, Phone, Secret, Stored, Username
from app.services.assistants import week
from app.services.inputs import Input

MOST_PERIODS = len(week.DAYS) * len(week.STARTS)
MOST_COURSES = 100


def _wrong(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("assistants", "assistants", {"sentence": sentence})


def _on_grid(at: time) -> time:
    if not week.on_grid(at):
        opens, closes = week.clock(week.OPENS), week.clock(week.CLOSES)
        raise _wrong(
            _(
                "Times are on the hour or half hour, from %(opens)s to %(closes)s.",
                opens=f"{opens:%H:%M}",
                closes=f"{closes:%H:%M}",
            )
        )
    return at


def _plain_username(value: str) -> str:
    """A username with an @ would be the e-mail address, of which nobody may learn here whether it is known."""
    if "@" in value:
        raise _wrong(_("Letters, digits and . _ - + only."))
    return value


GridTime = Annotated[time, AfterValidator(_on_grid)]


class PeriodInput(Input):
    """A time of every week; day 0 is Monday."""

    day_of_week: Annotated[int, Field(ge=0, le=6, strict=True)]
    start_time: GridTime
    end_time: GridTime

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_time <= self.start_time:
            raise _wrong(_("Each time must end after it begins."))
        return self


def _joined(given: list[PeriodInput]) -> Any:
    """As few periods as cover the same: what overlaps or touches becomes one."""
    return week.periods(week.cells(given))


Week = Annotated[list[PeriodInput], Field(max_length=MOST_PERIODS), AfterValidator(_joined)]
Courses = Annotated[list[UUID], Field(max_length=MOST_COURSES)]


class RegistrationInput(Input):
    """An application as a help desk assistant."""

    first_name: Annotated[str, Field(min_length=1, max_length=64), Stored]
    last_name: Annotated[str, Field(min_length=1, max_length=64), Stored]
    email: EmailAddress
    phone: Phone = None
    degree: Annotated[str | None, Field(max_length=120), Blank, Stored] = None
    username: Annotated[Username, AfterValidator(_plain_username)]
    password: Secret
    password_again: Secret
    course_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_COURSES)]
    availability: Annotated[list[PeriodInput], Field(min_length=1, max_length=MOST_PERIODS), AfterValidator(_joined)]


class PlanInput(Input):
    """What an assistant can help with, and when. What is not given stays as it is."""

    course_ids: Courses | None = None
    availability: Week | None = None


class AvailabilityInput(Input):
    """When an assistant can help, all of it."""

    availability: Week


class Rejection(Input):
    reason: Annotated[str, Field(min_length=1, max_length=500), Stored]


AssistantInput = inputs.of(
    HelpDeskAssistant,
    "rate",
    "hours_minimum",
    "hours_maximum",
    "active",
    name="AssistantInput",
)
