"""Requests to move a class."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask_babel import force_locale

from app.extensions import db
from app.models.classroom import Attendance, AttendanceStatus, RequestStatus
from app.models.courses import ClassroomSlot, Course, TimeSlot
from app.services.classroom import marking, moving, requests
from app.services.classroom.places import PlaceRefused
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.services.notifications import texts
from tests.factories.classroom import School, classes, count, day_after, notices, to_today


@pytest.fixture
def place(actors):
    return School(actors.admin)


@pytest.fixture
def row(place):
    return classes(place.admit([place.tuesday], account="student").id)[0]


@pytest.fixture
def wish(place, row):
    return {
        "attendance_id": row.id,
        "requested_slot_id": place.friday.id,
        "requested_date": day_after(4),
        "reason": "Exam",
    }


def state(result) -> str:
    [outcome] = result.outcomes
    return outcome.state


def test_a_student_asks_and_an_admin_approves(actors, place, row, wish):
    made = requests.request(wish, actor=actors.student)
    assert {each.username for each in notices("reschedule_requested")} == {"admin", "admin2", "super_admin", "teacher"}
    assert requests.request(wish, actor=actors.student).id == made.id
    assert state(requests.approve([made.id], actor=actors.admin)) == "ok"
    db.session.refresh(row)
    assert (row.classroom_slot_id, row.class_date) == (place.friday.id, wish["requested_date"])
    assert {each.username for each in notices("reschedule_result")} == {"student", "teacher"}
    assert state(requests.approve([made.id], actor=actors.admin2)) == "unchanged"
    db.session.refresh(row)
    assert row.revision == 1
    assert state(requests.reject([made.id], actor=actors.admin, note="No")) == "refused"


def test_who_may_ask(actors, row, wish):
    with pytest.raises(Invalid):
        requests.request(wish, actor=actors.teacher2)
    assert requests.request(wish, actor=actors.teacher).status is RequestStatus.PENDING
    other = {**wish, "requested_date": wish["requested_date"] + timedelta(days=7)}
    with pytest.raises(Conflict):
        requests.request(other, actor=actors.student)
    assert count("SELECT count(*) FROM reschedule_requests") == 1


def test_what_cannot_be_is_not_asked_for(actors, row, wish):
    with pytest.raises(PlaceRefused):
        requests.request({**wish, "requested_date": wish["requested_date"] + timedelta(days=1)}, actor=actors.student)
    assert notices("reschedule_requested") == []


def test_only_admins_decide(actors, row, wish):
    made = requests.request(wish, actor=actors.student)
    for actor in (actors.staff, actors.teacher, actors.student):
        [outcome] = requests.approve([made.id], actor=actor).outcomes
        assert isinstance(outcome.refusal, NotAllowed)
    [outcome] = requests.reject([made.id], actor=actors.teacher2, note="No").outcomes
    assert isinstance(outcome.refusal, NotFound)


def test_rejected_with_a_reason(actors, row, wish):
    made = requests.request(wish, actor=actors.teacher)
    assert state(requests.reject([made.id], actor=actors.admin, note="The room is painted.")) == "ok"
    assert {each.username: "painted" in each.body for each in notices("reschedule_result")} == {
        "student": True,
        "teacher": True,
    }
    assert state(requests.reject([made.id], actor=actors.admin, note="Again")) == "unchanged"
    db.session.refresh(made)
    assert made.decision_note == "The room is painted."
    requests.request(wish, actor=actors.student)  # one may ask again


def test_withdrawn_by_who_asked(actors, row, wish):
    made = requests.request(wish, actor=actors.teacher)
    [outcome] = requests.withdraw([made.id], actor=actors.staff).outcomes
    assert isinstance(outcome.refusal, NotAllowed)
    assert state(requests.withdraw([made.id], actor=actors.student)) == "ok"
    assert state(requests.withdraw([made.id], actor=actors.student)) == "unchanged"
    [outcome] = requests.approve([made.id], actor=actors.admin).outcomes
    assert isinstance(outcome.refusal, WrongState)


def test_a_class_that_was_moved_or_marked_meanwhile(actors, place, row, wish):
    """The request is void: it is withdrawn, and another can be made."""
    made = requests.request(wish, actor=actors.student)
    later = wish["requested_date"] + timedelta(days=7)
    moving.move([row.id], actor=actors.admin, classroom_slot_id=place.friday.id, class_date=later)
    [outcome] = requests.approve([made.id], actor=actors.admin).outcomes
    assert isinstance(outcome.refusal, WrongState)
    assert "withdrawn" in str(outcome.refusal)
    again = requests.request(wish, actor=actors.student)
    assert requests.approve([again.id], actor=actors.admin).count("ok") == 1
    second = classes(row.admission_id)[1]
    third = requests.request({**wish, "attendance_id": second.id, "requested_date": later}, actor=actors.student)
    marked = to_today(db.session.get_one(Attendance, second.id))
    marking.mark([marked.id], actor=actors.teacher, status=AttendanceStatus.PRESENT)
    db.session.refresh(third)
    assert third.status is RequestStatus.WITHDRAWN


def test_two_requests_for_one_place(actors):
    place = School(actors.admin, capacity=1)
    thursday = place.friday
    wishes = []
    for slot in (place.tuesday,):
        row = classes(place.admit([slot]).id)[0]
        wishes.append({"attendance_id": row.id, "requested_slot_id": thursday.id, "requested_date": day_after(4)})
    other = classes(place.admit([place.friday], starts_on=day_after(4) + timedelta(days=1)).id)[0]
    with pytest.raises(PlaceRefused):
        requests.request(wishes[0], actor=actors.admin)
    assert other.class_date > day_after(4)


def test_a_notice_is_read_in_the_language_of_its_reader(actors, row, wish):
    """Whoever asks, in whatever language: the reader's own says it, with the day as their language writes it."""
    with force_locale("ar"):
        requests.request(wish, actor=actors.student)
    told = notices("reschedule_requested")[0]
    assert told.title.endswith(f"asks to move a class: {row_course(row)}")
    with force_locale("en"):
        assert texts.said(told)[0] == told.title
        assert f" at {wish_time(wish)}" in texts.said(told)[1]
    with force_locale("ar"):
        title, body = texts.said(told)
    assert "asks" not in title and "From" not in body


def row_course(row) -> str:
    at = db.session.get_one(ClassroomSlot, row.classroom_slot_id)
    return db.session.get_one(Course, at.course_id).name


def wish_time(wish) -> str:
    at = db.session.get_one(ClassroomSlot, wish["requested_slot_id"])
    return f"{db.session.get_one(TimeSlot, at.time_slot_id).start_time:%H:%M}"
