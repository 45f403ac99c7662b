"""Test sessions: at a venue, on a day, and what becomes of them."""

from __future__ import annotations

from datetime import date, time, timedelta
from uuid import uuid4

import pytest
from flask_babel import force_locale
from sqlalchemy import text

from app.extensions import db
from app.models.test_sessions import TestRegistration
from app.models.test_sessions import TestSessionStatus as Status
from app.services import notifications
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.services.notifications import texts
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


@pytest.fixture
def elsewhere(centre):
    """A session at another venue, right after that of the centre, with the same student."""
    made = session(venue(), session_date=centre.session.session_date, start_time=time(12), end_time=time(14))
    books(made, centre.student)
    return made


def books(to, student_id) -> None:
    db.session.add(TestRegistration(session_id=to.id, student_id=student_id))
    db.session.commit()


@pytest.mark.parametrize(
    "change",
    [{"start_time": time(11)}, {"session_date": date(NEXT, 6, 16), "start_time": time(8), "end_time": time(10)}],
)
def test_it_does_not_move_to_a_time_at_which_its_students_have_another(centre, elsewhere, officer, change):
    if "session_date" in change:
        next_day = session(venue(), session_date=change["session_date"], start_time=time(9), end_time=time(12))
        books(next_day, centre.student)
    with pytest.raises(Invalid) as refusal, db.session.begin_nested():
        sessions.update(elsewhere.id, change, actor=officer)
    [[said]] = refusal.value.fields.values()
    assert said.startswith("1 student has another session at this time: ")
    assert said.endswith("Cancel or move that registration first.")
    db.session.refresh(elsewhere)
    assert (elsewhere.session_date, elsewhere.start_time) == (centre.session.session_date, time(12))
    later = {"start_time": time(13), "end_time": time(15), "notes": "Later"}
    for _again in range(2):
        assert sessions.update(elsewhere.id, later, actor=officer).start_time == time(13)


@pytest.mark.parametrize("status", [Status.OPEN, Status.CLOSED])
def test_a_cancelled_session_is_not_opened_over_another_of_its_students(centre, officer, status):
    """Neither by the action nor by the form. Who the students are is said, and in which session."""
    key = centre.session.id
    others = registered(centre.session, 14)
    sessions.set_status([key], actor=officer, status=Status.CANCELLED)
    other = session(venue(), session_date=centre.session.session_date)
    for each in (centre.student, *others):
        books(other, each)
    refusal = sessions.set_status([key], actor=officer, status=status).outcomes[0].refusal
    assert isinstance(refusal, WrongState)
    assert str(refusal).startswith("15 students have another session at this time: ")
    assert str(refusal).count(f"({other.code})") == 12
    assert "and 3 more. Cancel or move those registrations first." in str(refusal)
    with pytest.raises(Invalid), db.session.begin_nested():
        sessions.update(key, {"status": status}, actor=officer)
    found = text("SELECT status FROM test_sessions WHERE id = :id")
    assert db.session.scalar(found, {"id": key}) == "cancelled"
    db.session.execute(text("UPDATE test_sessions SET status = 'cancelled' WHERE id = :id"), {"id": other.id})
    for state in ("ok", "unchanged"):
        assert sessions.set_status([key], actor=officer, status=status).outcomes[0].state == state


def test_deleting_takes_registrations_and_seats_along(centre, officer):
    allocation(centre.session, centre.room, centre.student, "1")
    sessions.set_status([centre.session.id], actor=officer, status=Status.COMPLETED)
    assert isinstance(sessions.delete([centre.session.id], actor=officer).outcomes[0].refusal, WrongState)
    sessions.set_status([centre.session.id], actor=officer, status=Status.OPEN)
    refusal = sessions.delete([centre.session.id], actor=officer).outcomes[0].refusal
    assert isinstance(refusal, WrongState)
    assert "cancel it first" in str(refusal)
    assert db.session.scalar(text("SELECT count(*) FROM room_allocations")) == 1
    sessions.set_status([centre.session.id], actor=officer, status=Status.CANCELLED)
    assert sessions.delete([centre.session.id], actor=officer).count("ok") == 1
    assert db.session.scalar(text("SELECT count(*) FROM room_allocations")) == 0


def test_a_session_for_which_nobody_is_registered_is_deleted(centre, officer):
    empty = session(centre.venue)
    run = "UPDATE test_registrations SET status = 'cancelled', cancelled_at = now(), session_id = :id"
    db.session.execute(text(run), {"id": empty.id})
    assert sessions.delete([empty.id], actor=officer).count("ok") == 1


@pytest.fixture
def seated(centre, actors):
    """The student has an account and a seat; another one has neither."""
    account = {"user": actors.student.id, "id": centre.student}
    db.session.execute(text("UPDATE students SET user_id = :user WHERE id = :id"), account)
    allocation(centre.session, centre.room, centre.student, "1")
    registered(centre.session, 1)
    return centre.session


def told() -> list[tuple[str, str]]:
    rows = db.session.execute(text("SELECT title, link FROM notifications WHERE type = 'allocation_changed'"))
    return [(row.title, row.link) for row in rows]


def test_who_has_a_seat_is_told_that_a_session_is_cancelled(seated, officer):
    for state in ("ok", "unchanged"):
        assert sessions.set_status([seated.id], actor=officer, status=Status.CANCELLED).outcomes[0].state == state
        assert told() == [(f"{seated.code} does not take place", "/me/seats")]


def test_who_has_a_seat_is_told_that_a_session_takes_place_again(seated, officer):
    seated.status = Status.CANCELLED
    db.session.commit()
    sessions.update(seated.id, {"notes": "No", "session_date": date(NEXT, 6, 16)}, actor=officer)
    assert told() == [], "it is cancelled still"
    sessions.update(seated.id, {"status": Status.OPEN}, actor=officer)
    assert told() == [(f"{seated.code} takes place on {NEXT}-06-16, 09:00 to 12:00", "/me/seats")]


@pytest.mark.parametrize(
    "change", [{"session_date": date(NEXT, 6, 20)}, {"start_time": time(8)}, {"end_time": time(13)}]
)
def test_who_has_a_seat_is_told_of_another_day_or_time(seated, officer, actors, change):
    sessions.update(seated.id, {"notes": "Bring a pen", "name": "Noon"}, actor=officer)
    assert told() == [], "when it is stays as it was"
    sessions.update(seated.id, change, actor=officer)
    [(title, _link)] = told()
    assert title.startswith(f"{seated.code} takes place on")
    [row] = notifications.newest(actors.student)
    with force_locale("en"):
        said, _body = texts.said(row)
    assert f"Jun {seated.session_date.day}, {NEXT}, {seated.start_time:%H:%M} to {seated.end_time:%H:%M}" in said


def test_of_a_session_that_was_held_nobody_is_told(seated, officer):
    for status in (Status.COMPLETED, Status.CLOSED, Status.COMPLETED):
        assert sessions.set_status([seated.id], actor=officer, status=status).count("ok") == 1
    sessions.update(seated.id, {"notes": "A fire alarm at eleven."}, actor=officer)
    assert told() == []
