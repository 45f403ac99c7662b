"""Filling a week with HiGHS, an open solver of mixed-integer programmes (https://highs.dev).

First what is missing is made as small as it can be: tutors, by the weight of their demand, and hours below somebody's
minimum. The answer is proved to be the best, or says how far from it it may be. Then, among weeks that are as good, one is
sought that keeps who is on it now and spreads the hours: that is a nicety, and stops after a fixed amount of work.

One thread and a fixed seed: the same week is filled alike each time, unless the time limit ends the search.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np

from app.services.roster.problem import Assignment, Problem
from app.services.roster.programme import Programme, build

NODES: Final = 50  # of the search for the nicest week
EVERY: Final = 0.3  # seconds between two reports

# Told how far the search is: seconds so far, and the gap in percent. False stops it.
Report = Callable[[float, float], bool]


class StoppedError(Exception):
    """Nobody wants the week any more."""


@dataclass(frozen=True)
class Answer:
    """`objective` is what is missing, weighted; no week can be better than `bound`. `gap` is the room between the two in
    percent of the objective; 0: it is proved that no week is better.
    """

    assignments: tuple[Assignment, ...]
    objective: int
    bound: int

    @property
    def gap(self) -> float:
        return 100 * (self.objective - self.bound) / self.objective if self.objective else 0.0

    @property
    def optimal(self) -> bool:
        return self.objective == self.bound


def fill(problem: Problem, *, seconds: float = 20, report: Report = lambda elapsed, gap: True) -> Answer:
    """The best week that is found within `seconds`. Raises StoppedError when `report` says so."""
    programme = build(problem)
    search = _Search(seconds, report)
    values, bound = search.run(programme, programme.missing, programme.start(), gap=0.0)
    programme.be_as_good_as(programme.price(values))
    values, _bound = search.run(programme, programme.discomfort, values, gap=0.01, nodes=NODES)
    objective = programme.price(values)  # where the time ended the first search, the nicer week may be a better one
    return Answer(programme.assignments(values), objective, min(objective, max(0, math.ceil(bound - 1e-4))))


class _Search:
    """Runs of HiGHS that share a time limit and whoever watches."""

    def __init__(self, seconds: float, report: Report) -> None:
        self._began, self._seconds = time.monotonic(), seconds
        self._report, self._next, self._stopped = report, 0.0, False

    def run(
        self, programme: Programme, cost: dict[int, int], start: np.ndarray, *, gap: float, nodes: int | None = None
    ) -> tuple[np.ndarray, float]:
        """The best values found from `start` on, and the proved bound of their cost."""
        with highspy.Highs() as solver:
            solver.silent()
            left = self._seconds - (time.monotonic() - self._began)
            options: dict[str, Any] = {
                "threads": 1,
                "random_seed": 0,
                "mip_rel_gap": gap,
                "mip_abs_gap": 0.5,  # costs are whole
                "time_limit": max(left, 0.5),
            }
            if nodes is not None:
                options["mip_max_nodes"] = nodes
            for name, value in options.items():
                solver.setOptionValue(name, value)
            solver.passModel(programme.model(cost))
            places = np.arange(programme.places, dtype=np.int32)
            solver.setSolution(len(places), places, start[: programme.places])
            solver.cbMipInterrupt += self._watch
            solver.run()
            if self._stopped:
                raise StoppedError
            info = solver.getInfo()
            bound = info.mip_dual_bound if programme.places else info.objective_function_value
            return np.array(solver.getSolution().col_value), bound

    def _watch(self, event: Any) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY
        found, bound = event.data_out.mip_primal_bound, event.data_out.mip_dual_bound
        known = math.isfinite(found) and math.isfinite(bound) and found > 0
        if not self._report(now - self._began, 100 * (found - bound) / found if known else 100.0):
            self._stopped = True
            event.interrupt()
