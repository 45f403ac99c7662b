"""How long filling a week takes: 60 assistants, 40 shifts."""

from __future__ import annotations

import random
import statistics
import time

from app.services.roster.solver import fill
from tests.factories.roster import random_problem

WEEKS = 10
LIMIT = 60.0  # seconds for one


def main() -> None:
    print("| week | places | seconds | gap |\n| --- | --- | --- | --- |")
    took = []
    for seed in range(WEEKS):
        week = random_problem(random.Random(seed))
        began = time.perf_counter()
        answer = fill(week, seconds=LIMIT)
        took.append(time.perf_counter() - began)
        places = sum(demand.required for demand in week.demands)
        quality = "optimal" if answer.optimal else f"{answer.gap:.2f} %"
        print(f"| {seed} | {len(answer.assignments)} of {places} | {took[-1]:.2f} | {quality} |", flush=True)
    print(f"\n60 assistants, 40 shifts: median {statistics.median(took):.2f} s, longest {max(took):.2f} s")


if __name__ == "__main__":
    main()
