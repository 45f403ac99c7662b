"""The solver against trying everything, on random weeks; and on a week of ordinary size."""

from __future__ import annotations

import random
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.roster.problem import HOUR, Assignment, Assistant, Demand, Problem, Shift, Week
from app.services.roster.programme import TUTOR, build
from app.services.roster.solver import StoppedError, fill
from tests.factories.roster import random_problem

DAY = 24 * HOUR


def key(number: int) -> UUID:
    return UUID(int=number)


def problem(shifts, demands, assistants, present=()) -> Problem:
    """From hours: shift (start, end); demand (shift, course, required, weight); assistant (min, max, courses, periods)."""
    return Problem(
        tuple(Shift(key(n), start * HOUR, end * HOUR) for n, (start, end) in enumerate(shifts)),
        tuple(Demand(key(shift), key(course), need, weight) for shift, course, need, weight in demands),
        tuple(
            Assistant(
                key(n),
                least * HOUR,
                most * HOUR,
                frozenset(map(key, courses)),
                tuple((start * HOUR, end * HOUR) for start, end in periods),
            )
            for n, (least, most, courses, periods) in enumerate(assistants)
        ),
        tuple(Assignment(key(s), key(c), key(a), pinned) for s, c, a, pinned in present),
    )


def price(week: Problem, chosen) -> int:
    """What is missing in a week, weighted, worked out apart from the solver."""
    seen = Week(week, chosen)
    tutors = sum(TUTOR * demand.weight * seen.missing(demand) for demand in week.demands)
    return tutors + sum(max(0, each.minimum - seen.minutes(each.id)) for each in week.assistants)


def faults(week: Problem, chosen) -> list[str]:
    """The rules that a set of assignments breaks; pins may break those of a person."""
    found, pins = [], {(each.shift_id, each.course_id, each.assistant_id) for each in week.pins}
    people = {each.id: each for each in week.assistants}
    seen = Week(week, chosen)
    for each in chosen:
        person, shift = people[each.assistant_id], week.shift_by_id[each.shift_id]
        if (each.shift_id, each.course_id, each.assistant_id) in pins:
            continue
        if each.course_id not in person.courses or not person.can_be_there(shift):
            found.append(f"{each} cannot be")
        if seen.minutes(person.id) > person.maximum:
            found.append(f"{each} is above the hours")
    for person, own in seen.by_assistant.items():
        shifts = [week.shift_by_id[each.shift_id] for each in own]
        if any(a.overlaps(b) for n, a in enumerate(shifts) for b in shifts[:n]):
            found.append(f"{person} is in two places")
    for demand in week.demands:
        if seen.covered(demand) > max(demand.required, sum(p[:2] == demand.key for p in pins)):
            found.append(f"{demand} has too many")
    if not pins <= {(each.shift_id, each.course_id, each.assistant_id) for each in chosen}:
        found.append("a pin is lost")
    return found


def best_of_all(week: Problem) -> int:
    """The least price of all sets of assignments that break no rule."""
    open_to = [
        [None, *(c for d in week.demands for c in [d.course_id] if d.shift_id == shift.id)]
        for shift in week.shifts
        for _person in week.assistants
    ]
    pairs = [(shift, person) for shift in week.shifts for person in week.assistants]
    prices = []
    for choice in product(*open_to):
        chosen = tuple(
            Assignment(shift.id, course, person.id)
            for (shift, person), course in zip(pairs, choice, strict=True)
            if course is not None
        )
        if not faults(week, chosen):
            prices.append(price(week, chosen))
    return min(prices)


@st.composite
def small_weeks(draw) -> Problem:
    starts = draw(st.lists(st.integers(0, 5), min_size=1, max_size=2))
    shifts = [(start, start + draw(st.integers(1, 3))) for start in starts]
    courses = [(shift, course) for shift in range(len(shifts)) for course in range(2)]
    demands = [
        (shift, course, draw(st.integers(1, 2)), draw(st.integers(1, 3)))
        for shift, course in draw(st.lists(st.sampled_from(courses), unique=True, max_size=3))
    ]
    assistants = []
    for _person in range(draw(st.integers(1, 3))):
        least = draw(st.integers(0, 3))
        able = draw(st.lists(st.integers(0, 1), unique=True))
        periods = [(start, start + 4) for start in draw(st.lists(st.integers(0, 5), max_size=2))]
        assistants.append((least, least + draw(st.integers(0, 4)), able, periods))
    return problem(shifts, demands, assistants)


