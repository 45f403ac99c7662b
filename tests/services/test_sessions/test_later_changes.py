"""Test sessions after what came later: sequences in which each step is allowed, and the end must be right."""

from __future__ import annotations

from datetime import date, time

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.test_sessions import TestSessionStatus as Status
from app.services.errors import Invalid
from app.services.records import merging, unmerging
from app.services.seat_notices import sending
from app.services.students import records
from app.services.test_sessions import registrations, sessions, years
from app.services.venues import rooms, venues
from tests.factories.seating import allocation, registered, session
from tests.services.test_sessions.conftest import NEXT

STATUS = text("SELECT status FROM test_sessions WHERE id = :id")
CONFIRMED = text("SELECT count(*) FROM test_registrations WHERE student_id = :id AND status = 'confirmed'")


def only(result):
    [outcome] = result.outcomes
    return outcome


def turned(centre, officer, *statuses):
    """The outcome of the last of these changes of status."""
    return [only(sessions.set_status([centre.session.id], actor=officer, status=each)) for each in statuses][-1]


def told():
    return db.session.scalars(
        text("SELECT title FROM notifications WHERE type = 'allocation_changed' ORDER BY id")
    ).all()


@pytest.fixture
def account(centre, actors):
    """The student's."""
    of = {"user": actors.student.id, "id": centre.student}
    db.session.execute(text("UPDATE students SET user_id = :user WHERE id = :id"), of)
    return actors.student


@pytest.mark.parametrize(
    ("first", "then"), [(Status.CANCELLED, Status.COMPLETED), (Status.COMPLETED, Status.CANCELLED)]
)
def test_what_was_cancelled_is_not_held_nor_what_was_held_cancelled(centre, officer, account, first, then):
    """By the action and by the form. A session that was held would be deleted as one that was cancelled."""
    allocation(centre.session, centre.room, centre.student, "1")
    assert turned(centre, officer, first).state == "ok"
    before = told()
    refused = turned(centre, officer, then)
    sentence = f"It is {first.value}: open or close it before it becomes {then.value}."
    assert str(refused.refusal) == sentence
    with pytest.raises(Invalid) as refusal, db.session.begin_nested():
        sessions.update(centre.session.id, {"status": then}, actor=officer)
    assert refusal.value.fields == {"status": [sentence]}
    assert db.session.scalar(STATUS, {"id": centre.session.id}) == first.value
    assert told() == before


def test_by_way_of_open_it_is(centre, officer, account):
    """And who is registered hears of each."""
    for status in (Status.CANCELLED, Status.OPEN, Status.COMPLETED, Status.CLOSED, Status.CANCELLED):
        assert turned(centre, officer, status).state == "ok"
    code = centre.session.code
    assert [title.replace(code, "It") for title in told()] == ["It does not take place"]  # one transaction tells once


def test_what_was_held_comes_back_only_where_its_venue_can_be_had(centre, officer):
    turned(centre, officer, Status.COMPLETED)
    day = {"venue_id": centre.venue.id, "date": centre.session.session_date, "available": False, "reason": "Roof"}
    venues.create_day(day, actor=officer)
    for status in (Status.OPEN, Status.CLOSED):
        assert str(turned(centre, officer, status).refusal) == "The venue cannot be had on this day: Roof."


@pytest.mark.parametrize("by", ["action", "form"])
def test_what_was_held_comes_back_without_whom_was_deleted_meanwhile(centre, officer, actors, by):
    """While it counted as held, the registration stayed on record."""
    stays = registered(centre.session, 1)[0]
    for place, student in (("1", centre.student), ("2", stays)):
        allocation(centre.session, centre.room, student, place)
    turned(centre, officer, Status.COMPLETED)
    records.delete([centre.student], actor=actors.admin)
    assert db.session.scalar(CONFIRMED, {"id": centre.student}) == 1
    if by == "action":
        turned(centre, officer, Status.OPEN)
    else:
        sessions.update(centre.session.id, {"status": Status.OPEN}, actor=officer)
    assert db.session.scalar(CONFIRMED, {"id": centre.student}) == 0
    assert db.session.scalar(CONFIRMED, {"id": stays}) == 1
    assert db.session.scalars(text("SELECT student_id FROM room_allocations")).all() == [stays]


