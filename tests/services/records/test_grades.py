"""Every code value, good and bad."""

from __future__ import annotations

import pytest

from app.services.records import descriptors, grades


@pytest.mark.parametrize("value", descriptors.GRADE_LEVELS)
def test_every_grade_level_is_itself(value):
    assert grades.code_value(value) == grades.code_value(f"  {value.upper()} ") == value


@pytest.mark.parametrize(("value", "code"), grades.CEDS.items())
def test_every_code_of_ceds_is_its_grade_level_and_back(value, code):
    assert grades.code_value(code) == grades.code_value(code.lower()) == value
    assert grades.ceds(value) == grades.ceds(code) == code


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1", "First grade"),
        ("01", "First grade"),
        ("1st", "First grade"),
        ("1st grade", "First grade"),
        ("Grade 1", "First grade"),
        ("grade 10", "Tenth grade"),
        ("ninth", "Ninth grade"),
        ("12", "Twelfth grade"),
        ("13", "Grade 13"),
        ("K", "Kindergarten"),
        ("k", "Kindergarten"),
        ("Pre-K", "Prekindergarten"),
    ],
)
def test_what_people_type(typed, value):
    assert grades.code_value(typed) == value


@pytest.mark.parametrize(
    "typed", ["", None, " ", "0", "00", "14", "99", "-1", "1.0", "x", "Grade", "First grades", "٣", "1\0"]
)
def test_what_is_no_grade(typed):
    assert grades.code_value(typed) is None
    assert grades.ceds(typed) is None


def test_out_of_school_has_no_code():
    assert grades.ceds("Out of School") is None


ALL = {name: getattr(descriptors, name) for name in ("SEXES", "RACES", "ENTRY_TYPES", "EXIT_TYPES", "RELATIONS")}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ALL.items() for value in values])
def test_every_code_value_is_matched_whatever_its_capitals(name, value):
    assert descriptors.match(ALL[name], f" {value.lower()} ") == value
    assert len(value) <= 50  # a code value of Ed-Fi


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("value", ["", None, "x", "Femal", "uri://ed-fi.org/SexDescriptor#Female", "a\0"])
def test_nothing_else_is(name, value):
    assert descriptors.match(ALL[name], value) is None
