"""Weeks of the help desk for tests: random ones without a database, and a small real one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from random import Random
from typing import Any
from uuid import UUID

from app.extensions import db
from app.models.roster import Roster, RosterShift, ShiftAssignment, ShiftDemand
from app.services.roster.problem import HOUR, Assistant, Demand, Problem, Shift

DAY = 24 * HOUR
MONDAY = date(2026, 3, 9)


def random_problem(random: Random, *, assistants: int = 60, shifts: int = 40, courses: int = 8) -> Problem:
    """A week that looks like one: opening hours on five days, some demand that nobody can meet."""

    def key() -> UUID:
        return UUID(int=random.getrandbits(128))

    taught = [key() for _course in range(courses)]
    made = []
    for number in range(shifts):
        start = number % 5 * DAY + (9 + number // 5) * HOUR
        made.append(Shift(key(), start, start + random.choice([2, 2, 3]) * HOUR))
    demands = [
        Demand(shift.id, course, random.choice([1, 1, 2, 3]), random.choice([1, 2, 3]))
        for shift in made
        for course in random.sample(taught, random.randint(1, min(4, courses)))
    ]
    return Problem(
        tuple(sorted(made, key=lambda shift: shift.id)),
        tuple(sorted(demands, key=lambda demand: demand.key)),
        tuple(
            sorted(
                (_assistant(key(), taught, random) for _one in range(assistants)), key=lambda assistant: assistant.id
            )
        ),
    )


def _assistant(key: UUID, taught: list[UUID], random: Random) -> Assistant:
    periods = []
    for day in range(5):
        if random.random() < 0.75:
            start = day * DAY + random.randint(8, 14) * HOUR
            periods.append((start, start + random.randint(3, 7) * HOUR))
    minimum = random.choice([0, 2, 4, 6]) * HOUR
    maximum = minimum + random.choice([2, 4, 6, 8]) * HOUR
    able = frozenset(random.sample(taught, random.randint(1, min(4, len(taught)))))
    return Assistant(key, minimum, maximum, able, tuple(periods))


def _saved(made: Any) -> Any:
    db.session.add(made)
    db.session.commit()
    return made


def roster(starts_on: date = MONDAY, **values: Any) -> Roster:
    """A committed week."""
    return _saved(Roster(starts_on=starts_on, **values))


def shift(
    of: Roster, day: int, start: str, end: str, needs: Sequence[tuple[Any, int]] = (), **values: Any
) -> RosterShift:
    """A committed shift that needs so many tutors of these courses: `shift(week, 0, "09:00", "11:00", [(piano, 2)])`."""
    times = {"start_time": time.fromisoformat(start), "end_time": time.fromisoformat(end)}
    made = _saved(RosterShift(roster_id=of.id, day=day, **times, **values))
    for course, required in needs:
        _saved(ShiftDemand(shift_id=made.id, course_id=course.id, tutors_required=required))
    return made


def assignment(on: RosterShift, course: Any, who: Any, **values: Any) -> ShiftAssignment:
    """Somebody on a shift, whatever the rules say."""
    return _saved(ShiftAssignment(shift_id=on.id, course_id=course.id, assistant_id=who.id, **values))
