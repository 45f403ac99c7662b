"""The board: the first leads of every stage in use, and how many each holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import lateral, select, true

from app.extensions import db
from app.models.leads import Lead, LeadStage
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import school
from app.services.errors import Conflict
from app.services.leads import actions, figures
from app.services.leads.attributes import ATTRIBUTES
from app.services.leads.resource import LEADS
from app.services.leads.stages import active_stage
from app.services.listing import Query, conditions
from app.services.resource import Outcome
from app.services.transaction import lock, transactional

CARDS = 20


@dataclass
class Column:
    """A stage as a column; `moves` are the stages that its cards may go to, `total` is counted up to STAGE_COUNT_LIMIT + 1.
    A stage that is not active is one while it holds leads, which only leave it.
    """

    id: UUID
    title: str
    active: bool
    is_onboarded: bool
    total: int
    rows: list[Any]
    moves: Sequence[UUID]


def columns(actor: Actor, query: Query) -> list[Column]:
    """Two statements whatever the number of leads: stages with counts, cards. The newest cards come first."""
    where = conditions(LEADS, actor, query)
    counted = figures.per_stage(where)
    stages = db.session.execute(
        select(LeadStage.id, LeadStage.name, LeadStage.active, LeadStage.is_onboarded, counted.c.total)
        .select_from(LeadStage)
        .join(counted, true())
        .where(figures.shown(counted))
        .order_by(LeadStage.position, LeadStage.id)
    ).all()
    keys = [stage.id for stage in stages if stage.active]
    cards: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in db.session.execute(_cards(where)):
        cards[row.stage_id].append(row)
    return [
        Column(
            stage.id,
            stage.name,
            stage.active,
            stage.is_onboarded,
            stage.total,
            cards[stage.id],
            [key for key in keys if key != stage.id],
        )
        for stage in stages
    ]


class Moved(Conflict):
    """Somebody else has moved the card since it was seen."""

    def __init__(self, lead: Lead) -> None:
        stage = db.session.get_one(LeadStage, lead.stage_id).name
        super().__init__(_("%(name)s was moved to %(stage)s meanwhile.", name=lead.name, stage=stage))
        self.stage_id = lead.stage_id

    def details(self) -> dict[str, Any]:
        return {"column": str(self.stage_id)}


@transactional
def move(lead_id: UUID, *, actor: Actor, stage_id: UUID, seen_in: UUID) -> Outcome:
    """Put a card that was seen in one stage into another; the owner is told.

    Raises NotFound, NotAllowed, Invalid when the stage is not active, and Moved when the lead is in a third one by now.
    """
    active_stage(stage_id)  # before the lead: whoever deletes a stage locks in this order
    lead = lock(Lead, lead_id, visible(Lead, actor))
    if lead.stage_id not in (seen_in, stage_id):
        raise Moved(lead)
    [outcome] = actions.change_stage([lead_id], actor=actor, stage_id=stage_id).outcomes
    if outcome.refusal is not None:
        raise outcome.refusal
    return outcome


def _cards(where: Sequence[Any]) -> Any:
    owner = next(each for each in ATTRIBUTES if each.name == "owner")
    assert owner.join is not None
    newest: Any = (
        select(
            Lead.id,
            Lead.stage_id,
            Lead.first_name,
            Lead.last_name,
            Lead.phone,
            Lead.owner_id,
            Lead.follow_up_date,
            Lead.created_at,
            owner.value.label("owner"),
            ((Lead.follow_up_date < school.today()) & (Lead.follow_up_status == "open")).label("overdue"),
        )
        .select_from(Lead)
        .outerjoin(*owner.join)
        .where(Lead.stage_id == LeadStage.id, *where)
        .order_by(Lead.created_at.desc(), Lead.id.desc())
        .limit(CARDS)
        .correlate(LeadStage)
    )
    cards = lateral(newest)
    return (
        select(cards).select_from(LeadStage).join(cards, true()).order_by(cards.c.created_at.desc(), cards.c.id.desc())
    )
