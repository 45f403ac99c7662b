"""The planner against every possible plan, where they can be counted, and against the rules of a plan, where they cannot."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import combinations, product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.allocation_plans import planner, repair
from app.services.allocation_plans.planner import plan
from app.services.allocation_plans.problem import Group, Problem, Room, Shortage, ShortageError

SCHOOLS = ("", "A", "B")


@st.composite
def problems(draw, most_rooms=5, most_seats=4, most_students=4):
    rooms = []
    for number in range(draw(st.integers(0, most_rooms))):
        present = draw(st.dictionaries(st.sampled_from(SCHOOLS), st.integers(1, 2), max_size=2))
        rooms.append(
            Room(UUID(int=number), draw(st.integers(0, most_seats)), draw(st.booleans()), bool(present), present)
        )
    groups = st.builds(Group, st.booleans(), st.sampled_from(SCHOOLS))
    return Problem(tuple(rooms), draw(st.dictionaries(groups, st.integers(1, most_students), max_size=4)))


def is_feasible(problem):
    """By trying out: students with needs may take any accessible seat, the others any that is left."""
    accessible = sum(room.free for room in problem.rooms if room.accessible)
    return problem.needing <= accessible and problem.students <= sum(room.free for room in problem.rooms)


def best(problem, apart):
    """The least (rooms, empty seats, pairs) over every set of rooms and every load of them."""
    new = [room for room in problem.rooms if not room.in_use and room.free]
    old = [room for room in problem.rooms if room.in_use]
    found = []
    for count in range(len(new) + 1):
        for more in combinations(new, count):
            rooms = [*old, *more]
            seats = sum(room.free for room in rooms)
            if seats >= problem.students and sum(r.free for r in rooms if r.accessible) >= problem.needing:
                found.append((count, seats - problem.students, rooms))
        if found:
            break
    least = min(empty for _count, empty, _rooms in found)
    if not apart:
        return found[0][0], least, 0
    return found[0][0], least, min(fewest_pairs(problem, rooms) for _c, empty, rooms in found if empty == least)


def fewest_pairs(problem, rooms):
    """Room by room, every load."""
    names = tuple(problem.schools)

    @cache
    def fewest(place, left, needing):
        if place == len(rooms):
            return 0 if not any(left) else None
        room = rooms[place]
        costs = []
        for load in product(*(range(min(room.free, n) + 1) for n in left)):
            if sum(load) > room.free:
                continue
            needs = tuple(max(0, n - (take if room.accessible else 0)) for n, take in zip(needing, load, strict=True))
            rest = fewest(place + 1, tuple(n - take for n, take in zip(left, load, strict=True)), needs)
            if rest is not None and all(
                n <= have for n, have in zip(needs, (a - b for a, b in zip(left, load, strict=True)), strict=True)
            ):
                here = sum(
                    take * room.present.get(name, 0) + take * (take - 1) // 2
                    for name, take in zip(names, load, strict=True)
                    if name
                )
                costs.append(here + rest)
        return min(costs, default=None)

    needing = tuple(problem.waiting.get(Group(True, name), 0) for name in names)
    return fewest(0, tuple(problem.schools.values()), needing)


def verify(problem, made):
    """Everybody has one place, no room has more than its seats, needs are met; the plan says of itself what is true."""
    seated, loads = Counter(), Counter()
    rooms = {room.id: room for room in problem.rooms}
    by_school = {room.id: Counter() for room in problem.rooms}
    for room_id, group, count in made.quotas:
        assert count > 0
        assert rooms[room_id].accessible or not group.needs
        seated[group] += count
        loads[room_id] += count
        by_school[room_id][group.school] += count
    assert seated == Counter(problem.waiting)
    assert all(loads[key] <= rooms[key].free for key in loads)
    opened = [rooms[key] for key in loads if not rooms[key].in_use]
    used = [room for room in problem.rooms if room.in_use or room in opened]
    assert made.rooms.value == len(opened)
    assert made.empty.value == sum(room.free for room in used) - problem.students
    return sum(planner._pairs(rooms[key], counts) for key, counts in by_school.items())


def plain(problem):
    """The same without schools, as it is asked for when they do not matter."""
    waiting = Counter()
    for group, count in problem.waiting.items():
        waiting[Group(group.needs)] += count
    return Problem(problem.rooms, dict(waiting))


@given(problems())
@settings(max_examples=60)
def test_no_plan_of_small_sessions_is_better(problem):
    problem = plain(problem)
    if not is_feasible(problem):
        with pytest.raises(ShortageError):
            plan(problem)
        return
    made = plan(problem)
    verify(problem, made)
    assert made.optimal
    assert (made.rooms.value, made.empty.value, 0) == best(problem, apart=False)


@given(problems(most_rooms=4, most_seats=3, most_students=3))
@settings(max_examples=60)
def test_no_plan_of_small_sessions_keeps_schools_further_apart(problem):
    if not is_feasible(problem):
        with pytest.raises(ShortageError):
            plan(problem, apart=True)
        return
    made = plan(problem, apart=True)
    assert verify(problem, made) == made.pairs.value
    assert made.optimal
    assert (made.rooms.value, made.empty.value, made.pairs.value) == best(problem, apart=True)


@given(problems(most_rooms=60, most_seats=40, most_students=200), st.booleans())
@settings(max_examples=10)
def test_large_plans_keep_every_rule(problem, apart):
    problem = problem if apart else plain(problem)
    if not is_feasible(problem):
        with pytest.raises(ShortageError):
            plan(problem, apart=apart)
        return
    made = plan(problem, apart=apart, seconds=2)
    pairs = verify(problem, made)
    assert not apart or pairs == made.pairs.value
    assert made.rooms.bound == made.rooms.value
    assert all(measure.bound <= measure.value for measure in made.measures.values())


def test_the_shortage_is_named():
    rooms = (Room(UUID(int=1), 7, accessible=True), Room(UUID(int=2), 1))
    with pytest.raises(ShortageError) as refused:
        plan(Problem(rooms, {Group(True): 9, Group(False): 1}))
    assert refused.value.shortages == [Shortage(True, 9, 7), Shortage(False, 10, 8)]


def test_nobody_waits():
    made = plan(Problem((Room(UUID(int=1), 5, in_use=True),), {}))
    assert (made.quotas, made.rooms, made.empty, made.optimal) == ((), (0, 0), (5, 5), True)


def test_a_plan_is_found_when_the_solver_finds_none_in_time(monkeypatch):
    def never(*args, **kwargs):
        raise planner.UnsolvedError

    monkeypatch.setattr(planner.Programme, "solve", never)
    rooms = tuple(Room(UUID(int=number), 3, number % 2 == 0) for number in range(6))
    problem = Problem(rooms, {Group(True, "A"): 3, Group(False, "A"): 4, Group(False, "B"): 5, Group(True, "B"): 2})
    made = plan(problem, apart=True)
    assert verify(problem, made) == made.pairs.value
    assert not made.optimal
    assert made.rooms.bound == 0


@given(problems(), st.integers(0, 6))
@settings(max_examples=40)
def test_nobody_moves_who_need_not(problem, movable):
    """By trying out every number of moves."""
    problem = plain(problem)

    def is_enough(moves):
        accessible = problem.free(accessible=True) + moves
        return problem.needing <= accessible and problem.students + moves <= problem.free() + moves

    fewest = next((moves for moves in range(movable + 1) if is_enough(moves)), None)
    if fewest is None:
        with pytest.raises(ShortageError):
            repair.displaced(problem, movable)
    else:
        assert repair.displaced(problem, movable) == fewest
