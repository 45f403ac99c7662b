"""Marking, correcting, the ledger of credits, and who is told how many classes remain."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.classroom import Attendance, AttendancePolicy, AttendanceStatus
from app.services import school
from app.services.admissions import actions as admission_actions
from app.services.classroom import ledger, marking, register
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from tests.factories import courses
from tests.factories.admissions import admission
from tests.factories.classroom import School, balance, classes, count, credit_rows, notices, to_today

PRESENT, EXCUSED, ABSENT = AttendanceStatus.PRESENT, AttendanceStatus.EXCUSED, AttendanceStatus.ABSENT


@pytest.fixture
def place(actors):
    return School(actors.admin)


def test_a_teacher_marks_and_it_is_written_who_and_when(place, actors):
    row = to_today(place.first())
    result = marking.mark([row.id], actor=actors.teacher, status=PRESENT)
    assert [each.state for each in result.outcomes] == ["ok"]
    db.session.refresh(row)
    assert (row.status, row.marked_by_id) == (PRESENT, actors.teacher.id)
    assert row.marked_at is not None
    assert balance(row.admission_id).remaining == 23


def test_the_same_mark_again_changes_nothing(place, actors):
    row = to_today(place.first())
    marking.mark([row.id], actor=actors.teacher, status=PRESENT)
    result = marking.mark([row.id, row.id], actor=actors.teacher, status=PRESENT)
    assert [each.state for each in result.outcomes] == ["unchanged"]


def test_only_the_teacher_of_the_class_and_admins_mark(place, actors):
    row = to_today(place.first())
    [outcome] = marking.mark([row.id], actor=actors.teacher2, status=PRESENT).outcomes
    assert isinstance(outcome.refusal, NotFound)
    [outcome] = marking.mark([row.id], actor=actors.staff, status=PRESENT).outcomes
    assert isinstance(outcome.refusal, NotAllowed)
    assert marking.mark([row.id], actor=actors.admin, status=PRESENT).count("ok") == 1


def test_a_class_to_come_is_not_marked(place, actors):
    row = place.first()
    [outcome] = marking.mark([row.id], actor=actors.teacher, status=PRESENT).outcomes
    assert isinstance(outcome.refusal, WrongState)


@pytest.mark.parametrize("end", ["cancel", "pause"])
def test_a_mark_before_its_time_is_not_taken_back_when_the_place_has_gone(place, actors, end):
    late = courses.slot(place.course, place.teacher, school.today().weekday(), "23:58", end="23:59", capacity=1)
    row = classes(admission([late], actor=actors.admin).id)[0]
    marking.mark([row.id], actor=actors.teacher, status=EXCUSED)
    assert marking.clear([row.id], actor=actors.teacher).count("ok") == 1  # while the admission runs
    marking.mark([row.id], actor=actors.teacher, status=EXCUSED)
    getattr(admission_actions, end)([row.admission_id], actor=actors.admin)
    admission([late], actor=actors.admin)
    for _again in range(2):
        [outcome] = marking.clear([row.id], actor=actors.teacher).outcomes
        assert isinstance(outcome.refusal, WrongState)
    assert marking.mark([row.id], actor=actors.teacher, status=ABSENT).count("ok") == 1  # a correction stays possible
    there = (
        "SELECT count(*) FROM attendance WHERE classroom_slot_id = :slot AND class_date = :day AND status = 'scheduled'"
    )
    assert count(there, slot=late.id, day=school.today()) == 1


def test_the_mark_of_a_class_that_was_is_taken_back_whatever_became_of_the_admission(place, actors):
    row = to_today(place.first(), days_ago=1)
    marking.mark([row.id], actor=actors.teacher, status=PRESENT)
    admission_actions.cancel([row.admission_id], actor=actors.admin)
    assert marking.clear([row.id], actor=actors.teacher).count("ok") == 1


def test_all_present_leaves_who_is_marked(place, actors):
    first, second = (to_today(place.first(), 1) for _each in range(2))
    marking.mark([first.id], actor=actors.teacher, status=ABSENT)
    result = marking.all_present(first.classroom_slot_id, first.class_date, actor=actors.teacher)
    assert [each.id for each in result.outcomes] == [str(second.id)]
    found = dict(
        map(
            tuple,
            db.session.execute(
                select(Attendance.id, Attendance.status).where(Attendance.id.in_([first.id, second.id]))
            ),
        )
    )
    assert found == {first.id: ABSENT, second.id: PRESENT}
    assert marking.all_present(first.classroom_slot_id, first.class_date, actor=actors.teacher).outcomes == []
    with pytest.raises(NotFound):
        marking.all_present(first.classroom_slot_id, first.class_date, actor=actors.teacher2)
    with pytest.raises(NotAllowed):
        marking.all_present(first.classroom_slot_id, first.class_date, actor=actors.staff)


def test_an_excused_absence_earns_one_class_and_a_correction_takes_it_back(place, actors):
    row = to_today(place.first())
    for status in (EXCUSED, EXCUSED, PRESENT, EXCUSED):
        marking.mark([row.id], actor=actors.teacher, status=status)
    assert credit_rows(row.id) == [(1, "excused"), (-1, "corrected"), (1, "excused")]
    assert balance(row.admission_id).remaining == 24
    marking.clear([row.id], actor=actors.teacher)
    assert sum(classes for classes, _reason in credit_rows(row.id)) == 0
    found = balance(row.admission_id)
    assert (found.purchased, found.consumed, found.credits, found.remaining, found.unplanned) == (24, 0, 0, 24, 0)


def test_the_register_tells_who_marked_what(place, actors):
    row = to_today(place.first())
    marking.mark([row.id], actor=actors.teacher, status=ABSENT)
    marking.mark([row.id], actor=actors.admin, status=PRESENT)
    marking.clear([row.id], actor=actors.teacher)
    found = register.read(row.classroom_slot_id, row.class_date, actors.teacher)
    [entry] = found.entries
    assert [(mark.status, mark.who) for mark in entry.marks] == [
        ("absent", "Teacher Tester"),
        ("present", "Admin Tester"),
        ("scheduled", "Teacher Tester"),
    ]
    assert found.may_mark
    assert (entry.status, entry.remaining) == ("scheduled", 24)


def test_the_register_is_for_those_who_see_the_class(place, actors):
    row = to_today(place.first())
    staff = register.read(row.classroom_slot_id, row.class_date, actors.staff)
    assert not staff.may_mark
    assert staff.why_not
    for actor in (actors.teacher2, actors.student):
        with pytest.raises(NotFound):
            register.read(row.classroom_slot_id, row.class_date, actor)
    with pytest.raises(NotFound):
        register.read(row.classroom_slot_id, row.class_date + timedelta(days=1), actors.staff)


def test_four_and_no_classes_left_are_told_once(place, actors):
    admitted = place.admit(account="student")
    rows = [to_today(row, days + 1) for days, row in enumerate(classes(admitted.id))]
    marking.mark([row.id for row in rows[:19]], actor=actors.teacher, status=PRESENT)
    assert notices("classes_remaining_4") == []
    marking.mark([rows[19].id], actor=actors.teacher, status=PRESENT)
    assert [each.username for each in notices("classes_remaining_4")] == ["admin", "admin2", "student", "super_admin"]
    marking.clear([rows[19].id], actor=actors.teacher)
    marking.mark([rows[19].id], actor=actors.teacher, status=PRESENT)
    assert len(notices("classes_remaining_4")) == 4
    marking.mark([row.id for row in rows[20:]], actor=actors.teacher, status=AttendanceStatus.LATE)
    assert [each.username for each in notices("classes_completed")] == ["admin", "admin2", "student", "super_admin"]
    assert balance(admitted.id).remaining == 0


def test_a_policy_counts_for_what_was_marked_before(place, actors):
    row = to_today(place.first())
    marking.mark([row.id], actor=actors.teacher, status=EXCUSED)
    policy = db.session.scalars(select(AttendancePolicy).where(AttendancePolicy.status == EXCUSED)).one()
    ledger.change_policy(policy.id, {"consumes": False, "earns_credit": False}, actor=actors.admin)
    assert balance(row.admission_id).remaining == 24
    assert [each for each, _reason in credit_rows(row.id)] == [1, -1]
    with pytest.raises(Invalid):
        ledger.change_policy(policy.id, {"earns_credit": True}, actor=actors.admin)


def test_an_admin_gives_and_takes_classes(place, actors):
    admitted = place.admit()
    ledger.grant({"admission_id": admitted.id, "classes": 2, "note": "A present"}, actor=actors.admin)
    assert (balance(admitted.id).remaining, balance(admitted.id).unplanned) == (26, 2)
    ledger.grant({"admission_id": admitted.id, "classes": -2, "note": "A mistake"}, actor=actors.admin)
    assert balance(admitted.id).remaining == 24
    with pytest.raises(Invalid):
        ledger.grant({"admission_id": admitted.id, "classes": -1, "note": "Planned all"}, actor=actors.admin)
    with pytest.raises(NotAllowed):
        ledger.grant({"admission_id": admitted.id, "classes": 1, "note": "Me"}, actor=actors.staff)
    admission_actions.pause([admitted.id], actor=actors.admin)
    with pytest.raises(WrongState):  # the classes that wait are spoken for
        ledger.grant({"admission_id": admitted.id, "classes": -1, "note": "Waiting"}, actor=actors.admin)
    written = db.session.execute(
        text("SELECT count(*) FROM admission_audit_events WHERE admission_id = :id AND type = 'credit_changed'"),
        {"id": admitted.id},
    )
    assert written.scalar_one() == 2


def test_today_is_the_schools(place):
    assert marking.is_open(school.today())
    assert not marking.is_open(school.today() + timedelta(days=1))
