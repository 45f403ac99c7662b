"""Counting attempts in a table that all processes share."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.extensions import db
from app.services import rate_limits
from app.services.errors import Invalid
from app.services.transaction import transactional

PERIOD = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _empty(app):
    with app.app_context():
        with db.engine.engine.begin() as connection:
            connection.execute(text("TRUNCATE rate_limits"))
        yield


def test_one_too_many_is_refused():
    for _attempt in range(3):
        rate_limits.check("form", "203.0.113.1", most=3, period=PERIOD)
    with pytest.raises(rate_limits.TooMany) as refused:
        rate_limits.check("form", "203.0.113.1", most=3, period=PERIOD)
    assert refused.value.status == 429
    rate_limits.check("form", "203.0.113.2", most=3, period=PERIOD)
    rate_limits.check("other form", "203.0.113.1", most=3, period=PERIOD)


def test_an_attempt_counts_also_when_its_request_is_rolled_back():
    @transactional
    def request():
        rate_limits.count(["a"], PERIOD)
        raise Invalid

    with pytest.raises(Invalid):
        request()
    assert rate_limits.count(["a"], PERIOD) == {"a": 2}


def test_a_period_ends_by_itself_and_is_not_prolonged():
    rate_limits.count(["a"], timedelta(seconds=-1))
    assert rate_limits.count(["a"], PERIOD) == {"a": 1}
    with db.engine.engine.begin() as connection:
        ends = connection.execute(text("SELECT expires_at FROM rate_limits")).scalar_one()
    rate_limits.count(["a"], PERIOD)
    with db.engine.engine.begin() as connection:
        assert connection.execute(text("SELECT expires_at FROM rate_limits")).scalar_one() == ends


def test_what_was_given_back_does_not_count():
    rate_limits.count(["a", "b"], PERIOD)
    rate_limits.give_back(["a", "b", "unknown"])
    rate_limits.give_back(["a"])
    assert rate_limits.count(["a", "b"], PERIOD) == {"a": 1, "b": 1}


def test_counters_of_past_periods_are_cleaned_up():
    rate_limits.count(["old"], timedelta(seconds=-1))
    rate_limits.count(["new"], PERIOD)
    assert rate_limits.clean_up() == 1
    assert rate_limits.count(["new"], PERIOD) == {"new": 2}


def test_who_tried_is_not_kept():
    assert "example.org" not in rate_limits.key("login", "a@example.org", "203.0.113.1")
    assert rate_limits.key("login", "a", "bc") != rate_limits.key("login", "ab", "c")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_an_ipv6_client_counts_by_its_network(address, counted):
    assert rate_limits.network(address) == counted
