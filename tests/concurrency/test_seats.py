"""Races for seats: never more than there are, never twice, and every refusal by its name."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.notifications import Notification
from app.models.test_sessions import TestSession, TestSessionStatus
from app.services import accounts
from app.services.allocation_plans import carrying_out, runs
from app.services.errors import WrongState
from app.services.records import erasing, merging
from app.services.students import records
from app.services.test_sessions import allocating, leaving, refusals, registrations, sessions
from app.services.venues import rooms
from tests.concurrency.racing import Meeting, actor, between, count, meet_after, race
from tests.concurrency.racing import refusals as refused
from tests.factories.seating import allocation, registered, room, session, venue
from tests.factories.students import student
from tests.services.test_sessions.conftest import make_centre

CLIENTS = 64
LEFT = (1, 2, 3, 4, 5)
SEATS = "SELECT count(*) FROM room_allocations"
OVER = """
    SELECT count(*) FROM rooms r
    WHERE (SELECT count(*) FROM room_allocations a WHERE a.room_id = r.id) > r.capacity
"""


@pytest.fixture
def centre(committed_app):
    with committed_app.app_context():
        made = make_centre()
        made.app, made.officer, made.key = committed_app, actor("exam_officer"), made.session.id
        made.students = [made.student, *registered(made.session, 1)]
        made.rooms = [made.room.id, made.grid.id]
        made.last = allocation(made.session, made.room, registered(made.session, 1)[0], "1").id
        db.session.remove()
        yield made


def give(centre, student, room_id, seat=None):
    wish = {"session_id": centre.key, "student_id": student, "room_id": room_id, "seat_number": seat}
    return partial(allocating.allocate, wish, actor=centre.officer)


def test_sixty_four_clients_for_fifteen_seats(crowd):
    place = venue()
    test = session(place)
    officer, students = actor("exam_officer"), registered(test, CLIENTS)
    ids = []
    for left in LEFT:
        made = room(place, left + 1)
        allocation(test, made, registered(test, 1)[0], str(left))  # not the last seat: the free ones have a gap
        ids.append(made.id)
    key = test.id
    db.session.remove()
    wishes = [
        {"session_id": key, "student_id": student, "room_id": ids[number % len(ids)]}
        for number, student in enumerate(students)
    ]
    results = race(crowd, *[partial(allocating.allocate, wish, actor=officer) for wish in wishes])
    assert {type(each) for each in refused(results)} == {refusals.CapacityExceeded}
    assert len(refused(results)) == CLIENTS - sum(LEFT)
    assert count(SEATS) == sum(LEFT) + len(LEFT)
    assert count(OVER) == 0
    full = "SELECT count(*) FROM (SELECT DISTINCT room_id, seat_number FROM room_allocations) seats"
    assert count(full) == sum(LEFT) + len(LEFT)


def test_two_for_the_last_seat(centre, locked, monkeypatch):
    """Without the lock one is refused by the constraint only, for a seat, and not because the room is full."""
    meet_after(monkeypatch, allocating, "_seat")
    results = race(centre.app, *[give(centre, each, centre.rooms[0]) for each in centre.students])
    assert len(refused(results)) == 1
    assert count(SEATS) == 2
    assert (type(refused(results)[0]) is refusals.CapacityExceeded) is locked


def test_two_for_the_same_of_several_seats(centre, locked, monkeypatch):
    """Both get one, for there are enough."""
    meet_after(monkeypatch, allocating, "_seat")
    results = race(centre.app, *[give(centre, each, centre.rooms[1]) for each in centre.students])
    assert (refused(results) == []) is locked
    assert count(SEATS) == (3 if locked else 2)


def test_two_who_name_the_same_seat(centre, locked, monkeypatch):
    meet_after(monkeypatch, allocating, "_seat")
    results = race(centre.app, *[give(centre, each, centre.rooms[1], "B2") for each in centre.students])
    assert [type(each) is refusals.SeatTaken for each in refused(results)] == [locked]


def test_one_student_in_two_rooms(centre, locked, monkeypatch):
    meet_after(monkeypatch, allocating, "_seat")
    results = race(centre.app, *[give(centre, centre.students[0], each) for each in centre.rooms])
    assert [type(each) is refusals.DuplicateAllocation for each in refused(results)] == [locked]
    assert count(SEATS) == 2


def test_two_who_change_places(centre, monkeypatch):
    """Each wants the room of the other, which is full: nobody moves, and nobody waits for ever."""
    meet_after(monkeypatch, allocating, "_check_stays")
    first = give(centre, centre.students[0], centre.rooms[1], "B2")().id
    targets = [(centre.last, centre.rooms[1], "B2"), (first, centre.rooms[0], "1")]
    jobs = [
        partial(allocating.reallocate, key, {"room_id": to, "seat_number": seat}, actor=centre.officer)
        for key, to, seat in targets
    ]
    assert {type(each) for each in race(centre.app, *jobs)} == {refusals.SeatTaken}


def test_a_booking_is_cancelled_while_its_seat_is_given(centre, locked, monkeypatch):
    booking = db.session.execute(
        db.text("SELECT id FROM test_registrations WHERE student_id = :id"), {"id": centre.students[0]}
    ).scalar_one()
    db.session.remove()
    cancel = partial(registrations.cancel, [booking], actor=centre.officer)
    work = between(monkeypatch, allocating, "_seat", cancel)
    race(centre.app, give(centre, centre.students[0], centre.rooms[1]), work)
    orphans = """
        SELECT count(*) FROM room_allocations a JOIN test_registrations r USING (session_id, student_id)
        WHERE r.status = 'cancelled'
    """
    assert count("SELECT count(*) FROM test_registrations WHERE status = 'cancelled'") == 1
    assert (count(orphans) == 0) is locked


SEATS_OF_THE_GONE = """
    SELECT count(*) FROM room_allocations a JOIN students s ON s.id = a.student_id WHERE s.deleted_at IS NOT NULL
