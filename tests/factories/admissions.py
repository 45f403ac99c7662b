from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.models.courses import ClassroomSlot
from app.services import school
from app.services.admissions.admit import admit
from app.services.admissions.orders import Admitted
from app.services.admissions.places import Choice
from tests.factories.courses import plan
from tests.factories.students import student


def choices(slots: Sequence[ClassroomSlot]) -> list[Choice]:
    return [Choice(slot.time_slot_id, slot.teacher_id) for slot in slots]


def admission(slots: Sequence[ClassroomSlot], *, actor: Any, **values: Any) -> Admitted:
    """A student in these slots, by the three months' plan; from today unless said otherwise."""
    data = {
        "course_id": slots[0].course_id,
        "plan_id": plan(3, classes_per_week=len(slots)).id if len(slots) != 2 else plan().id,
        "starts_on": school.today(),
        "slots": choices(slots),
    } | values
    if not {"lead_id", "student_id", "first_name"} & set(data):
        data["student_id"] = student().id
    return admit(data, actor=actor)
