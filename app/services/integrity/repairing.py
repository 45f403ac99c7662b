"""Repairing what breaks an invariant, and the log of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import insert, select, text

from app.extensions import db
from app.models.access import User
from app.models.integrity import IntegrityRepair
from app.policies.actor import Actor
from app.policies.rules import may_repair
from app.services import people
from app.services.errors import NotAllowed, WrongState
from app.services.integrity import checking
from app.services.integrity.checking import Broken
from app.services.integrity.invariants import Invariant
from app.services.transaction import rehearse, transactional

SAMPLE: Final = 100
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('integrity', 0))")


@dataclass(frozen=True)
class Repaired:
    """What a repair did, or would do: how many rows were broken before and are after, and the first of them."""

    invariant: Invariant
    before: int
    after: int
    sample: list[Broken]


@transactional
def repair(names: Sequence[str], *, actor: Actor) -> list[Repaired]:
    """Repair what can be repaired, in this order, and write down what was done. Done again it changes nothing.

    Invariants that only people can mend are counted. The rows as they were are in the row history. Raises NotFound,
    NotAllowed; WrongState when there is nothing that could be repaired by itself.
    """
    invariants = [checking.get(name) for name in names]
    reason = may_repair(actor)
    if reason is not None:
        raise NotAllowed(reason)
    if not any(each.repair for each in invariants):
        raise WrongState(_("Only people can mend this."))
    db.session.execute(_ONE_AT_A_TIME)  # what is counted before is what is repaired
    return [_repair(each, actor) for each in invariants]


def _repair(invariant: Invariant, actor: Actor) -> Repaired:
    before = checking.total(invariant)
    sample, _more = checking.rows(invariant, actor, limit=SAMPLE) if before else ([], False)
    if not before or invariant.repair is None:
        return Repaired(invariant, before, before, sample)
    invariant.repair(actor)
    db.session.flush()
    after = checking.total(invariant)
    log = insert(IntegrityRepair).values(invariant=invariant.name, rows_before=before, rows_after=after)
    db.session.execute(log)
    return Repaired(invariant, before, after, sample)


def try_repair(names: Sequence[str], *, actor: Actor) -> list[Repaired]:
    """What `repair` would do: it is done, and taken back. Raises as it does."""
    return rehearse(repair, names, actor=actor)


def history(name: str = "", *, limit: int = 20) -> Sequence[Any]:
    """The latest repairs, of one invariant or of all: when, what, who, rows before and after."""
    columns = (
        IntegrityRepair.at,
        IntegrityRepair.invariant,
        IntegrityRepair.rows_before,
        IntegrityRepair.rows_after,
        people.full_name(User).label("who"),
    )
    statement = select(*columns).outerjoin(User, User.id == IntegrityRepair.actor_id)
    if name:
        statement = statement.where(IntegrityRepair.invariant == name)
    return db.session.execute(
        statement.order_by(IntegrityRepair.at.desc(), IntegrityRepair.id.desc()).limit(limit)
    ).all()
