"""Races for places: many admissions at once, the same form sent many times, offers of the waitlist."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.courses import Course, CourseTeacher
from app.services import school
from app.services.admissions import actions, admit, batch, places, renewing, waiting, waitlist
from app.services.admissions.refusals import PlacesRefused
from app.services.courses import COURSES, slots, switching
from app.services.errors import WrongState
from app.services.leads import actions as lead_actions
from app.services.students import records as students
from tests.concurrency.racing import Meeting, actor, between, count, meet_after, meet_before, race, refusals
from tests.factories.admissions import admission, choices
from tests.factories.courses import course, plan, slot, time_slot
from tests.factories.leads import lead
from tests.factories.students import student

CLIENTS = 64
OVERSOLD = """
    SELECT count(*) FROM classroom_slots s
    WHERE s.capacity < (SELECT count(*) FROM classroom_enrollments e WHERE e.classroom_slot_id = s.id AND e.status = 'active')
"""
DRIFTED = """
    SELECT count(*) FROM classroom_slots s
    WHERE s.enrolled <> (SELECT count(*) FROM classroom_enrollments e WHERE e.classroom_slot_id = s.id AND e.status = 'active')
       OR s.offered <> (SELECT count(*) FROM waitlist_entries w WHERE w.classroom_slot_id = s.id AND w.status = 'offered')
