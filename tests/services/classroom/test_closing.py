"""Closures that come after classes were planned."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.extensions import db
from app.services import transaction
from app.services.admissions import actions
from app.services.classroom import closing, requests
from app.services.errors import NotAllowed
from tests.factories import courses
from tests.factories.classroom import School, balance, classes, count, day_after, notices, to_today


@pytest.fixture
def place(actors):
    return School(actors.admin)


def test_classes_of_a_closed_week_are_planned_after_the_last(place, actors):
    admitted = place.admit(account="student", starts_on=day_after(1))
    rows = classes(admitted.id)
    last = rows[-1].class_date
    closure = courses.closure(rows[0].class_date, rows[1].class_date, reason="Snow")
    preview = transaction.rehearse(closing.apply, [closure.id], actor=actors.admin, remedy="move")
    assert "2" in preview.outcomes[0].message
    assert classes(admitted.id)[0].class_date == rows[0].class_date
    assert closing.apply([closure.id], actor=actors.admin, remedy="move", announce=True).count("ok") == 1
    after = classes(admitted.id)
    assert len(after) == 24
    assert {rows[0].id, rows[1].id} == {row.id for row in after if row.class_date > last}
    assert all(row.class_date.weekday() in (1, 4) for row in after)
    assert all(not closure.starts_on <= row.class_date <= closure.ends_on for row in after)
    ends_on = db.session.execute(
        text("SELECT ends_on FROM admissions WHERE id = :id"), {"id": admitted.id}
    ).scalar_one()
    assert ends_on >= after[-1].class_date
    assert {each.username for each in notices("class_moved")} == {"student", "teacher"}
    assert {each.username for each in notices("closure_announcement")} == {"student", "teacher", "teacher2", "guardian"}
    assert balance(admitted.id).remaining == 24
    assert closing.apply([closure.id], actor=actors.admin, remedy="move").count("unchanged") == 1


def test_classes_taken_off_are_still_owed(place, actors):
    admitted = place.admit([place.tuesday], account="student", starts_on=day_after(1))
    rows = classes(admitted.id)
    wish = {"attendance_id": rows[0].id, "requested_slot_id": place.friday.id, "requested_date": day_after(4)}
    requests.request(wish, actor=actors.student)
    closure = courses.closure(rows[0].class_date, reason="Snow")
    closing.apply([closure.id], actor=actors.admin, remedy="cancel")
    found = balance(admitted.id)
    assert (found.remaining, found.unplanned, found.credits) == (found.purchased, 1, 0)
    assert len(classes(admitted.id)) == len(rows) - 1
    assert {each.username for each in notices("class_cancelled")} == {"student", "teacher"}
    assert count("SELECT count(*) FROM reschedule_requests WHERE status = 'withdrawn'") == 1
    assert closing.apply([closure.id], actor=actors.admin, remedy="cancel").count("unchanged") == 1


def test_the_new_day_does_not_clash_with_another_admission(place, actors):
    first = place.admit([place.tuesday], starts_on=day_after(1))
    rows = classes(first.id)
    other = courses.course([actors.teacher2.id])
    next_day = rows[-1].class_date + timedelta(days=7)
    place.admit([courses.slot(other, actors.teacher2.id, 1, "16:30")], student_id=first.student_id, starts_on=next_day)
    closure = courses.closure(rows[0].class_date)
    closing.apply([closure.id], actor=actors.admin, remedy="move")
    # The other admission takes every Tuesday at that time for twelve weeks.
    assert classes(first.id)[-1].class_date == next_day + timedelta(days=7 * 12)


def test_only_admins(place, actors):
    closure = courses.closure(day_after(1))
    [outcome] = closing.apply([closure.id], actor=actors.staff, remedy="move").outcomes
    assert isinstance(outcome.refusal, NotAllowed)


def test_nothing_is_planned_for_an_admission_that_has_ended(place, actors):
    """Its class on the closed day was never held: it is taken off, and not planned again."""
    admitted = place.admit([place.tuesday])
    row = to_today(classes(admitted.id)[0], days_ago=1)
    actions.cancel([admitted.id], actor=actors.admin)
    closure = courses.closure(row.class_date)
    [outcome] = closing.apply([closure.id], actor=actors.admin, remedy="move").outcomes
    assert "taken off" in outcome.message
    assert classes(admitted.id) == []


def test_a_longer_closure_applied_again_tells_of_the_rest(place, actors):
    admitted = place.admit(account="student", starts_on=day_after(1))
    rows = classes(admitted.id)
    closure = courses.closure(rows[0].class_date, reason="Snow")
    closing.apply([closure.id], actor=actors.admin, remedy="cancel")
    closure.ends_on = rows[1].class_date
    db.session.commit()
    closing.apply([closure.id], actor=actors.admin, remedy="cancel")
    told = [each.body for each in notices("class_cancelled") if each.username == "student"]
    assert len(told) == 2
    assert any(rows[1].class_date.isoformat() in body for body in told)


def test_the_page_previews_what_becomes_of_the_classes(place, actors, client_of):
    admitted = place.admit([place.tuesday], starts_on=day_after(1))
    row = classes(admitted.id)[0]
    closure = courses.closure(row.class_date, reason="Snow")
    form = {"id": str(closure.id), "remedy": "cancel"}
    page = client_of("admin").post("/closures/actions/apply", data=form | {"_stage": "preview"})
    assert "1 class is taken off the plan" in page.text
    assert len(classes(admitted.id)) == admitted.final_classes
    client_of("admin").post("/closures/actions/apply", data=form | {"_stage": "do"})
    assert len(classes(admitted.id)) == admitted.final_classes - 1
