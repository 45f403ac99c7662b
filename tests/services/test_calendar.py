"""Class dates: exactly as many as asked for, in order, on open days only."""

from __future__ import annotations

from datetime import date, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.calendar import (
    NoSuchDatesError,
    SchoolCalendar,
    Weekly,
    class_dates,
    months_later,
    week_distance,
)

TUESDAY, FRIDAY = 1, 4
OPEN = SchoolCalendar(frozenset(range(1, 7)))

days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
closures = st.lists(
    st.tuples(days, st.integers(0, 30)).map(lambda each: (each[0], each[0] + timedelta(days=each[1]))), max_size=8
)
calendars = st.builds(SchoolCalendar, st.frozensets(st.integers(0, 6), min_size=1), closures.map(tuple))
patterns = st.lists(st.tuples(st.integers(0, 6), st.integers(8, 20)), min_size=1, max_size=5, unique=True).map(
    lambda found: [Weekly(at, day, time(hour)) for at, (day, hour) in enumerate(found)]
)


def test_the_example_of_twelve_tuesdays_and_twelve_fridays():
    """24 classes, Tuesday 16:00 and Friday 17:00, from 3 March 2026."""
    weekly = [Weekly("tue", TUESDAY, time(16)), Weekly("fri", FRIDAY, time(17))]
    found = class_dates(date(2026, 3, 3), weekly, 24, OPEN)
    assert [day for day, key in found if key == "tue"] == [date(2026, 3, 3) + timedelta(weeks=n) for n in range(12)]
    assert [day for day, key in found if key == "fri"] == [date(2026, 3, 6) + timedelta(weeks=n) for n in range(12)]
    assert found == sorted(found)
    assert found[-1][0] == date(2026, 5, 22)


def test_a_closure_moves_the_end_not_the_number():
    weekly = [Weekly("tue", TUESDAY, time(16)), Weekly("fri", FRIDAY, time(17))]
    shut = SchoolCalendar(OPEN.open_days, ((date(2026, 3, 10), date(2026, 3, 13)),))
    found = class_dates(date(2026, 3, 3), weekly, 24, shut)
    assert len(found) == 24
    assert date(2026, 3, 10) not in dict(found)
    assert date(2026, 3, 13) not in dict(found)
    assert found[-1][0] == date(2026, 5, 29)


def test_two_classes_on_one_day_are_in_the_order_of_time():
    weekly = [Weekly("late", TUESDAY, time(18)), Weekly("early", TUESDAY, time(15))]
    found = class_dates(date(2026, 3, 3), weekly, 3, OPEN)
    assert found == [(date(2026, 3, 3), "early"), (date(2026, 3, 3), "late"), (date(2026, 3, 10), "early")]


def test_a_school_that_is_never_open_then_is_refused():
    with pytest.raises(NoSuchDatesError):
        class_dates(date(2026, 3, 3), [Weekly("mon", 0, time(16))], 1, OPEN)
    with pytest.raises(NoSuchDatesError):
        class_dates(date(2026, 3, 3), [], 1, OPEN)


@given(days, patterns, st.integers(1, 120), calendars)
def test_exactly_so_many_in_order_on_open_days_and_at_the_chosen_times(starts_on, weekly, count, calendar):
    try:
        found = class_dates(starts_on, weekly, count, calendar)
    except NoSuchDatesError:
        assert not any(slot.day in calendar.open_days for slot in weekly) or calendar.closures
        return
    times = {slot.key: (slot.day, slot.start) for slot in weekly}
    assert len(found) == count
    moments = [(day, times[key][1]) for day, key in found]
    assert all(before < after for before, after in pairwise(moments))
    for day, key in found:
        assert day >= starts_on
        assert day.weekday() == times[key][0]
        assert calendar.is_open(day)
        assert not any(first <= day <= last for first, last in calendar.closures)


@given(days, patterns, st.integers(1, 60), calendars)
def test_no_open_class_before_the_last_is_left_out(starts_on, weekly, count, calendar):
    try:
        found = class_dates(starts_on, weekly, count, calendar)
    except NoSuchDatesError:
        return
    last = found[-1][0]
    between = (starts_on + timedelta(days=n) for n in range((last - starts_on).days))
    due = [(day, slot.key) for day in between if calendar.is_open(day) for slot in weekly if slot.day == day.weekday()]
    assert set(due) <= set(found)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 3, 3), 3, date(2026, 6, 3)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 15), 12, date(2027, 12, 15)),
        (date(2026, 10, 31), 1, date(2026, 11, 30)),
    ],
)
def test_months_later(day, months, later):
    assert months_later(day, months) == later


def test_the_distance_in_the_week_goes_the_shorter_way_round():
    sunday_evening, tuesday_morning = 6 * 1440 + 1200, 1440 + 600
    assert week_distance(sunday_evening, tuesday_morning) == 1440 + 840
    assert week_distance(600, 660) == 60
