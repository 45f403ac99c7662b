"""Queued work on the roster."""

from __future__ import annotations

from uuid import UUID

from app.services.roster import solving
from app.tasks.queue import queue, task


@task(solving.TASK)
def solve(roster_id: str) -> None:
    solving.run(UUID(roster_id))


@queue.periodic(cron="* * * * *")
@queue.task(name="roster.sweep", queueing_lock="roster.sweep")
def sweep(timestamp: int) -> None:
    """Ask again for what a killed worker left behind."""
    solving.sweep()
