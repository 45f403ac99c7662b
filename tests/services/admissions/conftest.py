from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.factories.courses import course, plan, slot


@dataclass
class Studio:
    """A course with a teacher, a Tuesday slot and a Friday slot of two places each, and a third on Saturday."""

    course: Any
    plan: Any
    tuesday: Any
    friday: Any
    saturday: Any

    @property
    def slots(self) -> list[Any]:
        return [self.tuesday, self.friday]


@pytest.fixture
def studio(db_session: Any, actors: Any) -> Studio:
    teacher = actors.teacher.id
    made = course([teacher])
    return Studio(
        made,
        plan(3),
        slot(made, teacher, 1, "16:00", capacity=2),
        slot(made, teacher, 4, "17:00", capacity=2),
        slot(made, teacher, 5, "15:00", capacity=2),
    )
