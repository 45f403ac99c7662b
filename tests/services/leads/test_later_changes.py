"""What happened between a change and its being taken back, and what one route may not do that another refuses."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.extensions import db
from app.models.leads import (
    ContactChannel,
    ContactOutcome,
    FollowUpStatus,
    Lead,
    LeadAuditEvent,
    LeadEvent,
    LeadSource,
    LeadStage,
)
from app.models.notifications import Notification, NotificationType
from app.services import accounts, school
from app.services.errors import Invalid, NotFound, WrongState
from app.services.leads import actions, labels, merging, records, stages, undo, unmerging
from tests.factories.leads import lead, stage


def told(kind):
    """To whom notices of a kind went."""
    return set(db.session.scalars(db.select(Notification.recipient_id).where(Notification.type == kind)))


def states(result):
    return [each.state for each in result.outcomes]


def test_of_two_merges_the_last_is_taken_back_first(db_session, actors):
    kept, first, second = lead(email=None), lead(email="same@example.org"), lead(email="same@example.org")
    for gone in (first, second):
        merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    with pytest.raises(WrongState, match="merged into the same lead later"):
        unmerging.undo_merge([first.id], actor=actors.admin)
    for gone in (second, first):
        unmerging.undo_merge([gone.id], actor=actors.admin)
    assert db.session.get_one(Lead, kept.id).email is None


def test_what_was_changed_and_changed_back_is_not_undone(db_session, actors):
    made = lead(owner_id=actors.staff.id)
    batch = actions.assign_owner([made.id], actor=actors.staff, owner_id=actors.staff2.id).batch_id
    for owner_id in (None, actors.staff2.id):
        actions.assign_owner([made.id], actor=actors.admin, owner_id=owner_id)
    assert states(undo.undo(batch, actor=actors.staff)) == ["refused"]
    batch = actions.assign_owner([made.id], actor=actors.admin, owner_id=actors.staff.id).batch_id
    for owner_id in (None, actors.staff.id):
        actions.assign_owner([made.id], actor=actors.admin, owner_id=owner_id)
    assert states(undo.undo(batch, actor=actors.admin)) == ["unchanged"]
    db.session.expire_all()
    assert made.owner_id == actors.staff.id


def test_a_lead_that_was_handed_on_comes_back_until_somebody_has_begun(db_session, actors):
    made, other = (lead(owner_id=actors.staff.id) for _ in range(2))
    batch = actions.assign_owner([made.id, other.id], actor=actors.staff, owner_id=actors.staff2.id).batch_id
    actions.log_contact([made.id], actor=actors.staff2, channel=ContactChannel.CALL, outcome=ContactOutcome.NO_ANSWER)
    outcomes = {each.id: each for each in undo.undo(batch, actor=actors.staff).outcomes}
    assert (outcomes[str(made.id)].state, outcomes[str(other.id)].state) == ("refused", "ok")
    assert "Somebody has worked with it since" in str(outcomes[str(made.id)].refusal)
    db.session.expire_all()
    assert (made.owner_id, other.owner_id) == (actors.staff2.id, actors.staff.id)


def test_undoing_a_stage_needs_the_right_to_change_it(db_session, actors):
    made = lead(owner_id=actors.staff.id)
    batch = actions.change_stage([made.id], actor=actors.staff, stage_id=stage("Contacted").id).batch_id
    actions.assign_owner([made.id], actor=actors.admin, owner_id=None)
    assert states(undo.undo(batch, actor=actors.staff)) == ["refused"]
    assert states(actions.change_stage([made.id], actor=actors.staff, stage_id=stage("New").id)) == ["refused"]


def test_the_final_stage_stays_active(db_session, actors):
    final = db.session.scalars(db.select(LeadStage).where(LeadStage.is_onboarded)).one()
    with pytest.raises(Invalid) as refused:
        stages.update(final.id, {"active": False}, actor=actors.admin)
    assert "active" in refused.value.fields
    with pytest.raises(Invalid):
        stages.update(stage("New").id, {"active": False, "is_onboarded": True}, actor=actors.admin)


def test_the_teacher_of_a_walk_in_is_told_by_every_change(db_session, actors):
    made = lead(owner_id=actors.staff.id, assigned_teacher_id=actors.teacher.id)
    records.update(made.id, {"source": LeadSource.WALK_IN}, actor=actors.staff)
    assert told(NotificationType.LEAD_WALKIN_ASSIGNED) == {actors.teacher.id}
    records.update(made.id, {"assigned_teacher_id": actors.teacher2.id}, actor=actors.staff)
    assert told(NotificationType.LEAD_WALKIN_ASSIGNED) == {actors.teacher.id, actors.teacher2.id}


def test_a_contact_that_opens_the_follow_up_again_tells_so(db_session, actors):
    made = lead(owner_id=actors.staff.id, follow_up_status=FollowUpStatus.DONE)
    actions.log_contact(
        [made.id],
        actor=actors.staff,
        channel=ContactChannel.CALL,
        outcome=ContactOutcome.REACHED,
        follow_up_date=school.today(),
    )
    kinds = set(db.session.scalars(db.select(LeadAuditEvent.type).where(LeadAuditEvent.lead_id == made.id)))
    assert LeadEvent.FOLLOW_UP_CHANGED in kinds
    assert actors.admin.id in told(NotificationType.LEAD_FOLLOWUP_STATUS_CHANGED)


def test_an_undo_of_a_deleted_stage_is_none(db_session, actors):
    """It gets an event like a change of the stage, but no way back to a stage that is gone."""
    lead(stage_id=stage("Contacted").id)
    batch = stages.delete([stage("Contacted").id], actor=actors.admin, fallback_id=stage("New").id).batch_id
    with pytest.raises(NotFound):
        undo.undo(batch, actor=actors.admin)


def test_what_a_merge_gives_to_the_lead_that_stays_is_told_and_taken_back(db_session, actors):
    early, late = date(2026, 1, 5), date(2026, 2, 5)
    gone = lead(
        owner_id=actors.staff.id,
        assigned_teacher_id=actors.teacher.id,
        last_contacted_on=late,
        demo_date=early,
        demo_conducted=True,
    )
    kept = lead(last_contacted_on=early)
    facts = ("owner_id", "assigned_teacher_id", "last_contacted_on", "demo_date", "demo_conducted")
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    assert [getattr(kept, name) for name in facts] == [getattr(gone, name) for name in facts]
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert [getattr(kept, name) for name in facts] == [None, None, early, None, False]
    changes = db.session.execute(
        db.select(LeadAuditEvent.before, LeadAuditEvent.after)
        .where(LeadAuditEvent.lead_id == kept.id, LeadAuditEvent.type == LeadEvent.OWNER_CHANGED)
        .order_by(LeadAuditEvent.id)
    ).all()
    nobody, owner = {"owner_id": None}, {"owner_id": actors.staff.id}
    assert [tuple(each) for each in changes] == [
        (nobody, owner | {"because": "merge"}),
        (owner, nobody | {"because": "unmerge"}),
    ]
    assert {each["because"] for _before, each in changes} <= set(labels.BECAUSE)
    assert told(NotificationType.LEAD_ASSIGNED) == {actors.staff.id}


def call(made, actor, **more):
    return actions.log_contact(
        [made.id], actor=actor, channel=ContactChannel.CALL, outcome=ContactOutcome.REACHED, **more
    ).batch_id


def test_a_contact_since_the_merge_stays_also_on_the_same_day(db_session, actors):
    gone, kept = lead(), lead()
    call(gone, actors.admin)
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    call(kept, actors.admin)
    db.session.expire_all()
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert (kept.contact_attempts, kept.last_contacted_on) == (1, school.today())


def test_whether_a_demo_took_place_belongs_to_its_day(db_session, actors):
    early, late = date(2026, 1, 5), date(2026, 2, 5)
    gone, kept = lead(demo_date=early, demo_conducted=True), lead()
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    records.update(kept.id, {"demo_date": late}, actor=actors.admin)
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert (kept.demo_date, kept.demo_conducted) == (late, True)
    gone, kept = lead(demo_date=early, demo_conducted=True), lead()
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    for day in (late, early):
        records.update(kept.id, {"demo_date": day}, actor=actors.admin)
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert (kept.demo_date, kept.demo_conducted) == (early, True), "the day was chosen again"
    planned, held = lead(demo_date=late), lead(demo_conducted=True)
    merging.merge([planned.id], actor=actors.admin, into_id=held.id)
    assert (held.demo_date, held.demo_conducted) == (None, True), "a demo that took place is not planned for later"


def test_what_people_changed_since_a_merge_stays_also_if_it_is_the_same_again(db_session, actors):
    day, later = school.today() + timedelta(days=2), school.today() + timedelta(days=9)
    gone, kept = lead(owner_id=actors.staff.id, follow_up_date=day), lead(follow_up_date=later)
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    for owner_id in (None, actors.staff.id):
        actions.assign_owner([kept.id], actor=actors.admin, owner_id=owner_id)
    for follow_up_date in (later, day):
        actions.move_follow_up([kept.id], actor=actors.admin, follow_up_date=follow_up_date)
    db.session.expire_all()
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert (kept.owner_id, kept.follow_up_date) == (actors.staff.id, day)


def test_what_later_merges_and_their_undoing_changed_is_nobodys_change(db_session, actors):
    """Else the first of two merges, each of which brought an earlier follow-up, would leave its own behind."""
    days = [school.today() + timedelta(days=each) for each in (9, 5, 2)]
    kept, first, second = (lead(follow_up_date=day) for day in days)
    for each in (first, second):
        merging.merge([each.id], actor=actors.admin, into_id=kept.id)
    assert kept.follow_up_date == days[2]
    for each, day in ((second, days[1]), (first, days[0])):
        unmerging.undo_merge([each.id], actor=actors.admin)
        assert kept.follow_up_date == day
    kinds = db.session.scalars(db.select(LeadAuditEvent.type).where(LeadAuditEvent.lead_id == kept.id))
    assert list(kinds).count(LeadEvent.FOLLOW_UP_CHANGED) == 4


def test_the_teacher_whom_a_merge_names_for_a_walk_in_is_told(db_session, actors):
    gone, kept = lead(assigned_teacher_id=actors.teacher.id), lead(source=LeadSource.WALK_IN)
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    assert told(NotificationType.LEAD_WALKIN_ASSIGNED) == {actors.teacher.id}


def test_a_merge_gives_a_lead_to_nobody_who_has_left(db_session, actors):
    gone, kept = lead(owner_id=actors.staff2.id, assigned_teacher_id=actors.teacher2.id), lead()
    for left in (actors.staff2, actors.teacher2):
        accounts.deactivate(left.id, actor=actors.super_admin)
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    assert (kept.owner_id, kept.assigned_teacher_id) == (None, None)


def test_that_a_stage_was_deleted_is_no_work_of_the_new_owner(db_session, actors):
    made = lead(owner_id=actors.staff.id, stage_id=stage("Contacted").id)
    batch = actions.assign_owner([made.id], actor=actors.staff, owner_id=actors.staff2.id).batch_id
    stages.delete([stage("Contacted").id], actor=actors.admin, fallback_id=stage("New").id)
    assert states(undo.undo(batch, actor=actors.staff)) == ["ok"]


def test_of_two_changes_the_last_is_taken_back_first(db_session, actors):
    made = lead(owner_id=actors.staff.id)
    first, second = (
        actions.change_stage([made.id], actor=actors.staff, stage_id=stage(name).id).batch_id
        for name in ("Contacted", "Trial Scheduled")
    )
    assert states(undo.undo(first, actor=actors.staff)) == ["unchanged"]
    back = undo.undo(second, actor=actors.staff)
    assert states(back) == ["ok"] and states(undo.undo(first, actor=actors.staff)) == ["ok"]
    db.session.expire_all()
    assert made.stage_id == stage("New").id
    with pytest.raises(NotFound):
        undo.undo(back.batch_id, actor=actors.staff)


def test_a_contact_is_taken_back_neither_whole_nor_half(db_session, actors):
    made, other = lead(owner_id=actors.staff.id), lead(owner_id=actors.staff.id)
    day = school.today() + timedelta(days=20)
    batch = call(made, actors.staff, follow_up_date=day)
    actions.move_follow_up([other.id], actor=actors.staff, follow_up_date=day)
    with pytest.raises(NotFound):
        undo.undo(batch, actor=actors.staff)
    db.session.expire_all()
    assert made.follow_up_date == day


def test_a_later_contact_than_that_of_the_merged_lead_stays(db_session, actors):
    gone, kept = lead(last_contacted_on=date(2026, 1, 5)), lead(last_contacted_on=date(2026, 2, 5))
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    unmerging.undo_merge([gone.id], actor=actors.admin)
    assert kept.last_contacted_on == date(2026, 2, 5)


def test_a_new_phone_that_another_has_is_asked_about(db_session, actors):
    known, made = lead(phone="+442079460018"), lead()
    with pytest.raises(records.PossibleDuplicates) as refused:
        records.update(made.id, {"phone": "+442079460018"}, actor=actors.admin)
    assert [each.id for each in refused.value.leads] == [known.id]
    records.update(made.id, {"phone": "+442079460018", "accept_duplicates": True}, actor=actors.admin)
    records.update(made.id, {"phone": "+442079460018", "age": 9}, actor=actors.admin)  # it is theirs now
    assert made.age == 9


def test_a_stage_after_the_last_possible_place_shares_it(db_session, actors):
    stages.update(stage("New").id, {"position": stages.LAST_POSITION}, actor=actors.admin)
    assert stages.create({"name": "Much later"}, actor=actors.admin).position == stages.LAST_POSITION


def test_what_was_told_goes_with_what_is_taken_back_unless_it_was_read_or_sent(db_session, actors):
    unread, read, sent, other = (lead(owner_id=actors.staff.id) for _ in range(4))
    ids = [unread.id, read.id, sent.id]
    done = actions.assign_owner(ids, actor=actors.admin, owner_id=actors.staff2.id)
    actions.assign_owner([other.id], actor=actors.admin, owner_id=actors.staff2.id)

    def notice(made):
        return db.session.scalars(db.select(Notification).where(Notification.entity_id == str(made.id))).one_or_none()

    notice(read).read_at = db.func.now()
    db.session.execute(
        db.text("UPDATE notification_deliveries SET status = 'sent' WHERE notification_id = :id"),
        {"id": notice(sent).id},
    )
    db.session.execute(
        db.text("UPDATE notifications SET created_at = created_at - interval '1 hour' WHERE entity_id = :id"),
        {"id": str(other.id)},
    )
    assert undo.undo(done.batch_id, actor=actors.admin).count("ok") == 3
    assert [notice(made) is not None for made in (unread, read, sent, other)] == [False, True, True, True]
    actions.assign_owner([unread.id], actor=actors.admin, owner_id=actors.staff2.id)
    assert notice(unread) is not None, "once more on the same day is told again"
