from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.models.history import RowHistory
from app.models.leads import Lead, LeadAuditEvent, LeadEvent
from app.models.notifications import Notification, NotificationType
from app.services import accounts, school
from app.services.admissions import actions as admissions
from app.services.errors import Invalid, NotAllowed, NotFound
from app.services.leads import actions, stages, undo
from tests.factories.classroom import School
from tests.factories.leads import lead, stage


def events(lead_id, kind):
    return list(
        db.session.scalars(select(LeadAuditEvent).where(LeadAuditEvent.lead_id == lead_id, LeadAuditEvent.type == kind))
    )


def test_change_stage_moves_records_and_tells_the_owner(db_session, actors):
    made = lead(owner_id=actors.staff.id)
    result = actions.change_stage([made.id], actor=actors.admin, stage_id=stage("Contacted").id)
    assert [each.state for each in result.outcomes] == ["ok"]
    db.session.refresh(made)
    assert made.stage_id == stage("Contacted").id
    [event] = events(made.id, LeadEvent.STAGE_CHANGED)
    assert event.before == {"stage_id": str(stage().id)} and event.after == {"stage_id": str(stage("Contacted").id)}
    assert event.actor_id == actors.admin.id
    notice = db.session.scalars(select(Notification).where(Notification.entity_id == str(made.id))).one()
    assert (notice.recipient_id, notice.type) == (actors.staff.id, NotificationType.LEAD_STAGE_CHANGED)
    assert made.updated_by_id == actors.admin.id


def test_repeating_changes_nothing(db_session, actors):
    made = lead()
    actions.change_stage([made.id], actor=actors.admin, stage_id=stage("Contacted").id)
    before = db.session.scalar(select(func.count()).select_from(RowHistory))
    again = actions.change_stage([made.id], actor=actors.admin, stage_id=stage("Contacted").id)
    assert again.outcomes[0].state == "unchanged"
    assert len(events(made.id, LeadEvent.STAGE_CHANGED)) == 1
    assert db.session.scalar(select(func.count()).select_from(RowHistory)) == before


def test_each_row_gets_its_own_answer(db_session, actors):
    own, other = lead(owner_id=actors.staff.id), lead(owner_id=actors.staff2.id)
    unknown = type(own.id)(int=1)
    result = actions.change_stage([own.id, other.id, unknown], actor=actors.staff, stage_id=stage("Contacted").id)
    assert [each.state for each in result.outcomes] == ["ok", "refused", "refused"]
    assert isinstance(result.outcomes[1].refusal, NotAllowed) and isinstance(result.outcomes[2].refusal, NotFound)


def test_a_teacher_cannot_reach_a_lead_of_others(db_session, actors):
    made = lead(assigned_teacher_id=actors.teacher2.id)
    result = actions.add_note([made.id], actor=actors.teacher, body="hello")
    assert isinstance(result.outcomes[0].refusal, NotFound)


def test_inactive_stage_is_refused(db_session, actors):
    target = stage("Contacted")
    target.active = False
    db.session.commit()
    with pytest.raises(Invalid) as refused:
        actions.change_stage([lead().id], actor=actors.admin, stage_id=target.id)
    assert "stage_id" in refused.value.fields


def test_follow_up_must_not_be_in_the_past(db_session, actors):
    with pytest.raises(Invalid):
        actions.move_follow_up([lead().id], actor=actors.admin, follow_up_date=school.today() - timedelta(days=1))


def test_staff_take_a_lead_that_nobody_owns_but_not_for_another(db_session, actors):
    made = lead()
    refused = actions.assign_owner([made.id], actor=actors.staff, owner_id=actors.staff2.id)
    assert refused.outcomes[0].state == "refused"
    taken = actions.assign_owner([made.id], actor=actors.staff, owner_id=actors.staff.id)
    assert taken.outcomes[0].state == "ok"


def test_undo_returns_each_lead_to_its_own_past_unless_changed_since(db_session, actors):
    first, second, third = lead(), lead(stage_id=stage("Trial Scheduled").id), lead()
    done = actions.change_stage([first.id, second.id, third.id], actor=actors.admin, stage_id=stage("Contacted").id)
    actions.change_stage([third.id], actor=actors.admin, stage_id=stage("Onboarded").id)
    undone = undo.undo(done.batch_id, actor=actors.admin)
    states = dict(db.session.execute(select(Lead.id, Lead.stage_id)).all())
    assert (states[first.id], states[second.id], states[third.id]) == (
        stage().id,
        stage("Trial Scheduled").id,
        stage("Onboarded").id,
    )
    assert sorted(each.state for each in undone.outcomes) == ["ok", "ok", "unchanged"]
    with pytest.raises(NotFound):
        undo.undo(done.batch_id, actor=actors.admin2)


