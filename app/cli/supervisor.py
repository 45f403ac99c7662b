"""Child processes that are started, watched, restarted and stopped together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

LARGEST_LOG = 10 * 1024 * 1024
LONGEST_WAIT = 30.0  # between two restarts
STEADY_SECONDS = 60.0  # after which a child counts as healthy again
ATTACHED = Path(__file__).with_name("attached.py")


class Child:
    """One process with its own session and log file."""

    def __init__(self, name: str, command: Sequence[str], log: Path, *, cwd: Path, grace: float) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.cwd = cwd
        self.grace = grace
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._wait = 1.0
        self._restart_at: float | None = None

    def start(self) -> None:
        """Start the process, away from the terminal's Ctrl-C. Raises OSError."""
        self._kill_rest()
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(ATTACHED), str(os.getpid()), *self.command],
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started = time.monotonic()
        self._restart_at = None

    def exit_code(self) -> int | None:
        """Return how the process ended, or None while it runs."""
        return self._process.poll() if self._process else None

    def revive(self, say: Callable[[str], None]) -> None:
        """Start the process again if it ended, waiting longer each time."""
        now = time.monotonic()
        if self._restart_at is not None:
            if now >= self._restart_at:
                self.start()
            return
        code = self.exit_code()
        if code is None:
            return
        self._wait = 1.0 if now - self._started > STEADY_SECONDS else min(self._wait * 2, LONGEST_WAIT)
        self._restart_at = now + self._wait
        say(f"{self.name} ended unexpectedly ({_reason(code)}); starting it again. See {self.log}")

    def stop(self) -> None:
        """Ask the process to end, and after its time of grace make it, with everything that it started."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self.grace)
        self._kill_rest()

    def _kill_rest(self) -> None:
        """Kill what is left of the session, such as workers whose master was killed."""
        if self._process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def last_words(self, lines: int = 15) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"
