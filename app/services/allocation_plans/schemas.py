"""What is asked when everybody is allocated, or a session is repaired."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Final
from uuid import UUID

from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator

from app.services.inputs import Input, blank_is_none
from app.services.resource import options_of
from app.services.test_sessions.schemas import SeatNumber


class SeatOrder(enum.StrEnum):
    """In which order students fill the rooms and their seats."""

    SURNAME = "surname"
    NUMBER = "number"


def _usual(value: Any) -> Any:
    return SeatOrder.SURNAME if blank_is_none(value) is None else value


class OrderInput(Input):
    order: Annotated[SeatOrder, BeforeValidator(_usual)] = SeatOrder.SURNAME


class EveryoneInput(OrderInput):
    keep_apart: bool = False


class UndoInput(Input):
    """The run that is meant: what is sent twice, or by two at once, must not take back the one before it as well."""

    run_id: UUID


class SeatInput(Input):
    """Somebody, and the seat for them; without a number the first of the room that is free."""

    student_id: UUID
    room_id: UUID
    seat_number: SeatNumber = None


LABELS: Final = {
    "order": _l("Order"),
    "keep_apart": _l("Keep students of one school apart"),
    "run_id": _l("Allocation run"),
}
OPTIONS: Final = {"order": options_of(SeatOrder, {"surname": _l("Surname"), "number": _l("Test number")})}
