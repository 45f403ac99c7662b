"""What may be typed about rosters."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from flask_babel import gettext as _
from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from app.models.roster import RosterShift, ShiftAssignment, ShiftDemand
from app.services import inputs
from app.services.inputs import CalendarDay, Input, blank_is_none


def _monday(value: date) -> date:
    if value.weekday() != 0 or not 1900 <= value.year < 2200:
        raise PydanticCustomError("monday", "monday", {"sentence": _("Choose a Monday.")})
    return value


class RosterInput(Input):
    """A week, empty or with the shifts and the demand of another one."""

    starts_on: Annotated[CalendarDay, AfterValidator(_monday)]
    copy_from_id: Annotated[UUID | None, BeforeValidator(blank_is_none)] = None


ShiftInput = inputs.of(RosterShift, "roster_id", "day", "start_time", "end_time", "place")
DemandInput = inputs.of(ShiftDemand, "shift_id", "course_id", "tutors_required", "weight")
AssignmentInput = inputs.of(ShiftAssignment, "shift_id", "course_id", "assistant_id", "pinned")
