"""The week in half hours: periods and cells say the same."""

from __future__ import annotations

import itertools
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services import inputs
from app.services.assistants import week
from app.services.assistants.schemas import AvailabilityInput, RegistrationInput
from app.services.errors import Invalid
from tests.factories.assistants import PASSWORD, period

CELLS = st.sets(st.tuples(st.sampled_from(week.DAYS), st.sampled_from(week.STARTS)))


@given(CELLS)
def test_what_is_painted_is_what_is_kept(painted):
    made = week.periods(painted)
    assert week.cells(made) == painted
    assert all(each.start_time < each.end_time for each in made)
    for before, after in itertools.pairwise(made):  # in order, and the fewest there can be
        assert (before.day_of_week, before.end_time) < (after.day_of_week, after.start_time)


def raw(day: object, start: object, end: object) -> dict:
    return {"day_of_week": day, "start_time": start, "end_time": end}


def test_what_overlaps_or_touches_becomes_one(app):
    with app.test_request_context():
        given_ = [
            raw(2, "09:00", "11:00"),
            raw(2, "10:00", "12:00"),
            raw(2, "12:00", "12:30"),
            raw(0, "07:00", "22:00"),
        ]
        values = inputs.parse(AvailabilityInput, {"availability": given_})
    assert values["availability"] == [period(0, "07:00", "22:00"), period(2, "09:00", "12:30")]


@pytest.mark.parametrize(
    "wrong",
    [
        raw(7, "09:00", "10:00"),
        raw(-1, "09:00", "10:00"),
        raw(1, "10:00", "10:00"),
        raw(1, "11:00", "10:00"),
        raw(1, "09:10", "10:00"),
        raw(1, "09:00:01", "10:00"),
        raw(1, "06:30", "10:00"),
        raw(1, "09:00", "22:30"),
        raw(1, "09:00+01:00", "10:00"),
        raw(10**30, "09:00", "10:00"),
        raw("x\0", "09:00", "10:00"),
        raw(1, None, "10:00"),
        {},
        "0-09:00",
        None,
    ],
)
def test_what_is_no_time_of_the_week_is_refused_at_the_field(app, wrong):
    with app.test_request_context(), pytest.raises(Invalid) as refused:
        inputs.parse(AvailabilityInput, {"availability": [wrong]})
    assert list(refused.value.fields) == ["availability"]
    assert "None" not in str(refused.value.fields)


def test_a_week_has_no_more_periods_than_half_hours(app):
    with app.test_request_context(), pytest.raises(Invalid):
        inputs.parse(AvailabilityInput, {"availability": [raw(1, "09:00", "10:00")] * 1000})


GOOD = {
    "first_name": "Ada",
    "last_name": "Byron",
    "email": "ada@school.example",
    "username": "ada",
    "password": PASSWORD,
    "password_again": PASSWORD,
    "course_ids": ["00000000-0000-4000-8000-000000000000"],
    "availability": [raw(1, "09:00", "12:00")],
}


def test_an_application_as_it_is_read(app):
    with app.test_request_context():
        values = inputs.parse(RegistrationInput, GOOD | {"phone": " 020 7183 8750 ", "degree": " "})
    assert values["phone"] == "+442071838750"
    assert values["degree"] is None
    assert values["availability"] == [week.Period(1, time(9), time(12))]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", " "),
        ("first_name", "a\0b"),
        ("last_name", "x" * 65),
        ("email", "nobody"),
        ("email", "a@b." + "c" * 300),
        ("phone", "call me"),
        ("degree", "x" * 121),
        ("username", "ada@school.example"),
        ("username", "two words"),
        ("username", "x" * 129),
        ("course_ids", []),
        ("course_ids", ["not a key"]),
        ("availability", []),
        ("availability", "0-09:00"),
    ],
)
def test_an_application_that_is_refused_at_its_field(app, field, value):
    with app.test_request_context(), pytest.raises(Invalid) as refused:
        inputs.parse(RegistrationInput, GOOD | {field: value})
    assert list(refused.value.fields) == [field]
