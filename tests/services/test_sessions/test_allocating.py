"""A seat for one student: given, changed, taken; and every refusal by its name."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.test_sessions import RoomAllocation
from app.services import accounts
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound
from app.services.test_sessions import allocating, refusals, seats
from tests.factories.seating import allocation, cancel, registered, room, session, venue
from tests.factories.students import student


def run(statement: str, **values) -> None:
    """As another transaction would: a refusal later on leaves it."""
    db.session.execute(text(statement), values)
    db.session.commit()


def wish(centre, **changes) -> dict:
    keys = {"session_id": centre.session.id, "student_id": centre.student, "room_id": centre.room.id}
    return keys | changes


def test_the_first_free_seat_or_the_named_one(centre, officer):
    first = allocating.allocate(wish(centre, notes="By the window"), actor=officer)
    assert (first.seat_number, first.venue_id, first.notes) == ("1", centre.venue.id, "By the window")
    assert first.created_by_id == officer.id
    other, third = registered(centre.session, 2)
    named = allocating.allocate(wish(centre, student_id=other, room_id=centre.grid.id, seat_number="b1"), actor=officer)
    assert named.seat_number == "B1"
    assert (
        allocating.allocate(wish(centre, student_id=third, room_id=centre.grid.id), actor=officer).seat_number == "A1"
    )


def refused(centre, officer, kind, field, **changes):
    before = db.session.scalar(text("SELECT count(*) FROM room_allocations"))
    with pytest.raises(kind) as refusal:
        allocating.allocate(wish(centre, **changes), actor=officer)
    assert type(refusal.value) is kind
    assert list(refusal.value.fields) == [field]
    assert 400 <= refusal.value.status < 500
    assert str(refusal.value)
    assert db.session.scalar(text("SELECT count(*) FROM room_allocations")) == before


def test_what_there_is_not(centre, officer):
    for name in ("session_id", "room_id"):
        refused(centre, officer, Invalid, name, **{name: uuid4()})
    refused(centre, officer, refusals.StudentNotRegistered, "student_id", student_id=uuid4())


def test_only_who_is_registered(centre, officer):
    refused(centre, officer, refusals.StudentNotRegistered, "student_id", student_id=student().id)
    cancel(centre.session.id, centre.student)
    refused(centre, officer, refusals.StudentNotRegistered, "student_id")


def test_a_deleted_student_gets_no_seat(centre, officer):
    run("UPDATE students SET deleted_at = now() WHERE id = :id", id=centre.student)
    refused(centre, officer, refusals.StudentNotRegistered, "student_id")


@pytest.mark.parametrize("status", ["closed", "completed", "cancelled"])
def test_only_while_the_session_is_open(centre, officer, status):
    sitting = allocation(centre.session, centre.room, registered(centre.session, 1)[0], "2")
    run("UPDATE test_sessions SET status = :status", status=status)
    with pytest.raises(refusals.SessionClosed):
        allocating.allocate(wish(centre), actor=officer)
    with pytest.raises(refusals.SessionClosed):
        allocating.reallocate(sitting.id, {"seat_number": "1"}, actor=officer)
    result = allocating.deallocate([sitting.id], actor=officer)
    assert isinstance(result.outcomes[0].refusal, refusals.SessionClosed)


def test_a_room_of_another_venue(centre, officer):
    refused(centre, officer, refusals.WrongVenue, "room_id", room_id=room(venue(), 4).id)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rooms SET status = 'unavailable'",
        "UPDATE rooms SET status = 'under_maintenance'",
        "UPDATE rooms SET deleted_at = now()",
        "UPDATE venues SET status = 'inactive'",
    ],
)
def test_a_room_out_of_use(centre, officer, change):
    run(change)
    refused(centre, officer, refusals.RoomNotAvailable, "room_id")
    assert seats.available_in_session(centre.session.id, officer) == 0


def test_a_room_in_which_another_session_is_held(centre, officer):
    other = session(centre.venue, session_date=centre.session.session_date)
    allocation(other, centre.room, registered(other, 1)[0], "2")
    refused(centre, officer, refusals.RoomNotAvailable, "room_id")
    assert seats.available_seats(centre.room.id, centre.session.id, officer) == []
    run("UPDATE test_sessions SET start_time = '08:00', end_time = '09:00' WHERE id = :id", id=other.id)
    assert allocating.allocate(wish(centre), actor=officer).seat_number == "1"  # one ends as the other begins


def test_a_student_twice(centre, officer):
    allocation(centre.session, centre.room, centre.student, "1")
    refused(centre, officer, refusals.DuplicateAllocation, "student_id", room_id=centre.grid.id)


def test_a_seat_that_is_taken_or_not_there(centre, officer):
    allocation(centre.session, centre.room, registered(centre.session, 1)[0], "1")
    refused(centre, officer, refusals.SeatTaken, "seat_number", seat_number="1")
    for missing in ("3", "A1", "x" * 20):
        refused(centre, officer, refusals.NoSuchSeat, "seat_number", seat_number=missing)
    refused(centre, officer, refusals.NoSuchSeat, "seat_number", room_id=centre.grid.id, seat_number="A2")


def test_a_full_room(centre, officer):
    for number, each in enumerate(registered(centre.session, 2), 1):
        allocation(centre.session, centre.room, each, str(number))
    refused(centre, officer, refusals.CapacityExceeded, "room_id")


def test_only_exam_officers_and_admins(centre, actors):
    for each in (actors.staff, actors.teacher, actors.student):
        with pytest.raises(NotAllowed):
            allocating.allocate(wish(centre), actor=each)
    assert allocating.allocate(wish(centre), actor=actors.admin)


def test_another_seat(centre, officer):
    made = allocating.allocate(wish(centre), actor=officer)
    moved = allocating.reallocate(made.id, {"room_id": centre.grid.id}, actor=officer)
    assert (moved.id, moved.room_id, moved.seat_number) == (made.id, centre.grid.id, "A1")
    again = allocating.reallocate(made.id, {"seat_number": "B2"}, actor=officer)
    assert (again.room_id, again.seat_number) == (centre.grid.id, "B2")
    same = allocating.reallocate(made.id, {"room_id": centre.grid.id, "seat_number": "b2", "notes": "x"}, actor=officer)
    assert (same.seat_number, same.notes) == ("B2", "x")


def test_another_seat_that_is_refused_changes_nothing(centre, officer):
    made = allocating.allocate(wish(centre), actor=officer)
    other = allocating.allocate(wish(centre, student_id=registered(centre.session, 1)[0]), actor=officer)
    key, version = made.id, made.updated_at
    for values, kind in (
        ({"seat_number": other.seat_number}, refusals.SeatTaken),
        ({"seat_number": "9"}, refusals.NoSuchSeat),
        ({"room_id": room(venue(), 3).id}, refusals.WrongVenue),
        ({"room_id": uuid4()}, Invalid),
        ({"student_id": student().id}, Invalid),
        ({"session_id": session(centre.venue).id}, Invalid),
    ):
        with pytest.raises(kind):
            allocating.reallocate(key, values, actor=officer)
    with pytest.raises(NotFound):
        allocating.reallocate(uuid4(), {}, actor=officer)
    row = db.session.get_one(RoomAllocation, key, populate_existing=True)
    assert (row.room_id, row.seat_number) == (centre.room.id, "1")
    with pytest.raises(Conflict):
        allocating.reallocate(key, {"notes": "x"}, actor=officer, version=version.replace(year=2020))


def test_many_move_at_once(centre, officer):
    students = [centre.student, *registered(centre.session, 1)]
    made = [allocating.allocate(wish(centre, student_id=each), actor=officer).id for each in students]
    small = room(centre.venue, 1)
    result = allocating.move(made, actor=officer, room_id=small.id)
    assert [each.state for each in result.outcomes] == ["ok", "refused"]
    assert isinstance(result.outcomes[1].refusal, refusals.CapacityExceeded)
    again = allocating.move(made[:1], actor=officer, room_id=small.id)
    assert [each.state for each in again.outcomes] == ["unchanged"]


def test_a_seat_is_taken_away(centre, officer):
    made = allocating.allocate(wish(centre), actor=officer)
    assert seats.is_allocated(centre.session.id, centre.student, officer)
    assert allocating.deallocate([made.id], actor=officer).outcomes[0].state == "ok"
    assert not seats.is_allocated(centre.session.id, centre.student, officer)
    assert isinstance(allocating.deallocate([made.id], actor=officer).outcomes[0].refusal, NotFound)
    assert allocating.allocate(wish(centre), actor=officer).seat_number == "1"


def test_who_sits_where_and_what_is_free(centre, officer):
    other = registered(centre.session, 1)[0]
    allocating.allocate(wish(centre, seat_number="2"), actor=officer)
    allocating.allocate(wish(centre, student_id=other, room_id=centre.grid.id), actor=officer)
    found = seats.allocations(centre.session.id, officer)
    assert [(row.room_id, row.seat_number, row.student_id) for row in found] == [
        (centre.room.id, "2", centre.student),
        (centre.grid.id, "A1", other),
    ]
    assert [row.student_id for row in seats.allocations(centre.session.id, officer, centre.grid.id)] == [other]
    assert len(seats.allocations(centre.session.id, officer, first=1, limit=5)) == 1
    assert seats.available_seats(centre.room.id, centre.session.id, officer) == ["1"]
    assert seats.available_seats(centre.grid.id, centre.session.id, officer) == ["B1", "B2"]
    rooms = {
        row.id: (row.capacity, row.allocated, row.available, row.usable)
        for row in seats.rooms(centre.session.id, officer)
    }
    assert rooms == {centre.room.id: (2, 1, 1, True), centre.grid.id: (3, 1, 2, True)}
    assert seats.available_in_session(centre.session.id, officer) == 3
    for call in (
        lambda: seats.allocations(uuid4(), officer),
        lambda: seats.rooms(uuid4(), officer),
        lambda: seats.available_seats(centre.room.id, uuid4(), officer),
        lambda: seats.available_seats(room(venue(), 2).id, centre.session.id, officer),
        lambda: seats.is_allocated(uuid4(), centre.student, officer),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_student_sees_their_own_seat_alone(centre, officer, actors):
    mine = student(user_id=accounts.find("student").id).id
    db.session.execute(
        text("INSERT INTO test_registrations (session_id, student_id) VALUES (:session_id, :id)"),
        {"session_id": centre.session.id, "id": mine},
    )
    allocating.allocate(wish(centre), actor=officer)
    allocating.allocate(wish(centre, student_id=mine), actor=officer)
    assert [row.student_id for row in seats.allocations(centre.session.id, actors.student)] == [mine]
    assert not seats.is_allocated(centre.session.id, centre.student, actors.student)
    assert seats.allocations(centre.session.id, actors.teacher) == []