"""


def test_a_student_is_deleted_while_they_are_given_a_seat(centre, locked, monkeypatch):
    delete = partial(records.delete, [centre.students[0]], actor=actor("admin"))
    work = between(monkeypatch, allocating, "_seat", delete)
    race(centre.app, give(centre, centre.students[0], centre.rooms[1]), work)
    assert count("SELECT count(*) FROM students WHERE deleted_at IS NOT NULL") == 1
    assert (count(SEATS_OF_THE_GONE) == 0) is locked


def test_a_student_is_deleted_while_everybody_is_given_a_seat(centre, locked, monkeypatch):
    delete = partial(records.delete, [centre.students[0]], actor=actor("admin"))
    work = between(monkeypatch, carrying_out, "_touched", delete)
    race(centre.app, partial(runs.allocate_everyone, [centre.key], actor=centre.officer), work)
    assert count("SELECT count(*) FROM students WHERE deleted_at IS NOT NULL") == 1
    assert (count(SEATS_OF_THE_GONE) == 0) is locked


def test_a_student_books_and_is_seated_while_they_are_deleted(centre, locked, monkeypatch):
    """The session is one of which the deletion knew nothing when it began."""
    gone = student().id
    db.session.remove()
    held, decided, done = Meeting(), Meeting(), Meeting()
    hold, touched = leaving.hold_tests, carrying_out._touched

    def held_early(ids):
        hold(ids)
        if count("SELECT count(*) FROM test_registrations WHERE student_id = :id", id=gone) == 0:
            held.wait()
            decided.wait()

    def seated(*args):
        answer = touched(*args)
        decided.wait()
        done.wait()
        return answer

    def delete():
        try:
            return records.delete([gone], actor=actor("admin"))
        finally:
            done.wait()

    def book_and_seat():
        held.wait()
        registrations.register({"session_id": centre.key, "student_id": gone}, actor=centre.officer)
        runs.allocate_everyone([centre.key], actor=centre.officer)

    monkeypatch.setattr(leaving, "hold_tests", held_early)
    monkeypatch.setattr(carrying_out, "_touched", seated)
    race(centre.app, delete, book_and_seat)
    assert count("SELECT count(*) FROM students WHERE deleted_at IS NOT NULL") == 1
    assert (count(SEATS_OF_THE_GONE) == 0) is locked


def test_a_student_is_merged_while_everybody_is_given_a_seat(centre, locked, monkeypatch):
    into = student().id
    db.session.remove()
    merge = partial(merging.merge, [centre.students[0]], actor=actor("admin"), into_id=into)
    work = between(monkeypatch, carrying_out, "_touched", merge)
    race(centre.app, partial(runs.allocate_everyone, [centre.key], actor=centre.officer), work)
    assert count("SELECT count(*) FROM students WHERE deleted_at IS NOT NULL") == 1
    assert (count(SEATS_OF_THE_GONE) == 0) is locked


def test_a_student_is_erased_while_everybody_is_given_a_seat(centre, locked, monkeypatch):
    erase = partial(erasing.erase, [centre.students[0]], actor=actor("admin"), reason="asked")
    work = between(monkeypatch, carrying_out, "_touched", erase)
    race(centre.app, partial(runs.allocate_everyone, [centre.key], actor=centre.officer), work)
    assert count("SELECT count(*) FROM students WHERE deleted_at IS NOT NULL") == 1
    assert (count(SEATS_OF_THE_GONE) == 0) is locked


def test_a_session_is_closed_while_a_student_returns_to_it(centre, locked, monkeypatch):
    """Who closes it knows of everybody who is registered: nobody comes back later."""
    records.delete([centre.students[0]], actor=actor("admin"))
    confirmed = partial(count, "SELECT count(*) FROM test_registrations WHERE status = 'confirmed'")

    def close():
        sessions.set_status([centre.key], actor=centre.officer, status=TestSessionStatus.CLOSED)
        return confirmed()

    work = between(monkeypatch, leaving, "return_to_tests", close)
    results = race(centre.app, partial(records.restore, [centre.students[0]], actor=actor("admin")), work)
    assert (confirmed() in results) is locked


def test_a_room_shrinks_while_its_last_seat_is_given(centre, locked, monkeypatch):
    """The database holds this also without our locks: either the seat goes, or the student sits on it."""
    shrink = partial(rooms.update, centre.rooms[0], {"capacity": 1}, actor=centre.officer)
    work = between(monkeypatch, allocating, "_seat", shrink)
    results = race(centre.app, give(centre, centre.students[0], centre.rooms[0]), work)
    assert len(refused(results)) == 1
    assert count(OVER) == 0


def test_one_student_books_two_sessions_at_once(centre, locked, monkeypatch):
    place = venue()
    person, keys = student().id, [session(place).id, session(place).id]
    db.session.remove()
    meet_after(monkeypatch, registrations, "_check_bookings")
    jobs = [
        partial(registrations.register, {"session_id": key, "student_id": person}, actor=centre.officer) for key in keys
    ]
    results = race(centre.app, *jobs)
    assert [type(each) for each in refused(results)] == ([refusals.AlreadyBooked] if locked else [])


REGISTERED_AND_GONE = """
    SELECT count(*) FROM test_registrations r JOIN test_sessions s ON s.id = r.session_id AND s.status IN ('open', 'closed')
    JOIN students st ON st.id = r.student_id AND st.deleted_at IS NOT NULL WHERE r.status = 'confirmed'
