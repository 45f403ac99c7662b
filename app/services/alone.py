"""One worker at a time for work that is longer than a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import text

from app.extensions import db

_KEY: Final = "hashtextextended(:name, 0)"


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether nobody else does what has this name. The lock is a database connection's, so that a killed worker's is free."""
    facts = {"name": name}
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        held = bool(connection.scalar(text(f"SELECT pg_try_advisory_lock({_KEY})"), facts))
        try:
            yield held
        finally:
            if held:
                connection.execute(text(f"SELECT pg_advisory_unlock({_KEY})"), facts)


def is_at_work(name: str) -> bool:
    """Whether somebody does it now. Who may begin with it has to be kept out by other means."""
    with alone(name) as held:
        return not held
