"""`registrar run` as a user meets it: first start, Ctrl-C, a taken port, a kill."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest
from click import ClickException

import config
from app.cli import serve

pytestmark = pytest.mark.slow


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start(place, port):
    """Start `registrar run` in an instance of its own, as a terminal would not: without a question."""
    started = []
    environ = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SECRET_KEY")}
    environ |= {"REGISTRAR_INSTANCE": str(place / "i"), "REGISTRAR_DEMO": "0", "PORT": str(port)}

    def run():
        process = subprocess.Popen(
            [sys.executable, "run.py"], cwd=config.ROOT, env=environ, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
    for process in of_instance(place):
        process.kill()


def of_instance(path):
    """Return every process that was told of this instance, by its environment or its arguments."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("REGISTRAR_INSTANCE", "")]
        except psutil.Error:
            continue
        if any(str(path) in word for word in words):
            found.append(process)
    return found


def read_until_ready(process):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def wait_until_gone(path, seconds=60):
    deadline = time.monotonic() + seconds
    while of_instance(path):
        assert time.monotonic() < deadline, [process.cmdline() for process in of_instance(path)]
        time.sleep(0.2)


def test_starts_serves_and_stops_cleanly(start, port, place):
    process = start()
    output = read_until_ready(process)
    assert f"http://localhost:{port}" in output
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
        assert answer.status == 200
    rival = start()
    words, _ = rival.communicate(timeout=60)
    assert rival.returncode == 1
    assert words.count("\n") == 1, "one sentence"
    assert f"Port {port}" in words
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert time.monotonic() - began < 30
    assert "Stopped." in rest
    assert "Traceback" not in rest
    assert of_instance(place) == []


def test_a_host_that_is_none_is_named():
    with pytest.raises(ClickException, match=r"HOST must be an address of this machine, not '999\.1\.1\.1'"):
        serve._require_free_port("999.1.1.1", 8080)


@pytest.mark.fault
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel tells the children, on Linux")
def test_a_killed_supervisor_takes_everything_along_and_starts_again(start, port, place):
    process = start()
    read_until_ready(process)
    process.kill()
    wait_until_gone(place)
    again = start()
    read_until_ready(again)
    again.terminate()
    assert again.wait(60) == 0
