"""A week as a mixed-integer programme: a column for each place that an assistant could take, rows for what must hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final
from uuid import UUID

import numpy as np

from app.services import linear_programme
from app.services.linear_programme import ANY, Term
from app.services.roster.problem import HOUR, Assignment, Assistant, DemandKey, Problem

TUTOR: Final = 10 * HOUR  # a missing tutor of weight 1 is as bad as ten hours below somebody's minimum
KEPT: Final = 10 * HOUR  # taking somebody off a shift they are on
TIERS: Final = 4  # the hours of an assistant in equal parts, each dearer than the one before


class Programme:
    """Columns, rows and two costs. The first `places` columns say who is where; `missing` is the cost that counts,
    `discomfort` the one that chooses among equals.
    """

    def __init__(self) -> None:
        self.takes: list[Assignment] = []
        self.missing: dict[int, int] = {}
        self.discomfort: dict[int, int] = {}
        self._limits: list[tuple[float, float]] = []
        self._rows: list[tuple[float, float, Sequence[Term]]] = []

    @property
    def places(self) -> int:
        return len(self.takes)

    def place(self, taken: Assignment) -> int:
        """A column that is 1 when the place is taken; a pin is."""
        self.takes.append(taken)
        return self.column(1, lower=1 if taken.pinned else 0)

    def column(self, upper: float, *, lower: float = 0) -> int:
        self._limits.append((lower, upper))
        return len(self._limits) - 1

    def row(self, lower: float, upper: float, terms: Sequence[Term]) -> None:
        self._rows.append((lower, upper, terms))

    def be_as_good_as(self, price: int) -> None:
        """From now on only weeks count that miss no more than this."""
        self.row(-ANY, price + 0.5, list(self.missing.items()))

    def start(self) -> np.ndarray:
        """A week that is possible: the pins, and of those who are on it now all who still can be together."""
        values = np.array([1.0 if taken.pinned else 0.0 for taken in self.takes])
        for column in sorted(column for column, cost in self.discomfort.items() if cost < 0):
            values[column] = 1.0
            if not self._fits(values, column):
                values[column] = 0.0
        return values

    def _fits(self, values: np.ndarray, column: int) -> bool:
        """Whether no row that speaks of this place is above its limit. Rows that subtract hold whoever is there."""
        return all(
            sum(factor * values[each] for each, factor in terms if each < self.places) <= upper
            for upper, terms in self._limiting[column]
        )

    @cached_property
    def _limiting(self) -> dict[int, list[tuple[float, Sequence[Term]]]]:
        found: defaultdict[int, list[tuple[float, Sequence[Term]]]] = defaultdict(list)
        for _lower, upper, terms in self._rows:
            if all(factor > 0 for _column, factor in terms):
                for column, _factor in terms:
                    found[column].append((upper, terms))
        return found

    def price(self, values: np.ndarray) -> int:
        return round(sum(cost * values[column] for column, cost in self.missing.items()))

    def assignments(self, values: np.ndarray) -> tuple[Assignment, ...]:
        return tuple(sorted(taken for taken, value in zip(self.takes, values, strict=False) if value > 0.5))

    def model(self, cost: dict[int, int]) -> Any:
        """As HiGHS takes it."""
        return linear_programme.model(self._limits, self._rows, cost, self.places)


def build(problem: Problem) -> Programme:
    """The programme of a week. It always has a solution: the pins alone, if they do not overlap."""
    made = Programme()
    of_demand: defaultdict[DemandKey, list[int]] = defaultdict(list)
    of_assistant: defaultdict[UUID, list[int]] = defaultdict(list)
    kept = {each for each in problem.present if not each.pinned}
    for taken in _candidates(problem):
        column = made.place(taken)
        of_demand[taken.shift_id, taken.course_id].append(column)
        of_assistant[taken.assistant_id].append(column)
        if taken in kept:
            made.discomfort[column] = -KEPT
    for demand in problem.demands:
        columns = of_demand[demand.key]
        short = made.column(demand.required)
        made.missing[short] = TUTOR * demand.weight
        most = max(demand.required, sum(made.takes[column].pinned for column in columns))
        made.row(demand.required, most, [(short, 1), *((column, 1) for column in columns)])
    for assistant in problem.assistants:
        _be_in_one_place(made, problem, of_assistant[assistant.id])
        _keep_hours(made, problem, assistant, of_assistant[assistant.id])
    return made


def _candidates(problem: Problem) -> Iterable[Assignment]:
    """Every place that an assistant could take, and the pins, whatever was changed since they were set."""
    pins = set(problem.pins)
    yield from problem.pins
    for assistant in problem.assistants:
        there = {shift.id for shift in problem.shifts if assistant.can_be_there(shift)}
        for demand in problem.demands:
            if demand.course_id in assistant.courses and demand.shift_id in there:
                taken = Assignment(demand.shift_id, demand.course_id, assistant.id)
                if taken not in pins:
                    yield taken


def _be_in_one_place(made: Programme, problem: Problem, columns: Sequence[int]) -> None:
    """One course on one shift at a time. Shifts overlap when they hold at some start in common, so that one row for each
    start says it all; those that others contain are left out.
    """
    shifts = {column: problem.shift_by_id[made.takes[column].shift_id] for column in columns}
    starts = sorted({shift.start for shift in shifts.values()})
    held = {frozenset(c for c, shift in shifts.items() if shift.start <= start < shift.end) for start in starts}
    for together in sorted(map(sorted, held)):
        if len(together) > 1 and not any(set(together) < other for other in held):
            made.row(0, 1, [(column, 1) for column in together])


def _keep_hours(made: Programme, problem: Problem, assistant: Assistant, columns: Sequence[int]) -> None:
    """Never above the maximum, but for pins; below the minimum it costs. Hours that others could have are dearer."""
    minutes = {column: problem.shift_by_id[made.takes[column].shift_id].minutes for column in columns}
    terms = list(minutes.items())
    pinned = sum(each for column, each in minutes.items() if made.takes[column].pinned)
    most = max(assistant.maximum, pinned)
    made.row(0, most, terms)
    if assistant.minimum:
        short = made.column(assistant.minimum)
        made.missing[short] = 1
        made.row(assistant.minimum, ANY, [*terms, (short, 1)])
    tiers = [made.column(most / TIERS) for _tier in range(TIERS)]
    made.discomfort |= {column: tier for tier, column in enumerate(tiers) if tier}
    made.row(0, 0, [*terms, *((column, -1) for column in tiers)])
