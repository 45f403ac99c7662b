"""Which of several schedulers leads: the one whose connection holds an advisory lock."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import psycopg
from sqlalchemy import text

from app.extensions import db

LOCK = (0x52656769, 0x73747261)  # "Regi", "stra": two 32-bit halves, as pg_locks shows them
_HELD = f"""
    FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
      AND classid = {LOCK[0]} AND objid = {LOCK[1]}
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""  # noqa: S608 - constants only
# The server notices within half a minute that the machine of a leader is gone.
_OPTIONS = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"


class Leadership:
    """A connection of its own that holds the lock, or tries to. Use it in a `with` block."""

    def __init__(self, address: str) -> None:
        """Connect. Raises psycopg.OperationalError when the database cannot be reached."""
        self._connection = psycopg.connect(
            address,
            autocommit=True,
            connect_timeout=10,
            application_name="registrar scheduler",
            options=_OPTIONS,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def acquire(self) -> bool:
        """Try to lead; return whether that went well. Raises psycopg.OperationalError."""
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s, %s)", LOCK).fetchone()
        return bool(row and row[0])

    def holds(self) -> bool:
        """Whether this process still leads: the connection lives and the lock is its own."""
        try:
            row = self._connection.execute(f"SELECT 1 {_HELD} AND pid = pg_backend_pid()").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None


def leader_exists() -> bool:
    """Whether some scheduler leads at this moment."""
    return db.session.scalar(text(f"SELECT count(*) {_HELD}")) > 0
