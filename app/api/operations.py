"""REST of how the machinery does."""

from __future__ import annotations

from typing import Any

from app.api import schemas
from app.api.represent import mapping
from app.api.routes import PREFIX, Api, route
from app.services import operations

JOB = schemas.an_object(
    name=schemas.TEXT,
    schedule=schemas.TEXT,
    last_run_id=schemas.null_or(schemas.UUID_),
    last_started_at=schemas.null_or(schemas.MOMENT),
    last_finished_at=schemas.null_or(schemas.MOMENT),
    last_error=schemas.null_or(schemas.TEXT),
)
TASK = schemas.an_object(
    task=schemas.TEXT, waiting=schemas.COUNT, running=schemas.COUNT, failed=schemas.COUNT, succeeded=schemas.COUNT
)
MAIL = schemas.an_object(due=schemas.COUNT, later=schemas.COUNT, failed=schemas.COUNT)
STATE = schemas.an_object(
    scheduler_leads=schemas.BOOL,
    workers=schemas.COUNT,
    email=MAIL,
    jobs={"type": "array", "items": JOB},
    queue={"type": "array", "items": TASK},
)


class OperationsApi(Api):
    route_base = f"{PREFIX}/operations"
    class_permission_name = "Operations"

    @route("GET", "", "How jobs, queue, workers and e-mail do", needs="show", answer=STATE)
    def show(self) -> Any:
        state = operations.state()
        return {
            "scheduler_leads": state.leads,
            "workers": state.workers,
            "email": {"due": state.due, "later": state.later, "failed": state.failed},
            "jobs": [
                mapping(
                    {
                        "name": job.name,
                        "schedule": job.schedule,
                        "last_run_id": job.last.id,
                        "last_started_at": job.last.started_at,
                        "last_finished_at": job.last.finished_at,
                        "last_error": job.last.error,
                    }
                )
                for job in state.jobs
            ],
            "queue": [
                {
                    "task": row.task_name,
                    "waiting": row.waiting,
                    "running": row.running,
                    "failed": row.failed,
                    "succeeded": row.succeeded,
                }
                for row in state.queue
            ],
        }
