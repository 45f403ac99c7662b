"""Stages: their order, their end, and the rule that one active stage stays."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, select, text

from app.dialect import PREPARED
from app.extensions import db
from app.models.leads import LeadStage
from app.policies.actor import Actor
from app.services.errors import Conflict, Invalid, NotFound, explain
from app.services.resource import Outcome, Result
from app.services.transaction import check_version, transactional

explain(
    {
        "uq_lead_stages_name": ("name", _l("There is already a stage with this name.")),
        "uq_lead_stages_onboarded": ("is_onboarded", _l("Another stage is already the final one.")),
        "ck_lead_stages_position": ("position", _l("Must be zero or more.")),
        "ck_lead_stages_name_not_blank": ("name", _l("This field is required.")),
    }
)


_ACTIVE = select(LeadStage.id, LeadStage.name).where(LeadStage.active).execution_options(**PREPARED)
FIRST = _ACTIVE.order_by(LeadStage.position, LeadStage.id).limit(1)  # where new leads begin
# Kept from being deleted until the transaction ends.
_KEPT = _ACTIVE.where(LeadStage.id == bindparam("id")).with_for_update(read=True, key_share=True)
_KEPT_FIRST = FIRST.with_for_update(read=True, key_share=True)


LAST_POSITION = 2**15 - 1  # of those with the same position, the older one is first


def active_stage(stage_id: UUID) -> Any:
    """The id and name of a stage, kept until the transaction ends. Raises Invalid when it is not active."""
    stage = db.session.execute(_KEPT, {"id": stage_id}).one_or_none()
    if stage is None:
        raise Invalid(fields={"stage_id": [_("Choose an active stage.")]})
    return stage


def active_of(ids: Collection[UUID]) -> set[UUID]:
    """Which of these stages are active, kept until the transaction ends."""
    statement = select(LeadStage.id).where(LeadStage.active, LeadStage.id.in_(ids)).order_by(LeadStage.id)
    return set(db.session.scalars(statement.with_for_update(read=True, key_share=True)))


def first_stage() -> Any:
    """The id and name of the first active stage, kept until the transaction ends."""
    return db.session.execute(_KEPT_FIRST).one()


def _lock_all() -> dict[UUID, LeadStage]:
    """Every stage, locked in key order: rules about all stages are decided by one person at a time."""
    statement = select(LeadStage).order_by(LeadStage.id).with_for_update().execution_options(populate_existing=True)
    return {stage.id: stage for stage in db.session.scalars(statement)}


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> LeadStage:
    """Add a stage, at the end unless a position is given. Raises Invalid for a final one that is not active."""
    stages = _lock_all()
    data = dict(values)
    _check_final(data)
    if data.get("position") is None:
        data["position"] = min(max((stage.position for stage in stages.values()), default=0) + 1, LAST_POSITION)
    stage = LeadStage(**data)
    db.session.add(stage)
    db.session.flush()
    return stage


@transactional
def update(stage_id: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> LeadStage:
    """Change a stage. Raises NotFound, Conflict; Invalid when no active stage would stay, and when the final one, in which
    whoever is admitted ends, would not be active.
    """
    stages = _lock_all()
    if stage_id not in stages:
        raise NotFound
    stage = stages[stage_id]
    check_version(stage, version)
    if values.get("active") is False and not any(each.active for each in stages.values() if each is not stage):
        raise Invalid(fields={"active": [_("At least one stage must stay active.")]})
    _check_final({"active": stage.active, "is_onboarded": stage.is_onboarded} | dict(values))
    for name, value in values.items():
        setattr(stage, name, value)
    db.session.flush()
    return stage


def _check_final(values: Mapping[str, Any]) -> None:
    if values.get("is_onboarded") and not values.get("active", True):
        raise Invalid(fields={"active": [_("The final stage must be active: whoever is admitted ends in it.")]})


_REASSIGN = text("""
    WITH moved AS (UPDATE leads SET stage_id = :fallback WHERE stage_id = :stage RETURNING id)
    INSERT INTO lead_audit_events (lead_id, type, before, after, batch_id)
    SELECT id, 'stage_changed', jsonb_build_object('stage_id', CAST(:stage AS uuid)),
           jsonb_build_object('stage_id', CAST(:fallback AS uuid), 'because', 'stage_deleted'), :batch_id
    FROM moved
""")


@transactional
def delete(ids: Sequence[UUID], *, actor: Actor, fallback_id: UUID | None = None) -> Result:
    """Delete a stage; its leads, deleted ones included, move to the fallback.

    Raises NotFound; Invalid when the fallback is missing, itself, or not active, or when no active stage would stay.
    """
    stages = _lock_all()
    outcomes = []
    batch_id = uuid4()
    for stage_id in dict.fromkeys(ids):
        if stage_id not in stages:
            raise NotFound
        stage = stages.pop(stage_id)
        if not any(each.active for each in stages.values()):
            raise Conflict(_("%(stage)s is the last active stage, and one must stay.", stage=stage.name))
        used = db.session.scalar(text("SELECT EXISTS (SELECT FROM leads WHERE stage_id = :stage)"), {"stage": stage_id})
        if used:
            fallback = stages.get(fallback_id) if fallback_id else None
            if fallback is None or not fallback.active:
                raise Invalid(
                    fields={
                        "fallback_id": [
                            _("Choose the active stage that takes over the leads of %(stage)s.", stage=stage.name)
                        ]
                    }
                )
            db.session.execute(_REASSIGN, {"stage": stage_id, "fallback": fallback_id, "batch_id": batch_id})
        db.session.delete(stage)
        db.session.flush()
        outcomes.append(Outcome(str(stage_id), stage.name))
    return Result(outcomes, batch_id)
