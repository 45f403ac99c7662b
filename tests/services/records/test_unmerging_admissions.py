"""Admissions return from a merge with all that was made of them since."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.admissions import Admission, ClassroomEnrollment
from app.models.classroom import Attendance, AttendanceStatus, RescheduleRequest
from app.models.courses import ClassroomSlot
from app.services.admissions import actions, renewing
from app.services.classroom import makeups, marking, requests
from app.services.errors import WrongState
from app.services.records import merging, unmerging
from tests.factories.classroom import School, classes, day_after, to_today
from tests.factories.students import student

pytestmark = pytest.mark.usefixtures("db_session")


@pytest.fixture
def place(actors):
    return School(actors.admin)


@pytest.fixture
def merged(place, actors):
    """The admission of a student who was merged into another, that one, and the merge."""
    gone, kept = student().id, student().id
    made = place.admit([place.tuesday], student_id=gone)
    return made, gone, kept, merging.merge([gone], actor=actors.admin, into_id=kept).batch_id


def undo(merge_id, actors):
    unmerging.undo(merge_id, actor=actors.admin)
    db.session.expire_all()


def everything_of(key):
    """How many admissions, places, classes and requests."""
    return [
        len(db.session.scalars(select(model.id).where(model.student_id == key)).all())
        for model in (Admission, ClassroomEnrollment, Attendance, RescheduleRequest)
    ]


def test_classes_that_were_added_since_return_with_their_admission(merged, actors):
    made, gone, kept, merge_id = merged
    actions.add_extra_classes([made.id], actor=actors.admin, classes=4)
    undo(merge_id, actors)
    assert everything_of(gone) == [1, 1, len(classes(made.id)), 0] and everything_of(kept) == [0, 0, 0, 0]


@pytest.mark.parametrize("end", [None, actions.cancel])
def test_a_renewal_returns_with_what_it_renews_and_keeps_its_place(merged, place, actors, end):
    made, gone, kept, merge_id = merged
    renewing.renew([made.id], actor=actors.admin)
    other = place.admit([place.friday], student_id=kept)
    if end is not None:  # the renewal has the place by then
        end([made.id], actor=actors.admin)
    undo(merge_id, actors)
    assert everything_of(gone)[:2] == [2, 1] and everything_of(kept) == [1, 1, len(classes(other.id)), 0]
    actions.cancel([made.id], actor=actors.admin)
    db.session.expire_all()
    assert db.session.get(ClassroomSlot, place.tuesday.id).enrolled == 1
    assert db.session.scalars(
        select(ClassroomEnrollment.status).where(ClassroomEnrollment.student_id == gone)
    ).one() == ("active")


def test_make_up_classes_and_requests_since_return_too(merged, place, actors):
    made, gone, kept, merge_id = merged
    row = to_today(classes(made.id)[0])
    marking.mark([row.id], actor=actors.teacher, status=AttendanceStatus.EXCUSED)
    values = {"admission_id": made.id, "classroom_slot_id": place.friday.id, "class_date": day_after(4)}
    makeups.book(values, actor=actors.admin)
    planned = [each for each in classes(made.id) if each.status == "scheduled" and not each.makeup]
    wish = {"requested_slot_id": place.friday.id, "requested_date": day_after(4, values["class_date"])}
    requests.request({"attendance_id": planned[-1].id, **wish, "reason": None}, actor=actors.admin)
    undo(merge_id, actors)
    assert everything_of(gone) == [1, 1, len(classes(made.id)), 1] and everything_of(kept) == [0, 0, 0, 0]


def test_admissions_of_who_stays_do_not_go(merged, place, actors):
    made, gone, kept, merge_id = merged
    own = place.admit([place.friday], student_id=kept)
    renewing.renew([own.id], actor=actors.admin)
    undo(merge_id, actors)
    assert (everything_of(gone)[0], everything_of(kept)[0]) == (1, 2)
    assert {each.student_id for each in classes(made.id)} == {gone}


def test_a_place_that_admissions_of_both_use_is_not_torn(merged, place, actors):
    made, gone, kept, merge_id = merged
    actions.pause([made.id], actor=actors.admin)
    own = place.admit([place.tuesday], student_id=kept)
    day = classes(own.id)[-1].class_date + timedelta(days=1)
    assert actions.resume([made.id], actor=actors.admin, resume_on=day).count("ok") == 1
    with pytest.raises(WrongState, match="share a place"):
        undo(merge_id, actors)
    db.session.rollback()
    assert everything_of(gone) == [0, 0, 0, 0]
    actions.cancel([own.id], actor=actors.admin)
    undo(merge_id, actors)
    assert (
        db.session.scalar(
            text("SELECT count(*) FROM classroom_enrollments WHERE student_id = :id AND status = 'active'"),
            {"id": gone},
        )
        == 1
    )
