"""What happened between a change and its being taken back, and what one route may not do that another refuses."""

from __future__ import annotations

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
from app.services.errors import Invalid, WrongState
from app.services.leads import actions, merging, records, stages, undo
from tests.factories.leads import lead, stage


def told(kind):
    """To whom notices of a kind went."""
    return set(db.session.scalars(db.select(Notification.recipient_id).where(Notification.type == kind)))


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
    assert [each.state for each in undo.undo(batch, actor=actors.staff).outcomes] == ["unchanged"]
    db.session.expire_all()
    assert made.owner_id == actors.staff2.id


def test_undoing_a_stage_needs_the_right_to_change_it(db_session, actors):
    made = lead(owner_id=actors.staff.id)
    batch = actions.change_stage([made.id], actor=actors.staff, stage_id=stage("Contacted").id).batch_id
    actions.assign_owner([made.id], actor=actors.admin, owner_id=None)
    assert [each.state for each in undo.undo(batch, actor=actors.staff).outcomes] == ["refused"]
    assert [
        each.state for each in actions.change_stage([made.id], actor=actors.staff, stage_id=stage("New").id).outcomes
    ] == ["refused"]


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
