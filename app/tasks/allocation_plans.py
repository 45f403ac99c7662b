"""Queued work on the seats of test sessions."""

from __future__ import annotations

from uuid import UUID

from app.services.allocation_plans import runs
from app.tasks.queue import queue, task


@task(runs.TASK)
def carry_out(run_id: str) -> None:
    runs.run(UUID(run_id))


@queue.periodic(cron="* * * * *")
@queue.task(name="allocation_plans.sweep", queueing_lock="allocation_plans.sweep")
def sweep(timestamp: int) -> None:
    """Ask again for what a killed worker left behind."""
    runs.sweep()
