"""Queued work on imports."""

from __future__ import annotations

from uuid import UUID

from app.services import import_steps, import_undo, imports
from app.tasks.queue import queue, task


@task(import_steps.CHECK.task)
def check(import_id: str) -> None:
    imports.check(UUID(import_id))


@task(import_steps.CARRY_OUT.task)
def carry_out(import_id: str) -> None:
    imports.carry_out(UUID(import_id))


@task(import_steps.TAKE_BACK.task)
def take_back(import_id: str) -> None:
    import_undo.take_back(UUID(import_id))


@queue.periodic(cron="* * * * *")
@queue.task(name="imports.sweep", queueing_lock="imports.sweep")
def sweep(timestamp: int) -> None:
    """Ask again for what a killed worker left behind."""
    imports.sweep()
