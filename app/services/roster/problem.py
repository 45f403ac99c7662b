"""A week of the help desk as plain values: who can, what is needed, who is on it. No database.

Times are minutes from Monday 00:00, hours of people are minutes of the week.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from uuid import UUID

HOUR: Final = 60

Period = tuple[int, int]  # from, to
DemandKey = tuple[UUID, UUID]  # shift, course


@dataclass(frozen=True)
class Shift:
    id: UUID
    start: int
    end: int

    @property
    def minutes(self) -> int:
        return self.end - self.start

    def overlaps(self, other: Shift) -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Demand:
    """So many tutors of a course on a shift; one that is missing costs `weight`."""

    shift_id: UUID
    course_id: UUID
    required: int
    weight: int = 1

    @property
    def key(self) -> DemandKey:
        return self.shift_id, self.course_id


@dataclass(frozen=True)
class Assistant:
    """`periods` are when they can; `minimum` and `maximum` are minutes of a week."""

    id: UUID
    minimum: int
    maximum: int
    courses: frozenset[UUID]
    periods: tuple[Period, ...]

    @cached_property
    def spans(self) -> tuple[Period, ...]:
        """The periods with those that touch made one: a shift may lie across both."""
        joined: list[Period] = []
        for start, end in sorted(self.periods):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return tuple(joined)

    def can_be_there(self, shift: Shift) -> bool:
        return any(start <= shift.start and shift.end <= end for start, end in self.spans)


@dataclass(frozen=True, order=True)
class Assignment:
    shift_id: UUID
    course_id: UUID
    assistant_id: UUID
    pinned: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Problem:
    """What is to be filled, in the order of the keys, so that equal weeks are equal values. `present` is who is on it
    now; of these the pinned ones stay.
    """

    shifts: tuple[Shift, ...]
    demands: tuple[Demand, ...]
    assistants: tuple[Assistant, ...]
    present: tuple[Assignment, ...] = ()

    @cached_property
    def shift_by_id(self) -> Mapping[UUID, Shift]:
        return {shift.id: shift for shift in self.shifts}

    @cached_property
    def pins(self) -> tuple[Assignment, ...]:
        return tuple(each for each in self.present if each.pinned)

    def same_as(self, other: Problem) -> bool:
        """Whether nothing changed, pins included."""
        return self == other and self.pins == other.pins


class Hindrance(enum.Enum):
    """Why an assistant cannot take a place, in the order in which it is asked."""

    CANNOT_TEACH = "cannot_teach"
    NOT_AVAILABLE = "not_available"
    ON_THIS_SHIFT = "on_this_shift"
    ON_ANOTHER_SHIFT = "on_another_shift"
    HOURS = "hours"


class Week:
    """A problem with a set of assignments: what each assistant has, and what each may still take."""

    def __init__(self, problem: Problem, assignments: Iterable[Assignment]) -> None:
        self.problem = problem
        self.by_assistant: dict[UUID, list[Assignment]] = {}
        self.by_demand: dict[DemandKey, list[Assignment]] = {}
        for each in assignments:
            self.by_assistant.setdefault(each.assistant_id, []).append(each)
            self.by_demand.setdefault((each.shift_id, each.course_id), []).append(each)

    def covered(self, demand: Demand) -> int:
        return len(self.by_demand.get(demand.key, ()))

    def missing(self, demand: Demand) -> int:
        return max(0, demand.required - self.covered(demand))

    def minutes(self, assistant_id: UUID) -> int:
        """The minutes of an assistant's shifts."""
        shifts = self.problem.shift_by_id
        return sum(shifts[each.shift_id].minutes for each in self.by_assistant.get(assistant_id, ()))

    def hindrance(self, assistant: Assistant, demand: Demand) -> Hindrance | None:
        """Why the assistant cannot take one more place of this demand; None when they can."""
        shifts = self.problem.shift_by_id
        shift, own = shifts[demand.shift_id], self.by_assistant.get(assistant.id, ())
        if demand.course_id not in assistant.courses:
            return Hindrance.CANNOT_TEACH
        if not assistant.can_be_there(shift):
            return Hindrance.NOT_AVAILABLE
        if any(each.shift_id == shift.id for each in own):
            return Hindrance.ON_THIS_SHIFT
        if any(shifts[each.shift_id].overlaps(shift) for each in own):
            return Hindrance.ON_ANOTHER_SHIFT
        if self.minutes(assistant.id) + shift.minutes > assistant.maximum:
            return Hindrance.HOURS
        return None
