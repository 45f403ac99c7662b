"""Keys that the database makes."""

from __future__ import annotations

import time

from sqlalchemy import text

MANY = 10_000


def test_keys_that_grow_with_time_are_of_version_7_and_never_the_same(db_session):
    before = time.time()
    keys = db_session.scalars(text(f"SELECT uuid_time_ordered() FROM generate_series(1, {MANY})")).all()
    after = time.time()
    assert len(set(keys)) == MANY
    assert {(key.version, key.variant) for key in keys} == {(7, "specified in RFC 4122")}
    moments = [(key.int >> 80) / 1000 for key in keys]
    assert before - 0.01 <= min(moments) and max(moments) <= after + 0.01
    microseconds = [key.int >> 64 for key in keys]
    assert microseconds == sorted(microseconds)
    assert len({key.int & (1 << 62) - 1 for key in keys}) == MANY, "the rest is drawn"
