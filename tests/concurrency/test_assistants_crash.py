"""Crashes: the backend is killed before each statement in turn, and before the commit. Nothing remains of what was begun,
and what is repeated succeeds.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from app.extensions import db
from app.policies.actor import NOBODY
from app.services.assistants import deciding, registering
from tests.concurrency.racing import actor
from tests.conftest import connect
from tests.factories.assistants import PASSWORD, application, registration
from tests.policies.world import changed, checksums


class Killer:
    """Kills the backend just before the n-th statement of this process, or before a commit."""

    def __init__(self, url: str, at: int | str) -> None:
        self.url, self.at, self.statements, self.killed = url, at, 0, False

    def before_statement(self, connection: Any, *_rest: Any) -> None:
        self.statements += 1
        if self.statements == self.at:
            self.kill(connection)

    def before_commit(self, connection: Any) -> None:
        if self.at == "commit":
            self.kill(connection)

    def kill(self, connection: Any) -> None:
        pid = connection.connection.driver_connection.info.backend_pid
        with connect(self.url) as other:
            row = other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone()
        assert row == (True,)
        self.killed = True


@contextmanager
def killing(url: str, at: int | str) -> Iterator[Killer]:
    killer = Killer(url, at)
    listeners = (("before_cursor_execute", killer.before_statement), ("commit", killer.before_commit))
    for name, function in listeners:
        event.listen(db.engine, name, function)
    try:
        yield killer
    finally:
        for name, function in listeners:
            event.remove(db.engine, name, function)


def state_of() -> dict[str, str]:
    """What every table holds, read in a session of its own."""
    db.session.remove()
    found = checksums()
    db.session.remove()
    return found


def work_of(what: str) -> Callable[[], Any]:
    """One transaction, and what it returns when it succeeds: "ok"."""
    key, admin, form = registration().id, actor("admin"), application()
    staged = form | {"locale": "en", "password_hash": "hashed"}
    works: dict[str, Callable[[], Any]] = {
        "approval": lambda: deciding.approve([key], actor=admin).outcomes[0].state,
        "rejection": lambda: deciding.reject([key], actor=admin, reason="No").outcomes[0].state,
        "registration": lambda: registering._stage(staged, PASSWORD, actor=NOBODY) or "ok",
    }
    return works[what]


@pytest.mark.parametrize("what", ["approval", "rejection", "registration"])
def test_a_crash_between_any_two_statements_leaves_nothing(committed_app, server_url, what):
    with committed_app.app_context():
        work = work_of(what)
        before = state_of()
        killed = []
        for at in itertools.chain(["commit"], itertools.count(1)):
            with killing(server_url, at) as killer:
                try:
                    result = work()
                except Exception as error:  # noqa: BLE001 - whatever a lost connection becomes
                    result = error
            if not killer.killed:
                break
            assert isinstance(result, Exception), f"killed at {at}, and nobody noticed"
            assert changed(before, state_of()) == [], f"killed at {at}"
            killed.append(at)
        assert len(killed) > 5
        assert result == "ok"
        assert "registration_requests" in changed(before, state_of())