@settings(max_examples=60)
@given(small_weeks())
def test_nothing_is_better_than_what_the_solver_finds(week):
    answer = fill(week)
    assert faults(week, answer.assignments) == []
    assert answer.objective == price(week, answer.assignments) == best_of_all(week)
    assert answer.optimal
    assert answer.gap == 0


def test_a_week_of_ordinary_size_keeps_every_rule_and_is_proved_best():
    week = random_problem(random.Random(11))
    answer = fill(week, seconds=120)
    assert len(week.assistants) == 60
    assert len(week.shifts) == 40
    assert faults(week, answer.assignments) == []
    assert answer.objective == price(week, answer.assignments)
    assert answer.optimal
    assert fill(week, seconds=120) == answer


def test_an_answer_that_is_not_proved_says_how_far_off_it_may_be():
    week = random_problem(random.Random(11))
    answer = fill(week, seconds=0)
    assert faults(week, answer.assignments) == []
    assert answer.objective == price(week, answer.assignments)
    assert 0 <= answer.bound <= answer.objective
    assert answer.optimal == (answer.gap == 0)


def test_pins_stay_whatever_they_break():
    """One who cannot teach it any more, and one whose hours are used up; nobody else gets more hours."""
    week = problem(
        [(9, 12), (13, 16)],
        [(0, 0, 1, 1), (1, 0, 1, 1)],
        [(0, 2, [], []), (0, 3, [0], [(8, 17)])],
        [(0, 0, 0, True)],
    )
    answer = fill(week)
    assert answer.assignments == (Assignment(key(0), key(0), key(0)), Assignment(key(1), key(0), key(1)))
    assert [each.pinned for each in answer.assignments] == [True, False]


def test_more_pins_than_are_needed_stay():
    everybody = [(0, 9, [0], [(0, 24)])] * 3
    week = problem([(9, 12)], [(0, 0, 1, 1)], everybody, [(0, 0, 0, True), (0, 0, 1, True)])
    assert {each.assistant_id for each in fill(week).assignments} == {key(0), key(1)}


def test_among_equals_whoever_is_on_it_stays():
    everybody = [(0, 9, [0], [(0, 24)])] * 6
    for person in range(6):
        week = problem([(9, 12)], [(0, 0, 1, 1)], everybody, [(0, 0, person, False)])
        assert [each.assistant_id for each in fill(week).assignments] == [key(person)]


def test_among_equals_hours_are_spread():
    shifts = [(9 + 24 * day, 12 + 24 * day) for day in range(4)]
    everybody = [(0, 12, [0], [(0, 168)])] * 4
    answer = fill(problem(shifts, [(day, 0, 1, 1) for day in range(4)], everybody))
    assert len({each.assistant_id for each in answer.assignments}) == 4


def test_periods_that_touch_are_one():
    week = problem([(9, 12)], [(0, 0, 1, 1)], [(0, 9, [0], [(10, 13), (8, 10)])])
    assert len(fill(week).assignments) == 1


@pytest.mark.parametrize("people", [[], [(2, 9, [0], [(0, 24)])]])
def test_a_week_without_demands_is_filled_with_nobody(people):
    answer = fill(problem([(9, 12)], [], people))
    assert answer.assignments == ()
    assert answer.optimal
    assert answer.objective == 2 * HOUR * len(people)


def test_who_watches_may_stop_it():
    with pytest.raises(StoppedError):
        fill(random_problem(random.Random(11)), report=lambda elapsed, gap: False)


def test_who_watches_is_told_how_far_it_is():
    told = []
    fill(random_problem(random.Random(11)), report=lambda elapsed, gap: told.append((elapsed, gap)) or True)
    assert told
    assert all(elapsed >= 0 and 0 <= gap <= 100 for elapsed, gap in told)


def test_whoever_is_on_it_and_still_can_is_where_the_search_begins():
    week = problem(
        [(8, 10), (9, 11)],
        [(0, 0, 1, 1), (1, 0, 1, 1)],
        [(0, 4, [0], [(8, 12)]), (0, 4, [0], [(8, 12)])],
        [(0, 0, 0, False), (1, 0, 0, False), (1, 0, 1, False)],
    )
    programme = build(week)
    begun = programme.assignments(programme.start())
    assert faults(week, begun) == []
    assert [(each.shift_id, each.assistant_id) for each in begun] == [(key(0), key(0)), (key(1), key(1))]
