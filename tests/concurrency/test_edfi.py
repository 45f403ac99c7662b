"""Pushes under real concurrency: one at a time to a server, whoever asks and whoever carries it out."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from sqlalchemy import text

from app.extensions import db
from app.services import sessions
from app.services.edfi import mappings, outcomes, pushing
from tests.concurrency.racing import Meeting, count, meet_after, race, take_locks_off
from tests.factories.edfi import connection, family, school
from tests.services.edfi.server import OdsApi, serve


@pytest.fixture
def ods():
    api = OdsApi()
    api.url, stop = serve(api)
    yield api
    stop()


@pytest.fixture
def server(committed_app, ods):
    """The key of the connection, and who acts."""
    with committed_app.app_context():
        mappings.add_defaults()
        family(school())
        boss = sessions.system()
        yield connection(ods.url, actor=boss).id, boss
        db.session.remove()


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "locks-off"])
def test_two_who_ask_at_once_get_one_push(committed_app, server, monkeypatch, locked):
    """Without lock and index there are two."""
    key, boss = server
    if not locked:
        take_locks_off(monkeypatch)
        with db.engine.begin() as connection:
            connection.execute(text("DROP INDEX uq_edfi_pushes_one_at_a_time"))
    meet_after(monkeypatch, pushing, "is_pushed_to")
    done = race(committed_app, *[lambda: pushing.push([key], actor=boss, queued=False)] * 2)
    states = sorted(each.outcomes[0].state for each in done)
    assert (states, count("SELECT count(*) FROM edfi_pushes")) == (
        (["ok", "refused"], 1) if locked else (["ok", "ok"], 2)
    )


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "locks-off"])
def test_two_workers_do_not_carry_out_the_same_push(committed_app, server, ods, monkeypatch, locked):
    """Without the lock of the server everything is sent twice."""
    key, boss = server
    pushing.push([key], actor=boss, queued=False)
    push_id = db.session.scalar(text("SELECT id FROM edfi_pushes"))
    db.session.rollback()
    if not locked:

        @contextmanager
        def always(_name):
            yield True

        monkeypatch.setattr(pushing, "alone", always)
    # who comes second does not wait for the lock: it goes
    meet_after(monkeypatch, outcomes, "digests", Meeting(patience=0.5) if locked else None)
    race(committed_app, *[lambda: pushing.run(push_id)] * 2)
    assert count("SELECT count(*) FROM edfi_records") == 6
    assert len(ods.posts()) == (6 if locked else 12)
