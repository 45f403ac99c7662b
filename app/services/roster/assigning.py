"""Putting somebody on a shift by hand, taking them off, and pinning them to it.

What the solver must keep to holds for hands as well: a course one can teach, the whole shift, one place at a time, the
hours of a week. It is asked under the lock of the week.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models.courses import Course
from app.models.roster import Roster, RosterShift, ShiftAssignment, ShiftDemand
from app.policies.actor import Actor
from app.services import lookups, plain
from app.services.errors import Conflict, Invalid, NotFound
from app.services.resource import Result
from app.services.roster import explaining, reading
from app.services.roster.changes import lock_weeks_of
from app.services.roster.labels import roster_title, time_title
from app.services.roster.problem import Demand, Problem, Week
from app.services.transaction import transactional


@dataclass(frozen=True)
class Candidate:
    """Somebody for a place; `reason` says why they cannot take it."""

    id: UUID
    name: str
    minutes: int
    maximum: int
    reason: str = ""


@dataclass(frozen=True)
class Place:
    """What a place is called."""

    roster_id: UUID
    week: str
    when: str
    course: str


_PLACE = (
    select(RosterShift.roster_id, Roster.starts_on, RosterShift.week_minutes, RosterShift.place, Course.name)
    .join(Roster, Roster.id == RosterShift.roster_id)
    .join(ShiftDemand, ShiftDemand.shift_id == RosterShift.id)
    .join(Course, Course.id == ShiftDemand.course_id)
)


def place(shift_id: UUID, course_id: UUID) -> Place:
    """Raises NotFound when the shift does not need the course."""
    wanted = _PLACE.where(RosterShift.id == shift_id, ShiftDemand.course_id == course_id)
    row = db.session.execute(wanted).one_or_none()
    if row is None:
        raise NotFound
    when = ", ".join(filter(None, (time_title(row), row.place)))
    return Place(row.roster_id, roster_title(row), when, row.name)


def candidates(shift_id: UUID, course_id: UUID) -> list[Candidate]:
    """Everybody, for a place on a shift: first those who can take it, the ones with the fewest hours before others.
    Raises NotFound.
    """
    problem = reading.problem(place(shift_id, course_id).roster_id)
    demand = _demand(problem, shift_id, course_id)
    assert demand is not None
    week, names = Week(problem, problem.present), reading.names(problem)
    found = [
        Candidate(
            each.id,
            names.assistants[each.id],
            week.minutes(each.id),
            each.maximum,
            explaining.why_not(week, each, demand, names.courses[course_id]),
        )
        for each in problem.assistants
    ]
    return sorted(found, key=lambda each: (bool(each.reason), 0 if each.reason else each.minutes, each.name, each.id))


@transactional
def assign(values: Mapping[str, Any], *, actor: Actor) -> ShiftAssignment:
    """Put an assistant on a shift for a course, pinned if so wished.

    Raises NotAllowed, Invalid at the field for what there is not, and with the reason for one who cannot; Conflict when
    nobody more is needed.
    """
    for field, lookup in (
        ("shift_id", "roster-shifts"),
        ("course_id", "courses"),
        ("assistant_id", "roster-assistants"),
    ):
        lookups.check(lookup, actor, values[field], field)
    rosters = lock_weeks_of(RosterShift, [values["shift_id"]], actor=actor)
    if not rosters:
        raise Invalid(fields={"shift_id": [_("Choose one from the list.")]})
    problem = reading.problem(rosters[0].id)
    demand = _demand(problem, values["shift_id"], values["course_id"])
    if demand is None:
        raise Invalid(fields={"course_id": [_("This shift does not need this course.")]})
    week = Week(problem, problem.present)
    reason = _reason(problem, week, demand, values["assistant_id"])
    if reason:
        raise Invalid(fields={"assistant_id": [reason]})
    if not week.missing(demand):
        raise Conflict(_("Nobody more is needed for this course."))
    made: ShiftAssignment = plain.create(ShiftAssignment, values, actor=actor)
    db.session.refresh(made)
    return made


@transactional
def unassign(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Take people off shifts, pinned or not."""
    lock_weeks_of(ShiftAssignment, ids, actor=actor)
    return plain.delete(ShiftAssignment, ids, actor=actor, title=title)


@transactional
def pin(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Let the solver leave these people where they are. One who breaks a rule is refused, with the reason."""
    return _each(ids, _pinned, actor=actor)


@transactional
def unpin(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Let the solver move these people again."""
    return _each(ids, partial(_set, pinned=False), actor=actor)


def _each(ids: Sequence[UUID], change: Callable[[Any], bool], *, actor: Actor) -> Result:
    lock_weeks_of(ShiftAssignment, ids, actor=actor)
    return plain.each(ShiftAssignment, ids, title, change, actor=actor)


def _set(row: Any, *, pinned: bool) -> bool:
    changed = row.pinned is not pinned
    row.pinned = pinned
    return changed


def _pinned(row: Any) -> bool:
    reason = broken(reading.problem(row.roster_id)).get((row.shift_id, row.assistant_id))
    if reason:
        raise Invalid(reason)
    return _set(row, pinned=True)


def broken(problem: Problem) -> dict[tuple[UUID, UUID], str]:
    """Who is on a shift and, by the rules of today, could not be put there: (shift, assistant) -> why. Availability,
    capabilities and hours may have changed since.
    """
    names, people = reading.names(problem), {each.id: each for each in problem.assistants}
    demands = {demand.key: demand for demand in problem.demands}
    found = {}
    for each in problem.present:
        others = Week(problem, [other for other in problem.present if other != each])
        demand, course = demands[each.shift_id, each.course_id], names.courses[each.course_id]
        reason = explaining.why_not(others, people[each.assistant_id], demand, course)
        if reason:
            found[each.shift_id, each.assistant_id] = reason
    return found


def title(assignment: Any) -> str:
    """Who is where, as "Ana Moreno, Monday 09:00". Rows of a list bring the name with them."""
    name = getattr(assignment, "assistant_name", None)
    if name is None:
        name = reading.assistant_names([assignment.assistant_id]).get(assignment.assistant_id, "")
    return f"{name}, {time_title(assignment)}"


def _demand(problem: Problem, shift_id: UUID, course_id: UUID) -> Demand | None:
    return next((each for each in problem.demands if each.key == (shift_id, course_id)), None)


def _reason(problem: Problem, week: Week, demand: Demand, assistant_id: UUID) -> str:
    person = next((each for each in problem.assistants if each.id == assistant_id), None)
    if person is None:
        return _("Choose one from the list.")
    return explaining.why_not(week, person, demand, reading.names(problem).courses[demand.course_id])