"""


@pytest.fixture
def pair(crowd):
    """Two slots of one course with five places each."""
    teacher = actor("teacher").id
    made = course([teacher])
    return [slot(made, teacher, 1, "16:00", capacity=5), slot(made, teacher, 4, "17:00", capacity=5)]


def order(slots, **values):
    return {
        "course_id": slots[0].course_id,
        "plan_id": plan().id,
        "starts_on": school.today() + timedelta(days=1),
        "slots": choices(slots),
    } | values


def locks_off(monkeypatch):
    """As if the routine had forgotten to lock, and the database to count: the fault must show."""
    monkeypatch.setattr(places, "_LOCK", text("SELECT id FROM classroom_slots WHERE id = ANY(:ids) ORDER BY id"))
    with db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE classroom_slots DROP CONSTRAINT ck_classroom_slots_places"))


def test_sixty_four_admissions_for_the_last_five_places_of_two_slots(crowd, pair):
    staff = actor("staff")
    orders = [order(pair if n % 2 else pair[::-1], student_id=student().id) for n in range(CLIENTS)]
    db.session.remove()
    results = race(crowd, *[partial(admit.admit, each, actor=staff) for each in orders])
    refused = refusals(results)
    assert len(results) - len(refused) == 5
    assert all(isinstance(each, PlacesRefused) for each in refused)
    assert all([problem.code for problem in each.problems] == ["full", "full"] for each in refused)
    assert count("SELECT count(*) FROM admissions") == 5
    assert count("SELECT count(*) FROM attendance") == 5 * 24
    assert count("SELECT count(*) FROM admission_payments") == 5
    assert count(OVERSOLD) == count(DRIFTED) == 0


def test_without_the_lock_and_the_check_places_are_sold_twice(crowd, pair, monkeypatch):
    """The race is real: this is what the lock is for."""
    staff = actor("staff")
    for _n in range(4):
        admission(pair, actor=staff)
    orders = [order(pair, student_id=student().id) for _n in range(8)]
    db.session.remove()
    locks_off(monkeypatch)
    meet_after(monkeypatch, places, "by_id", Meeting(8))
    try:
        results = race(crowd, *[partial(admit.admit, each, actor=staff) for each in orders])
        assert len(results) - len(refusals(results)) > 1
        assert count(OVERSOLD) == 2
    finally:
        restore_check()


def restore_check():
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE classroom_enrollments SET status = 'ended'"))
        connection.execute(
            text(
                "ALTER TABLE classroom_slots ADD CONSTRAINT ck_classroom_slots_places CHECK (enrolled + offered <= capacity)"
            )
        )


def test_the_check_of_the_database_holds_alone(crowd, pair, monkeypatch):
    """Had the routine forgotten to lock, the counter and its CHECK would still sell no place twice."""
    staff = actor("staff")
    for _n in range(4):
        admission(pair, actor=staff)
    orders = [order(pair, student_id=student().id) for _n in range(8)]
    db.session.remove()
    monkeypatch.setattr(places, "_LOCK", text("SELECT id FROM classroom_slots WHERE id = ANY(:ids) ORDER BY id"))
    meet_after(monkeypatch, places, "by_id", Meeting(8))
    results = race(crowd, *[partial(admit.admit, each, actor=staff) for each in orders])
    assert len(results) - len(refusals(results)) == 1
    assert count(OVERSOLD) == count(DRIFTED) == 0


def test_the_same_form_sent_many_times_is_one_admission(crowd, pair):
    values = order(pair, lead_id=lead().id, submission_key=uuid4())
    staff = actor("staff")
    db.session.remove()
    results = race(crowd, *[partial(admit.admit, values, actor=staff)] * 24)
    assert refusals(results) == []
    assert len({each.id for each in results}) == 1
    assert sum(not each.repeated for each in results) == 1
    assert count("SELECT count(*) FROM admissions") == count("SELECT count(*) FROM students") == 1


def test_one_lead_admitted_twice_at_once_is_one_student(crowd, pair):
    """Without a key of the form: the second finds the student of the first, who is busy at these times."""
    values, staff = order(pair, lead_id=lead().id), actor("staff")
    db.session.remove()
    results = race(crowd, *[partial(admit.admit, values, actor=staff)] * 6)
    assert len(results) - len(refusals(results)) == 1
    assert count("SELECT count(*) FROM students") == 1


def test_one_student_is_never_in_two_places_at_one_time(crowd, pair):
    """Two courses that overlap by half an hour: the lock on the student lets only one in."""
    teacher = actor("teacher2").id
    other = course([teacher])
    late = slot(other, teacher, 1, "16:30", end="17:30")
    thursday = slot(other, teacher, 3, "15:00")
    learner, staff = student().id, actor("staff")
    orders = [order(pair, student_id=learner), order([late, thursday], student_id=learner)] * 4
    db.session.remove()
    results = race(crowd, *[partial(admit.admit, each, actor=staff) for each in orders])
    assert len(results) - len(refusals(results)) == 1
    overlapping = """
        SELECT count(*) FROM attendance a JOIN attendance b ON b.student_id = a.student_id AND b.id > a.id
            AND b.starts_at < a.ends_at AND b.ends_at > a.starts_at
        WHERE a.deleted_at IS NULL AND b.deleted_at IS NULL
    """
    assert count(overlapping) == 0


def test_one_offer_per_free_place_while_places_are_freed_and_taken(crowd, pair):
    staff, admin = actor("staff"), actor("admin")
    made = [admission(pair, actor=staff).id for _n in range(5)]
    for _n in range(8):
        waitlist.join({"classroom_slot_id": pair[0].id, "lead_id": lead().id}, actor=staff)
    newcomers = [order(pair, student_id=student().id) for _n in range(8)]
    db.session.remove()
    jobs = [partial(actions.cancel, [key], actor=admin) for key in made[:3]]
    jobs += [partial(admit.admit, each, actor=staff) for each in newcomers]
    race(crowd, *jobs)
    offered = count("SELECT count(*) FROM waitlist_entries WHERE status = 'offered'")
    taken = count("SELECT enrolled FROM classroom_slots WHERE id = :id", id=pair[0].id)
    assert offered + taken == 5
    assert offered == 3
    assert count(DRIFTED) == 0
    first = """
        SELECT count(*) FROM waitlist_entries w WHERE status = 'offered'
            AND EXISTS (SELECT FROM waitlist_entries b WHERE b.status = 'waiting' AND b.position < w.position)
    """
    assert count(first) == 0


def test_offers_expire_once(crowd, pair):
    staff = actor("staff")
    made = [admission(pair, actor=staff).id for _n in range(5)]
    for _n in range(3):
        waitlist.join({"classroom_slot_id": pair[0].id, "lead_id": lead().id}, actor=staff)
    actions.cancel(made[:1], actor=actor("admin"))
    db.session.execute(text("UPDATE waitlist_entries SET expires_at = now() - interval '1 s' WHERE status = 'offered'"))
    db.session.commit()
    db.session.remove()
    ended = race(crowd, *[waitlist.expire] * 8)
    assert sum(ended) == 1
    assert count("SELECT count(*) FROM waitlist_entries WHERE status = 'offered'") == 1
    assert count(DRIFTED) == 0


def test_pausing_and_resuming_while_others_want_the_places(crowd, pair):
    staff, admin = actor("staff"), actor("admin")
    made = [admission(pair, actor=staff).id for _n in range(5)]
    actions.pause(made[:2], actor=admin)
    newcomers = [order(pair, student_id=student().id) for _n in range(4)]
    db.session.remove()
    jobs = [partial(actions.resume, [key], actor=admin) for key in made[:2]]
    jobs += [partial(admit.admit, each, actor=staff) for each in newcomers]
    race(crowd, *jobs)
    assert count("SELECT enrolled FROM classroom_slots WHERE id = :id", id=pair[0].id) == 5
    assert count(OVERSOLD) == count(DRIFTED) == 0
    wrong = """
        SELECT count(*) FROM admissions a WHERE (a.status IN ('active', 'pending')) <> EXISTS (
            SELECT FROM classroom_enrollments e WHERE e.admission_id = a.id AND e.status = 'active')
    """
    assert count(wrong) == 0


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "locks-off"])
def test_a_place_is_offered_to_who_is_just_deleted(crowd, pair, monkeypatch, locked):
    """Without the lock on the slot nobody sees the offer that is made meanwhile, and it holds the place for nobody."""
    staff, admin = actor("staff"), actor("admin")
    made = [admission(pair, actor=staff).id for _n in range(5)]
    gone, second = lead().id, lead().id
    for each in (gone, second):
        waitlist.join({"classroom_slot_id": pair[0].id, "lead_id": each}, actor=staff)
    db.session.remove()
    if not locked:
        monkeypatch.setattr(waitlist, "_LOCK_SLOTS_OF_PEOPLE", text("SELECT CAST(:ids AS uuid[])"))
    meeting = Meeting()
    meet_before(monkeypatch, waitlist, "_withdraw", meeting)
    meet_after(monkeypatch, waitlist, "offer_places", meeting)
    results = race(
        crowd,
        partial(lead_actions.delete, [gone], actor=admin),
        partial(actions.cancel, made[:1], actor=staff),
    )
    assert refusals(results) == []
    offered = "SELECT count(*) FROM waitlist_entries WHERE status = 'offered' AND lead_id = :id"
    assert [count(offered, id=each) for each in (gone, second)] == ([0, 1] if locked else [1, 0])
    assert count(DRIFTED) == 0


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "locks-off"])
def test_a_course_goes_out_of_use_while_somebody_is_admitted(crowd, pair, monkeypatch, locked):
    """Without the lock on its slots it goes out of use with a student in it."""
    staff, admin, wanted = actor("staff"), actor("admin"), order(pair, student_id=student().id)
    course_id = pair[0].course_id
    db.session.remove()
    if not locked:
        monkeypatch.setattr(switching, "_PLACES", switching._PLACES.replace("FOR NO KEY UPDATE", ""))
    meeting = Meeting()
    meet_before(monkeypatch, switching, "_", meeting)  # the places are counted
    meet_after(monkeypatch, admit, "book", meeting)
    deactivate = COURSES.action_by_name["deactivate"].run
    results = race(
        crowd,
        lambda: deactivate([course_id], actor=admin),
        partial(admit.admit, wanted, actor=staff),
    )
    out_of_use = count("SELECT count(*) FROM courses WHERE id = :id AND NOT active", id=course_id)
    admitted = count("SELECT count(*) FROM admissions")
    assert out_of_use + admitted == (1 if locked else 2)
    assert len(refusals(results)) == 1 - admitted


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "locks-off"])
@pytest.mark.parametrize("how", ["made", "moved to it"])
def test_a_course_is_deleted_while_a_slot_of_it_is_made(crowd, monkeypatch, locked, how):
    """Without the lock on the course the slot stays behind, and takes the teacher's time for a course that is gone."""
    admin, teacher = actor("admin"), actor("teacher").id
    made, at = course([teacher]).id, time_slot(1, "16:00").id
    db.session.remove()
    if not locked:
        monkeypatch.setattr(slots, "lock_many", lambda *args: [])
    values = {"course_id": made, "teacher_id": teacher, "time_slot_id": at, "capacity": 3}
    work = partial(slots.create, values, actor=admin)
    if how == "moved to it":
        other = slot(course([teacher]), teacher, 1, "16:00", capacity=3).id
        db.session.remove()
        work = partial(slots.update, other, {"course_id": made}, actor=admin)
    delete = between(monkeypatch, slots, "_check", partial(COURSES.delete, [made], actor=admin))
    race(crowd, work, delete)
    left_behind = """
        SELECT count(*) FROM classroom_slots s JOIN courses c ON c.id = s.course_id
        WHERE s.deleted_at IS NULL AND c.deleted_at IS NOT NULL
    """
    assert count(left_behind) == (0 if locked else 1)


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "locks-off"])
def test_a_student_who_is_deleted_while_their_admission_is_renewed(crowd, pair, monkeypatch, locked):
    staff, admin = actor("staff"), actor("admin")
    old = admission(pair, actor=staff)
    db.session.execute(text("UPDATE attendance SET status = 'present', marked_at = now()"))
    db.session.commit()
    actions.complete([old.id], actor=staff)
    db.session.remove()
    if not locked:
        monkeypatch.setattr(batch, "_LOCK_STUDENTS", text("SELECT CAST(:ids AS uuid[])"))
    delete = between(
        monkeypatch, renewing.orders, "check_number", partial(students.delete, [old.student_id], actor=admin)
    )
    renewed, deleted = race(crowd, partial(renewing.renew, [old.id], actor=staff), delete)
    assert renewed.count("ok") == 1
    assert deleted.count("refused") == locked
    lost = """
        SELECT count(*) FROM admissions a JOIN students s ON s.id = a.student_id
        WHERE s.deleted_at IS NOT NULL AND a.status IN ('pending', 'active')
    """
    assert count(lost) == (not locked)


