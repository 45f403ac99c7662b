"""Scheduled jobs that somebody asked for by hand."""

from __future__ import annotations

from uuid import UUID

from app.services import jobs
from app.tasks.queue import task


@task(jobs.TASK)
def run(run_id: str) -> None:
    jobs.carry_out(UUID(run_id))
