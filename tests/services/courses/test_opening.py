"""Days, closures and the times of the week."""

from __future__ import annotations

from datetime import date, time

import pytest
from flask_babel import force_locale

from app.extensions import db
from app.models.courses import OperatingDay, TimeSlot
from app.services import lookups
from app.services.courses import CLOSURES, DAYS, TIMES, opening
from app.services.errors import Conflict, Invalid
from tests.factories import courses
from tests.factories.admissions import admission

TUESDAY, WEDNESDAY, FRIDAY = 1, 2, 4


def at(day=WEDNESDAY, start=time(7, 5), end=time(7, 50)):
    return {"day": day, "start_time": start, "end_time": end}


def test_there_are_seven_days_and_no_way_to_make_more(db_session, actors):
    assert DAYS.create is None
    assert DAYS.delete is None
    days = db.session.query(OperatingDay).order_by(OperatingDay.day).all()
    assert [day.open for day in days] == [False, True, True, True, True, True, True]
    assert DAYS.update(days[0].id, {"open": True}, actor=actors.admin).open


def test_how_many_classes_lie_on_a_day(db_session, actors):
    course = courses.course([actors.teacher])
    before = opening.slots_on(FRIDAY)
    courses.slot(course, actors.teacher, FRIDAY, "16:00")
    courses.slot(course, actors.teacher, FRIDAY, "18:00", active=False)
    courses.slot(course, actors.teacher, TUESDAY, "16:00")
    assert opening.slots_on(FRIDAY) == before + 1


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "reason", "field"),
    [
        (date(2030, 1, 2), date(2030, 1, 1), "x", "ends_on"),
        (date(2030, 1, 1), date(2031, 6, 1), "x", "ends_on"),
        (date(2030, 1, 1), date(2030, 1, 1), " ", "reason"),
    ],
)
def test_a_refused_closure_says_why(db_session, actors, starts_on, ends_on, reason, field):
    with pytest.raises(Invalid) as refused:
        CLOSURES.create({"starts_on": starts_on, "ends_on": ends_on, "reason": reason}, actor=actors.admin)
    assert list(refused.value.fields) == [field]


def test_a_time_has_its_length(db_session, actors):
    made = TIMES.create(at(), actor=actors.admin)
    db.session.refresh(made)
    assert made.duration_minutes == 45
    assert TIMES.title(made) == "Wednesday 07:05"


@pytest.mark.parametrize(
    ("values", "field", "refusal"),
    [
        (at(), "start_time", Conflict),
        (at(end=time(7, 0)), "end_time", Invalid),
        (at(day=7), "day", Invalid),
        (at(end=time(7, 5, 20)), "start_time", Invalid),
    ],
    ids=["identical", "backwards", "no such day", "seconds"],
)
def test_a_refused_time_says_why(db_session, actors, values, field, refusal):
    TIMES.create(at(), actor=actors.admin)
    with pytest.raises(refusal) as refused:
        TIMES.create(values, actor=actors.admin)
    assert list(refused.value.fields) == [field]


def test_a_used_time_neither_moves_nor_goes(db_session, actors):
    course = courses.course([actors.teacher])
    courses.slot(course, actors.teacher, FRIDAY, "16:10")
    used = courses.time_slot(FRIDAY, "16:10")
    with pytest.raises(Conflict) as refused:
        TIMES.update(used.id, {"start_time": time(15, 55)}, actor=actors.admin)
    assert "Add another time" in str(refused.value)
    free = courses.time_slot(FRIDAY, "05:10")
    kept, gone = TIMES.delete([used.id, free.id], actor=actors.admin).outcomes
    assert isinstance(kept.refusal, Conflict)
    assert gone.state == "ok"
    assert db.session.get(TimeSlot, used.id).start_time == time(16, 10)
    assert db.session.get(TimeSlot, free.id) is None
    (again,) = TIMES.delete([used.id], actor=actors.admin).outcomes
    assert isinstance(again.refusal, Conflict)


def test_an_unused_time_moves(db_session, actors):
    made = TIMES.create(at(), actor=actors.admin)
    TIMES.update(made.id, {"start_time": time(6, 0)}, actor=actors.admin)
    db.session.refresh(made)
    assert made.duration_minutes == 110


def test_a_time_at_which_students_have_places_stays_in_use(db_session, actors):
    course = courses.course([actors.teacher])
    slots = [courses.slot(course, actors.teacher, day, "16:10") for day in (TUESDAY, FRIDAY)]
    admission(slots, actor=actors.admin)
    key = slots[0].time_slot_id
    assert TIMES.action_by_name["deactivate"].run([key], actor=actors.admin).count("refused") == 1
    with pytest.raises(Invalid):
        TIMES.update(key, {"active": False}, actor=actors.admin)


def test_choices_name_the_day_in_the_readers_language(db_session, actors):
    made = TIMES.create(at(), actor=actors.admin)
    assert lookups.label("time-slots", actors.admin, made.id) == "Wednesday 07:05\u201307:50"
    with force_locale("ar"):
        found, _more = lookups.find("time-slots", actors.admin, "الأربعاء 07:05")
    assert [each.id for each in found] == [str(made.id)]
    assert "الأربعاء" in found[0].text
