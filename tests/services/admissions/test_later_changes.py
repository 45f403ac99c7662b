"""Admissions, waitlists and classes after what came later: sequences in which each step is allowed, and the end must be right."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.admissions import Admission, WaitlistEntry
from app.models.courses import OperatingDay
from app.policies.roles import Role
from app.services import accounts, school, sessions
from app.services.accounts import access
from app.services.admissions import actions, renewing, waitlist
from app.services.classroom import marking, moving, requests
from app.services.classroom.places import Wish
from app.services.courses import opening
from app.services.errors import WrongState
from app.services.leads import actions as lead_actions
from app.services.leads import merging as lead_merging
from app.services.records import merging, unmerging
from app.services.students import records as students
from tests.factories.admissions import admission
from tests.factories.classroom import School, classes, day_after, notices, open_every_day, to_today
from tests.factories.courses import course, plan, slot
from tests.factories.leads import lead
from tests.factories.students import student


def only(result):
    [outcome] = result.outcomes
    return outcome


def statuses():
    db.session.expire_all()
    return [entry.status.value for entry in db.session.scalars(select(WaitlistEntry).order_by(WaitlistEntry.position))]


def wait(studio, **who):
    return waitlist.join({"classroom_slot_id": studio.tuesday.id} | who, actor=sessions.system())


def test_a_place_that_two_admissions_shared_is_left_to_one(studio, actors):
    """Or its own stays paused beside, and cannot be taken up again."""
    staff = actors.staff
    first = admission([studio.tuesday], actor=staff)
    renewing.renew([first.id], actor=staff)
    second = db.session.scalar(select(Admission.id).where(Admission.renewed_from_id == first.id))
    steps = (("pause", first.id), ("pause", second), ("resume", first.id), ("resume", second), ("cancel", first.id))
    for what, key in (*steps, ("pause", second), ("resume", second)):
        assert only(getattr(actions, what)([key], actor=staff)).state == "ok", what
    found = db.session.execute(text("SELECT admission_id, status FROM classroom_enrollments WHERE status <> 'ended'"))
    assert found.all() == [(second, "active")]


def test_also_after_a_month_in_the_same_slot_meanwhile(studio, actors):
    staff = actors.staff
    long = admission([studio.tuesday], actor=staff)
    actions.pause([long.id], actor=staff)
    short_plan = plan(1, classes_per_week=1)
    short = admission([studio.tuesday], actor=staff, student_id=long.student_id, plan_id=short_plan.id)
    later = short.ends_on + timedelta(days=1)
    assert only(actions.resume([long.id], actor=staff, resume_on=later)).state == "ok"
    for what, key in (("cancel", short.id), ("pause", long.id), ("resume", long.id)):
        assert only(getattr(actions, what)([key], actor=staff)).state == "ok", what


def a_place_is_held_for(found, studio, actors):
    """Both others have a place, the one waits, and one of the others leaves."""
    others = [admission([studio.tuesday], actor=actors.staff) for _ in range(2)]
    wait(studio, student_id=found.student_id)
    actions.cancel([others[0].id], actor=actors.staff)
    assert statuses() == ["offered"]
    return others[1]


def test_who_resumes_takes_the_place_that_is_held_for_them(studio, actors):
    paused = admission([studio.tuesday], actor=actors.staff)
    actions.pause([paused.id], actor=actors.staff)
    a_place_is_held_for(paused, studio, actors)
    assert only(actions.resume([paused.id], actor=actors.staff)).state == "ok"
    db.session.refresh(studio.tuesday)
    assert statuses() == ["accepted"] and (studio.tuesday.enrolled, studio.tuesday.offered) == (2, 0)


def test_and_so_does_who_renews(studio, actors):
    done = admission([studio.tuesday], actor=actors.staff)
    db.session.execute(text("UPDATE attendance SET status = 'present', marked_at = now()"))
    db.session.commit()
    assert only(actions.complete([done.id], actor=actors.staff)).state == "ok"
    a_place_is_held_for(done, studio, actors)
    assert only(renewing.renew([done.id], actor=actors.staff)).state == "ok"
    assert statuses() == ["accepted"]


def test_students_with_classes_that_overlap_are_not_merged(studio, actors):
    other = slot(course([actors.teacher2.id]), actors.teacher2.id, 1, "16:30", end="17:30")
    kept, gone = (admission([each], actor=actors.staff) for each in (studio.tuesday, other))
    with pytest.raises(WrongState, match="classes at the same time"):
        merging.merge([gone.student_id], actor=actors.admin, into_id=kept.student_id)
    actions.cancel([gone.id], actor=actors.staff)
    assert only(merging.merge([gone.student_id], actor=actors.admin, into_id=kept.student_id)).state == "ok"


@pytest.mark.parametrize("kind", ["lead", "student"])
def test_who_comes_back_is_offered_what_was_freed_meanwhile(studio, actors, kind):
    full = [admission(studio.slots, actor=actors.staff) for _ in range(2)]
    who, service = (lead(), lead_actions) if kind == "lead" else (student(), students)
    wait(studio, **{f"{kind}_id": who.id})
    assert only(service.delete([who.id], actor=actors.admin)).state == "ok"
    actions.cancel([full[0].id], actor=actors.staff)
    assert statuses() == ["waiting"]
    assert only(service.restore([who.id], actor=actors.admin)).state == "ok"
    assert statuses() == ["offered"]


def test_what_becomes_free_in_any_other_way_is_offered_within_minutes(studio, actors):
    full = [admission(studio.slots, actor=actors.staff) for _ in range(2)]
    wait(studio, student_id=student().id)
    tuesday = db.session.scalar(select(OperatingDay.id).where(OperatingDay.day == 1))
    opening.update_day(tuesday, {"open": False}, actor=actors.admin)
    actions.cancel([full[0].id], actor=actors.staff)
    assert waitlist.expire() == 0 and statuses() == ["waiting"], "nobody can come on a closed day"
    opening.update_day(tuesday, {"open": True}, actor=actors.admin)
    assert waitlist.expire() == 0 and statuses() == ["offered"]
    assert waitlist.expire() == 0 and statuses() == ["offered"]


def test_nobody_waits_for_a_place_that_a_merge_gives_them(studio, actors):
    full = [admission(studio.slots, actor=actors.staff) for _ in range(2)]
    twin, next_one = student(), student()
    wait(studio, student_id=twin.id)
    actions.cancel([full[0].id], actor=actors.staff)
    wait(studio, student_id=next_one.id)
    assert only(merging.merge([twin.id], actor=actors.admin, into_id=full[1].student_id)).state == "ok"
    assert statuses() == ["withdrawn", "offered"]


def test_of_an_admission_that_is_over_nobody_is_told_to_renew_it(actors, db_session):
    place = School(actors.admin)
    made = place.admit(account="student")
    rows = classes(made.id)
    marked = text(
        "UPDATE attendance SET status = 'present', marked_at = now() WHERE admission_id = :id AND id <> ALL(:keep)"
    )
    db.session.execute(marked, {"id": made.id, "keep": [row.id for row in rows[:5]]})
    db.session.commit()
    row = to_today(rows[0], 1)
    assert only(actions.cancel([made.id], actor=actors.admin)).state == "ok"
    assert only(marking.mark([row.id], actor=actors.teacher, status="present")).state == "ok"
    assert not notices("classes_remaining_4")


def test_a_renewal_without_a_day_begins_with_a_class_to_come(actors, db_session):
    open_every_day()
    today = school.today()
    found = slot(course([actors.teacher.id]), actors.teacher.id, today.weekday(), "00:00", end="00:01")
    old = admission([found], actor=actors.staff, starts_on=today - timedelta(days=120))
    db.session.execute(text("UPDATE attendance SET status = 'present', marked_at = now()"))
    db.session.execute(text("UPDATE attendance SET deleted_at = now() WHERE class_date >= :day"), {"day": today})
    db.session.commit()
    assert only(actions.complete([old.id], actor=actors.staff)).state == "ok"
    assert only(renewing.renew([old.id], actor=actors.staff)).state == "ok"
    new = db.session.scalar(select(Admission.id).where(Admission.renewed_from_id == old.id))
    assert min(row.starts_at for row in classes(new)) > school.now()


def test_no_place_is_offered_for_a_class_that_cannot_be_moved(actors, db_session):
    place = School(actors.admin)
    made = place.admit([place.tuesday], account="student")
    waits, marked = classes(made.id)[1], to_today(classes(made.id)[0])
    assert moving.offered(Wish.of(waits)) and moving.offered(Wish(made.id))
    marking.mark([marked.id], actor=actors.teacher, status="present")
    assert moving.offered(Wish.of(marked)) == []
    actions.pause([made.id], actor=actors.admin)
    assert moving.offered(Wish(made.id)) == [], "nor for a make-up class"


def test_a_teacher_who_learns_here_too_withdraws_no_requests_of_others(actors, db_session):
    place = School(actors.admin)
    row = classes(place.admit([place.tuesday], account="student").id)[0]
    wish = {"attendance_id": row.id, "requested_slot_id": place.friday.id, "requested_date": day_after(4)}
    made = requests.request(wish, actor=actors.student)
    access.add_role(accounts.find("teacher").id, Role.STUDENT, sessions.system())
    db.session.commit()
    assert only(requests.withdraw([made.id], actor=actors.teacher)).refusal is not None
    assert only(requests.withdraw([made.id], actor=actors.student)).state == "ok"


def test_an_admission_does_not_come_back_without_its_student(actors, db_session):
    made = School(actors.admin).admit()
    for what in (actions.cancel, actions.delete):
        assert only(what([made.id], actor=actors.admin)).state == "ok"
    assert only(students.delete([made.student_id], actor=actors.admin)).state == "ok"
    assert "restore them first" in str(only(actions.restore([made.id], actor=actors.admin)).refusal)
    assert only(students.restore([made.student_id], actor=actors.admin)).state == "ok"
    assert only(actions.restore([made.id], actor=actors.admin)).state == "ok"


def test_who_resumes_takes_no_place_that_is_held_for_a_brother(studio, actors):
    """Two students of one lead, as two that were admitted were merged into it."""
    one, other = lead(), lead()
    first = admission([studio.tuesday], actor=actors.staff, lead_id=one.id, accept_duplicates=True)
    brother = admission([studio.friday], actor=actors.staff, lead_id=other.id, accept_duplicates=True)
    actions.pause([first.id], actor=actors.staff)
    full = [admission([studio.tuesday], actor=actors.staff) for _ in range(2)]
    wait(studio, student_id=brother.student_id)
    actions.cancel([full[0].id], actor=actors.staff)
    lead_merging.merge([other.id], actor=actors.admin, into_id=one.id)
    assert only(actions.resume([first.id], actor=actors.staff)).state == "refused"
    assert statuses() == ["offered"]


def test_who_has_the_place_once_they_are_merged_is_not_offered_another_as_the_lead_that_they_were(studio, actors):
    asked = lead()
    became = admission([studio.friday], actor=actors.staff, lead_id=asked.id, accept_duplicates=True)
    full = [admission([studio.tuesday], actor=actors.staff) for _ in range(2)]
    wait(studio, lead_id=asked.id)
    actions.cancel([full[0].id], actor=actors.staff)
    wait(studio, student_id=student().id)
    assert statuses() == ["offered", "waiting"]
    merged = merging.merge([became.student_id], actor=actors.admin, into_id=full[1].student_id)
    assert statuses() == ["withdrawn", "offered"]
    unmerging.undo(merged.batch_id, actor=actors.admin)
    assert statuses() == ["waiting", "offered"]


def test_who_has_the_place_once_leads_are_merged_waits_no_more(studio, actors):
    has, asks = lead(), lead()
    admission([studio.tuesday], actor=actors.staff, lead_id=has.id)
    admission([studio.tuesday], actor=actors.staff)
    wait(studio, lead_id=asks.id)
    lead_merging.merge([asks.id], actor=actors.admin, into_id=has.id)
    assert statuses() == ["withdrawn"]
