"""A venue with two small rooms, a session there that is open, and a student who is registered for it."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from tests.factories.seating import registered, room, session, venue

NEXT = date.today().year + 1


def make_centre() -> SimpleNamespace:
    place = venue()
    made = session(place, session_date=date(NEXT, 6, 15))
    return SimpleNamespace(
        venue=place,
        session=made,
        room=room(place, 2),
        grid=room(place, 3, grid_rows=2, grid_columns=2, blocked_seats=["A2"]),
        student=registered(made, 1)[0],
    )


@pytest.fixture
def centre(db_session):
    return make_centre()


@pytest.fixture
def officer(actors):
    return actors.exam_officer
