"""Classroom slots: who is where at the same time, and what those who have a place in one prevent."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.admissions import WaitlistEntry
from app.models.classroom import Attendance
from app.models.courses import ClassroomSlot
from app.services import lookups
from app.services.admissions import actions, waitlist
from app.services.classroom import moving
from app.services.courses import COURSES, SLOTS, TIMES, slots
from app.services.errors import Conflict, Invalid, NotFound, WrongState
from tests.factories import courses
from tests.factories.admissions import admission
from tests.factories.classroom import School, classes, day_after
from tests.factories.students import student

TUESDAY, WEDNESDAY, FRIDAY = 1, 2, 4


def values(course, teacher, start="16:00", **more):
    return {
        "course_id": course.id,
        "teacher_id": teacher.id,
        "time_slot_id": courses.time_slot(WEDNESDAY, start, more.pop("end", None)).id,
        "capacity": 8,
    } | more


@pytest.fixture
def course(db_session, actors):
    return courses.course([actors.teacher, actors.teacher2])


def make(course, actors, teacher=None, **more):
    return slots.create(values(course, teacher or actors.teacher, **more), actor=actors.admin)


def refused_at(field, refusal, do):
    with pytest.raises(refusal) as refused:
        do()
    assert list(refused.value.fields) == [field]
    return str(next(iter(refused.value.fields.values()))[0])


def test_a_slot_is_titled_by_its_time(course, actors):
    assert SLOTS.title(make(course, actors, room="Room 2")) == "Wednesday 16:00, Room 2"


@pytest.mark.parametrize(("start", "end"), [("16:00", None), ("16:30", "17:30"), ("15:45", "16:01")])
def test_a_teacher_is_in_one_place_at_a_time(course, actors, start, end):
    make(course, actors)
    other = courses.course([actors.teacher])
    refused_at("teacher_id", Conflict, lambda: make(other, actors, start=start, end=end))


def test_of_several_that_return_only_the_one_that_overlaps_is_refused(course, actors):
    gone = [make(course, actors), make(course, actors, start="18:00")]
    ids = [each.id for each in gone]
    SLOTS.delete(ids, actor=actors.admin)
    make(course, actors)
    for expected in (["refused", "ok"], ["refused", "refused"]):  # the second time it is no deleted one any more
        outcomes = SLOTS.restore(ids, actor=actors.admin).outcomes
        assert [each.state for each in outcomes] == expected
        assert isinstance(outcomes[0].refusal, Conflict)
        assert outcomes[0].title.endswith("Wednesday 16:00")


def test_one_class_may_follow_another_at_once(course, actors):
    make(course, actors)
    make(course, actors, start="17:00")
    make(course, actors, start="15:00")


def test_a_room_holds_one_class_at_a_time(course, actors):
    make(course, actors, room="Room 2")
    refused_at("room", Conflict, lambda: make(course, actors, actors.teacher2, room="ROOM 2"))
    make(course, actors, actors.teacher2, room="Room 3")


def test_what_is_out_of_use_is_in_nobodys_way(course, actors):
    first = make(course, actors, active=False)
    make(courses.course([actors.teacher]), actors)
    (refused,) = SLOTS.action_by_name["activate"].run([first.id], actor=actors.admin).outcomes
    assert isinstance(refused.refusal, Conflict)
    db.session.refresh(first)
    assert not first.active


def test_the_same_slot_twice(course, actors):
    make(course, actors, active=False)
    refused_at("time_slot_id", Conflict, lambda: make(course, actors, active=False))


def test_only_a_teacher_of_the_course(db_session, actors):
    other = courses.course([actors.teacher2])
    assert "does not teach" in refused_at("teacher_id", Invalid, lambda: make(other, actors))
    refused_at("teacher_id", Invalid, lambda: make(other, actors, actors.staff))


@pytest.mark.parametrize(("more", "field"), [({"capacity": 0}, "capacity"), ({"room": " "}, "room")])
def test_a_refused_slot_says_why(course, actors, more, field):
    refused_at(field, Invalid, lambda: make(course, actors, **more))


def taken(course, actors, capacity=8):
    both = [courses.slot(course, actors.teacher, day, "16:00", capacity=capacity) for day in (TUESDAY, FRIDAY)]
    return both, admission(both, actor=actors.admin)


def test_a_slot_with_students_stays_and_says_how_many(course, actors):
    both, made = taken(course, actors)
    for refused in (
        SLOTS.delete([both[0].id], actor=actors.admin),
        SLOTS.action_by_name["deactivate"].run([both[0].id], actor=actors.admin),
    ):
        assert isinstance(refused.outcomes[0].refusal, WrongState)
        assert str(refused.outcomes[0].refusal).startswith("1 ")
    refused_at("active", Invalid, lambda: slots.update(both[0].id, {"active": False}, actor=actors.admin))
    actions.cancel([made.id], actor=actors.admin)
    assert SLOTS.delete([both[0].id], actor=actors.admin).count("ok") == 1
    assert SLOTS.restore([both[0].id], actor=actors.admin).count("ok") == 1


def test_places_are_never_fewer_than_are_taken(course, actors):
    both, _made = taken(course, actors)
    admission(both, actor=actors.admin)
    refused_at("capacity", Invalid, lambda: slots.update(both[0].id, {"capacity": 1}, actor=actors.admin))
    assert slots.update(both[0].id, {"capacity": 2}, actor=actors.admin).free == 0


def test_new_places_are_offered_to_who_waits(course, actors):
    both, _made = taken(course, actors, capacity=1)
    waiting = waitlist.join({"classroom_slot_id": both[0].id, "student_id": student().id}, actor=actors.admin)
    slots.update(both[0].id, {"capacity": 2}, actor=actors.admin)
    db.session.expire_all()
    assert db.session.get(WaitlistEntry, waiting.id).status == "offered"
    assert db.session.get(ClassroomSlot, both[0].id).offered == 1


def test_another_teacher_takes_over_and_the_classes_stay(course, actors):
    both, made = taken(course, actors)
    before = db.session.query(Attendance).filter_by(admission_id=made.id).count()
    changed = slots.update(both[0].id, {"teacher_id": actors.teacher2.id}, actor=actors.admin)
    assert changed.teacher_id == actors.teacher2.id
    assert db.session.query(Attendance).filter_by(admission_id=made.id, deleted_at=None).count() == before


def test_a_slot_with_classes_keeps_its_time_and_course(course, actors):
    both, _made = taken(course, actors)
    other = courses.time_slot(WEDNESDAY, "09:00")
    refused_at(
        "time_slot_id", Invalid, lambda: slots.update(both[0].id, {"time_slot_id": other.id}, actor=actors.admin)
    )
    another = courses.course([actors.teacher])
    refused_at("course_id", Invalid, lambda: slots.update(both[0].id, {"course_id": another.id}, actor=actors.admin))


def test_an_empty_slot_moves(course, actors):
    made = make(course, actors)
    moved = slots.update(made.id, {"time_slot_id": courses.time_slot(FRIDAY, "09:00").id}, actor=actors.admin)
    assert SLOTS.title(moved) == "Friday 09:00"


def test_choices_say_when_who_and_how_full(course, actors):
    made = make(course, actors, room="Room 2")
    named = f"{course.name} \u00b7 Wed 16:00 \u00b7 Teacher Tester"
    assert lookups.label("classroom-slots", actors.staff, made.id) == named
    found, _more = lookups.find("classroom-slots", actors.staff, "teacher wed")
    assert (str(made.id), named, "0/8 \u00b7 Room 2") in {(each.id, each.text, each.detail) for each in found}


def test_a_teacher_sees_the_own_slots_only(course, actors):
    mine, other = make(course, actors), make(course, actors, actors.teacher2)
    assert lookups.label("classroom-slots", actors.teacher, mine.id)
    assert not lookups.label("classroom-slots", actors.teacher, other.id)
    with pytest.raises(NotFound):
        slots.update(other.id, {"room": "X"}, actor=actors.teacher)


def test_places_are_not_taken_from_visitors(actors):
    place = School(actors.admin, capacity=2)
    row = classes(place.admit([place.tuesday]).id)[0]
    place.admit([place.friday])
    moving.move([row.id], actor=actors.admin, classroom_slot_id=place.friday.id, class_date=day_after(FRIDAY))
    said = refused_at("capacity", Invalid, lambda: slots.update(place.friday.id, {"capacity": 1}, actor=actors.admin))
    assert said == "2 places are taken already."
    assert slots.update(place.friday.id, {"capacity": 3}, actor=actors.admin).capacity == 3


def refusals_of(resource, key, actors):
    """What deleting a record, and putting it out of use by action and by form, say."""
    said = [resource.action_by_name["deactivate"].run([key], actor=actors.admin)]
    if resource is SLOTS:
        said.append(SLOTS.delete([key], actor=actors.admin))
    with pytest.raises(Invalid) as refused:
        resource.update(key, {"active": False}, actor=actors.admin)
    return [str(each.outcomes[0].refusal) for each in said] + [str(refused.value.fields["active"][0])]


def test_a_slot_with_visitors_to_come_stays(actors):
    """Else its teacher could be booked twice at that time."""
    place = School(actors.admin, capacity=2)
    row = classes(place.admit([place.tuesday]).id)[0]
    moving.move([row.id], actor=actors.admin, classroom_slot_id=place.friday.id, class_date=day_after(FRIDAY))
    told = "1 class to come is planned in it: move it first."
    assert set(refusals_of(SLOTS, place.friday.id, actors)) == {told}
    assert set(refusals_of(TIMES, place.friday.time_slot_id, actors)) == {told}
    moving.move([row.id], actor=actors.admin, classroom_slot_id=place.tuesday.id, class_date=day_after(TUESDAY))
    assert SLOTS.delete([place.friday.id], actor=actors.admin).count("ok") == 1


def test_a_slot_returns_after_its_course(actors):
    """An admission is not resumed in a course that was deleted."""
    place = School(actors.admin)
    made = place.admit([place.tuesday])
    actions.pause([made.id], actor=actors.admin)
    theirs = [place.tuesday.id, place.friday.id]
    others = db.session.query(ClassroomSlot.id).filter_by(course_id=place.tuesday.course_id, deleted_at=None)
    assert SLOTS.delete([each.id for each in others], actor=actors.admin).count("refused") == 0
    course_id = place.tuesday.course_id
    assert COURSES.delete([course_id], actor=actors.admin).count("ok") == 1
    for _again in range(2):
        outcomes = SLOTS.restore(theirs, actor=actors.admin).outcomes
        assert [str(each.refusal) for each in outcomes] == ["Restore the course first."] * 2
    db.session.execute(text("UPDATE classroom_slots SET deleted_at = NULL"))
    (outcome,) = actions.resume([made.id], actor=actors.admin).outcomes
    assert outcome.state == "refused"
    assert COURSES.restore([course_id], actor=actors.admin).count("ok") == 1
    (outcome,) = actions.resume([made.id], actor=actors.admin).outcomes
    assert outcome.state == "ok"
