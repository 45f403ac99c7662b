"""Races around classes: the last place of a day, marks, credits, and who moves a class first."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.classroom import AttendanceStatus
from app.services import calendar, school
from app.services.admissions import actions as admission_actions
from app.services.admissions import admit, renewing
from app.services.classroom import closing, makeups, marking, moving, notices, places, requests
from app.services.classroom.places import PlaceRefused
from app.services.classroom.schemas import Remedy
from app.services.courses import CLOSURES
from app.services.errors import Refusal, WrongState
from tests.concurrency.racing import actor, between, count, meet_after, meet_before, race, refusals
from tests.factories.admissions import choices
from tests.factories.classroom import School, classes, day_after, to_today
from tests.factories.courses import plan
from tests.factories.students import student

PRESENT, EXCUSED, ABSENT = AttendanceStatus.PRESENT, AttendanceStatus.EXCUSED, AttendanceStatus.ABSENT
IN_CLASS = (
    "SELECT count(*) FROM attendance WHERE classroom_slot_id = :slot AND class_date = :day AND deleted_at IS NULL"
)
# Per class: what was given is what its mark earns.
WRONG_CREDITS = """
    SELECT count(*) FROM attendance a JOIN LATERAL (
        SELECT coalesce(sum(classes), 0) AS given FROM class_credits c WHERE c.attendance_id = a.id) l ON true
    WHERE l.given <> (a.status = 'excused')::integer
