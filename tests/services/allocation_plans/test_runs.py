"""Allocating everyone, undoing it, and repairing a session, in the tables."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.extensions import db
from app.models.test_sessions import AllocationRun, AllocationRunStatus, RoomAllocation, TestSession, TestSessionStatus
from app.models.venues import RoomStatus
from app.services.allocation_plans import rules, runs
from app.services.allocation_plans.explaining import SeatsShortError
from app.services.allocation_plans.schemas import SeatOrder
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.services.students import STUDENTS
from app.services.test_sessions import sessions
from app.services.transaction import rehearse
from app.services.venues import rooms
from tests.factories.seating import allocation, cancel, registered, room, session, venue
from tests.factories.students import student

TABLES = ("room_allocations", "test_registrations", "rooms", "test_sessions")


def tables():
    """All rows as they are."""
    return {name: sorted(map(str, db.session.execute(text(f"SELECT * FROM {name}")).all())) for name in TABLES}


def seats(of):
    statement = select(RoomAllocation).where(RoomAllocation.session_id == of.id)
    return {
        each.student_id: (each.room_id, each.seat_number)
        for each in db.session.scalars(statement.execution_options(populate_existing=True))
    }


def only(result):
    (outcome,) = result.outcomes
    return outcome


def newest(of):
    """The run that the button would undo."""
    return rules.run_to_undo(db.session.get(TestSession, of.id, populate_existing=True))["run_id"]


def undone(hall, actors):
    run_id = newest(hall.session)
    return only(runs.undo_allocation([hall.session.id], actor=actors.admin, run_id=run_id))


@pytest.fixture
def hall(db_session):
    """Rooms with 5, 3 and 3 seats, the last one accessible."""
    made = venue()
    made.rooms = [room(made, 5), room(made, 3), room(made, 3, accessible=True)]
    made.session = session(made)
    return made


def test_everybody_gets_a_seat_in_the_fewest_rooms(hall, actors):
    students = registered(hall.session, 6)
    outcome = only(runs.allocate_everyone([hall.session.id], actor=actors.admin))
    assert outcome.state == "ok"
    assert "6 students into 2 rooms. 0 seats stay empty" in outcome.message
    assert "Proved to be the best plan." in outcome.message
    assert set(seats(hall.session)) == set(students)
    assert {room_id for room_id, _seat in seats(hall.session).values()} == {each.id for each in hall.rooms[1:]}


def test_seats_are_numbered_in_order(hall, actors):
    ids = [student(last_name=name, first_name="A").id for name in ("Zorn", "abel", "Meyer")]
    for each in ids:
        db.session.execute(
            text("INSERT INTO test_registrations (session_id, student_id) VALUES (:s, :id)"),
            {"s": hall.session.id, "id": each},
        )
    runs.allocate_everyone([hall.session.id], actor=actors.admin)
    found = seats(hall.session)
    assert [found[each][1] for each in ids] == ["3", "1", "2"]
    undone(hall, actors)
    runs.allocate_everyone([hall.session.id], actor=actors.admin, order=SeatOrder.NUMBER)
    found = seats(hall.session)
    assert [found[each][1] for each in ids] == ["1", "2", "3"]


def test_seats_follow_the_grid(db_session, actors):
    made = venue()
    grid = room(made, 3, grid_rows=2, grid_columns=2, blocked_seats=["A2"])
    of = session(made)
    registered(of, 3)
    runs.allocate_everyone([of.id], actor=actors.admin)
    assert sorted(seats(of).values()) == [(grid.id, "A1"), (grid.id, "B1"), (grid.id, "B2")]


def test_who_needs_an_accessible_room_gets_one_and_schools_are_kept_apart(hall, actors):
    needing = registered(hall.session, 2, needs=True, school="North")
    registered(hall.session, 1, school="North")
    registered(hall.session, 4, school="South")
    outcome = only(runs.allocate_everyone([hall.session.id], actor=actors.admin, keep_apart=True))
    assert "pairs of one school share a room" in outcome.message
    assert {seats(hall.session)[each][0] for each in needing} == {hall.rooms[2].id}


def test_it_can_be_repeated_and_those_with_a_seat_stay(hall, actors):
    registered(hall.session, 4)
    runs.allocate_everyone([hall.session.id], actor=actors.admin)
    before = tables()
    assert only(runs.allocate_everyone([hall.session.id], actor=actors.admin)).state == "unchanged"
    assert tables() == before
    first = seats(hall.session)
    late = registered(hall.session, 3)
    runs.allocate_everyone([hall.session.id], actor=actors.admin)
    found = seats(hall.session)
    assert {key: found[key] for key in first} == first
    assert set(late) <= set(found)


def test_a_shortage_is_named_and_nothing_is_written(hall, actors):
    registered(hall.session, 4, needs=True)
    before = tables()
    refusal = only(runs.allocate_everyone([hall.session.id], actor=actors.admin)).refusal
    assert isinstance(refusal, SeatsShortError)
    assert str(refusal) == "4 students need an accessible seat; 3 are free in this venue."
    assert refusal.details()["shortages"] == [{"accessible": True, "needed": 4, "free": 3}]
    assert tables() == before
    assert db.session.scalars(select(AllocationRun)).all() == []


def test_rooms_out_of_use_are_not_counted(hall, actors):
    registered(hall.session, 6)
    hall.rooms[0].status = RoomStatus.UNDER_MAINTENANCE
    hall.rooms[1].deleted_at = text("now()")
    db.session.commit()
    refusal = only(runs.allocate_everyone([hall.session.id], actor=actors.admin)).refusal
    assert str(refusal) == "6 students need a seat; 3 are free in this venue."


@pytest.mark.parametrize("action", [runs.allocate_everyone, runs.repair_allocation])
def test_a_session_that_is_over_stays_as_it_is(hall, actors, action):
    registered(hall.session, 1)
    hall.session.status = TestSessionStatus.COMPLETED
    db.session.commit()
    assert isinstance(only(action([hall.session.id], actor=actors.admin)).refusal, WrongState)
    assert seats(hall.session) == {}


def test_a_room_in_which_another_session_is_held_is_not_used(hall, actors):
    other = session(hall)
    registered(other, 8)
    runs.allocate_everyone([other.id], actor=actors.admin)
    registered(hall.session, 4)
    refusal = only(runs.allocate_everyone([hall.session.id], actor=actors.admin)).refusal
    assert str(refusal) == "4 students need a seat; 3 are free in this venue."


def test_only_exam_officers_and_admins_may(hall, actors):
    with pytest.raises(NotAllowed):
        runs.allocate_everyone([hall.session.id], actor=actors.staff)
    runs.allocate_everyone([hall.session.id], actor=actors.exam_officer)


def test_an_unknown_session_and_run(db_session, actors, hall):
    assert isinstance(only(runs.allocate_everyone([hall.id], actor=actors.admin)).refusal, NotFound)
    with pytest.raises(NotFound):
        runs.undo(hall.id, actor=actors.admin)


def test_a_preview_writes_nothing(hall, actors):
    registered(hall.session, 5)
    before = tables()
    outcome = only(rehearse(runs.allocate_everyone, [hall.session.id], actor=actors.admin))
    assert outcome.message.startswith("5 students into 1 room. 0 seats stay empty")
    assert tables() == before
    assert only(runs.allocate_everyone([hall.session.id], actor=actors.admin)).message == outcome.message


def test_undo_leaves_the_tables_as_they_were(hall, actors):
    registered(hall.session, 4)
    by_hand = registered(hall.session, 1)[0]
    allocation(hall.session, hall.rooms[1], by_hand, "2")
    before = tables()
    result = runs.allocate_everyone([hall.session.id], actor=actors.admin)
    outcome = only(runs.undo(result.batch_id, actor=actors.admin))
    assert (outcome.state, outcome.message) == ("ok", "4 students: undone.")
    assert tables() == before
    assert undone(hall, actors).state == "unchanged"
    with pytest.raises(WrongState):
        runs.undo(result.batch_id, actor=actors.admin)


def test_only_the_last_run_is_undone(hall, actors):
    registered(hall.session, 2)
    first = runs.allocate_everyone([hall.session.id], actor=actors.admin).batch_id
    registered(hall.session, 1)
    runs.allocate_everyone([hall.session.id], actor=actors.admin)
    with pytest.raises(WrongState):
        runs.undo(first, actor=actors.admin)
    undone(hall, actors)
    assert len(seats(hall.session)) == 2
    undone(hall, actors)
    assert seats(hall.session) == {}


def test_undoing_twice_leaves_the_run_before(hall, actors):
    """The second click, or the second officer, has seen the same run."""
    registered(hall.session, 3)
    first = runs.allocate_everyone([hall.session.id], actor=actors.admin).batch_id
    there = seats(hall.session)
    registered(hall.session, 1)
    last = runs.allocate_everyone([hall.session.id], actor=actors.admin).batch_id
    for who, state in ((actors.admin, "ok"), (actors.admin, "unchanged"), (actors.exam_officer, "unchanged")):
        assert only(runs.undo_allocation([hall.session.id], actor=who, run_id=last)).state == state
        assert seats(hall.session) == there
    registered(hall.session, 1)
    runs.allocate_everyone([hall.session.id], actor=actors.admin)
    refusal = only(runs.undo_allocation([hall.session.id], actor=actors.admin, run_id=first)).refusal
    assert isinstance(refusal, WrongState)
    assert "Only the last allocation" in str(refusal)
    assert len(seats(hall.session)) == 5


def test_the_run_of_another_session_is_not_undone(hall, actors):
    other = session(hall)
    registered(other, 1)
    run_id = runs.allocate_everyone([other.id], actor=actors.admin).batch_id
    refusal = only(runs.undo_allocation([hall.session.id], actor=actors.admin, run_id=run_id)).refusal
    assert isinstance(refusal, Invalid)
    assert list(refusal.fields) == ["run_id"]
    assert len(seats(other)) == 1


def test_a_lost_room_is_repaired_with_the_fewest_moves_and_undone(hall, actors):
    students = registered(hall.session, 7)
    for number, each in enumerate(students[:4]):
        allocation(hall.session, hall.rooms[0], each, str(number + 1))
    for number, each in enumerate(students[4:6]):
        allocation(hall.session, hall.rooms[1], each, str(number + 1), notes="front row")
    hall.rooms[1].status = RoomStatus.UNAVAILABLE
    db.session.commit()
    before, there = tables(), seats(hall.session)
    outcome = only(runs.repair_allocation([hall.session.id], actor=actors.admin))
    assert "2 students move:" in outcome.message
    found = seats(hall.session)
    assert {key for key in there if found[key] != there[key]} == set(students[4:6])
    assert found[students[6]][0] in {hall.rooms[0].id, hall.rooms[2].id}  # who came late
    assert {room_id for room_id, _seat in found.values()} == {hall.rooms[0].id, hall.rooms[2].id}
    assert only(runs.repair_allocation([hall.session.id], actor=actors.admin)).state == "unchanged"
    undone(hall, actors)
    assert tables() == before


def test_someone_makes_room_for_a_late_student_with_needs(hall, actors):
    students = registered(hall.session, 3)
    for number, each in enumerate(students):
        allocation(hall.session, hall.rooms[2], each, str(number + 1))
    late = registered(hall.session, 1, needs=True)[0]
    refusal = only(runs.allocate_everyone([hall.session.id], actor=actors.admin)).refusal
    assert "1 student needs an accessible seat; 0 are free in this venue." in str(refusal)
    assert "“Repair” makes room" in str(refusal)
    there = seats(hall.session)
    runs.repair_allocation([hall.session.id], actor=actors.admin)
    found = seats(hall.session)
    assert found[late] == (hall.rooms[2].id, "3")
    assert {key for key in there if found[key] != there[key]} == {students[2]}


def test_a_repair_frees_the_seats_of_who_is_not_registered_any_more(hall, actors):
    gone, stays = registered(hall.session, 2)
    runs.allocate_everyone([hall.session.id], actor=actors.admin)
    cancel(hall.session.id, gone)
    before = tables()
    outcome = only(runs.repair_allocation([hall.session.id], actor=actors.admin))
    assert outcome.message == "1 seat is freed: the student is no longer registered."
    assert set(seats(hall.session)) == {stays}
    undone(hall, actors)
    assert tables() == before


@pytest.mark.parametrize("way", ["erased", "deleted"])
def test_undoing_a_repair_seats_nobody_who_is_gone(hall, actors, way):
    gone, there, stays = registered(hall.session, 3)
    runs.allocate_everyone([hall.session.id], actor=actors.admin)
    for each in (gone, there):
        cancel(hall.session.id, each)
    runs.repair_allocation([hall.session.id], actor=actors.admin)
    if way == "erased":
        STUDENTS.action_by_name["erase"].run([gone], actor=actors.admin, reason="asked")
    else:
        STUDENTS.delete([gone], actor=actors.admin)
    outcome = undone(hall, actors)
    assert (outcome.state, set(seats(hall.session))) == ("ok", {there, stays})
    assert outcome.message == "0 students: undone. 1 former seat stays free: the student was deleted since."
    assert undone(hall, actors).state == "ok", "the run before, which seated all of them"
    assert seats(hall.session) == {}


def test_the_seat_of_who_is_gone_stops_no_undoing(hall, actors):
    """Somebody else has it since."""
    gone, _stays = registered(hall.session, 2)
    runs.allocate_everyone([hall.session.id], actor=actors.admin)
    room_id, seat = seats(hall.session)[gone]
    cancel(hall.session.id, gone)
    runs.repair_allocation([hall.session.id], actor=actors.admin)
    STUDENTS.action_by_name["erase"].run([gone], actor=actors.admin, reason="asked")
    [late] = registered(hall.session, 1)
    allocation(hall.session, next(each for each in hall.rooms if each.id == room_id), late, seat)
    assert undone(hall, actors).state == "ok"
    assert seats(hall.session)[late] == (room_id, seat)


def test_a_repair_is_not_undone_over_the_seat_of_somebody_else(hall, actors):
    student_id, other = registered(hall.session, 2)
    allocation(hall.session, hall.rooms[1], student_id, "1")
    hall.rooms[1].status = RoomStatus.UNAVAILABLE
    db.session.commit()
    runs.repair_allocation([hall.session.id], actor=actors.admin)
    run = db.session.scalars(select(AllocationRun)).one()
    moved = seats(hall.session)
    db.session.execute(text("DELETE FROM room_allocations WHERE student_id = :id"), {"id": other})
    allocation(hall.session, hall.rooms[1], other, "1")
    with pytest.raises(Conflict):
        runs.undo(run.id, actor=actors.admin)
    assert seats(hall.session)[student_id] == moved[student_id]
    assert run.status is AllocationRunStatus.APPLIED


@pytest.fixture
def moved(hall, actors):
    """Somebody whom a repair has moved out of a room that can be used again."""
    student_id = registered(hall.session, 1)[0]
    allocation(hall.session, hall.rooms[1], student_id, "1")
    rooms.update(hall.rooms[1].id, {"status": RoomStatus.UNAVAILABLE}, actor=actors.admin)
    runs.repair_allocation([hall.session.id], actor=actors.admin)
    rooms.update(hall.rooms[1].id, {"status": RoomStatus.AVAILABLE}, actor=actors.admin)
    return seats(hall.session)


def test_a_repair_is_not_undone_into_a_room_that_another_session_has(hall, moved, actors):
    other = session(hall)
    allocation(other, hall.rooms[1], registered(other, 1)[0], "2")
    assert isinstance(undone(hall, actors).refusal, Conflict)
    assert seats(hall.session) == moved
    later = {"start_time": time(13), "end_time": time(15)}
    sessions.update(other.id, later, actor=actors.admin)
    assert undone(hall, actors).state == "ok", "the room is free then"
    assert undone(hall, actors).state == "unchanged"


def test_a_repair_is_not_undone_into_a_room_that_is_deleted(hall, moved, actors):
    assert rooms.delete([hall.rooms[1].id], actor=actors.admin).count("ok") == 1
    assert isinstance(undone(hall, actors).refusal, Conflict)
    assert seats(hall.session) == moved
    rooms.restore([hall.rooms[1].id], actor=actors.admin)
    assert undone(hall, actors).state == "ok"


def test_students_with_an_account_are_told_once(hall, actors):
    told = registered(hall.session, 2)[0]
    account = actors.student.id
    db.session.execute(text("UPDATE students SET user_id = :user WHERE id = :id"), {"user": account, "id": told})
    db.session.commit()
    runs.allocate_everyone([hall.session.id], actor=actors.admin)
    undone(hall, actors)
    titles = db.session.scalars(text("SELECT title FROM notifications WHERE type = 'allocation_changed'")).all()
    assert len(titles) == 1  # this test is one transaction
    assert titles[0].startswith(f"Your seat in {hall.session.code}: room")


GROUPS = st.tuples(st.booleans(), st.sampled_from([None, "A", "B"]), st.integers(1, 3))


@given(
    rooms=st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=4),
    groups=st.lists(GROUPS, max_size=3),
    apart=st.booleans(),
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_planned_is_what_is_written(db_session, actors, rooms, groups, apart):
    """Every registration has one seat of a room that suits, as many rooms as the plan says; undone, nothing is left."""
    made = venue()
    places = [room(made, capacity, accessible=accessible) for capacity, accessible in rooms]
    of = session(made)
    for needs, school, count in groups:
        registered(of, count, needs=needs, school=school)
    before = tables()
    result = runs.allocate_everyone([of.id], actor=actors.admin, keep_apart=apart)
    total = sum(count for _needs, _school, count in groups)
    needing = sum(count for needs, _school, count in groups if needs)
    open_to_all = sum(each.capacity for each in places)
    accessible = sum(each.capacity for each in places if each.accessible)
    if total > open_to_all or needing > accessible:
        assert isinstance(only(result).refusal, SeatsShortError)
        assert tables() == before
        return
    assert only(result).state == ("ok" if total else "unchanged")
    assert len(seats(of)) == total
    wrong = "SELECT count(*) FROM room_allocations a JOIN students s ON s.id = a.student_id JOIN rooms r ON r.id = a.room_id"
    where = " WHERE a.session_id = :id AND s.needs_accessible_room AND NOT r.accessible"
    assert db.session.scalar(text(wrong + where), {"id": of.id}) == 0
    if total:
        run = db.session.get(AllocationRun, result.batch_id)
        assert run.summary["rooms"]["value"] == len({room_id for room_id, _seat in seats(of).values()})
        runs.undo(result.batch_id, actor=actors.admin)
    assert tables() == before
