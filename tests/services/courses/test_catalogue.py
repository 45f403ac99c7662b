"""Instruments, courses with their teachers, and plans."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.admissions import WaitlistEntry
from app.models.courses import Course, Instrument
from app.services import lookups
from app.services.admissions import actions, waitlist
from app.services.courses import COURSES, INSTRUMENTS, PLANS, TIMES, catalogue
from app.services.errors import Conflict, Invalid, NotFound, WrongState
from tests.factories import courses
from tests.factories.admissions import admission
from tests.factories.students import student

TUESDAY, FRIDAY = 1, 4


def values(**more):
    return {"code": "PIA1", "name": "Piano I"} | more


def names(course):
    return [name for _key, name in catalogue.teachers_of(course.id)]


def done(resource, action, ids, actor):
    return resource.action_by_name[action].run(ids, actor=actor)


def admitted(actors):
    course = courses.course([actors.teacher])
    slots = [courses.slot(course, actors.teacher, day, "16:00") for day in (TUESDAY, FRIDAY)]
    admission(slots, actor=actors.admin)
    return course


def test_a_course_has_teachers(db_session, actors):
    made = catalogue.create_course(
        values(teacher_ids=[actors.teacher.id, actors.teacher2.id, actors.teacher.id]), actor=actors.admin
    )
    assert names(made) == ["Teacher Tester", "Teacher2 Tester"]
    catalogue.update_course(made.id, {"teacher_ids": [actors.teacher2.id]}, actor=actors.admin)
    assert names(made) == ["Teacher2 Tester"]
    catalogue.update_course(made.id, {"name": "Piano One"}, actor=actors.admin)
    assert names(made) == ["Teacher2 Tester"], "what is not given stays"
    catalogue.update_course(made.id, {"teacher_ids": []}, actor=actors.admin)
    assert names(made) == []


@pytest.mark.parametrize("who", ["staff", "student"])
def test_only_teachers_teach(db_session, actors, who):
    with pytest.raises(Invalid) as refused:
        catalogue.create_course(values(teacher_ids=[getattr(actors, who).id]), actor=actors.admin)
    assert list(refused.value.fields) == ["teacher_ids"]
    assert db.session.query(Course).filter_by(code="PIA1").count() == 0


def test_a_teacher_who_left_stays_until_somebody_takes_them_off(db_session, actors):
    from app.services import accounts

    made = catalogue.create_course(values(teacher_ids=[actors.teacher.id]), actor=actors.admin)
    accounts.deactivate(actors.teacher.id, actor=actors.super_admin)
    catalogue.update_course(made.id, {"teacher_ids": [actors.teacher.id], "name": "X"}, actor=actors.admin)
    assert names(made) == ["Teacher Tester"]


@pytest.mark.parametrize(
    ("changes", "field", "refusal"),
    [({"code": "pia1"}, "code", Conflict), ({"code": " "}, "code", Invalid), ({"name": " "}, "code", Invalid)],
)
def test_a_refused_course_says_why(db_session, actors, changes, field, refusal):
    catalogue.create_course(values(), actor=actors.admin)
    with pytest.raises(refusal) as refused:
        catalogue.create_course(values(code="OTHER") | changes, actor=actors.admin)
    assert list(refused.value.fields) in ([field], ["name"])


def test_an_instrument_out_of_use_is_not_chosen_and_not_lost(db_session, actors):
    piano = courses.instrument()
    made = catalogue.create_course(values(instrument_id=piano.id), actor=actors.admin)
    assert done(INSTRUMENTS, "deactivate", [piano.id], actors.admin).count("ok") == 1
    assert lookups.find("instruments", actors.admin, piano.name) == ([], False)
    assert lookups.label("instruments", actors.admin, piano.id) == piano.name
    catalogue.update_course(made.id, {"instrument_id": piano.id, "name": "Same"}, actor=actors.admin)
    with pytest.raises(Invalid) as refused:
        catalogue.create_course(values(code="X", instrument_id=piano.id), actor=actors.admin)
    assert list(refused.value.fields) == ["instrument_id"]


def test_an_instrument_that_courses_use_stays(db_session, actors):
    used, free = courses.instrument(), courses.instrument()
    courses.course(instrument_id=used.id)
    kept, gone = INSTRUMENTS.delete([used.id, free.id], actor=actors.admin).outcomes
    assert isinstance(kept.refusal, WrongState)
    assert "1" in str(kept.refusal)
    assert gone.refusal is None
    assert db.session.get(Instrument, free.id).deleted_by_id == actors.admin.id
    assert INSTRUMENTS.restore([free.id], actor=actors.admin).count("ok") == 1


def test_a_name_that_another_took_meanwhile_hinders_the_return(db_session, actors):
    gone = courses.instrument(name="Oud")
    INSTRUMENTS.delete([gone.id], actor=actors.admin)
    courses.instrument(name="OUD")
    other = courses.instrument()
    INSTRUMENTS.delete([other.id], actor=actors.admin)
    refused, back = INSTRUMENTS.restore([gone.id, other.id], actor=actors.admin).outcomes
    assert isinstance(refused.refusal, Conflict)
    assert refused.title == "Oud"
    assert back.state == "ok"
    assert db.session.get(Instrument, gone.id).deleted_at is not None
    assert db.session.get(Instrument, other.id).deleted_at is None


def test_a_course_that_students_take_stays_in_use(db_session, actors):
    course = admitted(actors)
    (outcome,) = done(COURSES, "deactivate", [course.id], actors.admin).outcomes
    assert isinstance(outcome.refusal, WrongState)
    with pytest.raises(Invalid) as refused:
        catalogue.update_course(course.id, {"active": False}, actor=actors.admin)
    assert list(refused.value.fields) == ["active"]
    assert isinstance(COURSES.delete([course.id], actor=actors.admin).outcomes[0].refusal, WrongState)


def test_switching_twice_changes_nothing(db_session, actors):
    course = courses.course()
    assert done(COURSES, "deactivate", [course.id], actors.admin).count("ok") == 1
    assert done(COURSES, "deactivate", [course.id], actors.admin).count("unchanged") == 1
    assert lookups.find("courses", actors.staff, course.code) == ([], False)
    assert done(COURSES, "activate", [course.id], actors.admin).count("ok") == 1
    assert [each.text for each in lookups.find("courses", actors.staff, course.code)[0]] == [course.name]


def test_an_old_form_does_not_overwrite(db_session, actors):
    course = courses.course()
    with pytest.raises(Conflict):
        catalogue.update_course(
            course.id, {"name": "X"}, actor=actors.admin, version=course.updated_at - timedelta(seconds=1)
        )


def test_a_deleted_course_is_not_there(db_session, actors):
    course = courses.course()
    COURSES.delete([course.id], actor=actors.admin)
    with pytest.raises(NotFound):
        catalogue.update_course(course.id, {"name": "X"}, actor=actors.admin)


def test_the_classes_of_a_plan_follow_from_months_and_week(db_session, actors):
    made = PLANS.create({"name": "Summer", "duration_months": 2, "classes_per_week": 3}, actor=actors.admin)
    assert made.total_classes == 24
    changed = PLANS.update(made.id, {"duration_months": 3}, actor=actors.admin)
    db.session.refresh(changed)
    assert changed.total_classes == 36


@pytest.mark.parametrize(
    ("changes", "field"), [({"duration_months": 0}, "duration_months"), ({"classes_per_week": 15}, "classes_per_week")]
)
def test_a_refused_plan_says_why(db_session, actors, changes, field):
    with pytest.raises(Invalid) as refused:
        PLANS.create({"name": "Summer", "duration_months": 2, "classes_per_week": 3} | changes, actor=actors.admin)
    assert list(refused.value.fields) == [field]


def test_a_plan_with_which_somebody_was_admitted_stays(db_session, actors):
    admitted(actors)
    (outcome,) = PLANS.delete([courses.plan().id], actor=actors.admin).outcomes
    assert isinstance(outcome.refusal, WrongState)


@pytest.fixture
def waited_for(db_session, actors):
    """A course whose only class has one place, which is offered to the first of two who wait."""
    made = courses.course([actors.teacher])
    only = courses.slot(made, actors.teacher, TUESDAY, "16:00", capacity=1)
    had = admission([only], actor=actors.admin)
    for _n in range(2):
        waitlist.join({"classroom_slot_id": only.id, "student_id": student().id}, actor=actors.admin)
    actions.cancel([had.id], actor=actors.admin)
    return made, only


def statuses():
    db.session.expire_all()
    return [each.status.value for each in db.session.query(WaitlistEntry).order_by(WaitlistEntry.position)]


def test_a_course_stays_in_use_while_a_place_is_offered(waited_for, actors):
    made, only = waited_for
    for resource, key in ((COURSES, made.id), (TIMES, only.time_slot_id)):
        for _again in range(2):
            (outcome,) = done(resource, "deactivate", [key], actors.admin).outcomes
            assert isinstance(outcome.refusal, WrongState)
            assert "1 of its classroom slots, or are offered one" in str(outcome.refusal)
    for update, key in ((catalogue.update_course, made.id), (TIMES.update, only.time_slot_id)):
        with pytest.raises(Invalid) as refused:
            update(key, {"active": False}, actor=actors.admin)
        assert list(refused.value.fields) == ["active"]
    assert statuses() == ["offered", "waiting"]


@pytest.mark.parametrize(
    "off",
    [
        "UPDATE courses SET active = false",
        "UPDATE time_slot_templates SET active = false",
        "UPDATE operating_days SET open = false",
    ],
)
def test_a_place_that_nobody_can_take_is_not_offered(waited_for, actors, off):
    """Whatever put it out of use."""
    db.session.execute(text(off))
    db.session.execute(text("UPDATE waitlist_entries SET expires_at = now() - interval '1 s' WHERE status = 'offered'"))
    assert waitlist.expire() == 1
    assert statuses() == ["expired", "waiting"]
