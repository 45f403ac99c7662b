"""Numbers about leads for the front page. Each is one statement, and counts what the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, column, func, lateral, literal_column, select, text, true

from app.extensions import db
from app.models.leads import Lead, LeadStage
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import school

STAGE_COUNT_LIMIT: Final = 1_000


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
    """How many leads stand in each stage that is active or holds some: id, name, total, estimated. Over STAGE_COUNT_LIMIT the total is what
    the database's statistics say, which costs the same for any number of leads.
    """
    counted = per_stage([visible(Lead, actor)])
    statement = (
        select(
            LeadStage.id,
            LeadStage.name,
            counted.c.total,
            (counted.c.total > STAGE_COUNT_LIMIT).label("estimated"),
            _SHARES.c.about,
        )
        .select_from(LeadStage)
        .join(counted, true())
        .outerjoin(_SHARES, _SHARES.c.stage_id == LeadStage.id)
        .where(shown(counted))
        .order_by(LeadStage.position, LeadStage.id)
    )
    return [
        Stage(row.id, row.name, max(row.total, row.about or 0) if row.estimated else row.total, row.estimated)
        for row in db.session.execute(statement)
    ]


@dataclass(frozen=True)
class Stage:
    id: UUID
    name: str
    total: int
    estimated: bool


def per_stage(where: Sequence[Any]) -> Any:
    """To be joined to the stages: `total`, how many of these leads stand in each, counted up to STAGE_COUNT_LIMIT + 1."""
    some: Any = (
        select(literal_column("1"))
        .select_from(Lead)
        .where(Lead.stage_id == LeadStage.id, *where)
        .limit(STAGE_COUNT_LIMIT + 1)
        .correlate(LeadStage)
    )
    return lateral(select(func.count().label("total")).select_from(some.subquery()))


def shown(counted: Any) -> Any:
    """Which stages are shown, joined to `per_stage`: the active ones, and others while leads stand in them."""
    return LeadStage.active | (counted.c.total > 0)


_SHARES: Final = (
    text("""
        SELECT m.stage_id, round(m.share * c.reltuples)::bigint AS about
        FROM pg_stats s JOIN pg_class c ON c.oid = 'leads'::regclass,
            unnest(s.most_common_vals::text::uuid[], s.most_common_freqs) AS m (stage_id, share)
        WHERE s.schemaname = current_schema() AND s.tablename = 'leads' AND s.attname = 'stage_id'
    """)
    .columns(column("stage_id", Uuid), column("about", BigInteger))
    .subquery("shares")
)
