"""What staff wrote about a lead: notes and contact attempts. Who reads has checked that the lead may be seen."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.models.access import User
from app.models.leads import LeadContactAttempt, LeadNote
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.leads import actions
from app.services.people import full_name
from app.services.resource import Result
from app.services.transaction import transactional

_NOTE = (LeadNote.id, LeadNote.body, LeadNote.created_at, LeadNote.created_by_id)
_ATTEMPT = (
    LeadContactAttempt.id,
    LeadContactAttempt.channel,
    LeadContactAttempt.outcome,
    LeadContactAttempt.note,
    LeadContactAttempt.at,
    LeadContactAttempt.created_by_id,
)


def notes(lead_id: UUID, actor: Actor, *, before: UUID | None = None, limit: int = 50) -> list[Any]:
    """The newest notes, or those before one: id, body, created_at, created_by_id, who. Keys grow with time."""
    return _newest(LeadNote, _NOTE, lead_id, actor, before, limit)


def contact_attempts(lead_id: UUID, actor: Actor, *, before: UUID | None = None, limit: int = 50) -> list[Any]:
    """The newest contact attempts, or those before one: id, channel, outcome, note, at, created_by_id, who."""
    return _newest(LeadContactAttempt, _ATTEMPT, lead_id, actor, before, limit)


@transactional
def add_note(lead_id: UUID, *, actor: Actor, **values: Any) -> Any:
    """Write a note on one lead and return it. Raises NotFound, NotAllowed."""
    _done(actions.add_note([lead_id], actor=actor, **values))
    return notes(lead_id, actor, limit=1)[0]  # the lead is locked: nobody else's is newer


@transactional
def log_contact(lead_id: UUID, *, actor: Actor, **values: Any) -> Any:
    """Log a try to reach one lead and return it. Raises NotFound, NotAllowed, Invalid."""
    _done(actions.log_contact([lead_id], actor=actor, **values))
    return contact_attempts(lead_id, actor, limit=1)[0]


def _done(result: Result) -> None:
    """Raises the refusal of the one lead."""
    if result.outcomes[0].refusal is not None:
        raise result.outcomes[0].refusal


def _newest(model: Any, columns: Any, lead_id: UUID, actor: Actor, before: UUID | None, limit: int) -> list[Any]:
    statement = (
        select(*columns, full_name(User).label("who"))
        .outerjoin(User, User.id == model.created_by_id)
        .where(model.lead_id == lead_id, visible(model, actor))
        .order_by(model.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(model.id < before)
    return list(db.session.execute(statement).all())
