"""Crashes made to happen: the backend is killed before each statement of a transaction in turn, and before its commit."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from app.extensions import db
from tests.conftest import connect
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


def crash_everywhere(url: str, work: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Kill the work everywhere: nothing of it may remain. Then let it be done; returns its result, and which tables it
    has changed.
    """
    before, killed = state_of(), 0
    for at in itertools.chain(["commit"], itertools.count(1)):
        with killing(url, at) as killer:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - whatever a lost connection becomes
                result = error
        if not killer.killed:
            break
        assert isinstance(result, Exception), f"killed at {at}, and nobody noticed"
        assert changed(before, state_of()) == [], f"killed at {at}"
        killed += 1
    assert killed > 5
    return result, changed(before, state_of())
