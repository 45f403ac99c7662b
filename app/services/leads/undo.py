"""Undoing what was done in one go: each lead goes back to what it was, unless it has been changed again since."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from app.extensions import db
from app.models.leads import FollowUpStatus, Lead, LeadAuditEvent, LeadEvent
from app.policies.actor import Actor
from app.policies.rules import may_own_lead
from app.services.errors import NotFound
from app.services.keysets import among
from app.services.leads import actions
from app.services.leads.batch import act
from app.services.leads.events import record
from app.services.resource import Result
from app.services.transaction import transactional

_READ: dict[str, Any] = {
    "stage_id": UUID,
    "owner_id": int,
    "assigned_teacher_id": int,
    "follow_up_date": date.fromisoformat,
    "follow_up_status": FollowUpStatus,
}


@transactional
def undo(batch_id: UUID, *, actor: Actor) -> Result:
    """Undo one's own bulk change of stage, owner, teacher or follow-up, or a deletion. Raises NotFound when there is no
    such batch of this actor.
    """
    statement = select(LeadAuditEvent).where(LeadAuditEvent.batch_id == batch_id, LeadAuditEvent.actor_id == actor.id)
    events = {event.lead_id: event for event in db.session.scalars(statement)}
    kinds = {event.type for event in events.values()}
    if kinds == {LeadEvent.DELETED}:
        return actions.restore(list(events), actor=actor)
    if len(kinds) != 1 or kinds.isdisjoint(
        {LeadEvent.STAGE_CHANGED, LeadEvent.OWNER_CHANGED, LeadEvent.UPDATED, LeadEvent.FOLLOW_UP_CHANGED}
    ):
        raise NotFound
    kind = kinds.pop()

    def change(rows: list[Any], new_batch: UUID) -> set[UUID]:
        """Rows with the same past go back in one statement."""
        groups: dict[tuple[tuple[str, Any], ...], list[UUID]] = {}
        for row in rows:
            event = events[row.id]
            if all(getattr(row, name) == _value(name, value) for name, value in (event.after or {}).items()):
                groups.setdefault(tuple(sorted((event.before or {}).items())), []).append(row.id)
        for past, ids in groups.items():
            values = {name: _value(name, value) for name, value in past}
            db.session.execute(
                update(Lead).where(among(Lead.id, ids)).values(**values).execution_options(synchronize_session=False)
            )
        undone = {key for ids in groups.values() for key in ids}
        record(kind, [(key, events[key].after, events[key].before) for key in undone], batch_id=new_batch)
        return undone

    # Handing a lead on takes away the right to edit it; undoing one's own doing needs only the right to have done it.
    def rule(actor: Actor, row: Any) -> Any:
        return None if kind is LeadEvent.OWNER_CHANGED else may_own_lead(actor, row)

    return act(list(events), actor, rule, change)


def _value(name: str, value: Any) -> Any:
    return None if value is None else _READ[name](value)
