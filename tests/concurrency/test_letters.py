"""Letters that are written while somebody else's long transaction writes some, too."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.services import queue
from app.services.errors import Busy
from app.services.mail import letters
from app.services.transaction import transactional
from tests.concurrency.racing import count, race

LETTERS = "SELECT count(*) FROM letters"
TASKS = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'mail.letters' AND status = 'todo'"


@transactional
def write(number=1, meanwhile=None):
    """Write so many letters in one transaction, and do something before its end."""
    db.session.execute(text("SET LOCAL lock_timeout = '100ms'"))
    for each in range(number):
        letters.post("password_reset", f"a{each}@example.org", {}, locale="en")
    db.session.flush()
    return meanwhile() if meanwhile is not None else None


def while_another_writes(app):
    """What comes of a letter that is written in the middle of another one's transaction."""
    return write(20, lambda: race(app, write))


def test_nobody_waits_for_the_end_of_a_long_transaction(committed_app):
    with committed_app.app_context():
        assert while_another_writes(committed_app) == [None]
        assert count(LETTERS) == 21
        assert count(TASKS) == 1, "each asks when it has ended, and one such task waits"


def test_if_it_were_asked_for_inside_it_everybody_else_would_be_refused(committed_app, monkeypatch):
    """And the refusal is one that can be understood: what the queue is refused is tried again, and then told."""
    tries = []

    def at_once():
        tries.append(1)
        queue.defer(letters.TASK, queueing_lock=letters.TASK)

    monkeypatch.setattr(letters, "send_soon", at_once)
    with committed_app.app_context():
        [refusal] = while_another_writes(committed_app)
        assert isinstance(refusal, Busy)
        assert len(tries) == 20 + 5
        assert count(LETTERS) == 20


def test_what_is_written_stays_when_nobody_can_be_asked_for_its_delivery(committed_app, monkeypatch):
    """The job of the next minute asks."""

    def refused():
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    with committed_app.app_context():
        with monkeypatch.context() as patched:
            patched.setattr(letters, "request_delivery", refused)
            write()
        assert (count(LETTERS), count(TASKS)) == (1, 0)
        assert letters.request_delivery() == 1
        assert count(TASKS) == 1


def test_a_transaction_that_is_taken_back_sends_nothing(committed_app):
    def fail():
        raise ZeroDivisionError

    with committed_app.app_context():
        with pytest.raises(ZeroDivisionError):
            write(2, fail)
        assert (count(LETTERS), count(TASKS)) == (0, 0)
