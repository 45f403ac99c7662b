"""Scheduled jobs: which there are, running one for a day, and the history of their runs.

A job is a service function that takes the school-local day and returns how many rows it wrote. It must be
safe to run again for the same day.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.models.jobs import JobRun
from app.services import idempotency, rate_limits
from app.services.errors import NotFound
from app.services.transaction import transactional

MOST_ERROR_CHARACTERS = 2000


@dataclass(frozen=True)
class Job:
    """A scheduled job. `schedule` holds cron fields in the school's time zone.

    A daily job runs once for each school-local day; the others run every time.
    """

    title: str
    run: Callable[[date], int]
    schedule: Mapping[str, str | int]
    daily: bool = True


def _followups_due(day: date) -> int:
    from app.services.leads import followups  # late: a broken domain must not stop the other jobs

    return followups.notify_due(day)


JOBS: dict[str, Job] = {
    "lead_followup_due": Job("Tell owners which follow-ups are due", _followups_due, {"hour": 7, "minute": 0}),
    "rate_limits_clean_up": Job(
        "Forget attempts of past periods", lambda _day: rate_limits.clean_up(), {"hour": 3, "minute": 10}
    ),
    "idempotency_keys_clean_up": Job(
        "Forget answers kept for requests sent twice", lambda _day: idempotency.clean_up(), {"hour": 3, "minute": 20}
    ),
}


def run(name: str, day: date, *, force: bool = False) -> JobRun:
    """Run a job for a day and record the run. A daily job that went well is not run again, unless forced.

    Raises NotFound for an unknown job, and whatever the job raises, after recording it.
    """
    job = JOBS.get(name)
    if job is None:
        raise NotFound(f"There is no job named {name}.")
    if job.daily and not force and (done := _success(name, day)):
        return done
    run_id = _begin(name, day)
    try:
        rows = job.run(day)
    except BaseException as error:
        _finish(run_id, error=f"{type(error).__name__}: {error}"[:MOST_ERROR_CHARACTERS])
        raise
    return _finish(run_id, rows=rows)


def succeeded(name: str, day: date) -> bool:
    """Whether the job has gone well for the day."""
    return _success(name, day) is not None


def history(name: str | None = None, *, limit: int = 50) -> Sequence[JobRun]:
    """Return the latest runs, newest first, of one job or of all."""
    statement = select(JobRun).order_by(JobRun.started_at.desc(), JobRun.id.desc()).limit(limit)
    return db.session.scalars(statement.where(JobRun.name == name) if name else statement).all()


def _success(name: str, day: date) -> JobRun | None:
    went_well = JobRun.finished_at.is_not(None) & JobRun.error.is_(None)
    return db.session.scalar(select(JobRun).where(JobRun.name == name, JobRun.day == day, went_well).limit(1))


@transactional
def _begin(name: str, day: date) -> UUID:
    record = JobRun(name=name, day=day, started_at=datetime.now(UTC), host=socket.gethostname())
    db.session.add(record)
    db.session.flush()
    return record.id


@transactional
def _finish(run_id: UUID, *, rows: int | None = None, error: str | None = None) -> JobRun:
    record = db.session.get_one(JobRun, run_id)
    record.finished_at = datetime.now(UTC)
    record.rows = rows
    record.error = error
    return record
