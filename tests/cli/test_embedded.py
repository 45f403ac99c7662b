"""The embedded PostgreSQL: shared, stopped by its last user, and sound after a kill."""

import os
import signal
import subprocess
import sys
import time

import psutil
import psycopg
import pytest

import config
from app import embedded

HOLD = """
import sys, time
from pathlib import Path
from app import embedded
with embedded.server(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def instance(place):
    path = place / "instance"
    yield path
    if pid := server_pid(path):  # only after a failed test
        os.kill(pid, signal.SIGQUIT)


def server_pid(instance):
    mark = instance / "postgres" / "postmaster.pid"
    return int(mark.read_text().split()[0]) if mark.exists() else None


def connects(url):
    try:
        psycopg.connect(config.libpq_url(url)).close()
    except psycopg.OperationalError:
        return False
    return True


def start_user(instance):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(instance)],
        cwd=config.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    return process


def test_starts_with_a_database_and_stops(instance):
    with embedded.server(instance) as url, psycopg.connect(config.libpq_url(url)) as connection:
        assert connection.info.dbname == "registrar"
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        # Letters of every script must count for the search.
        connection.execute("CREATE EXTENSION pg_trgm")
        assert connection.execute("SELECT similarity('أحمد', 'أحمد')").fetchone() == (1.0,)
    assert not connects(url)


def test_the_last_user_stops_it(instance):
    with embedded.server(instance) as url:
        other = start_user(instance)
        pid = server_pid(instance)
    assert connects(url), "the other still uses it"
    assert server_pid(instance) == pid
    other.communicate()
    assert not connects(url)


def test_a_killed_user_does_not_keep_it_alive(instance):
    killed = start_user(instance)
    killed.kill()
    killed.communicate()
    with embedded.server(instance) as url:
        assert connects(url)
    assert not connects(url)


def test_recovers_after_user_and_server_were_killed(instance):
    killed = start_user(instance)
    server = psutil.Process(server_pid(instance))
    killed.kill()
    killed.communicate()
    server.kill()
    time.sleep(0.2)
    mark = instance / "postgres" / "postmaster.pid"
    lines = mark.read_text().splitlines()
    mark.write_text("\n".join([str(os.getpid()), *lines[1:]]))  # the number belongs to another by now
    with embedded.server(instance) as url:
        assert connects(url)


def test_revives_a_dead_server(instance):
    with embedded.server(instance) as url:
        assert embedded.revive(instance) is False
        psutil.Process(server_pid(instance)).kill()
        time.sleep(0.2)
        assert embedded.revive(instance) is True
        assert connects(url)


def test_long_paths_have_a_short_socket(place):
    instance = place / ("long" * 30)
    with embedded.server(instance) as url:
        assert str(instance) not in url
        assert connects(url)


def test_data_of_another_version_is_refused(instance):
    with embedded.server(instance):
        pass
    (instance / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(embedded.EmbeddedError, match="PostgreSQL 9"), embedded.server(instance):
        pass
