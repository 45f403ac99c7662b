"""Merging, and erasing, students who have tests, classes or places in waitlists."""

from __future__ import annotations

from datetime import date, time

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.admissions import ClassroomEnrollment, WaitlistEntry
from app.models.test_sessions import RoomAllocation, TestRegistration
from app.models.venues import Venue
from app.services import school
from app.services.admissions import actions, waitlist
from app.services.errors import WrongState
from app.services.records import erasing, merging, unmerging
from app.services.test_sessions import allocating, registrations
from tests.factories import seating
from tests.factories.admissions import admission
from tests.factories.courses import course, slot
from tests.factories.students import student

pytestmark = pytest.mark.usefixtures("db_session")


@pytest.fixture
def test_session():
    """An open one, its room, and a student who is registered for it."""
    place = seating.venue()
    made = seating.session(place)
    return made, seating.room(place, 3), seating.registered(made, 1)[0]


def book(made, key, actors):
    return registrations.register({"session_id": made.id, "student_id": key}, actor=actors.admin)


def sit(made, room, key, actors):
    wish = {"session_id": made.id, "room_id": room.id, "student_id": key, "seat_number": None}
    return allocating.allocate(wish, actor=actors.exam_officer)


def set_status(made, status):
    db.session.execute(text("UPDATE test_sessions SET status = :to WHERE id = :id"), {"to": status, "id": made.id})
    db.session.commit()


def seats_of(key):
    return len(db.session.scalars(select(RoomAllocation).where(RoomAllocation.student_id == key)).all())


def bookings_of(key):
    rows = select(TestRegistration.status).where(TestRegistration.student_id == key).order_by(TestRegistration.status)
    return [status.value for status in db.session.scalars(rows)]


def test_two_who_are_registered_for_the_same_test_are_not_merged(actors, test_session):
    made, room, gone = test_session
    kept = seating.registered(made, 1)[0]
    for key in (gone, kept):
        sit(made, room, key, actors)
    with pytest.raises(WrongState, match="same test session"):
        merging.merge([gone], actor=actors.admin, into_id=kept)
    assert (seats_of(gone), seats_of(kept)) == (1, 1)
    seating.cancel(made.id, gone)
    db.session.execute(text("DELETE FROM room_allocations WHERE student_id = :id"), {"id": gone})
    merging.merge([gone], actor=actors.admin, into_id=kept)
    assert (bookings_of(gone), bookings_of(kept)) == ([], ["cancelled", "confirmed"])


@pytest.mark.parametrize("status", ["closed", "cancelled"])
@pytest.mark.parametrize("seated", ["both", "gone", "kept", "none"])
def test_two_who_are_registered_for_a_test_that_may_be_opened_again_are_merged(actors, test_session, status, seated):
    """Nobody can cancel there: one booking stands, with one seat, and the other one is told as cancelled."""
    made, room, gone = test_session
    kept = seating.registered(made, 1)[0]
    for name, key in (("gone", gone), ("kept", kept)):
        if seated in ("both", name):
            sit(made, room, key, actors)
    set_status(made, status)
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    assert (bookings_of(gone), bookings_of(kept)) == ([], ["cancelled", "confirmed"])
    assert (seats_of(gone), seats_of(kept)) == (0, 0 if seated == "none" else 1)
    unmerging.undo(result.batch_id, actor=actors.admin)
    assert (bookings_of(gone), bookings_of(kept)) == (["confirmed"], ["confirmed"])
    assert (seats_of(gone), seats_of(kept)) == (int(seated == "gone"), int(seated in ("both", "kept")))


