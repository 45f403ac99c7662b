"""Students who are deleted leave the tests to come."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.test_sessions import RoomAllocation, TestRegistration
from app.services.students import records
from tests.factories import seating

pytestmark = pytest.mark.usefixtures("db_session")


@pytest.fixture
def booked():
    """A session, and a student who sits in it."""
    hall = seating.venue()
    made = seating.session(hall)
    [key] = seating.registered(made, 1)
    seating.allocation(made, seating.room(hall, 3), key, "1")
    return made, key


def set_status(made, status):
    db.session.execute(text("UPDATE test_sessions SET status = :to WHERE id = :id"), {"to": status, "id": made.id})
    db.session.commit()


def state(key):
    """The states of their registrations, and how many seats they have."""
    db.session.expire_all()
    found = select(TestRegistration.status).where(TestRegistration.student_id == key).order_by(TestRegistration.id)
    seats = select(RoomAllocation.id).where(RoomAllocation.student_id == key)
    return [each.value for each in db.session.scalars(found)], len(db.session.scalars(seats).all())


@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("open", (["cancelled"], 0)),
        ("closed", (["cancelled"], 0)),
        ("cancelled", (["cancelled"], 0)),
        ("completed", (["confirmed"], 1)),
    ],
)
def test_who_is_deleted_leaves_all_tests_that_were_not_held(actors, booked, status, after):
    made, key = booked
    set_status(made, status)
    assert records.delete([key], actor=actors.admin).count("ok") == 1
    assert state(key) == after