@pytest.mark.parametrize("changed", ["course", "time", "teacher"])
def test_a_slot_that_is_changed_before_it_is_locked_is_not_booked(crowd, pair, monkeypatch, changed):
    staff, admin = actor("staff"), actor("admin")
    other, both = actor("teacher2").id, [pair[0].teacher_id, actor("teacher2").id]
    for teacher_id in both[1:]:
        db.session.add(CourseTeacher(course_id=pair[0].course_id, teacher_id=teacher_id))
    db.session.commit()
    values = {
        "course": {"course_id": course(both[:1]).id},
        "time": {"time_slot_id": time_slot(2, "18:00").id},
        "teacher": {"teacher_id": other},
    }[changed]
    asked, slot_id = order(pair, student_id=student().id), pair[0].id
    db.session.remove()
    change = between(monkeypatch, admit, "check_number", partial(slots.update, slot_id, values, actor=admin))
    refused, _done = race(crowd, partial(admit.admit, asked, actor=staff), change)
    assert isinstance(refused, WrongState)
    assert "changed meanwhile" in str(refused)
    assert count("SELECT count(*) FROM admissions") == count("SELECT count(*) FROM attendance") == 0


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "locks-off"])
def test_somebody_joins_a_waitlist_as_a_lead_and_as_the_student_they_became_at_once(crowd, pair, monkeypatch, locked):
    staff, asked = actor("staff"), lead().id
    saturday = slot(db.session.get_one(Course, pair[0].course_id), pair[0].teacher_id, 5, "16:00", capacity=5)
    became = admission([saturday], actor=staff, lead_id=asked).student_id
    for _n in range(5):
        admission(pair, actor=staff)
    values = [{"classroom_slot_id": pair[0].id, **who} for who in ({"lead_id": asked}, {"student_id": became})]
    db.session.remove()
    if not locked:
        monkeypatch.setattr(places, "_LOCK", text("SELECT CAST(:ids AS uuid[])"))
    meet_after(monkeypatch, waiting, "waits")
    results = race(crowd, *[partial(waitlist.join, each, actor=staff) for each in values])
    assert len(refusals(results)) == locked
    assert count("SELECT count(*) FROM waitlist_entries") == (1 if locked else 2)
