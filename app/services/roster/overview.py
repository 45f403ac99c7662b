"""Everything about one week, for its page: who is where, what is missing and why, and the hours of each assistant."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import time
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.models.roster import Roster, RosterShift, ShiftAssignment, ShiftDemand
from app.services.roster import assigning, explaining, publishing, reading
from app.services.roster.problem import Assignment, Assistant, Demand, Week


@dataclass(frozen=True)
class Person:
    """Somebody on a shift. `broken` says why they could not be put there today."""

    assignment_id: UUID
    name: str
    pinned: bool
    broken: str


@dataclass(frozen=True)
class CourseNeed:
    """A course that a shift needs. `reason` says why somebody is missing."""

    demand_id: UUID
    course_id: UUID
    course: str
    required: int
    weight: int
    people: tuple[Person, ...]
    reason: str

    @property
    def missing(self) -> int:
        return max(0, self.required - len(self.people))


@dataclass(frozen=True)
class ShiftOfWeek:
    id: UUID
    day: int
    start: time
    end: time
    place: str
    needs: tuple[CourseNeed, ...]


@dataclass(frozen=True)
class Hours:
    """What an assistant has of a week, in minutes."""

    id: UUID
    name: str
    minutes: int
    minimum: int
    maximum: int


@dataclass(frozen=True)
class Overview:
    """`untold` is how many assistants were told otherwise, in a week that is published."""

    shifts: tuple[ShiftOfWeek, ...]
    hours: tuple[Hours, ...]
    untold: int

    @property
    def required(self) -> int:
        return sum(need.required for shift in self.shifts for need in shift.needs)

    @property
    def missing(self) -> int:
        return sum(need.missing for shift in self.shifts for need in shift.needs)

    @property
    def below(self) -> int:
        """How many assistants have fewer hours than they should."""
        return sum(each.minutes < each.minimum for each in self.hours)


def read(roster: Roster) -> Overview:
    """The week as it is now."""
    problem = reading.problem(roster.id)
    week, names = Week(problem, problem.present), reading.names(problem)
    needs = _needs(roster, week, names)
    rows = db.session.scalars(
        select(RosterShift)
        .where(RosterShift.roster_id == roster.id)
        .order_by(RosterShift.week_minutes, RosterShift.place, RosterShift.id)
    )
    shifts = tuple(
        ShiftOfWeek(row.id, row.day, row.start_time, row.end_time, row.place or "", tuple(needs.get(row.id, ())))
        for row in rows
    )
    untold = len(publishing.changes(roster).by_assistant()) if roster.published_at is not None else 0
    return Overview(shifts, _hours(week, names), untold)


def _needs(roster: Roster, week: Week, names: reading.Names) -> dict[UUID, list[CourseNeed]]:
    """What each shift needs, by course, and who is on it."""
    broken = assigning.broken(week.problem)
    assignments = select(ShiftAssignment).where(ShiftAssignment.roster_id == roster.id)
    keys = {(row.shift_id, row.assistant_id): row.id for row in db.session.scalars(assignments)}
    demands = select(ShiftDemand).join(RosterShift, RosterShift.id == ShiftDemand.shift_id)
    demand_ids = {
        (row.shift_id, row.course_id): row.id
        for row in db.session.scalars(demands.where(RosterShift.roster_id == roster.id))
    }

    def person(each: Assignment) -> Person:
        place = each.shift_id, each.assistant_id
        return Person(keys[place], names.assistants[each.assistant_id], each.pinned, broken.get(place, ""))

    def need(demand: Demand) -> CourseNeed:
        people = map(person, week.by_demand.get(demand.key, ()))
        course = names.courses[demand.course_id]
        return CourseNeed(
            demand_ids[demand.key],
            demand.course_id,
            course,
            demand.required,
            demand.weight,
            tuple(sorted(people, key=lambda one: (one.name, one.assignment_id))),
            explaining.why_uncovered(week, demand, course) if week.missing(demand) else "",
        )

    found: defaultdict[UUID, list[CourseNeed]] = defaultdict(list)
    for demand in sorted(week.problem.demands, key=lambda each: (names.courses[each.course_id], each.course_id)):
        found[demand.shift_id].append(need(demand))
    return found


def _hours(week: Week, names: reading.Names) -> tuple[Hours, ...]:
    def one(each: Assistant) -> Hours:
        return Hours(each.id, names.assistants[each.id], week.minutes(each.id), each.minimum, each.maximum)

    return tuple(sorted(map(one, week.problem.assistants), key=lambda each: (each.name, each.id)))
