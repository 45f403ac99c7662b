"""Queued work on OneRoster bundles."""

from __future__ import annotations

from uuid import UUID

from app.services.oneroster import exporting
from app.tasks.queue import queue, task


@task(exporting.TASK)
def export(export_id: str) -> None:
    exporting.carry_out(UUID(export_id))


@queue.periodic(cron="* * * * *")
@queue.task(name="oneroster.sweep", queueing_lock="oneroster.sweep")
def sweep(timestamp: int) -> None:
    """Ask again for what a killed worker left behind."""
    exporting.sweep()