@pytest.mark.parametrize("out_of_use", ["deleted", "off"])
def test_undo_leaves_only_the_leads_whose_earlier_stage_is_out_of_use(db_session, actors, out_of_use):
    old = stages.create({"name": "Temporary"}, actor=actors.admin).id
    stranded, other = lead(stage_id=old, first_name="Ben"), lead()
    done = actions.change_stage([stranded.id, other.id], actor=actors.admin, stage_id=stage("Contacted").id)
    if out_of_use == "deleted":
        stages.delete([old], actor=actors.admin)
    else:
        stages.update(old, {"active": False}, actor=actors.admin)
    for states in (["refused", "ok"], ["refused", "unchanged"]):
        undone = undo.undo(done.batch_id, actor=actors.admin)
        outcomes = {each.id: each for each in undone.outcomes}
        assert [outcomes[str(key)].state for key in (stranded.id, other.id)] == states
        assert outcomes[str(stranded.id)].title.startswith("Ben ")
        assert "not in use any more" in str(outcomes[str(stranded.id)].refusal)
    db.session.refresh(stranded), db.session.refresh(other)
    assert (stranded.stage_id, other.stage_id) == (stage("Contacted").id, stage().id)
    actions.change_stage([stranded.id], actor=actors.admin, stage_id=stage("Onboarded").id)
    assert "unchanged" in {each.state for each in undo.undo(done.batch_id, actor=actors.admin).outcomes}


@pytest.mark.parametrize("out_of_use", ["account", "role"])
@pytest.mark.parametrize(
    ("field", "act", "was", "now"),
    [
        ("owner_id", actions.assign_owner, "staff2", "staff"),
        ("assigned_teacher_id", actions.assign_teacher, "teacher2", "teacher"),
    ],
)
def test_undo_leaves_the_leads_of_who_cannot_be_chosen_any_more(db_session, actors, out_of_use, field, act, was, now):
    was, now = getattr(actors, was), getattr(actors, now)
    theirs, nobodys = lead(**{field: was.id}), lead()
    done = act([theirs.id, nobodys.id], actor=actors.admin, **{field: now.id})
    if out_of_use == "account":
        accounts.deactivate(was.id, actor=actors.super_admin)
    else:
        accounts.set_roles(was.id, ["Student"], actor=actors.super_admin)
    for states in (["refused", "ok"], ["refused", "unchanged"]):
        outcomes = {each.id: each for each in undo.undo(done.batch_id, actor=actors.admin).outcomes}
        assert [outcomes[str(key)].state for key in (theirs.id, nobodys.id)] == states
        assert "cannot be chosen any more" in str(outcomes[str(theirs.id)].refusal)
    db.session.refresh(theirs), db.session.refresh(nobodys)
    assert (getattr(theirs, field), getattr(nobodys, field)) == (now.id, None)


def test_undo_leaves_a_lead_that_was_admitted_meanwhile_in_the_final_stage(db_session, actors):
    school_ = School(actors.admin)
    admitted, cancelled, other = lead(), lead(), lead()
    ids = [admitted.id, cancelled.id, other.id]
    done = actions.change_stage(ids, actor=actors.admin, stage_id=stage("Onboarded").id)
    school_.admit(lead_id=admitted.id)
    made = school_.admit(lead_id=cancelled.id)
    admissions.cancel([made.id], actor=actors.admin)
    undone = undo.undo(done.batch_id, actor=actors.admin)
    outcomes = {each.id: each for each in undone.outcomes}
    assert [outcomes[str(key)].state for key in ids] == ["refused", "ok", "ok"]
    assert "admitted since" in str(outcomes[str(admitted.id)].refusal)
    db.session.refresh(admitted)
    assert admitted.stage_id == stage("Onboarded").id
    away = actions.change_stage([admitted.id], actor=actors.admin, stage_id=stage("Contacted").id)
    assert undo.undo(away.batch_id, actor=actors.admin).outcomes[0].state == "ok", "back to the final stage it may go"


def test_delete_and_restore(db_session, actors):
    made = lead()
    actions.delete([made.id], actor=actors.admin)
    assert (
        actions.change_stage([made.id], actor=actors.admin, stage_id=stage("Contacted").id).outcomes[0].state
        == "refused"
    )
    assert actions.restore([made.id], actor=actors.admin).outcomes[0].state == "ok"
    assert [event.type for event in events(made.id, LeadEvent.DELETED)] == [LeadEvent.DELETED]
