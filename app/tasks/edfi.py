"""Queued pushes to Ed-Fi."""

from __future__ import annotations

from uuid import UUID

from app.services.edfi import pushing
from app.tasks.queue import queue, task


@task(pushing.TASK)
def push(push_id: str) -> None:
    pushing.run(UUID(push_id))


@queue.periodic(cron="* * * * *")
@queue.task(name="edfi.sweep", queueing_lock="edfi.sweep")
def sweep(timestamp: int) -> None:
    """Ask again for what a killed worker left behind."""
    pushing.sweep()
