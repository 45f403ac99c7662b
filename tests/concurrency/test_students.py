"""Races around students and the week: deleted while admitted, one account for two, one teacher in two places."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from app.extensions import db
from app.models.students import Student
from app.services import accounts, school
from app.services.admissions import admit, people
from app.services.courses import slots
from app.services.enrollments import deciding
from app.services.errors import Conflict, Invalid, Refusal, WrongState
from app.services.students import records
from tests.concurrency.racing import Meeting, actor, count, meet_after, race, refusals
from tests.factories import courses, enrollments
from tests.factories.admissions import choices
from tests.factories.students import student

TUESDAY, WEDNESDAY, FRIDAY = 1, 2, 4


@pytest.fixture
def order(crowd):
    teacher = actor("teacher").id
    made = courses.course([teacher])
    both = [courses.slot(made, teacher, day, "16:00") for day in (TUESDAY, FRIDAY)]
    return {
        "course_id": made.id,
        "plan_id": courses.plan().id,
        "starts_on": school.today(),
        "slots": choices(both),
        "student_id": student().id,
    }


def test_a_student_deleted_in_the_middle_of_an_admission_is_not_admitted(crowd, order, monkeypatch):
    staff, admin, find = actor("staff"), actor("admin"), people.find
    found, gone = threading.Event(), threading.Event()

    def find_and_wait(*args):
        person = find(*args)
        found.set()
        assert gone.wait(20)
        return person

    def delete():
        assert found.wait(20)
        try:
            return records.delete([order["student_id"]], actor=admin)
        finally:
            gone.set()

    monkeypatch.setattr(people, "find", find_and_wait)
    refused, deleted = race(crowd, partial(admit.admit, order, actor=staff), delete)
    assert deleted.count("ok") == 1
    assert isinstance(refused, WrongState)
    assert count("SELECT count(*) FROM admissions") == count("SELECT count(*) FROM attendance") == 0


def test_admitting_and_deleting_at_once_never_does_both(crowd, order):
    staff, admin = actor("staff"), actor("admin")
    for _ in range(8):
        key = student().id
        mine = order | {"student_id": key}
        race(crowd, partial(admit.admit, mine, actor=staff), partial(records.delete, [key], actor=admin))
    broken = """
        SELECT count(*) FROM admissions a JOIN students s ON s.id = a.student_id
        WHERE s.deleted_at IS NOT NULL AND a.status IN ('pending', 'active', 'paused')
    """
    assert count(broken) == 0


def test_an_enrollment_is_not_opened_again_for_who_is_deleted_meanwhile(crowd, locked, monkeypatch):
    office, admin, both = actor("admissions"), actor("admin"), Meeting()
    found = enrollments.enrollment_at(5)
    key, child = found.id, found.student_id
    deciding.withdraw([key], actor=office, reason="Moved away")
    db.session.remove()
    meet_after(monkeypatch, deciding, "_reopen", both)
    meet_after(monkeypatch, records.person, "not_over", both)
    jobs = partial(deciding.reopen, [key], actor=office), partial(records.delete, [child], actor=admin)
    results = race(crowd, *jobs)
    broken = """
        SELECT count(*) FROM enrollments e JOIN students s ON s.id = e.student_id
        WHERE s.deleted_at IS NOT NULL AND e.status = 'registered'
    """
    assert (count(broken) == 0) is locked
    if locked:
        assert sorted(result.count("ok") for result in results) == [0, 1]


def test_one_account_goes_to_one_of_two_students(crowd):
    admin, account = actor("admin"), accounts.find("student").id
    keys = [student().id, student().id]
    results = race(crowd, *[partial(records.link_account, [key], actor=admin, user_id=account) for key in keys])
    # Who comes late finds the account taken already, and is refused as a whole.
    told = [each if isinstance(each, Refusal) else each.outcomes[0].refusal for each in results]
    [refused] = filter(None, told)
    assert isinstance(refused, (Conflict, Invalid))
    assert db.session.query(Student).filter_by(user_id=account).count() == 1


def test_one_login_is_made_where_two_ask_for_it(crowd):
    from pydantic import SecretStr

    admin, key = actor("admin"), student().id
    secret = SecretStr("purple walruses on ice")
    jobs = [
        partial(records.create_login, [key], actor=admin, username=f"sol{number}", password=secret)
        for number in range(2)
    ]
    results = race(crowd, *jobs)
    assert sorted(result.count("ok") for result in results) == [0, 1]
    assert count("SELECT count(*) FROM ab_user WHERE username LIKE 'sol%'") == 1


def test_a_teacher_gets_one_of_two_slots_that_overlap(crowd):
    admin, teacher = actor("admin"), actor("teacher").id
    made = [courses.course([teacher]), courses.course([teacher])]
    times = [courses.time_slot(WEDNESDAY, "16:00"), courses.time_slot(WEDNESDAY, "16:30")]
    orders = [
        {"course_id": each.id, "teacher_id": teacher, "time_slot_id": time.id, "capacity": 8}
        for each, time in zip(made, times, strict=True)
    ]
    results = race(crowd, *[partial(slots.create, each, actor=admin) for each in orders])
    (refused,) = refusals(results)
    assert list(refused.fields) == ["teacher_id"]
