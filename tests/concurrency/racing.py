"""Races made to happen: threads that start together, and a meeting point in the middle of what they do."""

from __future__ import annotations

import copy
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask
from sqlalchemy import Select, text

from app.extensions import db
from app.policies.actor import Actor
from app.services import accounts, sessions
from app.services.errors import Refusal

PATIENCE = 20  # seconds that one waits at a meeting point for others who neither come nor wait for a lock
LOOKS, BETWEEN_LOOKS = 3, 0.02  # a lock that is waited for as often is no passing one
LATE = os.environ.get("RACE_LATE", "")  # "first" or "last": who comes so to a meeting goes on a second after the others


def race(app: Flask, *jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs at once, each in a thread and session of its own; a refusal is a result, in order."""
    start = threading.Barrier(len(jobs))
    results: list[Any] = [None] * len(jobs)

    def run(place: int, job: Callable[[], Any]) -> None:
        with app.app_context():
            try:
                start.wait(20)
                results[place] = job()
            except Refusal as refusal:
                results[place] = refusal
            except Exception as error:  # noqa: BLE001 - raised again by the test
                results[place] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=each, daemon=True) for each in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "still running: a deadlock"
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, Refusal):
            raise result
    return results


class Meeting:
    """A place where all wait for one another, once. Whoever is there goes on alone when one of the others waits for a lock in
    the database, as they do with the locks on, or has not come in time. What comes of it must not depend on who goes on
    first (`make faults` has both).
    """

    def __init__(self, parties: int = 2, patience: float = PATIENCE) -> None:
        self._parties, self._patience, self._guard = parties, patience, threading.Lock()
        self._over, self._late = threading.Event(), {"first": parties - 1, "last": 0}.get(LATE)

    def wait(self) -> None:
        with self._guard:
            self._parties -= 1
            missing = self._parties
            if missing == 0:
                self._over.set()
        looks, end = 0, time.monotonic() + self._patience
        while looks < LOOKS and time.monotonic() < end and not self._over.wait(BETWEEN_LOOKS):
            looks = looks + 1 if somebody_waits() else 0
        self._over.set()
        if missing == self._late:
            threading.Event().wait(1)  # not `sleep`, which some races count


def somebody_waits() -> bool:
    """Whether another connection to this database waits for a lock."""
    statement = text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    with db.engine.connect() as connection:
        return connection.execute(statement).first() is not None


def meet_after(monkeypatch: Any, module: Any, name: str, meeting: Meeting | None = None) -> None:
    """Everyone who has called this function waits for the others before going on."""
    original, place = getattr(module, name), meeting or Meeting()

    def met(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        place.wait()
        return result

    monkeypatch.setattr(module, name, met)


def meet_before(monkeypatch: Any, module: Any, name: str, meeting: Meeting | None = None) -> None:
    original, place = getattr(module, name), meeting or Meeting()

    def met(*args: Any, **kwargs: Any) -> Any:
        place.wait()
        return original(*args, **kwargs)

    monkeypatch.setattr(module, name, met)


def between(monkeypatch: Any, module: Any, name: str, other: Callable[[], Any]) -> Callable[[], Any]:
    """Do `other` after the routine has decided, and before it writes; with the locks on it has to wait."""
    decided, done = Meeting(), Meeting()
    original = getattr(module, name)

    def late(*args: Any) -> Any:
        answer = original(*args)
        decided.wait()
        done.wait()
        return answer

    def work() -> Any:
        decided.wait()
        try:
            return other()
        finally:
            done.wait()

    monkeypatch.setattr(module, name, late)
    return work


def take_locks_off(monkeypatch: Any) -> None:
    """No SELECT locks anything: what the code would do had it forgotten to."""
    monkeypatch.setattr(Select, "with_for_update", lambda self, *args, **kwargs: self)
    for name, module in list(sys.modules.items()):
        for attribute, made in list(vars(module).items()) if name.startswith("app.") else ():
            if isinstance(made, Select) and made._for_update_arg is not None:  # made once, when the module was loaded
                unlocked = copy.copy(made)
                unlocked._for_update_arg = None
                monkeypatch.setattr(module, attribute, unlocked)


def actor(username: str) -> Actor:
    user = accounts.find(username)
    assert user is not None
    return sessions.load_by_id(user.id)


def count(statement: str, **values: Any) -> int:
    """A number from the database as it is now, whatever the session has seen."""
    with db.engine.connect() as connection:
        return int(connection.execute(text(statement), values).scalar_one())


def refusals(results: Sequence[Any]) -> list[Refusal]:
    return [each for each in results if isinstance(each, Refusal)]