@pytest.mark.parametrize(
    "change", [{"session_date": date(NEXT, 7, 1)}, {"start_time": time(8)}, {"end_time": time(13)}]
)
def test_when_it_was_held_stays_on_record(centre, officer, change):
    turned(centre, officer, Status.COMPLETED)
    with pytest.raises(Invalid) as refusal, db.session.begin_nested():
        sessions.update(centre.session.id, change, actor=officer)
    assert refusal.value.fields == {name: ["It was held: what it was stays on record."] for name in change}
    assert sessions.update(centre.session.id, {"notes": "A fire alarm"}, actor=officer).notes == "A fire alarm"


@pytest.mark.parametrize("change", ["cancel", "move"])
def test_who_is_registered_and_has_no_seat_yet_is_told_too(centre, officer, account, change):
    if change == "cancel":
        turned(centre, officer, Status.CANCELLED)
    else:
        sessions.update(centre.session.id, {"start_time": time(8)}, actor=officer)
    [title] = told()
    assert centre.session.code in title


@pytest.fixture
def afternoon(centre, officer):
    """Another session of that day, for which the same student is registered."""
    years.create({"year": NEXT, "opens_on": date(NEXT - 1, 1, 1), "most_bookings": 5, "most_tests": 5}, actor=officer)
    made = session(centre.venue, session_date=centre.session.session_date, start_time=time(14), end_time=time(16))
    registrations.register({"session_id": made.id, "student_id": centre.student}, actor=officer)
    return made


def test_of_two_that_overlap_by_now_a_student_who_comes_back_has_one(centre, officer, actors, afternoon):
    records.delete([centre.student], actor=actors.admin)
    sessions.update(afternoon.id, {"start_time": time(10), "end_time": time(11)}, actor=officer)
    assert only(records.restore([centre.student], actor=actors.admin)).state == "ok"
    assert db.session.scalar(CONFIRMED, {"id": centre.student}) == 1


def test_nor_has_two_who_was_merged_and_is_no_more(centre, officer, actors, afternoon):
    """Their booking of the morning gave way to that of the student who stayed, and the afternoon's was moved."""
    kept = registered(centre.session, 1)[0]
    turned(centre, officer, Status.CLOSED)
    merged = merging.merge([centre.student], actor=actors.admin, into_id=kept)
    turned(centre, officer, Status.OPEN)
    theirs = text(
        "SELECT id FROM test_registrations WHERE session_id = :at AND student_id = :id AND status = 'confirmed'"
    )
    key = db.session.scalar(theirs, {"at": centre.session.id, "id": kept})
    assert only(registrations.cancel([key], actor=officer)).state == "ok"
    sessions.update(afternoon.id, {"start_time": time(10), "end_time": time(11)}, actor=officer)
    unmerging.undo(merged.batch_id, actor=actors.admin)
    assert db.session.scalar(CONFIRMED, {"id": centre.student}) == 1
    assert db.session.scalar(theirs, {"at": afternoon.id, "id": centre.student}) is not None


@pytest.mark.parametrize("page", ["rooms", "test-sessions"])
def test_a_form_names_the_venue_also_when_that_is_out_of_use(centre, officer, client_of, page):
    """Or saving it without a change would be refused."""
    venues.update(centre.venue.id, {"status": "inactive"}, actor=officer)
    key = centre.room.id if page == "rooms" else centre.session.id
    reader = client_of("exam_officer")
    assert centre.venue.name in reader.get(f"/{page}/{key}/edit").text
    assert centre.venue.name not in reader.get("/lookups/venues?q=Town").text


