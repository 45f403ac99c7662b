"""The board: enrollments by step and state, the newest of each, and how many each column holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import case, func, select

from app.extensions import db
from app.models.enrollments import STEPS, Enrollment, EnrollmentStatus
from app.policies.actor import Actor
from app.services.enrollments.progress import OPEN
from app.services.enrollments.resource import ENROLLMENTS
from app.services.listing import Query, conditions

CARDS: Final = 20
ENROLLED, CLOSED = "enrolled", "closed"
COLUMNS: Final = (*map(str, range(1, STEPS + 1)), ENROLLED, CLOSED)


@dataclass(frozen=True)
class Column:
    """A step of those that are open, all that are enrolled, or all that are closed."""

    name: str
    total: int
    rows: Sequence[Any]


_IN: Final = case(
    (Enrollment.status.in_(OPEN), func.to_char(Enrollment.current_step, "FM9")),
    (Enrollment.status == EnrollmentStatus.ENROLLED, ENROLLED),
    else_=CLOSED,
)


def columns(actor: Actor, query: Query) -> list[Column]:
    """One statement: the first of each column, with how many there are."""
    where, coach = conditions(ENROLLMENTS, actor, query), ENROLLMENTS.by_name["coach"]
    assert coach.join is not None
    newest = (Enrollment.created_at.desc(), Enrollment.id.desc())
    found = (
        select(
            Enrollment.id,
            Enrollment.student_first_name,
            Enrollment.student_last_name,
            Enrollment.status,
            Enrollment.coach_decision,
            Enrollment.current_step,
            Enrollment.student_id,
            Enrollment.records_due_since,
            Enrollment.deposit_paid,
            Enrollment.updated_at,
            coach.value.label("coach"),
            _IN.label("place"),
            func.row_number().over(partition_by=_IN, order_by=newest).label("number"),
            func.count().over(partition_by=_IN).label("total"),
        )
        .select_from(Enrollment)
        .outerjoin(*coach.join)
        .where(*where)
        .subquery()
    )
    rows: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for row in db.session.execute(select(found).where(found.c.number <= CARDS).order_by(found.c.number)):
        rows[row.place].append(row)
    return [Column(name, some[0].total if some else 0, some) for name, some in rows.items()]
