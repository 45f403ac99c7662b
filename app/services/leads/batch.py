"""Doing one thing to many leads: lock them in key order, ask the rule for each, change those that may be changed in one
statement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models.leads import Lead
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.errors import Invalid, NotAllowed, NotFound
from app.services.keysets import among
from app.services.resource import Outcome, Result, Rule

MOST_AT_ONCE = 10_000

_WHAT_RULES_NEED = (
    Lead.id,
    Lead.first_name,
    Lead.last_name,
    Lead.owner_id,
    Lead.stage_id,
    Lead.assigned_teacher_id,
    Lead.follow_up_date,
    Lead.follow_up_status,
    Lead.contact_attempts,
)

Change = Callable[[list[Any], UUID], set[UUID]]


def act(ids: Sequence[UUID], actor: Actor, rule: Rule, change: Change, *, deleted: bool = False) -> Result:
    """Run `change(rows, batch_id)` on the leads that `rule` allows; it returns the ids of those that really changed.

    Every id gets its outcome: changed, unchanged, refused with the rule's reason, or unknown (also when it is not the
    actor's to see). Raises Invalid for more than MOST_AT_ONCE ids.
    """
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(_("At most %(most)s leads at once.", most=f"{MOST_AT_ONCE:,}"))
    statement = (
        select(*_WHAT_RULES_NEED)
        .where(among(Lead.id, wanted), visible(Lead, actor, deleted=deleted))
        .order_by(Lead.id)
        .with_for_update(key_share=True, of=Lead)
    )
    found = {row.id: row for row in db.session.execute(statement)}
    reasons = {key: rule(actor, row) for key, row in found.items()}
    batch_id = uuid4()
    allowed = [row for key, row in found.items() if reasons[key] is None]
    changed = change(allowed, batch_id) if allowed else set()
    return Result([_outcome(key, found.get(key), reasons.get(key), key in changed) for key in wanted], batch_id)


def _outcome(key: UUID, row: Any, reason: Any, changed: bool) -> Outcome:
    if row is None:
        return Outcome(str(key), str(key)[:8], NotFound())
    title = f"{row.first_name} {row.last_name}"
    if reason is not None:
        return Outcome(str(key), title, NotAllowed(reason))
    return Outcome(str(key), title, unchanged=not changed)


def keys(rows: Sequence[Any]) -> list[UUID]:
    return [row.id for row in rows]
