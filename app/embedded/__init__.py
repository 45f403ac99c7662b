"""The PostgreSQL that comes as a wheel: started for whoever needs it, stopped when its last user ends.

Every process that uses the server holds a shared lock on one file for as long as it lives. The kernel drops
the lock however the process ends, so a killed process is never counted as a user. Whoever lets go last,
stops it.
"""

import atexit
import contextlib
import fcntl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg import sql

from app.embedded import cluster
from app.embedded.cluster import EmbeddedError

__all__ = ["EmbeddedError", "hold", "release", "revive", "server", "url"]

DATABASE = "registrar"

_held: dict[Path, contextlib.ExitStack] = {}
_held_lock = threading.Lock()


def url(instance: Path, database: str = DATABASE) -> str:
    """Return the SQLAlchemy address of a database of this instance, whether or not the server runs."""
    directory = quote(str(cluster.socket_dir(_data(instance))), safe="/")
    return f"postgresql+psycopg://{cluster.SUPERUSER}@/{database}?host={directory}"


@contextlib.contextmanager
def server(instance: Path, database: str = DATABASE) -> Iterator[str]:
    """Keep the server running inside the block, with the database made, and give its address.

    Raises EmbeddedError when the server cannot be started.
    """
    users = _join(instance)
    try:
        _create_database(instance, database)
        yield url(instance, database)
    finally:
        _leave(instance, users)


def hold(instance: Path, database: str = DATABASE) -> str:
    """Keep the server running until this process ends or calls `release`; safe to call again.

    Raises EmbeddedError when the server cannot be started.
    """
    with _held_lock:
        if instance not in _held:
            stack = contextlib.ExitStack()
            stack.enter_context(server(instance, database))
            _held[instance] = stack
            atexit.register(release, instance)
    return url(instance, database)


def release(instance: Path) -> None:
    """Let go of a server that `hold` took; it stops when nobody else uses it."""
    with _held_lock:
        stack = _held.pop(instance, None)
    if stack:
        stack.close()


def revive(instance: Path) -> bool:
    """Start the server again if it died under its users; return whether it had to be.

    Raises EmbeddedError when it cannot be started.
    """
    if _answers(instance):
        return False
    with _exclusively(instance):
        if _answers(instance):
            return False
        cluster.start(_data(instance))
        return True


def _data(instance: Path) -> Path:
    return instance / "postgres"


def _join(instance: Path) -> IO[str]:
    """Become a user of the server, starting it if need be."""
    try:
        instance.mkdir(parents=True, exist_ok=True)
        users = (instance / "postgres.users").open("a")
        try:
            with _exclusively(instance):
                fcntl.flock(users, fcntl.LOCK_SH)
                if not _answers(instance):
                    cluster.start(_data(instance))
        except BaseException:  # Ctrl-C too: nothing half started may stay
            _leave(instance, users)
            raise
    except OSError as error:
        raise EmbeddedError(f"The database under {instance} cannot be started: {error}") from error
    return users


def _leave(instance: Path, users: IO[str]) -> None:
    """Stop being a user; the last one stops the server."""
    with users, contextlib.suppress(FileNotFoundError), _exclusively(instance):
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        cluster.stop(_data(instance))


@contextlib.contextmanager
def _exclusively(instance: Path) -> Iterator[None]:
    """Let one process at a time start or stop the server."""
    with (instance / "postgres.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _connect(instance: Path) -> psycopg.Connection:
    host = str(cluster.socket_dir(_data(instance)))
    return psycopg.connect(host=host, user=cluster.SUPERUSER, dbname="postgres", autocommit=True, connect_timeout=10)


def _answers(instance: Path) -> bool:
    try:
        _connect(instance).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(instance: Path, database: str) -> None:
    with _connect(instance) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            return
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database))
        with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(statement)
