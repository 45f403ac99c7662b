"""Which rooms are used, and how many of whom go where: exactly, and without a database.

First the fewest rooms, then the fewest empty seats, then, where that is wished for, the fewest pairs of one school in a
room. Each is proved to be the least possible, or says how far from it it may be.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from app.services.allocation_plans.problem import Group, Measure, Plan, Problem, Quota, Room, check
from app.services.allocation_plans.programme import Found, Kind, Programme, Step, UnsolvedError, add_steps

MOST_STEPS: Final = 60_000  # columns of the wish; above them rooms that differ only in who sits there count as alike
FREE_CHOICE: Final = 20_000  # up to here the wish may also choose among rooms that are as few and as full
DEEPER: Final = 4  # times that the loads are looked at more finely

Loads = list[dict[str, int]]  # per room of the problem: how many of which school


def plan(problem: Problem, *, apart: bool = False, seconds: float = 10) -> Plan:
    """The best plan that is found within `seconds`; with `apart` students of one school are spread over the rooms.

    Raises ShortageError, with what is missing, only when there is no plan at all.
    """
    check(problem)
    until = time.monotonic() + seconds
    kinds = _kinds(problem, apart and _is_small(problem))
    chosen, rooms, seats = _choose_rooms(problem, kinds, until)
    loads, pairs = _fill(problem, kinds, chosen), Measure(0, 0)
    if apart and problem.students:
        loads, pairs = _spread(problem, kinds, chosen, (rooms, seats), until)
    return Plan(_quotas(problem, loads), *_measure(problem, loads, rooms, seats), pairs)


def _measure(problem: Problem, loads: Loads, rooms: Measure, seats: Measure) -> tuple[Measure, Measure]:
    """Rooms and empty seats as they come to be: a room that was chosen without need, in haste, stays closed."""
    opened = [room for room, load in zip(problem.rooms, loads, strict=True) if load and not room.in_use]
    others = sum(room.free for room in problem.rooms if room.in_use) - problem.students
    empty = sum(room.free for room in opened) + others
    return Measure(len(opened), rooms.bound), Measure(empty, max(0, min(empty, seats.bound + others)))


def _is_small(problem: Problem) -> bool:
    return len(problem.rooms) * len(problem.schools) <= MOST_STEPS


def _kinds(problem: Problem, by_school: bool) -> list[Kind]:
    """Rooms that are alike, together; full ones are left out."""
    found: defaultdict[tuple[int, bool, bool, tuple[tuple[str, int], ...]], list[int]] = defaultdict(list)
    for place, room in enumerate(problem.rooms):
        if room.free:
            present = tuple(sorted(room.present.items())) if by_school else ()
            found[room.free, room.accessible, room.in_use, present].append(place)
    return [Kind(tuple(rooms), free, acc, used, dict(present)) for (free, acc, used, present), rooms in found.items()]


def _choose_rooms(problem: Problem, kinds: Sequence[Kind], until: float) -> tuple[np.ndarray, Measure, Measure]:
    """How many of each kind; how many new rooms that are, and how many free seats these have."""
    programme = Programme(kinds, problem.students, problem.needing)
    few = _solve(programme, programme.opened, until, np.array([len(kind.rooms) for kind in kinds], float))
    programme.row(0, few.cost, programme.opened)
    least = _solve(programme, programme.seats, until, few.values)
    rooms = Measure(few.cost, few.bound)
    # A bound on the seats of few rooms says nothing of plans with fewer still, if there might be some.
    return least.values, rooms, Measure(least.cost, least.bound if rooms.gap == 0 else 0)


def _solve(programme: Programme, cost: Mapping[int, float], until: float, known: np.ndarray) -> Found:
    """As good as `known`, at least."""
    try:
        return programme.solve(dict(cost), seconds=until - time.monotonic(), start=known)
    except UnsolvedError:
        spent = round(sum(factor * known[column] for column, factor in cost.items()))
        return Found(known, spent, 0)


def _fill(problem: Problem, kinds: Sequence[Kind], chosen: np.ndarray) -> Loads:
    """Room by room in their order: accessible seats are kept for those who need them and come later."""
    used = _used(kinds, chosen)
    others, needing = problem.students - problem.needing, problem.needing
    loads: Loads = [{} for _room in problem.rooms]
    for place in sorted(used):
        room = problem.rooms[place]
        here = min(needing, room.free) if room.accessible else 0
        needing -= here
        more = min(others, room.free - here)
        others -= more
        if here + more:
            loads[place] = {"": here + more}
    return loads


def _used(kinds: Sequence[Kind], chosen: np.ndarray) -> set[int]:
    return {place for kind, count in zip(kinds, chosen, strict=False) for place in kind.rooms[: int(count)]}


def _spread(
    problem: Problem, kinds: Sequence[Kind], chosen: np.ndarray, least: tuple[Measure, Measure], until: float
) -> tuple[Loads, Measure]:
    """The fewest pairs of one school in a room, over all choices of as few rooms with as few seats."""
    bound = _least_pairs(problem, chosen)
    depth = {school: _depth(chosen, students) if school else 1 for school, students in problem.schools.items()}
    cells = len(kinds) * sum(depth.values())
    if cells <= FREE_CHOICE:
        try:
            programme, _steps, cost = _wish(problem, kinds, depth)
            programme.row(0, least[0].value, programme.opened)
            programme.row(0, least[1].value, programme.seats)
            found = programme.solve(cost, seconds=(until - time.monotonic()) * 0.7)
            chosen, bound = found.values[: len(kinds)], max(found.bound, bound)
        except UnsolvedError:
            pass
    loads = _flow(problem, kinds, chosen, depth, until) or _deal_anyhow(problem, kinds, chosen)
    value = sum(_pairs(room, load) for room, load in zip(problem.rooms, loads, strict=True))
    return loads, Measure(value, min(value, bound))


def _least_pairs(problem: Problem, chosen: np.ndarray) -> int:
    """What no plan can be below: each school by itself, spread evenly over as many rooms."""
    rooms, total = max(1, int(chosen.sum())), 0
    for students in (count for school, count in problem.schools.items() if school):
        each, more = divmod(students, rooms)
        total += rooms * (each * (each - 1) // 2) + more * each
    return total


def _depth(chosen: np.ndarray, students: int) -> int:
    rooms = max(1, int(chosen.sum()))
    return min(students, 2 * -(-students // rooms) + 2)


def _wish(
    problem: Problem, kinds: Sequence[Kind], depth: Mapping[str, int]
) -> tuple[Programme, list[Step], dict[int, float]]:
    programme = Programme(kinds, problem.students, problem.needing)
    needing = {group.school: count for group, count in problem.waiting.items() if group.needs}
    steps, cost = add_steps(programme, problem.schools, needing, depth)
    return programme, steps, cost


def _flow(
    problem: Problem, kinds: Sequence[Kind], chosen: np.ndarray, depth: dict[str, int], until: float
) -> Loads | None:
    """The best loads of just these rooms; None when they are not found in time."""
    rooms = [Kind(kind.rooms[: int(n)], *_rest(kind)) for kind, n in zip(kinds, chosen, strict=False) if n]
    for _try in range(DEEPER):
        programme, steps, cost = _wish(problem, rooms, depth)
        programme.fix(np.array([len(kind.rooms) for kind in rooms]))
        try:
            values = programme.solve(cost, seconds=until - time.monotonic()).values
        except UnsolvedError:
            return None
        spilled = {
            step.school
            for step in steps
            if step.last and values[step.column] > len(rooms[step.kind].rooms) and depth[step.school] > 1
        }
        if not spilled:
            break
        depth = {school: number * (2 if school in spilled else 1) for school, number in depth.items()}
    totals: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for step in steps:
        taken = int(values[step.column])
        totals[step.kind][step.school] = totals[step.kind].get(step.school, 0) + taken
    return _deal(problem, rooms, totals)


def _rest(kind: Kind) -> tuple[int, bool, bool, Mapping[str, int]]:
    return kind.free, kind.accessible, kind.in_use, kind.present


def _deal(problem: Problem, kinds: Sequence[Kind], totals: Mapping[int, Mapping[str, int]]) -> Loads:
    """The load of a kind, dealt out to its rooms one by one, school after school: none gets two more than another."""
    loads: Loads = [{} for _room in problem.rooms]
    for place, schools in totals.items():
        rooms, turn = kinds[place].rooms, 0
        for school, students in schools.items():
            for _student in range(students):
                load = loads[rooms[turn % len(rooms)]]
                load[school] = load.get(school, 0) + 1
                turn += 1
    return loads


def _deal_anyhow(problem: Problem, kinds: Sequence[Kind], chosen: np.ndarray) -> Loads:
    """Some loads that are possible, for when the best ones take too long: schools are dealt out in turn."""
    whole = _fill(problem, kinds, chosen)
    loads: Loads = [{} for _room in problem.rooms]
    for needs in (True, False):
        queue = [
            group.school for group, n in sorted(problem.waiting.items()) if group.needs is needs for _each in range(n)
        ]
        seats = [
            (number, place)
            for place, load in enumerate(whole)
            if problem.rooms[place].accessible or not needs
            for number in range(sum(load.values()) - sum(loads[place].values()))
        ]
        for school, (_number, place) in zip(queue, sorted(seats), strict=False):
            loads[place][school] = loads[place].get(school, 0) + 1
    return loads


def _pairs(room: Room, load: Mapping[str, int]) -> int:
    return sum(n * room.present.get(school, 0) + n * (n - 1) // 2 for school, n in load.items() if school)


def _quotas(problem: Problem, loads: Loads) -> tuple[Quota, ...]:
    """Loads by who needs an accessible seat: they come first in accessible rooms."""
    left = dict(problem.waiting)
    made: list[Quota] = []
    for room, load in zip(problem.rooms, loads, strict=True):
        for school, students in load.items():
            needing = Group(True, school)
            here = min(students, left.get(needing, 0)) if room.accessible else 0
            for group, count in ((needing, here), (Group(False, school), students - here)):
                if count:
                    left[group] = left.get(group, 0) - count
                    made.append(Quota(room.id, group, count))
    return tuple(made)
