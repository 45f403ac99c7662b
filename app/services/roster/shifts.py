"""The shifts of a week, and the courses that each needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.roster import Roster, RosterShift, ShiftDemand
from app.policies.actor import Actor
from app.services import lookups, plain
from app.services.errors import Invalid, WrongState
from app.services.resource import Result
from app.services.roster.changes import by_hand, lock_weeks_of, may_plan
from app.services.roster.labels import time_title
from app.services.transaction import lock_many, transactional

M = TypeVar("M")

MOST_SHIFTS = 500  # of a week


@transactional
def create_shift(values: Mapping[str, Any], *, actor: Actor) -> RosterShift:
    """Add a shift to a week. Raises NotAllowed, Conflict for one that there is, Invalid at the field, WrongState."""
    may_plan(actor)
    lookups.check("rosters", actor, values["roster_id"], "roster_id")
    _check_order(values)
    rosters = lock_many(Roster, [values["roster_id"]])
    if not rosters:  # deleted in this very moment
        raise Invalid(fields={"roster_id": [_("Choose one from the list.")]})
    if (
        len(db.session.scalars(select(RosterShift.id).where(RosterShift.roster_id == rosters[0].id)).all())
        >= MOST_SHIFTS
    ):
        raise WrongState(_("A week has at most %(most)s shifts.", most=MOST_SHIFTS))
    by_hand(rosters)
    return _read(plain.create(RosterShift, values, actor=actor))


@transactional
def update_shift(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> RosterShift:
    """Change a shift; whoever is on it moves along, unless that would put somebody in two places. A shift stays in its
    week. Raises NotFound, NotAllowed, Conflict, Invalid at the field.
    """
    lock_weeks_of(RosterShift, [key], actor=actor)
    known = plain.update(RosterShift, key, {}, actor=actor, version=version)
    _stays(known, values, "roster_id")
    _check_order({"start_time": known.start_time, "end_time": known.end_time, **values})
    return _read(plain.update(RosterShift, key, values, actor=actor))


@transactional
def delete_shifts(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Delete shifts with their demand, and take everybody off them."""
    lock_weeks_of(RosterShift, ids, actor=actor)
    return plain.delete(RosterShift, ids, actor=actor, title=time_title)


@transactional
def create_demand(values: Mapping[str, Any], *, actor: Actor) -> ShiftDemand:
    """Say that a shift needs tutors of a course. Raises NotAllowed, Conflict when it is said already, Invalid at the
    field.
    """
    lookups.check("roster-shifts", actor, values["shift_id"], "shift_id")
    lookups.check("courses", actor, values["course_id"], "course_id")
    _check_numbers(values)
    lock_weeks_of(RosterShift, [values["shift_id"]], actor=actor)
    return _read(plain.create(ShiftDemand, values, actor=actor))


@transactional
def update_demand(
    key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> ShiftDemand:
    """Change how many tutors are needed, or how much. Raises NotFound, NotAllowed, Conflict, Invalid at the field."""
    lock_weeks_of(ShiftDemand, [key], actor=actor)
    known = plain.update(ShiftDemand, key, {}, actor=actor, version=version)
    _stays(known, values, "shift_id")
    _stays(known, values, "course_id")
    _check_numbers(values)
    return _read(plain.update(ShiftDemand, key, values, actor=actor))


@transactional
def delete_demands(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Shifts need these courses no more; whoever is on them for one is taken off."""
    lock_weeks_of(ShiftDemand, ids, actor=actor)
    return plain.delete(ShiftDemand, ids, actor=actor, title=demand_title)


_TITLE = text("""
    SELECT s.week_minutes, c.name FROM shift_demands d JOIN roster_shifts s ON s.id = d.shift_id
    JOIN courses c ON c.id = d.course_id WHERE d.id = :id
""")


def demand_title(demand: Any) -> str:
    """A demand, as "Monday 09:00, Piano". Rows of a list bring what it is made of with them."""
    row = demand if hasattr(demand, "name") else db.session.execute(_TITLE, {"id": demand.id}).one()
    return f"{time_title(row)}, {row.name}"


def _check_order(values: Mapping[str, Any]) -> None:
    # Before the database sees it: the range that it makes of the two is refused sooner than the constraint that has words.
    if values["end_time"].replace(tzinfo=None) <= values["start_time"].replace(tzinfo=None):
        raise Invalid(fields={"end_time": [_("Must be later than the start.")]})
    for name in ("start_time", "end_time"):
        if values[name].second or values[name].microsecond:
            raise Invalid(fields={name: [_("Whole minutes only.")]})


def _check_numbers(values: Mapping[str, Any]) -> None:
    for name, most in (("tutors_required", 50), ("weight", 100)):
        if not 1 <= values.get(name, 1) <= most:
            raise Invalid(fields={name: [_("Must be from 1 to %(most)s.", most=most)]})


def _stays(known: Any, values: Mapping[str, Any], field: str) -> None:
    if values.get(field, getattr(known, field)) != getattr(known, field):
        raise Invalid(fields={field: [_("This cannot be changed. Make another one instead.")]})


def _read(made: M) -> M:
    """With what the database fills in."""
    db.session.refresh(made)
    return made
