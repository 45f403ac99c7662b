"""What can be done with a week now: for the buttons of its page. The services ask again, under the lock."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.models.roster import RosterStatus
from app.policies.actor import Actor
from app.policies.rules import may_plan_roster

Reason = Any


def may_solve(actor: Actor, roster: Any) -> Reason | None:
    return may_plan_roster(actor, roster) or _unless_solving(roster)


def may_cancel(actor: Actor, roster: Any) -> Reason | None:
    solving = roster.status is RosterStatus.SOLVING
    return may_plan_roster(actor, roster) or (None if solving else _l("It is not being filled."))


def may_publish(actor: Actor, roster: Any) -> Reason | None:
    return may_plan_roster(actor, roster) or _unless_solving(roster)


def may_unpublish(actor: Actor, roster: Any) -> Reason | None:
    published = roster.published_at is not None
    return may_plan_roster(actor, roster) or (None if published else _l("It is not published."))


def _unless_solving(roster: Any) -> Reason | None:
    return _l("It is being filled.") if roster.status is RosterStatus.SOLVING else None
