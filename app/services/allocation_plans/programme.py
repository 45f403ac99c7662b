"""The plan as a small mixed-integer programme, solved by HiGHS (https://highs.dev).

Rooms that are alike are one column: how many of them are opened. The load of a school on such rooms is even, so that its
price, pairs of one school in a room, is a sum of steps: the first student in each room costs nothing, the second 1, the
third 2 (or more by those who sit there). With the rooms given, the rest is a flow, whose corners are whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import highspy
import numpy as np

from app.services import linear_programme
from app.services.linear_programme import ANY


@dataclass(frozen=True)
class Kind:
    """Rooms that are alike, by their places in the problem."""

    rooms: tuple[int, ...]
    free: int
    accessible: bool
    in_use: bool
    present: Mapping[str, int] = field(default_factory=dict)


class Found(NamedTuple):
    """Values of the columns, their cost, and what no values can cost less than."""

    values: np.ndarray
    cost: int
    bound: int


class UnsolvedError(Exception):
    """Nothing was found in time."""


class Programme:
    """Columns and rows. The first columns say how many rooms of each kind are used."""

    def __init__(self, kinds: Sequence[Kind], students: int, needing: int) -> None:
        self.kinds = kinds
        self._limits: list[tuple[int, float]] = [
            (len(kind.rooms) if kind.in_use else 0, len(kind.rooms)) for kind in kinds
        ]
        self._rows: list[tuple[float, float, dict[int, float]]] = []
        self.row(students, ANY, {column: kind.free for column, kind in enumerate(kinds)})
        self.row(needing, ANY, {column: kind.free for column, kind in enumerate(kinds) if kind.accessible})

    @property
    def opened(self) -> dict[int, float]:
        """The cost that counts rooms that are not in use yet."""
        return {column: 1.0 for column, kind in enumerate(self.kinds) if not kind.in_use}

    @property
    def seats(self) -> dict[int, float]:
        """The cost that counts their seats."""
        return {column: float(self.kinds[column].free) for column in self.opened}

    def column(self, upper: float) -> int:
        self._limits.append((0, upper))
        return len(self._limits) - 1

    def row(self, lower: float, upper: float, terms: dict[int, float]) -> None:
        self._rows.append((lower, upper, terms))

    def most(self, column: int) -> float:
        return self._limits[column][1]

    def fix(self, values: np.ndarray) -> None:
        """From now on just these rooms."""
        for column in range(len(self.kinds)):
            self._limits[column] = (int(values[column]), int(values[column]))

    @property
    def fixed(self) -> bool:
        return all(lower == upper for lower, upper in self._limits[: len(self.kinds)])

    def solve(self, cost: dict[int, float], *, seconds: float, start: np.ndarray | None = None) -> Found:
        """The cheapest values found in so many seconds. Raises UnsolvedError when there are none."""
        with highspy.Highs() as solver:
            solver.silent()
            # One thread and a fixed seed: the same session is planned alike each time. Costs are whole.
            options: dict[str, Any] = {"threads": 1, "random_seed": 0, "mip_rel_gap": 0.0, "mip_abs_gap": 0.5}
            for name, value in (options | {"time_limit": max(seconds, 0.1)}).items():
                solver.setOptionValue(name, value)
            solver.passModel(self._model(cost))
            if start is not None:
                places = np.arange(len(start), dtype=np.int32)
                solver.setSolution(len(start), places, start)
            solver.run()
            info = solver.getInfo()
            if info.primal_solution_status != 2:  # feasible
                raise UnsolvedError
            values = np.round(np.array(solver.getSolution().col_value)) if self.fixed else self._whole(solver)
            spent = round(sum(factor * values[column] for column, factor in cost.items()))
            proved = info.objective_function_value if self.fixed else info.mip_dual_bound
            return Found(values, spent, min(spent, max(0, math.ceil(proved - 1e-4))))

    def _whole(self, solver: Any) -> np.ndarray:
        values = np.array(solver.getSolution().col_value)
        values[: len(self.kinds)] = np.round(values[: len(self.kinds)])
        return values

    def _model(self, cost: dict[int, float]) -> Any:
        """With all rooms fixed it is a plain flow, whose simplex answer is whole."""
        rows = [(lower, upper, terms.items()) for lower, upper, terms in self._rows]
        return linear_programme.model(self._limits, rows, cost, 0 if self.fixed else len(self.kinds))


class Step(NamedTuple):
    """A column: students of a school on rooms of a kind, of whom each room takes one in this step."""

    column: int
    school: str
    kind: int
    last: bool


def add_steps(
    programme: Programme, schools: Mapping[str, int], needing: Mapping[str, int], depth: Mapping[str, int]
) -> tuple[list[Step], dict[int, float]]:
    """The loads of the schools, and their price; those whose school is not known cost nothing.

    Beyond `depth` students of a school in a room, each costs as much as
    the last: whoever finds that such a step is used must ask again with more depth.
    """
    steps: list[Step] = []
    cost: dict[int, float] = {}
    for place, kind in enumerate(programme.kinds):
        if not programme.most(place):
            continue
        for school, students in schools.items():
            for number in range(min(depth[school], students, kind.free)):
                last = number == depth[school] - 1
                column = programme.column(students if last else min(students, len(kind.rooms)))
                steps.append(Step(column, school, place, last))
                cost[column] = kind.present.get(school, 0) + number if school else 0
                if not last:
                    programme.row(-ANY, 0, {column: 1, place: -1})
        own = {step.column: 1.0 for step in steps if step.kind == place}
        programme.row(-ANY, 0, own | {place: -float(kind.free)})
    for school, students in schools.items():
        columns = [step for step in steps if step.school == school]
        programme.row(students, students, {step.column: 1 for step in columns})
        accessible = {step.column: 1.0 for step in columns if programme.kinds[step.kind].accessible}
        if needing.get(school):
            programme.row(needing[school], ANY, accessible)
    return steps, cost
