"""Queued work on imports."""

from __future__ import annotations

from uuid import UUID

from app.services import imports
from app.tasks.queue import queue, task


@task(imports.CHECK.task)
def check(import_id: str) -> None:
    imports.check(UUID(import_id))


@task(imports.CARRY_OUT.task)
def carry_out(import_id: str) -> None:
    imports.carry_out(UUID(import_id))


@queue.periodic(cron="* * * * *")
@queue.task(name="imports.sweep", queueing_lock="imports.sweep")
def sweep(timestamp: int) -> None:
    """Ask again for what a killed worker left behind."""
    imports.sweep()
