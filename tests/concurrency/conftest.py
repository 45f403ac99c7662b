from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from tests.concurrency.racing import take_locks_off
from tests.conftest import clone, moved

THREADS = 32
WRITTEN = "leads, lead_stages, tags, saved_filters, notifications"


@pytest.fixture(scope="module")
def _arena(app: Flask, server_url: str, template: str) -> Iterator[Flask]:
    """One database for the races of a module, with a connection for every thread."""
    options = {
        "pool_size": THREADS + 4,
        "connect_args": {"options": "-c lock_timeout=20s -c statement_timeout=30s"},
    }
    with clone(server_url, template) as url, moved(app, url, options):
        yield app


@pytest.fixture
def arena(_arena: Flask) -> Iterator[Flask]:
    """As `committed_app`, shared by a module: what a race has written is taken away again."""
    with _arena.app_context():
        with db.engine.connect() as connection:
            stages = connection.execute(text("SELECT * FROM lead_stages")).mappings().all()
        yield _arena
        db.session.remove()
        with db.engine.begin() as connection:
            connection.execute(text("SET LOCAL registrar.erasing = 'on'"))
            connection.execute(text(f"TRUNCATE {WRITTEN}, row_history CASCADE"))
            columns, values = ", ".join(stages[0]), ", ".join(f":{name}" for name in stages[0])
            insert = text(f"INSERT INTO lead_stages ({columns}) VALUES ({values})")
            connection.execute(insert, [dict(row) for row in stages])


@pytest.fixture
def crowd(app: Flask, server_url: str, template: str) -> Iterator[Flask]:
    """A database of its own, with a connection for each of 64 clients."""
    options = {"pool_size": 70, "connect_args": {"options": "-c lock_timeout=30s -c statement_timeout=60s"}}
    with clone(server_url, template) as url, moved(app, url, options), app.app_context():
        yield app
        db.session.remove()


@pytest.fixture(params=[True, False], ids=["locked", "locks-off"])
def locked(request: Any, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Every race is run twice: as the code is, and without its locks, where the fault must show."""
    if not request.param:
        take_locks_off(monkeypatch)
    return bool(request.param)