def test_what_was_held_since_is_not_booked_again_when_a_merge_is_undone(actors, test_session):
    made, _room, gone = test_session
    kept = seating.registered(made, 1)[0]
    set_status(made, "closed")
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    set_status(made, "completed")
    unmerging.undo(result.batch_id, actor=actors.admin)
    assert (bookings_of(gone), bookings_of(kept)) == (["cancelled"], ["confirmed"])


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"start_time": time(11), "end_time": time(13)}, True),
        ({"start_time": time(11), "end_time": time(13), "status": "closed"}, True),
        ({"start_time": time(11), "end_time": time(13), "status": "cancelled"}, False),
        ({"start_time": time(11), "end_time": time(13), "status": "completed"}, False),
        ({"start_time": time(12), "end_time": time(13)}, False),
        ({"session_date": date(2099, 6, 16)}, False),
    ],
)
def test_two_who_are_registered_for_tests_at_the_same_time_are_not_merged(actors, test_session, changes, refused):
    made, _room, gone = test_session
    kept = seating.registered(seating.session(seating.venue(), **changes), 1)[0]
    for one, other in ((gone, kept), (kept, gone)):
        if refused:
            with pytest.raises(WrongState, match="at the same time"):
                merging.merge([one], actor=actors.admin, into_id=other)
    if refused:
        seating.cancel(made.id, gone)
    merging.merge([gone], actor=actors.admin, into_id=kept)
    assert len(bookings_of(kept)) == 2


def test_two_who_took_the_same_test_once_are(actors, test_session):
    made, _room, gone = test_session
    kept = seating.registered(made, 1)[0]
    db.session.execute(text("UPDATE test_sessions SET status = 'completed' WHERE id = :id"), {"id": made.id})
    merging.merge([gone], actor=actors.admin, into_id=kept)
    assert (bookings_of(gone), bookings_of(kept)) == (["confirmed"], ["confirmed"])


def test_a_booking_moves_to_who_had_cancelled_theirs_and_its_seat_with_it(actors, test_session):
    made, room, gone = test_session
    kept = seating.registered(made, 1)[0]
    seating.cancel(made.id, kept)
    sit(made, room, gone, actors)
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    assert (bookings_of(kept), seats_of(kept), seats_of(gone)) == (["cancelled", "confirmed"], 1, 0)
    unmerging.undo(result.batch_id, actor=actors.admin)
    assert (bookings_of(kept), bookings_of(gone), seats_of(gone)) == (["cancelled"], ["confirmed"], 1)


def test_a_seat_that_was_given_since_returns_with_its_booking(actors, test_session):
    made, room, gone = test_session
    other = seating.session(db.session.get(Venue, made.venue_id), session_date=made.session_date.replace(day=20))
    kept = seating.registered(other, 1)[0]
    result = merging.merge([gone], actor=actors.admin, into_id=kept)
    for session in (made, other):
        sit(session, room, kept, actors)
    unmerging.undo(result.batch_id, actor=actors.admin)
    left = db.session.scalars(select(RoomAllocation.session_id).where(RoomAllocation.student_id == kept)).all()
    assert (seats_of(gone), left) == (1, [other.id])


def test_a_place_that_ended_is_no_reason_not_to_merge(actors):
    classroom = slot(course([actors.teacher.id]), actors.teacher, 1, "16:00", capacity=2)
    gone, kept = student().id, student().id
    ended = admission([classroom], actor=actors.staff, student_id=kept)
    actions.cancel([ended.id], actor=actors.staff)
    admission([classroom], actor=actors.staff, student_id=gone)
    merging.merge([gone], actor=actors.admin, into_id=kept)
    places = db.session.scalars(select(ClassroomEnrollment.status).where(ClassroomEnrollment.student_id == kept)).all()
    assert sorted(each.value for each in places) == ["active", "ended"]


def test_who_waits_waits_on_although_the_other_has_waited_before(actors):
    classroom = slot(course([actors.teacher.id]), actors.teacher, 1, "16:00", capacity=1)
    admission([classroom], actor=actors.staff, starts_on=school.today())
    gone, kept = student().id, student().id
    first, second = (
        waitlist.join({"classroom_slot_id": classroom.id, "student_id": key}, actor=actors.staff)
        for key in (kept, gone)
    )
    waitlist.withdraw([first.id], actor=actors.staff)
    merging.merge([gone], actor=actors.admin, into_id=kept)
    assert db.session.scalar(select(WaitlistEntry.student_id).where(WaitlistEntry.id == second.id)) == kept


@pytest.mark.parametrize("status", ["open", "closed", "cancelled"])
def test_who_is_erased_leaves_the_tests_to_come(actors, test_session, status):
    made, room, gone = test_session
    sit(made, room, gone, actors)
    set_status(made, status)
    erasing.erase([gone], actor=actors.admin, reason="asked")
    assert (bookings_of(gone), seats_of(gone)) == (["cancelled"], 0)
