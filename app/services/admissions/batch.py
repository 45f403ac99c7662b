"""Doing one thing to many admissions, each with its own outcome.

Locks are taken for all of them first, always in this order: admissions, classroom slots, students, each in key order.
Whoever takes or frees places does the same, so no two of them can wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.models.admissions import Admission, AdmissionStatus
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.admissions import places
from app.services.errors import Invalid, NotAllowed, NotFound, Refusal, WrongState
from app.services.resource import Outcome, Result, Rule
from app.services.transaction import lock_many, savepoint

MOST_AT_ONCE = 1_000

# What may follow what.
TRANSITIONS: Mapping[AdmissionStatus, frozenset[AdmissionStatus]] = {
    AdmissionStatus.PENDING: frozenset({AdmissionStatus.ACTIVE, AdmissionStatus.PAUSED, AdmissionStatus.CANCELLED}),
    AdmissionStatus.ACTIVE: frozenset({AdmissionStatus.PAUSED, AdmissionStatus.COMPLETED, AdmissionStatus.CANCELLED}),
    AdmissionStatus.PAUSED: frozenset({AdmissionStatus.ACTIVE, AdmissionStatus.PENDING, AdmissionStatus.CANCELLED}),
    AdmissionStatus.COMPLETED: frozenset(),
    AdmissionStatus.CANCELLED: frozenset(),
}

# Changes one locked admission; True when something changed. Raises a Refusal to leave it alone.
Change = Callable[[Admission, UUID], bool]

_SLOTS_OF = text("SELECT DISTINCT classroom_slot_id FROM admission_slots WHERE admission_id = ANY(:ids)")
_LOCK_STUDENTS = text("SELECT id FROM students WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")


def title(admission: Any) -> str:
    """What an admission is called."""
    return f"#{admission.number}"


def each(
    ids: Sequence[UUID], actor: Actor, rule: Rule, change: Change, *, places_too: bool = True, deleted: bool = False
) -> Result:
    """Run `change(admission, batch_id)` on each admission that `rule` allows. `places_too` also locks their slots and
    students. Raises Invalid for more than MOST_AT_ONCE.
    """
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(_("At most %(most)s admissions at once.", most=f"{MOST_AT_ONCE:,}"))
    found = {each.id: each for each in lock_many(Admission, wanted, visible(Admission, actor, deleted=deleted))}
    if places_too and found:
        places.lock(db.session.scalars(_SLOTS_OF, {"ids": list(found)}))
        db.session.execute(_LOCK_STUDENTS, {"ids": sorted(each.student_id for each in found.values())})
    batch_id = uuid4()
    outcomes = [_outcome(key, found.get(key), actor, rule, change, batch_id) for key in wanted]
    return Result(outcomes, batch_id)


def _outcome(
    key: UUID, admission: Admission | None, actor: Actor, rule: Rule, change: Change, batch_id: UUID
) -> Outcome:
    if admission is None:
        return Outcome(str(key), str(key)[:8], NotFound())
    name = title(admission)
    reason = rule(actor, admission)
    if reason is not None:
        return Outcome(str(key), name, NotAllowed(reason))
    try:
        with savepoint():
            changed = change(admission, batch_id)
    except Refusal as refused:
        return Outcome(str(key), name, refused)
    return Outcome(str(key), name, unchanged=not changed)


def check_transition(admission: Admission, to: AdmissionStatus) -> None:
    """Raises WrongState when the admission cannot become that now."""
    if to not in TRANSITIONS[admission.status]:
        from app.services.admissions.labels import STATUSES

        raise WrongState(
            _("It is %(status)s: this cannot be done now.", status=str(STATUSES[admission.status.value]).lower())
        )