"""


def first_refusal(result):
    """Of an action on one record, or what it raised."""
    return result if isinstance(result, Refusal) else result.outcomes[0].refusal


@pytest.fixture
def place(crowd):
    return School(actor("admin"), capacity=2)


def close(day, admin):
    """Close the school on a day, and move the classes that are there. Returns what is told of it."""
    closure = CLOSURES.create({"starts_on": day, "ends_on": day, "reason": "Snow"}, actor=admin)
    return closing.apply([closure.id], actor=admin, remedy=Remedy.MOVE).outcomes[0].message


def admits(place, admin):
    """A first class on the next Tuesday."""
    student_id, plan_id = student().id, plan(3, classes_per_week=1).id
    values = {"course_id": place.course.id, "plan_id": plan_id, "slots": choices([place.tuesday])}
    values |= {"starts_on": school.today() + timedelta(days=1), "student_id": student_id}
    return lambda: admit.admit(values, actor=admin), day_after(1)


def resumes(place, admin):
    """An admission that was paused, so that its first class is on the next Tuesday again."""
    made = place.admit([place.tuesday]).id
    admission_actions.pause([made], actor=admin)
    return lambda: admission_actions.resume([made], actor=admin), day_after(1)


def extends(place, admin):
    """One more class after the last."""
    made = place.admit([place.tuesday]).id
    last = classes(made)[-1].class_date
    return lambda: admission_actions.add_extra_classes([made], actor=admin, classes=1), day_after(1, last)


def renews(place, admin):
    """A first class after the last."""
    made = place.admit([place.tuesday]).id
    last = classes(made)[-1].class_date
    return lambda: renewing.renew([made], actor=admin), day_after(1, last)


def moves(place, admin):
    """A class that goes to a Friday."""
    row, slot_id, day = classes(place.admit([place.tuesday]).id)[0].id, place.friday.id, day_after(4)
    return lambda: moving.move([row], actor=admin, classroom_slot_id=slot_id, class_date=day), day


def is_moved_on_request(place, admin):
    """A class for which somebody asked for a Friday."""
    row, day = classes(place.admit([place.tuesday]).id)[0], day_after(4)
    key = ask(row, place.friday, day, admin)
    return lambda: requests.approve([key], actor=admin), day


def makes_up(place, admin):
    """A class that is owed, on a Friday."""
    admission_id, day = place.admit([place.tuesday]).id, day_after(4)
    row = classes(admission_id)[0].id
    db.session.execute(text("UPDATE attendance SET deleted_at = now() WHERE id = :id"), {"id": row})
    db.session.commit()
    values = {"admission_id": admission_id, "classroom_slot_id": place.friday.id, "class_date": day}
    return lambda: makeups.book(values, actor=admin), day


BY_PLAN, BY_PLACE = (calendar, "school_calendar"), (places, "check")


@pytest.mark.parametrize(
    ("planning", "decides"),
    [
        (admits, BY_PLAN),
        (resumes, BY_PLAN),
        (extends, BY_PLAN),
        (renews, BY_PLAN),
        (moves, BY_PLACE),
        (is_moved_on_request, BY_PLACE),
        (makes_up, BY_PLACE),
    ],
)
def test_a_day_is_closed_while_classes_are_planned_on_it(crowd, place, monkeypatch, locked, planning, decides):
    """The closure waits for the classes, and moves them. Without the lock it finds none, and they stay on the closed day."""
    admin = actor("admin")
    work, day = planning(place, admin)
    slot_id = place.tuesday.id if decides is BY_PLAN else place.friday.id
    db.session.remove()
    if not locked:
        monkeypatch.setattr(calendar, "hold", lambda: None)
        monkeypatch.setattr(calendar, "alone", lambda: None)
    other = between(monkeypatch, *decides, partial(close, day, actor("admin2")))
    planned, told = race(crowd, work, other)
    assert getattr(planned, "outcomes", None) is None or planned.outcomes[0].state == "ok"
    assert told == ("1 class gets another day." if locked else "No class is planned on these days.")
    assert count(IN_CLASS, slot=slot_id, day=day) == (0 if locked else 1)


def ask(row, slot, day, who):
    return requests.request(
        {"attendance_id": row.id, "requested_slot_id": slot.id, "requested_date": day}, actor=who
    ).id


def test_two_approvals_for_the_last_place_of_a_day(crowd, place, monkeypatch, locked):
    admin, friday = actor("admin"), day_after(4)
    place.admit([place.friday])
    rows = [classes(place.admit([place.tuesday]).id)[0] for _each in range(2)]
    asked = [ask(row, place.friday, friday, admin) for row in rows]
    slot_id = place.friday.id
    db.session.remove()
    meet_after(monkeypatch, places, "check")
    results = race(crowd, *[partial(requests.approve, [key], actor=admin) for key in asked])
    there = count(IN_CLASS, slot=slot_id, day=friday)
    if not locked:
        assert there == 3
        return
    assert there == 2
    refused = [each for each in map(first_refusal, results) if each is not None]
    assert [reason.code for each in refused for reason in each.reasons] == ["full"]
    assert count("SELECT count(*) FROM reschedule_requests WHERE status = 'approved'") == 1


def test_a_request_is_approved_while_the_class_is_moved_directly(crowd, place, monkeypatch, locked):
    """What is written down is one story: every move starts where the one before it ended."""
    admin, other, friday = actor("admin"), actor("admin2"), day_after(4)
    row = classes(place.admit([place.tuesday]).id)[0]
    key, slot_id, row_id = ask(row, place.friday, friday, admin), place.friday.id, row.id
    db.session.remove()
    meet_after(monkeypatch, places, "check")
    later = day_after(4, friday)
    results = race(
        crowd,
        lambda: requests.approve([key], actor=admin),
        lambda: moving.move([row_id], actor=other, classroom_slot_id=slot_id, class_date=later),
    )
    statement = (
        "SELECT before ->> 'day', after ->> 'day' FROM admission_audit_events WHERE type = 'classes_moved' ORDER BY id"
    )
    moves = [tuple(each) for each in db.session.execute(text(statement))]
    if not locked:
        assert [before for before, _after in moves] == [moves[0][0]] * 2
        return
    assert all(before == after for (_first, after), (before, _last) in pairwise(moves))
    approved = first_refusal(results[0])
    assert approved is None or isinstance(approved, WrongState)
    assert (len(moves) == 2) == (approved is None)


def test_one_request_is_approved_by_two(crowd, place):
    admin, other = actor("admin"), actor("admin2")
    row = classes(place.admit([place.tuesday]).id)[0]
    key = ask(row, place.friday, day_after(4), admin)
    db.session.remove()
    results = race(crowd, *[partial(requests.approve, [key], actor=each) for each in (admin, other) * 4])
    assert sum(each.count("ok") for each in results) == 1
    assert sum(each.count("unchanged") for each in results) == 7
    assert count("SELECT revision FROM attendance WHERE id = :id", id=row.id) == 1


def test_the_same_request_sent_many_times(crowd, place):
    row = classes(place.admit([place.tuesday], account="student").id)[0]
    student, slot, day = actor("student"), place.friday, day_after(4)
    _ids = (row.id, slot.id)
    db.session.remove()
    wish = {"attendance_id": _ids[0], "requested_slot_id": _ids[1], "requested_date": day}
    results = race(crowd, *[partial(requests.request, wish, actor=student)] * 8)
    assert refusals(results) == []
    assert count("SELECT count(*) FROM reschedule_requests") == 1


def test_two_marks_at_once_do_not_miss_the_number_that_is_told(crowd, place, monkeypatch, locked):
    """Six classes are left, two are marked: somebody must notice that four are left."""
    admitted, admin = place.admit([place.tuesday]), actor("admin")
    rows = [to_today(row, days + 1) for days, row in enumerate(classes(admitted.id))]
    marking.mark([row.id for row in rows[:6]], actor=admin, status=PRESENT)
    ids = [row.id for row in rows[6:8]]
    db.session.remove()
    meet_before(monkeypatch, notices, "tell_remaining")
    race(crowd, *[partial(marking.mark, [key], actor=admin, status=PRESENT) for key in ids])
    told = count("SELECT count(*) FROM notifications WHERE type = 'classes_remaining_4'")
    assert count("SELECT remaining FROM admission_balances WHERE admission_id = :id", id=admitted.id) == 4
    assert told == (3 if locked else 0)


def test_corrections_at_once_leave_the_ledger_exact(crowd, place):
    admin, teacher = actor("admin"), actor("teacher")
    rows = [to_today(classes(place.admit([place.tuesday]).id)[0]) for _each in range(2)]
    ids = [row.id for row in rows]
    db.session.remove()
    marks = [EXCUSED, PRESENT, EXCUSED, ABSENT] * 4
    jobs = [
        partial(marking.mark, ids if n % 2 else ids[::-1], actor=(admin, teacher)[n % 2], status=status)
        for n, status in enumerate(marks)
    ]
    race(crowd, *jobs, *[partial(marking.clear, ids, actor=admin)] * 2)
    assert count(WRONG_CREDITS) == 0
    assert count("SELECT count(*) FROM admission_balances WHERE remaining <> purchased - consumed + credits") == 0


def test_the_same_mark_by_many_is_one_change(crowd, place):
    admin, row = actor("admin"), to_today(place.first())
    key = row.id
    db.session.remove()
    results = race(crowd, *[partial(marking.mark, [key], actor=admin, status=EXCUSED)] * 8)
    assert sum(each.count("ok") for each in results) == 1
    assert count("SELECT count(*) FROM class_credits") == 1


def test_classes_that_change_places_do_not_wait_for_each_other(crowd, place):
    admin, tuesday, friday = actor("admin"), day_after(1), day_after(4)
    ones = [classes(place.admit([place.tuesday]).id)[0].id for _each in range(2)]
    others = [classes(place.admit([place.friday]).id)[0].id for _each in range(2)]
    slots = place.tuesday.id, place.friday.id
    db.session.remove()
    jobs = [partial(moving.move, [key], actor=admin, classroom_slot_id=slots[1], class_date=friday) for key in ones]
    jobs += [partial(moving.move, [key], actor=admin, classroom_slot_id=slots[0], class_date=tuesday) for key in others]
    results = race(crowd, *jobs * 4)
    for each in results:
        refusal = first_refusal(each)
        assert refusal is None or isinstance(refusal, PlaceRefused)
    assert count(IN_CLASS, slot=slots[0], day=tuesday) <= 2
    assert count(IN_CLASS, slot=slots[1], day=friday) <= 2


def test_a_class_is_moved_while_its_admission_is_paused(crowd, place):
    admin, admitted = actor("admin"), place.admit([place.tuesday])
    key, slot_id = classes(admitted.id)[0].id, place.friday.id
    db.session.remove()
    move = partial(moving.move, [key], actor=admin, classroom_slot_id=slot_id, class_date=day_after(4))
    race(crowd, move, partial(admission_actions.pause, [admitted.id], actor=admin), move)
    assert count("SELECT count(*) FROM attendance WHERE deleted_at IS NULL") == 0


def test_a_pause_meets_a_mark(crowd, place):
    """The mark stays, or the class is off the plan: never both."""
    admin, admitted = actor("admin"), place.admit([place.tuesday])
    key = to_today(classes(admitted.id)[0]).id
    db.session.remove()
    mark = partial(marking.mark, [key], actor=admin, status=PRESENT)
    race(crowd, mark, partial(admission_actions.cancel, [admitted.id], actor=admin))
    assert count("SELECT count(*) FROM attendance WHERE deleted_at IS NOT NULL AND status <> 'scheduled'") == 0
