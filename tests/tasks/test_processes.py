"""The real scheduler and worker processes, on a database with real commits."""

import os
import subprocess
import sys
import time

import psycopg
import pytest

import config
from app.services.leadership import LOCK, Leadership

pytestmark = pytest.mark.slow
# Of this database: other tests have schedulers on the same server.
LEADER = """
    SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database AND d.datname = current_database()
    WHERE locktype = 'advisory' AND granted AND classid = %s AND objid = %s
"""
SCHEDULERS = """
    SELECT count(*) FROM pg_stat_activity WHERE application_name = 'registrar scheduler' AND datname = current_database()
"""


@pytest.fixture
def address(database_url):
    return config.libpq_url(str(database_url))


@pytest.fixture
def start(database_url, tmp_path):
    """Start `registrar NAME` on the test database; it is killed at the end."""
    processes = []
    environ = os.environ | {
        "DATABASE_URL": str(database_url),
        "SECRET_KEY": "0123456789abcdef" * 4,
        "REGISTRAR_INSTANCE": str(tmp_path),
    }

    def run(*arguments):
        with (tmp_path / "log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", *arguments],
                cwd=config.ROOT, env=environ, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.wait()


def eventually(look, seconds=20.0):
    """Return the first true answer. Fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def test_only_one_of_two_leads_and_loss_is_noticed(address):
    with Leadership(address) as first, Leadership(address) as second:
        assert first.acquire()
        assert first.holds()
        assert not second.acquire()
        assert not second.holds()
        with psycopg.connect(address, autocommit=True) as admin:
            leader = admin.execute(LEADER, LOCK).fetchone()[0]
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [leader])
        assert not first.holds()
        assert second.acquire()


@pytest.mark.fault
def test_another_scheduler_takes_over_after_kill_9(address, start):
    with psycopg.connect(address, autocommit=True) as watch:

        def leader():
            row = watch.execute(LEADER, LOCK).fetchone()
            return row and row[0]

        first_process = start("scheduler")
        first = eventually(leader)
        start("scheduler")
        eventually(lambda: watch.execute(SCHEDULERS).fetchone() == (2,))
        assert leader() == first
        first_process.kill()
        eventually(lambda: leader() not in (None, first), seconds=10)


def test_a_worker_works_and_stops_when_asked(address, start):
    with psycopg.connect(address, autocommit=True) as watch:
        process = start("worker")
        done = "SELECT 1 FROM procrastinate_jobs WHERE task_name = 'queue.rescue' AND status = 'succeeded'"
        eventually(lambda: watch.execute(done).fetchone())
        process.terminate()
        assert process.wait(10) == 0
        assert watch.execute("SELECT count(*) FROM procrastinate_workers").fetchone() == (0,)
        watch.execute("DELETE FROM procrastinate_periodic_defers")
        watch.execute("DELETE FROM procrastinate_jobs WHERE task_name LIKE 'queue.%'")
