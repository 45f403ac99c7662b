"""What happened between a change and its being taken back, and what one route may not do that another refuses."""

from __future__ import annotations

from datetime import date

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
from app.services import school
from app.services.errors import Invalid, NotFound, WrongState
from app.services.leads import actions, merging, records, stages, undo
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
        merging.undo_merge([first.id], actor=actors.admin)
    for gone in (second, first):
        merging.undo_merge([gone.id], actor=actors.admin)
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
    merging.undo_merge([gone.id], actor=actors.admin)
    assert [getattr(kept, name) for name in facts] == [None, None, early, None, False]
    changes = db.session.execute(
        db.select(LeadAuditEvent.before, LeadAuditEvent.after)
        .where(LeadAuditEvent.lead_id == kept.id, LeadAuditEvent.type == LeadEvent.OWNER_CHANGED)
        .order_by(LeadAuditEvent.id)
    ).all()
    nobody, owner = {"owner_id": None}, {"owner_id": actors.staff.id}
    assert [tuple(each) for each in changes] == [(nobody, owner), (owner, nobody)]
    assert told(NotificationType.LEAD_ASSIGNED) == {actors.staff.id}


def test_a_later_contact_than_that_of_the_merged_lead_stays(db_session, actors):
    gone, kept = lead(last_contacted_on=date(2026, 1, 5)), lead(last_contacted_on=date(2026, 2, 5))
    merging.merge([gone.id], actor=actors.admin, into_id=kept.id)
    merging.undo_merge([gone.id], actor=actors.admin)
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
