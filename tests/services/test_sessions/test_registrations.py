"""Bookings of sessions within the rules of a year; moving and cancelling them."""

from __future__ import annotations

from datetime import date, time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.test_sessions import TestRegistration, TestYear
from app.services import school
from app.services.errors import Invalid, NotAllowed
from app.services.students import records
from app.services.test_sessions import allocating, refusals, registrations, years
from app.services.test_sessions.years import Rules, rules_of
from tests.factories.seating import allocation, session, venue
from tests.factories.students import student
from tests.services.test_sessions.conftest import NEXT


def run(statement: str, **values) -> None:
    db.session.execute(text(statement), values)
    db.session.commit()


def rules(**values) -> None:
    db.session.add(TestYear(**{"year": NEXT, "opens_on": date(NEXT - 1, 1, 1)} | values))
    db.session.commit()


@pytest.fixture
def book(centre, officer):
    """Register a student for a session of next year, for which registration is open."""
    rules()

    def register(to=None, who=None):
        keys = {"session_id": (to or centre.session).id, "student_id": who or student().id}
        return registrations.register(keys, actor=officer)

    return register


def refused(kind, call) -> None:
    before = db.session.scalar(text("SELECT count(*) FROM test_registrations WHERE status = 'confirmed'"))
    with pytest.raises(kind) as refusal:
        call()
    assert type(refusal.value) is kind
    assert 400 <= refusal.value.status < 500
    assert db.session.scalar(text("SELECT count(*) FROM test_registrations WHERE status = 'confirmed'")) == before


def test_a_booking(centre, officer, book):
    made = book()
    assert (made.status.value, made.session_id, made.created_by_id) == ("confirmed", centre.session.id, officer.id)


def test_what_there_is_not(centre, officer, book):
    person = student().id
    for keys in (
        {"session_id": uuid4(), "student_id": person},
        {"session_id": centre.session.id, "student_id": uuid4()},
    ):
        refused(Invalid, lambda keys=keys: registrations.register(keys, actor=officer))


def test_only_exam_officers_and_admins(centre, actors, book):
    keys = {"session_id": centre.session.id, "student_id": student().id}
    for each in (actors.staff, actors.student, actors.teacher):
        refused(NotAllowed, lambda each=each: registrations.register(keys, actor=each))
    assert registrations.register(keys, actor=actors.admin)


def test_the_same_session_twice(centre, book):
    refused(refusals.AlreadyBooked, lambda: book(who=centre.student))


def test_one_booking_at_a_time(centre, book):
    other = session(centre.venue, session_date=date(NEXT, 3, 1))
    refused(refusals.AlreadyBooked, lambda: book(other, centre.student))
    run("UPDATE test_sessions SET status = 'completed' WHERE id = :id", id=centre.session.id)
    later = session(centre.venue, session_date=date(NEXT, 9, 1))
    assert book(later, centre.student)  # what was held is no booking any more


def test_a_setting_allows_more_bookings(centre, book):
    run("UPDATE test_years SET most_bookings = 2, most_tests = 3")
    later = session(centre.venue, session_date=date(NEXT, 9, 1))
    assert book(later, centre.student)
    last = session(centre.venue, session_date=date(NEXT, 10, 1))
    refused(refusals.AlreadyBooked, lambda: book(last, centre.student))


def at(centre_venue, start, end, **values):
    """A session of the same day, from one hour to the other."""
    return session(centre_venue, session_date=date(NEXT, 6, 15), start_time=time(start), end_time=time(end), **values)


def test_nobody_books_two_sessions_at_the_same_time(centre, officer, book):
    """At whatever venue. Next to each other they may be."""
    run("UPDATE test_years SET most_bookings = 5, most_tests = 5")
    elsewhere = at(venue(), 11, 13)
    refused(refusals.AlreadyBooked, lambda: book(elsewhere, centre.student))
    with pytest.raises(refusals.AlreadyBooked, match=f"has session {centre.session.code} at this time"):
        book(elsewhere, centre.student)
    afterwards = at(centre.venue, 12, 14)
    made = book(afterwards, centre.student)
    moved = registrations.move([made.id], actor=officer, session_id=elsewhere.id).outcomes[0]
    assert isinstance(moved.refusal, refusals.AlreadyBooked)
    assert status_of(made.id) == "confirmed"
    run("UPDATE test_sessions SET status = 'cancelled' WHERE id = :id", id=centre.session.id)
    for state in ("ok", "unchanged"):
        assert registrations.move([made.id], actor=officer, session_id=elsewhere.id).outcomes[0].state == state


def test_a_booking_moves_to_another_hour_of_the_same_time(centre, officer, book):
    """The one that is given up is not in the way."""
    made, longer = book(), at(venue(), 8, 13)
    assert registrations.move([made.id], actor=officer, session_id=longer.id).count("ok") == 1


def test_two_tests_a_year(centre, book):
    """Whatever became of the earlier ones, unless they were cancelled."""
    person = centre.student
    second = session(centre.venue, session_date=date(NEXT, 9, 1))
    run("UPDATE test_sessions SET status = 'completed'")
    second = session(centre.venue, session_date=date(NEXT, 9, 1))
    assert book(second, person)
    run("UPDATE test_sessions SET status = 'completed'")
    third = session(centre.venue, session_date=date(NEXT, 10, 1))
    refused(refusals.AlreadyBooked, lambda: book(third, person))
    run("UPDATE test_sessions SET status = 'cancelled' WHERE id = :id", id=second.id)
    assert book(third, person)


def test_registration_opens(centre, book):
    run("UPDATE test_years SET opens_on = :day", day=school.today() + timedelta(days=1))
    refused(refusals.RegistrationClosed, book)
    run("UPDATE test_years SET opens_on = :day", day=school.today())
    assert book()


