"""What the database itself refuses, whoever writes to it."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from tests.factories.seating import allocation, registered, room, session, venue
from tests.factories.students import student

SEAT = """
    INSERT INTO room_allocations (session_id, venue_id, room_id, student_id, seat_number)
    VALUES (:session_id, :venue_id, :room_id, :student_id, :seat)
"""


def refused(statement: str, **values) -> str:
    """The constraint that refuses the statement."""
    with pytest.raises(DBAPIError) as error, db.session.begin_nested():
        db.session.execute(text(statement), values)
    return error.value.orig.diag.constraint_name or error.value.orig.sqlstate


def seat(centre, **changes) -> dict:
    keys = {"session_id": centre.session.id, "venue_id": centre.venue.id, "room_id": centre.room.id}
    return keys | {"student_id": centre.student, "seat": "1"} | changes


def count(table: str) -> int:
    return db.session.scalar(text(f"SELECT count(*) FROM {table}"))


def test_a_room_of_another_venue(centre):
    other = room(venue(), 5)
    assert refused(SEAT, **seat(centre, room_id=other.id)) == "fk_room_allocations_room_id_rooms"
    theirs = seat(centre, room_id=other.id, venue_id=other.venue_id)
    assert refused(SEAT, **theirs) == "fk_room_allocations_session_id_test_sessions"


@pytest.mark.parametrize("number", ["3", "0", "A1", ""])
def test_a_seat_that_the_room_has_not(centre, number):
    assert refused(SEAT, **seat(centre, seat=number)) == "fk_room_allocations_room_id_room_seats"


def test_a_blocked_seat(centre):
    assert refused(SEAT, **seat(centre, room_id=centre.grid.id, seat="A2")) == "fk_room_allocations_room_id_room_seats"
    db.session.execute(text(SEAT), seat(centre, room_id=centre.grid.id, seat="B2"))


def test_a_seat_twice_and_a_student_twice(centre):
    allocation(centre.session, centre.room, centre.student, "1")
    assert refused(SEAT, **seat(centre, seat="2")) == "uq_room_allocations_session_id_student_id"
    other = seat(centre, student_id=student().id)
    assert refused(SEAT, **other) == "uq_room_allocations_session_id_room_id_seat"
    assert refused(SEAT, **seat(centre, seat=None)) == "23502"
    elsewhere = session(centre.venue)
    db.session.execute(text(SEAT), seat(centre, session_id=elsewhere.id))


def test_a_room_does_not_shrink_below_its_seats(centre):
    allocation(centre.session, centre.room, centre.student, "2")
    shrink = "UPDATE rooms SET capacity = 1 WHERE id = :id"
    assert refused(shrink, id=centre.room.id) == "fk_room_allocations_room_id_room_seats"
    db.session.execute(text("DELETE FROM room_allocations"))
    db.session.execute(text(shrink), {"id": centre.room.id})
    assert seats_of(centre.room) == ["1"]


def test_a_seat_that_is_given_is_not_blocked(centre):
    allocation(centre.session, centre.grid, centre.student, "B2")
    block = "UPDATE rooms SET blocked_seats = '{A1,B2}', capacity = 2 WHERE id = :id"
    assert refused(block, id=centre.grid.id) == "fk_room_allocations_room_id_room_seats"


def seats_of(of) -> list[str]:
    statement = "SELECT seat_number FROM room_seats WHERE room_id = :id ORDER BY position"
    return list(db.session.scalars(text(statement), {"id": of.id}))


def test_seats_follow_from_capacity_and_grid(centre):
    assert seats_of(centre.room) == ["1", "2"]
    assert seats_of(centre.grid) == ["A1", "B1", "B2"]
    db.session.execute(
        text("UPDATE rooms SET blocked_seats = '{}', capacity = 4 WHERE id = :id"), {"id": centre.grid.id}
    )
    assert seats_of(centre.grid) == ["A1", "A2", "B1", "B2"]
    tall = room(centre.venue, 28, grid_rows=28, grid_columns=1)
    assert seats_of(tall)[24:] == ["Y1", "Z1", "AA1", "AB1"]
    few = room(centre.venue, 3, grid_rows=2, grid_columns=2)
    assert seats_of(few) == ["A1", "A2", "B1"]


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("capacity = 0", "ck_rooms_capacity"),
        ("capacity = 10001", "ck_rooms_capacity"),
        ("capacity = 4", "ck_rooms_seats"),
        ("grid_rows = NULL, blocked_seats = '{}'", "ck_rooms_grid"),
        ("grid_rows = 0, capacity = 1", "ck_rooms_grid_size"),
        ("grid_rows = NULL, grid_columns = NULL", "ck_rooms_blocked_seats"),
        ("blocked_seats = ARRAY[NULL]::varchar[]", "ck_rooms_blocked_seats"),
        ("number = ' '", "ck_rooms_name_not_blank"),
        ("computers = -1", "ck_rooms_computers"),
        ("status = 'gone'", "ck_rooms_status"),
    ],
)
def test_rooms_that_cannot_be(centre, change, constraint):
    assert refused(f"UPDATE rooms SET {change} WHERE id = :id", id=centre.grid.id) == constraint


def test_what_is_used_stays(centre):
    allocation(centre.session, centre.room, centre.student, "1")
    for statement, key in (
        ("DELETE FROM rooms WHERE id = :id", centre.room.id),
        ("DELETE FROM venues WHERE id = :id", centre.venue.id),
        ("DELETE FROM room_seats WHERE room_id = :id", centre.room.id),
        ("UPDATE test_sessions SET venue_id = gen_random_uuid() WHERE id = :id", centre.session.id),
    ):
        assert refused(statement, id=key).startswith("fk_"), statement
    db.session.execute(text("DELETE FROM rooms WHERE id = :id"), {"id": centre.grid.id})


def test_what_goes_with_what(centre):
    allocation(centre.session, centre.room, centre.student, "1")
    with db.session.begin_nested() as savepoint:
        db.session.execute(text("DELETE FROM test_sessions WHERE id = :id"), {"id": centre.session.id})
        assert (count("room_allocations"), count("test_registrations")) == (0, 0)
        savepoint.rollback()
    db.session.execute(text("DELETE FROM students WHERE id = :id"), {"id": centre.student})
    assert (count("room_allocations"), count("test_registrations"), count("test_sessions")) == (0, 0, 1)


def test_a_session_with_seats_stays_in_its_venue(centre):
    allocation(centre.session, centre.room, centre.student, "1")
    move = "UPDATE test_sessions SET venue_id = :venue_id WHERE id = :id"
    constraint = "fk_room_allocations_session_id_test_sessions"
    assert refused(move, id=centre.session.id, venue_id=venue().id) == constraint


def test_one_confirmed_registration(centre):
    again = "INSERT INTO test_registrations (session_id, student_id) VALUES (:session_id, :student_id)"
    keys = {"session_id": centre.session.id, "student_id": centre.student}
    assert refused(again, **keys) == "uq_test_registrations_session_id_student_id"
    cancel = "UPDATE test_registrations SET status = 'cancelled'"
    assert refused(cancel) == "ck_test_registrations_cancelled_at"
    db.session.execute(text(f"{cancel}, cancelled_at = now()"))
    db.session.execute(text(again), keys)


def test_codes_and_numbers_are_unique_among_what_is_there(centre):
    copy = "INSERT INTO venues (code, name) SELECT upper(code), 'Other' FROM venues WHERE id = :id"
    assert refused(copy, id=centre.venue.id) == "uq_venues_code"
    again = (
        "INSERT INTO rooms (venue_id, name, number, capacity) SELECT venue_id, 'x', number, 1 FROM rooms WHERE id = :id"
    )
    assert refused(again, id=centre.room.id) == "uq_rooms_venue_id_number"
    db.session.execute(text("UPDATE rooms SET deleted_at = now() WHERE id = :id"), {"id": centre.room.id})
    db.session.execute(text(again), {"id": centre.room.id})
    twice = "UPDATE test_sessions SET code = lower(:code) WHERE id = :id"
    assert refused(twice, code=centre.session.code, id=session(centre.venue).id) == "uq_test_sessions_code"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("test_number = '20260000000011'", "ck_students_test_number"),
        ("test_number = '2026000000001x'", "ck_students_test_number"),
        ("identity_number = '8001015009087'", "ck_students_identity"),
        ("identity_type = 'SA_ID', identity_number = '8001015009088'", "ck_students_identity_number"),
        ("identity_type = 'SA_ID', identity_number = 'A001015009087'", "ck_students_identity_number"),
        ("identity_type = 'PASSPORT', identity_number = 'a1'", "ck_students_identity_number"),
        ("identity_type = 'LICENCE', identity_number = 'A12345'", "ck_students_identity_type"),
    ],
)
def test_numbers_of_students_that_cannot_be(centre, change, constraint):
    assert refused(f"UPDATE students SET {change} WHERE id = :id", id=centre.student) == constraint


def test_every_student_gets_a_test_number(centre):
    """14 digits: the year, nine digits in sequence, and a check digit after Luhn."""
    from app.services.students.identity import luhn_holds

    made = [student().test_number for _number in range(12)]
    year = str(db.session.scalar(text("SELECT extract(year FROM now())::integer")))
    assert all(len(each) == 14 and each.isdigit() and each.startswith(year) and luhn_holds(each) for each in made)
    sequence = [int(each[4:13]) for each in made]
    assert sequence == list(range(sequence[0], sequence[0] + 12))
    taken = "UPDATE students SET test_number = :number WHERE id = :id"
    assert refused(taken, number=made[0], id=registered(centre.session, 1)[0]) == "uq_students_test_number"
