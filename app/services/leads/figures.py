"""Numbers about leads for the front page. Each is one statement, and counts what the actor may see."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from app.extensions import db
from app.models.leads import Lead, LeadStage
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import school
from app.services.listing import COUNT_LIMIT


def entered_by_week(actor: Actor, weeks: int = 8) -> list[tuple[date, int]]:
    """How many leads came in each of the last weeks (Monday, count), this one included."""
    today = school.today()
    monday = today - timedelta(days=today.weekday())
    first = monday - timedelta(weeks=weeks - 1)
    mondays = [first + timedelta(weeks=each) for each in range(weeks)]
    # A count per week is a stretch of the index; grouping by week would compute it for every lead.
    counts = [_entered(actor, day, day + timedelta(weeks=1)).label(f"week_{at}") for at, day in enumerate(mondays)]
    return list(zip(mondays, db.session.execute(select(*counts)).one(), strict=True))


def _entered(actor: Actor, first: date, end: date) -> Any:
    return (
        select(func.count())
        .select_from(Lead)
        .where(visible(Lead, actor), Lead.created_at >= school.midnight(first), Lead.created_at < school.midnight(end))
        .scalar_subquery()
    )


def by_stage(actor: Actor) -> list[Any]:
    """How many leads stand in each active stage, counted up to COUNT_LIMIT + 1: id, name, total."""
    some = (
        select(Lead.id)
        .where(Lead.stage_id == LeadStage.id, visible(Lead, actor))
        .limit(COUNT_LIMIT + 1)
        .correlate(LeadStage)
    )
    total = select(func.count()).select_from(some.subquery()).scalar_subquery()
    statement = (
        select(LeadStage.id, LeadStage.name, total.label("total"))
        .where(LeadStage.active)
        .order_by(LeadStage.position, LeadStage.id)
    )
    return list(db.session.execute(statement).all())
