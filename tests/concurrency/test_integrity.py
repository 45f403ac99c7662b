"""Repairs and memberships under real concurrency."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.access import Group
from app.policies.actor import Actor
from app.services import integrity, sessions
from app.services.accounts import groups
from app.services.errors import Conflict
from app.services.integrity import repairing
from tests.concurrency.racing import Meeting, count, meet_after, meet_before, race, refusals


@pytest.fixture
def boss(committed_app) -> Actor:
    with committed_app.app_context():
        yield sessions.system()


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "locks-off"])
def test_two_repairs_at_once_are_one(committed_app, boss, monkeypatch, locked):
    """Without the unique index only the lock keeps a second profile away."""
    with db.engine.begin() as connection:
        connection.execute(text("DROP INDEX uq_user_profiles_user_id"))
        connection.execute(text("DELETE FROM user_profiles"))
    if not locked:
        monkeypatch.setattr(repairing, "_ONE_AT_A_TIME", text("SELECT 1"))
    meet_before(monkeypatch, repairing, "insert", Meeting())  # both have repaired, neither has committed
    work = [lambda: integrity.repair(["profile_missing"], actor=boss)] * 2
    done = race(committed_app, *work)
    assert refusals(done) == []
    twice = count("SELECT count(*) - count(DISTINCT user_id) FROM user_profiles")
    logged = count("SELECT count(*) FROM integrity_repairs")
    assert (twice == 0, logged) == ((True, 1) if locked else (False, 2))


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "locks-off"])
def test_who_joins_a_group_while_it_is_deleted_is_told_so(committed_app, boss, monkeypatch, locked):
    """Without the lock somebody is told that they are in, and is not."""
    made = groups.create({"name": "Choir", "roles": ["Staff"]}, actor=boss)
    key, member = made.id, count("SELECT id FROM ab_user WHERE username = 'student'")
    if not locked:
        monkeypatch.setattr(groups, "_locked", lambda ids: [db.session.get_one(Group, each) for each in ids])
    looked, joined = Meeting(), Meeting()
    meet_after(monkeypatch, groups, "_why_kept", looked)
    meet_after(monkeypatch, groups, "_why_kept", joined)

    def join():
        looked.wait()
        try:
            return groups.add_member([key], actor=boss, user_id=member)
        finally:
            joined.wait()

    _deleted, answer = race(committed_app, lambda: groups.delete([key], actor=boss), join)
    assert isinstance(answer.outcomes[0].refusal, Conflict) is locked
    assert count("SELECT count(*) FROM ab_user_group WHERE group_id = :id", id=key) == 0
