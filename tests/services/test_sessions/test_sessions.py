"""Test sessions: at a venue, on a day, and what becomes of them."""

from __future__ import annotations

from datetime import date, time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.test_sessions import TestSessionStatus as Status
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.services.test_sessions import sessions
from app.services.venues import venues
from tests.factories.seating import allocation, registered, session, venue
from tests.services.test_sessions.conftest import NEXT


def wish(centre, **changes) -> dict:
    times = {"session_date": date(NEXT, 6, 15), "start_time": time(9), "end_time": time(12)}
    return {"code": "JHB-2099-06-15-AM", "name": "Morning", "venue_id": centre.venue.id} | times | changes


def test_a_session(centre, officer, actors):
    made = sessions.create(wish(centre), actor=officer)
    assert (made.status, made.special, made.online) == (Status.OPEN, False, False)
    with pytest.raises(Conflict):
        sessions.create(wish(centre, code="jhb-2099-06-15-am"), actor=officer)
    with pytest.raises(NotAllowed):
        sessions.create(wish(centre, code="X"), actor=actors.staff)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"venue_id": uuid4()}, "venue_id"),
        ({"end_time": time(9)}, "end_time"),
        ({"end_time": time(8)}, "end_time"),
        ({"session_date": date(9999, 1, 1)}, "session_date"),
        ({"registration_closes_on": date(NEXT, 6, 16)}, "registration_closes_on"),
        ({"name": "  "}, "name"),
    ],
)
def test_sessions_that_cannot_be(centre, officer, change, field):
    with pytest.raises(Invalid) as refusal:
        sessions.create(wish(centre, **change), actor=officer)
    assert list(refusal.value.fields) == [field]


def test_not_at_a_venue_out_of_use(centre, officer):
    closed = venue(status="under_maintenance")
    with pytest.raises(Invalid):
        sessions.create(wish(centre, venue_id=closed.id), actor=officer)


def test_it_stays_in_its_venue_once_somebody_has_a_seat(centre, officer):
    other = venue()
    made = session(centre.venue)
    assert sessions.update(made.id, {"venue_id": other.id}, actor=officer).venue_id == other.id
    allocation(centre.session, centre.room, centre.student, "1")
    with pytest.raises(Conflict), db.session.begin_nested():
        sessions.update(centre.session.id, {"venue_id": other.id}, actor=officer)
    with pytest.raises(NotFound):
        sessions.update(uuid4(), {}, actor=officer)


def test_it_moves_only_where_its_rooms_are_free(centre, officer):
    other = session(centre.venue, session_date=centre.session.session_date + timedelta(days=1))
    for each, number in ((centre.session, "1"), (other, "2")):
        allocation(each, centre.room, registered(each, 1)[0], number)
    with pytest.raises(Invalid), db.session.begin_nested():
        sessions.update(other.id, {"session_date": centre.session.session_date}, actor=officer)
    later = {"session_date": centre.session.session_date, "start_time": time(12), "end_time": time(14)}
    assert sessions.update(other.id, later, actor=officer).start_time == time(12)


def test_statuses(centre, officer):
    for status, state in ((Status.CLOSED, "ok"), (Status.CLOSED, "unchanged"), (Status.OPEN, "ok")):
        result = sessions.set_status([centre.session.id], actor=officer, status=status)
        assert [each.state for each in result.outcomes] == [state]


def test_a_cancelled_session_is_not_opened_over_another(centre, officer):
    sessions.set_status([centre.session.id], actor=officer, status=Status.CANCELLED)
    other = session(centre.venue, session_date=centre.session.session_date)
    for each, number in ((centre.session, "1"), (other, "2")):
        allocation(each, centre.room, registered(each, 1)[0], number)
    result = sessions.set_status([centre.session.id], actor=officer, status=Status.OPEN)
    assert isinstance(result.outcomes[0].refusal, WrongState)
    assert (
        db.session.scalar(text("SELECT status FROM test_sessions WHERE id = :id"), {"id": centre.session.id})
        == "cancelled"
    )


@pytest.mark.parametrize("status", [Status.OPEN, Status.CLOSED])
def test_a_cancelled_session_is_not_opened_where_the_venue_cannot_be_had(centre, officer, status):
    """Neither by the action nor by the form."""
    key, day = centre.session.id, centre.session.session_date
    sessions.set_status([key], actor=officer, status=Status.CANCELLED)
    venues.set_days([centre.venue.id], actor=officer, starts_on=day, reason="rented out")
    refusal = sessions.set_status([key], actor=officer, status=status).outcomes[0].refusal
    assert isinstance(refusal, WrongState)
    assert "rented out" in str(refusal)
    with pytest.raises(Invalid), db.session.begin_nested():
        sessions.update(key, {"status": status}, actor=officer)
    venues.set_days([centre.venue.id], actor=officer, starts_on=day, available=True)
    for state in ("ok", "unchanged"):
        assert sessions.set_status([key], actor=officer, status=status).outcomes[0].state == state


def test_deleting_takes_registrations_and_seats_along(centre, officer):
    allocation(centre.session, centre.room, centre.student, "1")
    sessions.set_status([centre.session.id], actor=officer, status=Status.COMPLETED)
    assert isinstance(sessions.delete([centre.session.id], actor=officer).outcomes[0].refusal, WrongState)
    sessions.set_status([centre.session.id], actor=officer, status=Status.OPEN)
    assert sessions.delete([centre.session.id], actor=officer).count("ok") == 1
    assert db.session.scalar(text("SELECT count(*) FROM room_allocations")) == 0
