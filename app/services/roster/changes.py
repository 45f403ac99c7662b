"""What every change of a week does first: it takes the week's lock, and with it its shifts, demands and assignments. Then
what the solver said of it is no longer true.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.models.roster import Roster, RosterShift, ShiftAssignment, ShiftDemand
from app.policies.actor import Actor
from app.policies.rules import may_plan_roster
from app.services.errors import NotAllowed
from app.services.transaction import lock_many

# Model -> how its rows lead to their week.
WEEK_OF: dict[type[Any], Any] = {
    RosterShift: select(RosterShift.roster_id),
    ShiftDemand: select(RosterShift.roster_id).join(ShiftDemand, ShiftDemand.shift_id == RosterShift.id),
    ShiftAssignment: select(ShiftAssignment.roster_id),
}


def may_plan(actor: Actor) -> None:
    """Raises NotAllowed."""
    reason = may_plan_roster(actor, None)
    if reason is not None:
        raise NotAllowed(reason)


def lock_weeks_of(model: type[Any], ids: Sequence[UUID], *, actor: Actor) -> list[Roster]:
    """Lock the weeks to which these rows belong, for a change by hand. Raises NotAllowed."""
    may_plan(actor)
    rosters = lock_many(Roster, sorted(set(db.session.scalars(WEEK_OF[model].where(model.id.in_(ids))))))
    by_hand(rosters)
    return rosters


def by_hand(rosters: Iterable[Roster]) -> None:
    """Forget how good the solver's answer was: somebody changes it."""
    for roster in rosters:
        roster.objective = roster.bound = roster.solved_at = None
        roster.message = ""
