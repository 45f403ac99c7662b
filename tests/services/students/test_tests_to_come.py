"""Students who are deleted leave the tests to come, and are registered again when they are restored."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.test_sessions import RoomAllocation, TestRegistration
from app.services.students import records
from app.services.transaction import rehearse
from tests.factories import seating
from tests.factories.students import student

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


def test_it_is_said_how_many_tests_and_seats_go(actors, booked):
    made, key = booked
    other = seating.session(seating.venue())
    db.session.add(TestRegistration(session_id=other.id, student_id=key))
    db.session.commit()
    [foretold] = rehearse(records.delete, [key], actor=actors.admin).outcomes
    assert foretold.message == "2 registrations for tests are cancelled. 1 seat is given up."
    assert state(key) == (["confirmed", "confirmed"], 1), "only foretold"
    set_status(made, "completed")
    [outcome] = records.delete([key], actor=actors.admin).outcomes
    assert outcome.message == "1 registration for a test is cancelled."
    [none] = records.delete([student().id], actor=actors.admin).outcomes
    assert (none.state, none.message) == ("ok", "")


def test_who_is_restored_is_registered_again_without_a_seat(actors, booked):
    _made, key = booked
    records.delete([key], actor=actors.admin)
    [outcome] = records.restore([key], actor=actors.admin).outcomes
    assert outcome.message == "1 registration for a test is confirmed again; a seat must be given anew."
    assert state(key) == (["confirmed"], 0)
    assert records.restore([key], actor=actors.admin).count("refused") == 1
    assert state(key) == (["confirmed"], 0)


@pytest.mark.parametrize("status", ["closed", "completed", "cancelled"])
def test_nobody_returns_to_a_test_that_is_not_open(actors, booked, status):
    made, key = booked
    records.delete([key], actor=actors.admin)
    set_status(made, status)
    [outcome] = records.restore([key], actor=actors.admin).outcomes
    assert (outcome.state, outcome.message, state(key)) == ("ok", "", (["cancelled"], 0))


def test_what_was_cancelled_before_stays_cancelled(actors, booked):
    made, key = booked
    seating.cancel(made.id, key)
    db.session.execute(text("UPDATE test_registrations SET cancelled_at = cancelled_at - interval '1 day'"))
    db.session.commit()
    records.delete([key], actor=actors.admin)
    records.restore([key], actor=actors.admin)
    assert state(key)[0] == ["cancelled"]
