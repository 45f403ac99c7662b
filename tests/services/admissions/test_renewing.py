"""A renewal and the admission that it renews share the places: the one that runs has them, then the other."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.admissions import Admission
from app.services import school
from app.services.admissions import actions, renewing
from app.services.admissions.refusals import PlacesRefused
from app.services.errors import WrongState
from app.services.records import erasing
from app.services.students import records as students
from tests.factories.admissions import admission

HAS = "SELECT count(*) FROM classroom_enrollments WHERE admission_id = :id AND status = 'active'"


def only(result):
    [outcome] = result.outcomes
    return outcome


def has(key) -> int:
    return db.session.execute(text(HAS), {"id": key}).scalar_one()


def enrolled(studio) -> list[int]:
    found = db.session.execute(
        text("SELECT enrolled FROM classroom_slots WHERE id = ANY(:ids) ORDER BY id"),
        {"ids": [slot.id for slot in studio.slots]},
    )
    return list(found.scalars())


@pytest.fixture
def pair(db_session, actors, studio):
    """An admission and its renewal."""
    old = admission(studio.slots, actor=actors.staff)
    assert only(renewing.renew([old.id], actor=actors.staff)).state == "ok"
    [new] = [each.id for each in db_session.query(Admission).where(Admission.renewed_from_id == old.id)]
    return old.id, new


def over(key) -> None:
    """All classes of an admission have been held."""
    db.session.execute(
        text("UPDATE attendance SET status = 'present', marked_at = now() WHERE admission_id = :id"), {"id": key}
    )
    db.session.commit()


def test_the_running_one_has_the_places(pair, studio):
    old, new = pair
    assert (has(old), has(new), enrolled(studio)) == (2, 0, [1, 1])


def test_cancelling_the_renewal_takes_nothing_from_the_running_one(pair, actors, studio):
    old, new = pair
    actions.cancel([new], actor=actors.staff)
    assert (has(old), enrolled(studio)) == (2, [1, 1])
    assert only(renewing.renew([old], actor=actors.staff)).state == "ok", "it can be renewed again"


def test_the_renewal_has_them_when_the_running_one_ends(pair, actors, studio):
    old, new = pair
    over(old)
    db.session.execute(text("UPDATE admissions SET status = 'active' WHERE id = :id"), {"id": old})
    db.session.commit()
    assert only(actions.complete([old], actor=actors.staff)).state == "ok"
    assert (has(old), has(new), enrolled(studio)) == (0, 2, [1, 1])
    actions.cancel([new], actor=actors.staff)
    assert enrolled(studio) == [0, 0]


def test_pausing_the_running_one_and_taking_it_up_again(pair, actors, studio):
    old, new = pair
    actions.pause([old], actor=actors.staff)
    assert (has(new), enrolled(studio)) == (2, [1, 1]), "the classes of the renewal need them"
    assert only(actions.resume([old], actor=actors.staff)).state == "ok"
    assert enrolled(studio) == [1, 1]
    actions.cancel([new], actor=actors.staff)
    assert (has(old), enrolled(studio)) == (2, [1, 1])


def test_a_paused_renewal_takes_places_again_when_the_running_one_has_ended(pair, actors, studio):
    old, new = pair
    actions.pause([new], actor=actors.staff)
    assert enrolled(studio) == [1, 1]
    actions.cancel([old], actor=actors.staff)
    assert enrolled(studio) == [0, 0]
    others = [admission(studio.slots, actor=actors.staff) for _number in range(2)]
    assert isinstance(only(actions.resume([new], actor=actors.staff)).refusal, PlacesRefused)
    actions.cancel([others[0].id], actor=actors.staff)
    assert only(actions.resume([new], actor=actors.staff)).state == "ok"
    assert (has(new), enrolled(studio)) == (2, [2, 2])


def test_nothing_is_renewed_into_a_slot_that_is_out_of_use(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    studio.tuesday.active = False
    db_session.commit()
    refused = only(renewing.renew([made.id], actor=actors.staff)).refusal
    assert [problem.code for problem in refused.problems] == ["out_of_use"]
    actions.pause([made.id], actor=actors.staff)
    refused = only(actions.resume([made.id], actor=actors.staff)).refusal
    assert [problem.code for problem in refused.problems] == ["out_of_use"]


@pytest.mark.parametrize("gone", ["deleted", "erased"])
def test_who_was_deleted_is_not_admitted_again(db_session, actors, studio, gone):
    old = admission(studio.slots, actor=actors.staff)
    over(old.id)
    assert only(actions.complete([old.id], actor=actors.staff)).state == "ok"
    remove = {"deleted": students.delete, "erased": partial(erasing.erase, reason="They asked.")}[gone]
    assert only(remove([old.student_id], actor=actors.super_admin)).state == "ok"
    for _again in range(2):
        outcome = only(renewing.renew([old.id], actor=actors.staff))
        assert isinstance(outcome.refusal, WrongState)
        assert "deleted" in str(outcome.refusal)
    assert db_session.query(Admission).count() == 1


def test_what_a_renewal_stands_against_says_so(pair, actors, studio):
    old, new = pair
    number = db.session.get(Admission, new).number
    for _again in range(2):
        outcome = only(actions.add_extra_classes([old], actor=actors.staff, classes=1))
        assert isinstance(outcome.refusal, WrongState)
        assert f"#{number}" in str(outcome.refusal)
    actions.pause([old], actor=actors.staff)
    later = school.today() + timedelta(days=30)
    outcome = only(actions.resume([old], actor=actors.staff, resume_on=later))
    assert isinstance(outcome.refusal, WrongState)
    assert f"#{number}" in str(outcome.refusal)
    actions.cancel([new], actor=actors.staff)  # as it is told
    assert only(actions.resume([old], actor=actors.staff, resume_on=later)).state == "ok"
    assert only(renewing.renew([old], actor=actors.staff)).state == "ok"
