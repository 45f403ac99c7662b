"""Stages: one active stage stays, and no lead loses its stage."""

from __future__ import annotations

import uuid

import pytest

from app.extensions import db
from app.models.leads import Lead, LeadAuditEvent, LeadStage
from app.services.errors import Conflict, Invalid, NotFound
from app.services.leads import actions, records, stages
from tests.factories.leads import lead, stage


def switch_off_all_but(*names):
    db.session.query(LeadStage).filter(LeadStage.name.not_in(names)).update(
        {"active": False}, synchronize_session="fetch"
    )
    db.session.commit()


def test_a_new_stage_is_the_last(db_session, actors):
    made = stages.create({"name": "Waiting"}, actor=actors.admin)
    assert made.position == 6


@pytest.mark.parametrize(
    ("values", "field", "refusal"),
    [
        ({"name": "new"}, "name", Conflict),
        ({"name": "X", "position": -1}, "position", Invalid),
        ({"name": "X", "is_onboarded": True}, "is_onboarded", Conflict),
    ],
)
def test_a_refused_stage_says_why(db_session, actors, values, field, refusal):
    with pytest.raises(refusal) as refused:
        stages.create(values, actor=actors.admin)
    assert list(refused.value.fields) == [field]


def test_the_last_active_stage_stays(db_session, actors):
    switch_off_all_but("New")
    with pytest.raises(Invalid) as refused:
        stages.update(stage().id, {"active": False}, actor=actors.admin)
    assert "active" in refused.value.fields
    with pytest.raises(Conflict):
        stages.delete([stage().id], actor=actors.admin)
    stages.delete([stage("Contacted").id], actor=actors.admin)  # an inactive one may go


def test_deleting_several_leaves_an_active_one(db_session, actors):
    ids = [row.id for row in db.session.query(LeadStage.id)]
    with pytest.raises(Conflict):
        stages.delete(ids, actor=actors.admin)
    assert db.session.query(LeadStage).count() == 5, "all or nothing"


def test_leads_move_to_the_fallback_deleted_ones_too(db_session, actors):
    going, fallback = stage("Contacted"), stage("Trial Scheduled")
    kept, gone = lead(stage_id=going.id), lead(stage_id=going.id)
    actions.delete([gone.id], actor=actors.admin)
    for wrong in (None, going.id, uuid.uuid4()):
        with pytest.raises(Invalid) as refused:
            stages.delete([going.id], actor=actors.admin, fallback_id=wrong)
        assert "fallback_id" in refused.value.fields
    stages.delete([going.id], actor=actors.admin, fallback_id=fallback.id)
    assert {row.stage_id for row in db.session.query(Lead.stage_id).filter(Lead.id.in_([kept.id, gone.id]))} == {
        fallback.id
    }
    event = db.session.query(LeadAuditEvent).filter_by(lead_id=kept.id, type="stage_changed").one()
    assert (event.before, event.actor_id) == ({"stage_id": str(going.id)}, actors.admin.id)


def test_the_fallback_must_be_active(db_session, actors):
    switch_off_all_but("New", "Contacted")
    lead(stage_id=stage("Contacted").id)
    with pytest.raises(Invalid):
        stages.delete([stage("Contacted").id], actor=actors.admin, fallback_id=stage("Onboarded").id)


def test_an_inactive_stage_takes_no_leads_but_keeps_those_it_has(db_session, actors):
    made = lead(stage_id=stage("Contacted").id)
    switch_off_all_but("New")
    records.update(made.id, {"area": "x", "stage_id": made.stage_id}, actor=actors.admin)
    with pytest.raises(Invalid):
        actions.change_stage([lead().id], actor=actors.admin, stage_id=stage("Contacted").id)


def test_an_unknown_stage_is_not_found(db_session, actors):
    with pytest.raises(NotFound):
        stages.update(uuid.uuid4(), {"name": "x"}, actor=actors.admin)
    with pytest.raises(NotFound):
        stages.delete([uuid.uuid4()], actor=actors.admin)