@pytest.mark.parametrize("what", ["end", "address", "number"])
def test_letters_go_again_when_what_they_say_is_true_no_more(centre, officer, what):
    db.session.execute(text("UPDATE students SET email = 'x@example.org' WHERE id = :id"), {"id": centre.student})
    allocation(centre.session, centre.room, centre.student, "1")
    assert [only(sending.send([centre.session.id], actor=officer)).state for _n in range(2)] == ["ok", "unchanged"]
    if what == "end":
        sessions.update(centre.session.id, {"end_time": time(16)}, actor=officer)
    elif what == "address":
        venues.update(centre.venue.id, {"address": "7 Elsewhere"}, actor=officer)
    else:
        rooms.update(centre.room.id, {"number": "999"}, actor=officer)
    assert [only(sending.send([centre.session.id], actor=officer)).state for _n in range(2)] == ["ok", "unchanged"]


def test_what_was_held_comes_back_only_where_nobody_has_another_then(centre, officer, actors):
    """While it counted as held, who was registered was merged with somebody who has a test at its time."""
    other = session(centre.venue, session_date=centre.session.session_date, start_time=time(10), end_time=time(11))
    twin = registered(other, 1)[0]
    turned(centre, officer, Status.COMPLETED)
    merging.merge([centre.student], actor=actors.admin, into_id=twin)
    assert "has another session at this time" in str(turned(centre, officer, Status.OPEN).refusal)
    with pytest.raises(Invalid) as refusal, db.session.begin_nested():
        sessions.update(centre.session.id, {"status": Status.OPEN}, actor=officer)
    assert "has another session at this time" in refusal.value.fields["session_date"][0]


AN_HOUR_AGO = text("UPDATE students SET deleted_at = deleted_at - interval '1 hour' WHERE deleted_at IS NOT NULL")


def test_who_was_dropped_when_it_came_back_has_their_booking_again_when_they_are_restored(centre, officer, actors):
    turned(centre, officer, Status.COMPLETED)
    records.delete([centre.student], actor=actors.admin)
    db.session.execute(AN_HOUR_AGO)
    db.session.commit()
    turned(centre, officer, Status.OPEN)
    assert db.session.scalar(CONFIRMED, {"id": centre.student}) == 0
    restored = only(records.restore([centre.student], actor=actors.admin))
    assert str(restored.message).startswith("1 registration for a test is confirmed again")
    assert db.session.scalar(CONFIRMED, {"id": centre.student}) == 1


def test_nor_is_it_lost_by_a_merge_that_is_taken_back(centre, officer, actors):
    kept = registered(centre.session, 1)[0]
    turned(centre, officer, Status.COMPLETED)
    merged = merging.merge([centre.student], actor=actors.admin, into_id=kept)
    db.session.execute(AN_HOUR_AGO)
    db.session.commit()
    turned(centre, officer, Status.OPEN)
    unmerging.undo(merged.batch_id, actor=actors.admin)
    assert [db.session.scalar(CONFIRMED, {"id": each}) for each in (centre.student, kept)] == [1, 1]


def test_of_two_that_were_held_at_once_one_may_be_opened_again_and_none_is_moved_there(centre, officer, actors):
    """Whoever was merged was at both, and that cannot be mended while they stand as held."""
    other = session(centre.venue, session_date=centre.session.session_date, start_time=time(10), end_time=time(11))
    twin = registered(other, 1)[0]
    sessions.set_status([other.id], actor=officer, status=Status.COMPLETED)
    turned(centre, officer, Status.COMPLETED)
    merging.merge([centre.student], actor=actors.admin, into_id=twin)
    assert turned(centre, officer, Status.OPEN).state == "ok"
    with pytest.raises(Invalid) as refusal, db.session.begin_nested():
        sessions.update(centre.session.id, {"end_time": time(11)}, actor=officer)
    assert "has another session at this time" in refusal.value.fields["session_date"][0]