"""
TWICE = """
    SELECT count(*) FROM test_registrations g JOIN test_sessions s ON s.id = g.session_id AND s.status <> 'cancelled'
    JOIN test_registrations h ON h.student_id = g.student_id AND h.id > g.id
    JOIN test_sessions o ON o.id = h.session_id AND o.status <> 'cancelled' AND o.session_date = s.session_date
      AND o.start_time < s.end_time AND o.end_time > s.start_time
    WHERE g.status = 'confirmed' AND h.status = 'confirmed'
"""


@pytest.fixture
def reopening(centre):
    """Opens a session again that was cancelled, and books another of the same time for its student."""
    sessions.set_status([centre.key], actor=centre.officer, status=TestSessionStatus.CANCELLED)
    made = session(venue(), session_date=db.session.get_one(TestSession, centre.key).session_date)
    booking = {"session_id": made.id, "student_id": centre.students[0]}
    db.session.remove()
    return (
        partial(sessions.set_status, [centre.key], actor=centre.officer, status=TestSessionStatus.OPEN),
        partial(registrations.register, booking, actor=centre.officer),
    )


def test_a_session_is_opened_again_while_its_student_books_another(centre, reopening, locked, monkeypatch):
    reopen, book = reopening
    work = between(monkeypatch, registrations, "_check_bookings", reopen)
    _made, result = race(centre.app, book, work)
    assert isinstance(result.outcomes[0].refusal, WrongState) is locked
    assert count(TWICE) == (0 if locked else 1)


def test_a_student_books_another_session_while_theirs_is_opened_again(centre, reopening, locked, monkeypatch):
    reopen, book = reopening
    work = between(monkeypatch, sessions, "_check_students", book)
    results = race(centre.app, reopen, work)
    assert [type(each) for each in refused(results)] == ([refusals.AlreadyBooked] if locked else [])
    assert count(TWICE) == (0 if locked else 1)


def test_a_student_is_deleted_while_what_was_held_is_to_come_again(centre, locked, monkeypatch):
    sessions.set_status([centre.key], actor=centre.officer, status=TestSessionStatus.COMPLETED)
    db.session.remove()
    delete = partial(records.delete, [centre.students[0]], actor=actor("admin"))
    work = between(monkeypatch, leaving, "drop_gone", delete)
    race(
        centre.app,
        partial(sessions.set_status, [centre.key], actor=centre.officer, status=TestSessionStatus.OPEN),
        work,
    )
    assert (count(REGISTERED_AND_GONE) == 0) is locked


def test_students_are_told_of_every_change(centre):
    """Also of the second one of a day: what was told last must be true."""
    user = accounts.find("student").id
    with db.engine.begin() as connection:
        given = {"user": user, "id": centre.students[0]}
        connection.execute(db.text("UPDATE students SET user_id = :user WHERE id = :id"), given)
    made = give(centre, centre.students[0], centre.rooms[1], "B1")().id
    allocating.reallocate(made, {"seat_number": "B2"}, actor=centre.officer)
    allocating.reallocate(made, {"seat_number": "B1"}, actor=centre.officer)
    allocating.reallocate(made, {"seat_number": "b1", "notes": "No change"}, actor=centre.officer)
    allocating.deallocate([made], actor=centre.officer)
    told = select(Notification).where(Notification.type == "allocation_changed").order_by(Notification.id)
    titles = [each.title for each in db.session.scalars(told)]
    assert [each.rpartition("seat ")[2] for each in titles[:3]] == ["B1", "B2", "B1"]
    assert titles[3].startswith("You have no seat")
    assert len(titles) == 4
