"""Venues, their days, and their rooms."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.extensions import db
from app.services import school
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.services.test_sessions import sessions
from app.services.venues import calendar, rooms, venues
from tests.factories.seating import allocation, registered, room, session, venue

DAY = date(2099, 6, 15)


@pytest.fixture
def officer(actors):
    return actors.exam_officer


@pytest.fixture
def place(db_session):
    return venue()


def problems(call) -> dict:
    with pytest.raises(Invalid) as refusal:
        call()
    return refusal.value.fields


def test_a_venue(officer, actors):
    values = {"code": "JHB", "name": "Johannesburg", "contact_phone": "020 7946 0018", "contact_email": "a@example.org"}
    made = venues.create(values, actor=officer)
    assert (made.contact_phone, made.status.value, made.venue_type.value) == ("+442079460018", "active", "national")
    for field, wrong in (("contact_phone", "12"), ("contact_email", "nowhere")):
        assert field in problems(lambda field=field, wrong=wrong: venues.update(made.id, {field: wrong}, actor=officer))
    with pytest.raises(Conflict):
        venues.create({"code": "jhb", "name": "Again"}, actor=officer)
    for call in (
        lambda: venues.create({"code": "X", "name": "X"}, actor=actors.staff),
        lambda: venues.delete([made.id], actor=actors.teacher),
        lambda: rooms.create({"venue_id": made.id}, actor=actors.student),
    ):
        with pytest.raises(NotAllowed):
            call()


def test_a_venue_that_is_used_stays(officer, place):
    made = session(place)
    assert isinstance(venues.delete([place.id], actor=officer).outcomes[0].refusal, WrongState)
    sessions.delete([made.id], actor=officer)
    hall = room(place, 4)
    assert isinstance(venues.delete([place.id], actor=officer).outcomes[0].refusal, WrongState)
    rooms.delete([hall.id], actor=officer)
    assert venues.delete([place.id], actor=officer).count("ok") == 1
    venue(code=place.code)
    (outcome,) = venues.restore([place.id], actor=officer).outcomes
    assert isinstance(outcome.refusal, Conflict)
    assert place.deleted_at is not None


def test_a_room_returns_after_its_venue(officer, place):
    hall = room(place, 4)
    rooms.delete([hall.id], actor=officer)
    venues.delete([place.id], actor=officer)
    for _again in range(2):
        (outcome,) = rooms.restore([hall.id], actor=officer).outcomes
        assert isinstance(outcome.refusal, WrongState)
        assert str(outcome.refusal) == "Restore the venue first."
    venues.restore([place.id], actor=officer)
    assert rooms.restore([hall.id], actor=officer).count("ok") == 1


def test_rooms_and_their_seats(officer, place):
    values = {"venue_id": place.id, "number": "B12", "name": "Computers", "capacity": 3}
    grid = {"grid_rows": 2, "grid_columns": 2, "blocked_seats": "b2, B2"}
    made = rooms.create(values | grid, actor=officer)
    assert made.blocked_seats == ["B2"]
    assert rooms.layout(made) == [["A1", "A2"], ["B1", ""]]
    assert rooms.layout(room(place, 4)) == []
    changed = rooms.update(made.id, {"capacity": 4, "blocked_seats": ""}, actor=officer)
    assert rooms.layout(changed) == [["A1", "A2"], ["B1", "B2"]]
    plain = rooms.update(made.id, {"grid_rows": None, "grid_columns": None, "capacity": 30}, actor=officer)
    assert rooms.layout(plain) == []
    with pytest.raises(Conflict):
        rooms.create(values | {"number": "b12"}, actor=officer)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"grid_rows": 2}, "grid_columns"),
        ({"grid_columns": 2}, "grid_rows"),
        ({"blocked_seats": "A1"}, "blocked_seats"),
        ({"grid_rows": 1, "grid_columns": 3, "blocked_seats": "A4"}, "blocked_seats"),
        ({"grid_rows": 1, "grid_columns": 3, "blocked_seats": "seat one"}, "blocked_seats"),
        ({"grid_rows": 1, "grid_columns": 2}, "capacity"),
        ({"grid_rows": 2, "grid_columns": 2, "blocked_seats": "A1, A2"}, "capacity"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": 10001}, "capacity"),
        ({"grid_rows": 101, "grid_columns": 2}, "grid_rows"),
        ({"computers": -1}, "computers"),
        ({"name": " "}, "name"),
        ({"venue_id": uuid4()}, "venue_id"),
    ],
)
def test_rooms_that_cannot_be(officer, place, values, field):
    whole = {"venue_id": place.id, "number": "1", "name": "Hall", "capacity": 3} | values
    assert list(problems(lambda: rooms.create(whole, actor=officer))) == [field]


def test_a_room_stays_in_its_venue(officer, place):
    made = room(place, 3)
    assert "venue_id" in problems(lambda: rooms.update(made.id, {"venue_id": venue().id}, actor=officer))
    with pytest.raises(NotFound):
        rooms.update(uuid4(), {"name": "x"}, actor=officer)


def test_a_room_with_seats_given_stays_and_does_not_shrink(officer, place):
    made, test = room(place, 3), session(place)
    allocation(test, made, registered(test, 1)[0], "3")
    assert isinstance(rooms.delete([made.id], actor=officer).outcomes[0].refusal, WrongState)
    with pytest.raises(Conflict) as refused, db.session.begin_nested():
        rooms.update(made.id, {"capacity": 2}, actor=officer)
    assert list(refused.value.fields) == ["capacity"]
    assert rooms.update(made.id, {"capacity": 5}, actor=officer).capacity == 5


def test_capacity_is_that_of_the_available_rooms(officer, place):
    room(place, 30)
    shut = room(place, 20, status="under_maintenance")
    gone = room(place, 10)
    rooms.delete([gone.id], actor=officer)
    room(venue(), 99)
    assert rooms.capacity_of_venue(place.id) == 30
    rooms.update(shut.id, {"status": "available"}, actor=officer)
    assert rooms.capacity_of_venue(place.id) == 50


def day(place, officer, **values):
    return venues.create_day({"venue_id": place.id, "date": DAY, "available": False} | values, actor=officer)


def test_sessions_are_held_on_days_on_which_the_venue_can_be_had(officer, place):
    made = day(place, officer, reason="Repairs")
    wish = {"code": "A", "name": "Test", "venue_id": place.id, "session_date": DAY}
    wish |= {"start_time": session(venue()).start_time, "end_time": session(venue()).end_time}
    assert "Repairs" in str(problems(lambda: sessions.create(wish, actor=officer))["session_date"])
    venues.update_day(made.id, {"available": True}, actor=officer)
    held = sessions.create(wish, actor=officer)
    with pytest.raises(WrongState):
        venues.update_day(made.id, {"available": False}, actor=officer)
    with pytest.raises(WrongState):
        day(place, officer, date=DAY)
    refused = venues.set_days(
        [place.id], actor=officer, starts_on=DAY - timedelta(days=3), ends_on=DAY + timedelta(days=3)
    )
    assert isinstance(refused.outcomes[0].refusal, WrongState)
    sessions.set_status([held.id], actor=officer, status=type(held.status).CANCELLED)
    assert venues.update_day(made.id, {"available": False}, actor=officer)


def test_a_day_is_noted_once(officer, place):
    made = day(place, officer)
    with pytest.raises(Conflict), db.session.begin_nested():
        day(place, officer)
    assert "venue_id" in problems(lambda: venues.update_day(made.id, {"venue_id": venue().id}, actor=officer))
    with pytest.raises(NotFound):
        venues.update_day(uuid4(), {}, actor=officer)
    assert venues.delete_days([made.id], actor=officer).count("ok") == 1


def test_days_in_a_row(officer, place):
    def noted() -> int:
        return db.session.scalar(
            text("SELECT count(*) FROM venue_availability WHERE NOT available AND reason = 'Holiday'")
        )

    period = {"starts_on": DAY, "ends_on": DAY + timedelta(days=9), "reason": "Holiday"}
    assert venues.set_days([place.id], actor=officer, **period).count("ok") == 1
    assert noted() == 10
    assert venues.set_days([place.id], actor=officer, **period).count("unchanged") == 1
    venues.set_days([place.id], actor=officer, starts_on=DAY, available=True)
    assert noted() == 9
    for wrong in (
        {"ends_on": DAY - timedelta(days=1)},
        {"ends_on": DAY + timedelta(days=400)},
        {"ends_on": date(9999, 1, 1)},
    ):
        assert "ends_on" in problems(lambda wrong=wrong: venues.set_days([place.id], actor=officer, **period | wrong))


def test_a_month_of_a_venue(officer, place):
    day(place, officer, reason="Fair")
    held = session(place, session_date=DAY + timedelta(days=1))
    found = {each.date: each for each in calendar.days(place.id, DAY, DAY + timedelta(days=2), officer)}
    assert found[DAY].noted.reason == "Fair"
    assert [each.id for each in found[DAY + timedelta(days=1)].sessions] == [held.id]
    assert found[DAY + timedelta(days=2)].noted is None
    assert [each.id for each in calendar.sessions(place.id, school.today(), officer)] == [held.id]
