"""Handing long work to the queue. Only names are known here; what they do is in `app/tasks`."""

from __future__ import annotations

import json
from functools import partial

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from sqlalchemy.exc import DBAPIError

from app.extensions import db

# Never opened: every statement goes through the connection of our own transaction. Keys become text.
_queue = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(json_dumps=partial(json.dumps, default=str)))


def defer(
    task_name: str, *, queueing_lock: str | None = None, lock: str | None = None, **arguments: object
) -> int | None:
    """Ask for a task inside the running transaction: workers see it after the commit, and never without.

    `lock`: tasks with the same one never run at the same time. `queueing_lock`: only one such task waits at
    a time; None is returned when one already does, else the number of the task. Whoever asks with the same one waits
    until this transaction has ended, so one that is shared by all is asked for in a short transaction only.

    Raises DBAPIError, as any other statement does, when the database does not take it.
    """
    try:
        with db.session.begin_nested():  # a refused duplicate must not spoil the transaction
            connection = db.session.connection().connection.driver_connection
            return _queue.configure_task(
                task_name, queueing_lock=queueing_lock, lock=lock, connection=connection
            ).defer(**arguments)  # type: ignore[arg-type]
    except AlreadyEnqueued:
        return None
    except ConnectorException as error:
        raise _refused(error) from error


def _refused(error: ConnectorException) -> Exception:
    """What the database said, as SQLAlchemy says it: a transaction that is tried again, or refused, looks for that."""
    cause = error.__cause__
    return DBAPIError.instance(None, None, cause, psycopg.Error) if isinstance(cause, psycopg.Error) else error
