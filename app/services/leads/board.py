"""The board: the first leads of every active stage, and how many each holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, lateral, literal_column, select, true, union_all

from app.extensions import db
from app.models.leads import Lead, LeadStage
from app.policies.actor import Actor
from app.services import school
from app.services.leads.attributes import ATTRIBUTES
from app.services.leads.resource import LEADS
from app.services.listing import COUNT_LIMIT, Query, conditions

CARDS = 20


@dataclass
class Column:
    """A stage as a column; `moves` are the stages that its cards may go to, `total` is counted up to COUNT_LIMIT + 1."""

    id: UUID
    title: str
    is_onboarded: bool
    total: int
    rows: list[Any]
    moves: Sequence[UUID]


def columns(actor: Actor, query: Query) -> list[Column]:
    """Three statements whatever the number of leads: stages, counts, cards. The newest cards come first."""
    where = conditions(LEADS, actor, query)
    stages = db.session.execute(
        select(LeadStage.id, LeadStage.name, LeadStage.is_onboarded)
        .where(LeadStage.active)
        .order_by(LeadStage.position, LeadStage.id)
    ).all()
    keys = [stage.id for stage in stages]
    totals = _totals(where)
    cards: dict[UUID, list[Any]] = {key: [] for key in keys}
    for row in db.session.execute(_cards(keys, where)) if keys else ():
        cards[row.stage_id].append(row)
    return [
        Column(
            stage.id,
            stage.name,
            stage.is_onboarded,
            totals.get(stage.id, 0),
            cards[stage.id],
            [key for key in keys if key != stage.id],
        )
        for stage in stages
    ]


def _totals(where: Sequence[Any]) -> dict[UUID, int]:
    some: Any = (
        select(literal_column("1"))
        .select_from(Lead)
        .where(Lead.stage_id == LeadStage.id, *where)
        .limit(COUNT_LIMIT + 1)
        .correlate(LeadStage)
    )
    counted = lateral(select(func.count().label("total")).select_from(some.subquery()))
    statement = select(LeadStage.id, counted.c.total).join(counted, true()).where(LeadStage.active)
    return {row.id: row.total for row in db.session.execute(statement)}


def _cards(keys: Sequence[UUID], where: Sequence[Any]) -> Any:
    owner = next(each for each in ATTRIBUTES if each.name == "owner")
    assert owner.join is not None
    parts = [
        select(
            Lead.id,
            Lead.stage_id,
            Lead.first_name,
            Lead.last_name,
            Lead.phone,
            Lead.owner_id,
            Lead.follow_up_date,
            owner.value.label("owner"),
            ((Lead.follow_up_date < school.today()) & (Lead.follow_up_status == "open")).label("overdue"),
        )
        .select_from(Lead)
        .outerjoin(*owner.join)
        .where(Lead.stage_id == key, *where)
        .order_by(Lead.created_at.desc(), Lead.id.desc())
        .limit(CARDS)
        .subquery()
        for key in keys
    ]
    return union_all(*(select(part) for part in parts))
