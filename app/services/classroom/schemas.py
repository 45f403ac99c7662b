"""What is typed in the classroom."""

from __future__ import annotations

import enum
from datetime import date
from typing import Annotated
from uuid import UUID

from flask_babel import gettext as _
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.models.classroom import AttendanceStatus
from app.services.inputs import CalendarDay, Input, blank_is_none, storable

Words = Annotated[str | None, Field(max_length=500), BeforeValidator(blank_is_none), BeforeValidator(storable)]
Why = Annotated[str, Field(min_length=1, max_length=300), BeforeValidator(storable)]


def _within_reach(day: date) -> date:
    """Refuses days on which a class has no moment in some time zone."""
    if not 2000 <= day.year < 2200:
        raise PydanticCustomError("day", "day", {"sentence": _("Must be between the years 2000 and 2199.")})
    return day


ClassDay = Annotated[CalendarDay, AfterValidator(_within_reach)]


class MarkAs(enum.StrEnum):
    """What a class can be marked as; taking a mark back is another action."""

    PRESENT = AttendanceStatus.PRESENT.value
    LATE = AttendanceStatus.LATE.value
    ABSENT = AttendanceStatus.ABSENT.value
    EXCUSED = AttendanceStatus.EXCUSED.value


class Mark(Input):
    status: MarkAs


class MoveTo(Input):
    """Another slot of the same course and teacher, and a day on which it is held."""

    classroom_slot_id: UUID
    class_date: ClassDay


class BookMakeup(MoveTo):
    admission_id: UUID


class AskToMove(Input):
    attendance_id: UUID
    requested_slot_id: UUID
    requested_date: ClassDay
    reason: Words = None


class Approve(Input):
    note: Words = None


class Reject(Input):
    note: Annotated[str, Field(min_length=1, max_length=500), BeforeValidator(storable)]


class Grant(Input):
    """A negative number takes classes."""

    admission_id: UUID
    classes: Annotated[int, Field(ge=-100, le=100)]
    note: Why


class Remedy(enum.StrEnum):
    """What becomes of the classes of a closed day."""

    MOVE = "move"
    CANCEL = "cancel"


class ApplyClosure(Input):
    remedy: Remedy
    announce: bool = False