def test_registration_closes_so_many_days_before(centre, officer, book):
    soon = session(centre.venue, session_date=school.today() + timedelta(days=5))
    run("UPDATE test_years SET year = :year, opens_on = :day", year=soon.session_date.year, day=school.today())
    run("UPDATE test_years SET closing_days = 6")
    refused(refusals.RegistrationClosed, lambda: book(soon))
    run("UPDATE test_years SET closing_days = 5")
    assert book(soon)


def test_a_session_may_name_its_closing_date(centre, officer, book):
    soon = session(
        centre.venue, session_date=date(NEXT, 6, 1), registration_closes_on=school.today() - timedelta(days=1)
    )
    person = student().id
    refused(refusals.RegistrationClosed, lambda: book(soon, person))
    run("UPDATE test_sessions SET registration_closes_on = :day WHERE id = :id", day=school.today(), id=soon.id)
    made = book(soon, person)
    run("UPDATE test_sessions SET registration_closes_on = :day", day=school.today() - timedelta(days=1))
    for result in (
        registrations.cancel([made.id], actor=officer),
        registrations.move(
            [made.id], actor=officer, session_id=session(centre.venue, session_date=date(NEXT, 7, 1)).id
        ),
    ):
        assert isinstance(result.outcomes[0].refusal, refusals.RegistrationClosed)


@pytest.mark.parametrize("status", ["closed", "completed", "cancelled"])
def test_only_while_the_session_is_open(centre, book, status):
    run("UPDATE test_sessions SET status = :status", status=status)
    refused(refusals.SessionClosed, book)


def test_a_year_without_rules_has_the_usual_ones(centre):
    assert rules_of(2050) == Rules(None, most_tests=2, most_bookings=1, closing_days=0)


def status_of(key) -> str:
    return db.session.scalar(text("SELECT status FROM test_registrations WHERE id = :id"), {"id": key})


def test_cancelling_frees_the_seat(centre, officer, book):
    made = book()
    keys = {"session_id": centre.session.id, "student_id": made.student_id, "room_id": centre.room.id}
    allocating.allocate(keys, actor=officer)
    assert [each.state for each in registrations.cancel([made.id], actor=officer).outcomes] == ["ok"]
    assert status_of(made.id) == "cancelled"
    assert db.session.scalar(text("SELECT count(*) FROM room_allocations")) == 0
    assert [each.state for each in registrations.cancel([made.id], actor=officer).outcomes] == ["unchanged"]
    assert book(who=made.student_id).id != made.id


def test_moving_to_another_session(centre, officer, book):
    made, other = book(), session(centre.venue, session_date=date(NEXT, 7, 1))
    allocation(centre.session, centre.room, made.student_id, "1")
    result = registrations.move([made.id], actor=officer, session_id=other.id)
    assert [each.state for each in result.outcomes] == ["ok"]
    found = db.session.execute(
        select(TestRegistration.session_id, TestRegistration.status).where(
            TestRegistration.student_id == made.student_id
        )
    ).all()
    assert {(row.session_id, row.status.value) for row in found} == {
        (centre.session.id, "cancelled"),
        (other.id, "confirmed"),
    }
    assert db.session.scalar(text("SELECT count(*) FROM room_allocations")) == 0
    again = registrations.move([made.id], actor=officer, session_id=other.id)
    assert [each.state for each in again.outcomes] == ["unchanged"]


def test_a_move_takes_the_notes_along(centre, officer, book):
    made = book()
    made.notes = "25% extra time approved"
    db.session.commit()
    later = session(centre.venue, session_date=date(NEXT, 7, 1))
    for state in ("ok", "unchanged"):
        assert registrations.move([made.id], actor=officer, session_id=later.id).outcomes[0].state == state
    notes = db.session.scalars(text("SELECT notes FROM test_registrations WHERE session_id = :id"), {"id": later.id})
    assert notes.all() == ["25% extra time approved"]


def test_a_move_that_is_refused_leaves_the_booking(centre, officer, book):
    made = book()
    shut = session(centre.venue, session_date=date(NEXT, 7, 1), status="closed")
    result = registrations.move([made.id], actor=officer, session_id=shut.id)
    assert isinstance(result.outcomes[0].refusal, refusals.SessionClosed)
    assert status_of(made.id) == "confirmed"
    with pytest.raises(Invalid):
        registrations.move([made.id], actor=officer, session_id=uuid4())


def test_a_student_who_is_deleted_leaves_tests_to_come(centre, actors):
    allocation(centre.session, centre.room, centre.student, "1")
    held = session(centre.venue, session_date=date(2098, 1, 1))
    db.session.add(TestRegistration(session_id=held.id, student_id=centre.student))
    allocation(held, centre.room, centre.student, "1")
    run("UPDATE test_sessions SET status = 'completed' WHERE id = :id", id=held.id)
    records.delete([centre.student], actor=actors.admin)
    rows = db.session.execute(text("SELECT session_id, status FROM test_registrations")).all()
    assert dict(map(tuple, rows)) == {centre.session.id: "cancelled", held.id: "confirmed"}
    assert db.session.scalars(text("SELECT session_id FROM room_allocations")).all() == [held.id]


def test_rules_of_a_year_are_set_by_those_who_look_after_tests(actors, officer):
    values = {"year": 2030, "opens_on": date(2030, 2, 1)}
    with pytest.raises(NotAllowed):
        years.create(values, actor=actors.staff)
    made = years.create(values, actor=officer)
    assert rules_of(2030) == Rules(date(2030, 2, 1))
    years.update(made.id, {"most_tests": 3}, actor=officer)
    assert rules_of(2030).most_tests == 3
    assert years.delete([made.id], actor=officer).count("ok") == 1
    assert rules_of(2030).most_tests == 2
