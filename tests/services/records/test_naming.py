"""Ids, usernames and school years."""

from __future__ import annotations

import re
from datetime import date

import pytest

from app.models.organizations import Term
from app.services.records import naming, years


def test_the_id_has_date_and_suffix_of_the_code():
    assert naming.student_unique_id("TSA-ENROLL-20241208-ABC123") == "TSA-STU-20241208-ABC123"


def test_a_new_id_fits_the_standard(app):
    with app.app_context():
        made = naming.new_student_unique_id(date(2026, 1, 2))
    assert re.fullmatch(r"TSA-STU-20260102-[A-Z0-9]{6}", made)


@pytest.mark.parametrize(
    ("first", "last", "stem"),
    [
        ("Zoë", "Ångström", "zoe.angstrom"),
        ("Jürgen", "Groß", "jurgen.gross"),
        ("Søren", "Ægir", "soren.aegir"),
        ("Łukasz", "Đorđe", "lukasz.dorde"),
        ("Anne Marie", "O'Neil-Smith", "annemarie.oneilsmith"),
        ("李", "Wang", "wang"),
        ("李", "小龙", "user"),
        ("", "", "user"),
        ("x" * 100, "y", "x" * 80 + ".y"),
    ],
)
def test_usernames_are_ascii(first, last, stem):
    assert naming.stem(first, last) == stem


@pytest.mark.parametrize(
    ("day", "year"), [(date(2026, 6, 30), 2026), (date(2026, 7, 1), 2027), (date(2026, 12, 31), 2027)]
)
def test_without_a_term_the_year_begins_in_july(db_session, day, year):
    assert years.school_year(day) == year


def test_a_term_says_otherwise(db_session):
    db_session.add(
        Term(
            title="2026", type="schoolYear", start_date=date(2026, 1, 10), end_date=date(2026, 12, 1), school_year=2026
        )
    )
    db_session.commit()
    assert years.school_year(date(2026, 11, 30)) == 2026
    assert years.school_year(date(2026, 12, 1)) == 2027
