"""What is done with an admission: places freed and taken, dates moved, money, and every refusal."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from app.models.admissions import Admission, AdmissionAuditEvent, AdmissionPayment, DiscountType
from app.models.classroom import Attendance
from app.services import school
from app.services.admissions import actions, money, renewing, starting
from app.services.admissions.refusals import PlacesRefused
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from tests.factories.admissions import admission
from tests.factories.classroom import open_every_day
from tests.factories.courses import plan, slot

NOW = "UPDATE attendance SET status = 'present', marked_at = now() WHERE admission_id = :id"


def places(db_session, slot):
    return db_session.scalar(text("SELECT enrolled FROM classroom_slots WHERE id = :id"), {"id": slot.id})


def days(db_session, admission_id):
    """The days of the classes that are planned and to come."""
    statement = select(Attendance.class_date).where(
        Attendance.admission_id == admission_id, Attendance.deleted_at.is_(None), Attendance.status == "scheduled"
    )
    return list(db_session.scalars(statement.order_by(Attendance.starts_at)))


def read(db_session, key):
    db_session.expire_all()
    return db_session.get(Admission, key)


def only(result):
    [outcome] = result.outcomes
    return outcome


def events(db_session, key):
    statement = select(AdmissionAuditEvent.type).where(AdmissionAuditEvent.admission_id == key)
    return [each.value for each in db_session.scalars(statement.order_by(AdmissionAuditEvent.id))]


def test_cancelling_frees_the_places_and_the_days(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    assert only(actions.cancel([made.id], actor=actors.staff, note="Moved away")).state == "ok"
    assert read(db_session, made.id).status == "cancelled"
    assert [places(db_session, slot) for slot in studio.slots] == [0, 0]
    assert days(db_session, made.id) == []
    assert events(db_session, made.id) == ["created", "status_changed"]
    assert only(actions.cancel([made.id], actor=actors.staff)).state == "unchanged"
    assert len(events(db_session, made.id)) == 2


def test_what_was_marked_stays_when_an_admission_is_cancelled(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff, starts_on=school.today() - timedelta(days=14))
    db_session.execute(
        text(
            "UPDATE attendance SET status = 'present', marked_at = now() WHERE admission_id = :id AND class_date < :day"
        ),
        {"id": made.id, "day": school.today()},
    )
    marked = db_session.scalar(text("SELECT count(*) FROM attendance WHERE status = 'present'"))
    actions.cancel([made.id], actor=actors.staff)
    live = text("SELECT count(*) FROM attendance WHERE deleted_at IS NULL AND status = 'present'")
    assert db_session.scalar(live) == marked >= 4


def test_pausing_and_resuming_moves_the_same_classes(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    before, ends = days(db_session, made.id), read(db_session, made.id).ends_on
    keys = set(db_session.scalars(select(Attendance.id).where(Attendance.admission_id == made.id)))
    assert only(actions.pause([made.id], actor=actors.staff)).state == "ok"
    assert days(db_session, made.id) == []
    assert [places(db_session, slot) for slot in studio.slots] == [0, 0]
    back = school.today() + timedelta(days=28)
    assert only(actions.resume([made.id], actor=actors.staff, resume_on=back)).state == "ok"
    after = days(db_session, made.id)
    assert len(after) == len(before)
    assert min(after) >= back
    assert [places(db_session, slot) for slot in studio.slots] == [1, 1]
    row = read(db_session, made.id)
    assert row.status == "active"
    assert row.ends_on >= max(after)
    assert row.ends_on == ends + timedelta(days=28)
    again = set(db_session.scalars(select(Attendance.id).where(Attendance.admission_id == made.id)))
    assert again == keys


def test_resuming_is_refused_when_the_place_has_gone(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    actions.pause([made.id], actor=actors.staff)
    for _n in range(2):
        admission(studio.slots, actor=actors.staff)
    outcome = only(actions.resume([made.id], actor=actors.staff))
    assert isinstance(outcome.refusal, PlacesRefused)
    assert {each.code for each in outcome.refusal.problems} == {"full"}
    assert read(db_session, made.id).status == "paused"
    assert days(db_session, made.id) == []


def test_resuming_in_the_past_is_refused(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    actions.pause([made.id], actor=actors.staff)
    with pytest.raises(Invalid):
        actions.resume([made.id], actor=actors.staff, resume_on=school.today() - timedelta(days=1))


def test_extra_classes_follow_the_last_one(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    before = days(db_session, made.id)
    assert only(actions.add_extra_classes([made.id], actor=actors.staff, classes=3)).state == "ok"
    after = days(db_session, made.id)
    assert after[: len(before)] == before
    assert len(after) == len(before) + 3
    row = read(db_session, made.id)
    assert (row.extra_classes, row.final_classes) == (3, 27)
    assert row.ends_on >= after[-1]


def test_a_discount_changes_what_is_owed_until_it_is_paid(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    ten = {"discount_type": DiscountType.PERCENT, "discount_value": Decimal(10)}
    assert only(money.change_discount([made.id], actor=actors.staff, **ten)).state == "ok"
    assert only(money.change_discount([made.id], actor=actors.staff, **ten)).state == "unchanged"
    payment = db_session.scalars(select(AdmissionPayment)).one()
    assert payment.amount == read(db_session, made.id).total == Decimal("256.50")
    money.mark_paid([made.id], actor=actors.admin, note="Cash")
    refused = only(money.change_discount([made.id], actor=actors.staff, discount_type=DiscountType.NONE))
    assert isinstance(refused.refusal, WrongState)
    assert len(days(db_session, made.id)) == 24


def test_a_discount_beyond_the_price_is_refused(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    outcome = only(
        money.change_discount(
            [made.id], actor=actors.staff, discount_type=DiscountType.AMOUNT, discount_value=Decimal(9999)
        )
    )
    assert "discount_value" in outcome.refusal.fields


def test_who_confirmed_a_payment_and_when_is_kept(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    assert isinstance(only(money.mark_paid([made.id], actor=actors.staff)).refusal, NotAllowed)
    assert only(money.mark_paid([made.id], actor=actors.admin, note="Bank transfer")).state == "ok"
    assert only(money.mark_paid([made.id], actor=actors.admin)).state == "unchanged"
    payment = db_session.scalars(select(AdmissionPayment)).one()
    assert (payment.status.value, payment.confirmed_by_id, payment.note) == ("paid", actors.admin.id, "Bank transfer")
    assert payment.paid_at is not None
    assert only(money.mark_unpaid([made.id], actor=actors.admin)).state == "ok"
    db_session.expire_all()
    assert db_session.scalars(select(AdmissionPayment)).one().paid_at is None


def test_completing_waits_for_the_last_class(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    refused = only(actions.complete([made.id], actor=actors.staff))
    assert isinstance(refused.refusal, WrongState)
    assert "24" in str(refused.refusal)
    db_session.execute(text(NOW), {"id": made.id})
    assert only(actions.complete([made.id], actor=actors.staff)).state == "ok"
    assert [places(db_session, slot) for slot in studio.slots] == [0, 0]
    assert only(actions.complete([made.id], actor=actors.staff)).state == "unchanged"


@pytest.mark.parametrize("name", ["pause", "resume", "complete"])
def test_nothing_follows_a_cancelled_admission(db_session, actors, studio, name):
    made = admission(studio.slots, actor=actors.staff)
    actions.cancel([made.id], actor=actors.staff)
    outcome = only(getattr(actions, name)([made.id], actor=actors.staff))
    assert isinstance(outcome.refusal, WrongState)
    assert "cancelled" in str(outcome.refusal)


def test_renewing_keeps_the_places_and_follows_the_last_class(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    last = days(db_session, made.id)[-1]
    assert only(renewing.renew([made.id], actor=actors.staff)).state == "ok"
    new = db_session.scalars(select(Admission).where(Admission.renewed_from_id == made.id)).one()
    assert min(days(db_session, new.id)) > last
    assert len(days(db_session, new.id)) == 24
    assert len(days(db_session, made.id)) == 24
    assert [places(db_session, slot) for slot in studio.slots] == [1, 1]
    assert only(renewing.renew([made.id], actor=actors.staff)).state == "unchanged"


def test_renewing_after_completion_takes_the_places_again(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    db_session.execute(text(NOW), {"id": made.id})
    actions.complete([made.id], actor=actors.staff)
    longer = plan(6)
    first = max(
        db_session.scalars(select(Attendance.class_date).where(Attendance.admission_id == made.id))
    ) + timedelta(days=1)
    outcome = only(renewing.renew([made.id], actor=actors.staff, plan_id=longer.id, starts_on=first))
    assert outcome.state == "ok", outcome.refusal
    new = db_session.scalars(select(Admission).where(Admission.renewed_from_id == made.id)).one()
    assert new.final_classes == 48
    assert [places(db_session, slot) for slot in studio.slots] == [1, 1]


def test_a_cancelled_admission_is_not_renewed(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    actions.cancel([made.id], actor=actors.staff)
    assert isinstance(only(renewing.renew([made.id], actor=actors.staff)).refusal, WrongState)


def test_staff_change_what_they_made_and_admins_all(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    assert isinstance(only(actions.pause([made.id], actor=actors.staff2)).refusal, NotAllowed)
    assert isinstance(only(actions.pause([made.id], actor=actors.teacher)).refusal, NotAllowed)
    assert isinstance(only(actions.pause([made.id], actor=actors.coach)).refusal, NotFound)
    assert only(actions.pause([made.id], actor=actors.admin)).state == "ok"


def test_many_at_once_each_with_its_own_outcome(db_session, actors, studio):
    mine = admission(studio.slots, actor=actors.staff)
    theirs = admission(studio.slots, actor=actors.staff2)
    result = actions.cancel([mine.id, theirs.id], actor=actors.staff)
    assert [each.state for each in result.outcomes] == ["ok", "refused"]
    assert [places(db_session, slot) for slot in studio.slots] == [1, 1]


def test_deleting_needs_an_end_and_can_be_taken_back(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    assert isinstance(only(actions.delete([made.id], actor=actors.admin)).refusal, WrongState)
    actions.cancel([made.id], actor=actors.admin)
    assert only(actions.delete([made.id], actor=actors.admin)).state == "ok"
    assert isinstance(only(actions.pause([made.id], actor=actors.admin)).refusal, NotFound)
    assert only(actions.restore([made.id], actor=actors.admin)).state == "ok"
    assert read(db_session, made.id).deleted_at is None


def test_only_notes_are_edited(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    actions.update(made.id, {"notes": "Left-handed"}, actor=actors.staff)
    assert read(db_session, made.id).notes == "Left-handed"
    with pytest.raises(NotAllowed):
        actions.update(made.id, {"notes": "x"}, actor=actors.staff2)
    with pytest.raises(Invalid) as refused:
        actions.update(made.id, {"course_id": studio.course.id, "plan_id": plan(1).id}, actor=actors.staff)
    assert "plan_id" in refused.value.fields


def test_an_admission_begins_on_its_first_day(db_session, actors, studio):
    later = school.today() + timedelta(days=5)
    made = admission(studio.slots, actor=actors.staff, starts_on=later)
    paused = admission(studio.slots, actor=actors.staff, starts_on=later)
    actions.pause([paused.id], actor=actors.staff)
    assert starting.start(school.today()) == 0
    assert starting.start(later) == 1
    assert starting.start(later) == 0
    assert read(db_session, made.id).status == "active"
    assert read(db_session, paused.id).status == "paused"
    assert events(db_session, made.id) == ["created", "status_changed"]


def test_taking_up_after_todays_class_plans_none_today(db_session, actors, studio, monkeypatch):
    """The class of today has been: the next one is the first that waits."""
    today = school.today()
    early = slot(studio.course, actors.teacher.id, today.weekday(), "00:00", end="00:01")
    open_every_day()
    made = admission([early], actor=actors.staff)
    planned = days(db_session, made.id)
    actions.pause([made.id], actor=actors.staff)
    assert only(actions.resume([made.id], actor=actors.staff)).state == "ok"
    assert today not in days(db_session, made.id) or planned[0] == today
    assert days(db_session, made.id)[-1] >= planned[-1]


def test_taking_up_beside_the_class_of_today_that_was_marked_early(db_session, actors, studio):
    """It is not planned a second time, and is in nobody's way."""
    today = school.today()
    late = slot(studio.course, actors.teacher.id, today.weekday(), "23:58", end="23:59")
    open_every_day()
    made = admission([late], actor=actors.staff)
    [first, *planned] = days(db_session, made.id)
    mark = text("UPDATE attendance SET status = 'excused', marked_at = now() WHERE class_date = :day")
    db_session.execute(mark, {"day": first})
    for _again in range(2):
        assert only(actions.pause([made.id], actor=actors.staff)).state == "ok"
        assert days(db_session, made.id) == []
        assert only(actions.resume([made.id], actor=actors.staff)).state == "ok"
        assert days(db_session, made.id) == planned


def test_taking_up_within_two_years(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    actions.pause([made.id], actor=actors.staff)
    for day in (date.max, school.today() + timedelta(days=800)):
        with pytest.raises(Invalid):
            actions.resume([made.id], actor=actors.staff, resume_on=day)


def test_nothing_is_taken_off_a_cancelled_admission(db_session, actors, studio):
    made = admission(studio.slots, actor=actors.staff)
    actions.cancel([made.id], actor=actors.staff)
    ten = {"discount_type": DiscountType.PERCENT, "discount_value": Decimal(10)}
    assert isinstance(only(money.change_discount([made.id], actor=actors.staff, **ten)).refusal, WrongState)
