"""Timing: the two databases and plain SQL take turns, so that what else the machine does hits all alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.cases import Case
from bench.site import Site

WARM_UP = (
    12  # as a process that serves: the driver prepares a statement at its fifth use, the server plans five more anew
)
MOST_GROWTH, MOST_STATEMENTS, MOST_KILOBYTES = 1.1, 10, 108.0


@dataclass
class Line:
    """A line of the report: medians in ms, and the goals that it misses, in words."""

    name: str
    large: float
    best: float
    small: float | None = None
    plain: float | None = None
    statements: int | None = None
    kilobytes: float | None = None
    goal: float | None = None
    peers: tuple[float | None, float | None] = (None, None)
    note: str = ""
    missed: list[str] = field(default_factory=list)

    @property
    def growth(self) -> float | None:
        return self.large / self.small if self.small else None


def measure(case: Case, large: Site, small: Site, rounds: int) -> Line:
    """Run a case in turns on both databases and in plain SQL."""
    times: dict[str, list[float]] = {"large": [], "small": [], "plain": []}
    statements, size = 0, 0.0
    gc.collect()
    for number in range(-min(WARM_UP, rounds), rounds):
        for name, site in (("large", large), ("small", small)):
            given = case.prepare(site)
            before = site.statements
            took, answer = timed(lambda site=site, given=given: case.page(site, given))  # type: ignore[misc]
            times[name].append(took)
            if name == "large":
                statements, size = site.statements - before, len(answer.data) / 1000
        if case.plain:
            given = case.prepare(large)
            times["plain"].append(timed(lambda given=given: case.plain(large, given))[0])  # type: ignore[misc]
    kept = {name: each[-rounds:] for name, each in times.items()}
    line = Line(
        case.name,
        statistics.median(kept["large"]),
        min(kept["large"]),
        statistics.median(kept["small"]),
        statistics.median(kept["plain"]) if case.plain else None,
        statements,
        size,
        case.goal,
        case.peers,
    )
    _judge(case, line)
    return line


def page_ms(get: Callable[[], Any], rounds: int = 20) -> float:
    """The median of a page, in ms, of a process that has served it before."""
    return statistics.median([timed(get)[0] for _round in range(WARM_UP + rounds)][WARM_UP:])


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long it takes, in ms, and what it gives."""
    started = time.perf_counter()
    result = work()
    return (time.perf_counter() - started) * 1000, result


def _judge(case: Case, line: Line) -> None:
    if line.goal is not None and line.large >= line.goal:
        line.missed.append(f"{line.large:.1f} ms, goal under {line.goal:g}")
    if line.growth is not None and not case.grows and line.growth >= MOST_GROWTH:
        line.missed.append(f"{line.growth:.2f} times the page with a thousand leads, goal under {MOST_GROWTH}")
    if line.statements is not None and line.statements > MOST_STATEMENTS:
        line.missed.append(f"{line.statements} statements, goal at most {MOST_STATEMENTS}")
    if line.kilobytes is not None and line.kilobytes >= MOST_KILOBYTES:
        line.missed.append(f"{line.kilobytes:.0f} KB, goal under {MOST_KILOBYTES:g}")
