import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Text, bindparam, select

from app.services.csv_files.cells import arm, disarm, disarmed

TRICKY = st.text(alphabet="=+-@\t\r\n\f\v '＝＋－＠aZ9é\u00a0", max_size=12) | st.text(max_size=20)
STORABLE = TRICKY.filter(
    lambda value: "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
)


@pytest.mark.parametrize(
    "value", ["=1+1", "+44", "-1", "@SUM(A1)", "\t=1", "\rx", " =1", "\n=1", "＝1", " ＋1", "'=1", "''  @x"]
)
def test_formulas_are_disarmed(value):
    assert disarm(value) == "'" + value


@pytest.mark.parametrize("value", ["", "Anna", "'t Hooft", "1-2", "a=b", "'", "''", " x", "0"])
def test_other_texts_stay(value):
    assert disarm(value) == value
    assert arm(value) == value


@given(TRICKY)
def test_what_was_disarmed_comes_back(value):
    assert arm(disarm(value)) == value
    assert not disarm(value).lstrip(" \t\r\n\f\v").startswith(tuple("=+-@"))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=STORABLE)
def test_the_database_does_the_same(db_session, value):
    assert db_session.scalar(select(disarmed(bindparam("value", value, Text)))) == disarm(value)


@given(st.lists(TRICKY.filter(lambda value: "\0" not in value), min_size=1, max_size=4))
def test_a_reader_of_csv_sees_what_was_disarmed(values):
    out = io.StringIO(newline="")
    csv.writer(out).writerow([disarm(value) for value in values])
    read = next(csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True), [])
    assert [arm(cell) for cell in read] == values
