"""A small week: two people who can teach the piano on Monday mornings, one of them also the violin."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.factories.assistants import assistant, period
from tests.factories.courses import course
from tests.factories.roster import roster, shift

MORNING = (period(0, "09:00", "13:00"),)


def make_desk() -> SimpleNamespace:
    piano, violin = course(name="Piano"), course(name="Violin")
    week = roster()
    return SimpleNamespace(
        piano=piano,
        violin=violin,
        week=week,
        ana=assistant(courses=[piano, violin], periods=MORNING, hours_maximum=4),
        ben=assistant(courses=[piano], periods=MORNING, hours_maximum=4),
        early=shift(week, 0, "09:00", "11:00", [(piano, 1), (violin, 1)]),
        late=shift(week, 0, "11:00", "13:00", [(piano, 1)]),
    )


@pytest.fixture
def desk(db_session):
    return make_desk()
