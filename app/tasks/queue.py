"""The queue as its worker sees it. A module of this package defines its tasks with `@task("domain.name")`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import procrastinate
from procrastinate import JobContext
from procrastinate.jobs import Status
from sqlalchemy.exc import OperationalError

from app.services.errors import Busy

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
KEEP_HOURS = 24 * 30

# The worker replaces the connector by one that knows the database.
queue = procrastinate.App(connector=procrastinate.PsycopgConnector())

# 2, 4, 8, 16, 32 seconds: for a database that restarts and for locks that others hold.
TRANSIENT = procrastinate.RetryStrategy(
    max_attempts=MOST_ATTEMPTS, exponential_wait=2, retry_exceptions=(OperationalError, Busy)
)

Function = TypeVar("Function", bound=Callable[..., Any])


def task(name: str, *, retry: procrastinate.BaseRetryStrategy = TRANSIENT) -> Callable[[Function], Function]:
    """Make a function the task of this name. It runs in a thread, inside the application's context.

    Whatever is lost when a worker is killed runs again, so a task must be safe to repeat.
    """

    def register(function: Function) -> Function:
        queue.task(name=name, retry=retry)(function)
        return function

    return register


@queue.periodic(cron="* * * * *")
@queue.task(name="queue.rescue", queueing_lock="queue.rescue", pass_context=True)
async def rescue(context: JobContext, timestamp: int) -> None:
    """Run again what a killed worker left behind; give up on what keeps killing workers."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        if job.attempts + 1 >= MOST_ATTEMPTS:
            log.error("Task %s was lost %s times; giving up.", job.call_string, job.attempts + 1)
            await manager.finish_job(job, status=Status.FAILED, delete_job=False)
        else:
            log.warning("Task %s was lost with its worker; running it again.", job.call_string)
            await manager.retry_job(job)


@queue.periodic(cron="30 3 * * *")
@queue.task(name="queue.clean", queueing_lock="queue.clean", pass_context=True)
async def clean(context: JobContext, timestamp: int) -> None:
    """Delete what ended a month ago."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEEP_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
