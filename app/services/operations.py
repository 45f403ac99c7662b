"""How the machinery behind the pages does: jobs, the queue, the workers, the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.services import leadership
from app.services.jobs import JOBS

_QUEUE = text("""
    SELECT task_name, count(*) FILTER (WHERE status = 'todo') AS waiting, count(*) FILTER (WHERE status = 'doing') AS running,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           count(*) FILTER (WHERE status = 'succeeded') AS succeeded
    FROM procrastinate_jobs GROUP BY task_name ORDER BY task_name
""")
_WORKERS = text("SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'")
_OUTBOX = text("""
    SELECT count(*) FILTER (WHERE status = 'queued' AND next_attempt_at <= now()) AS due,
           count(*) FILTER (WHERE status = 'queued' AND next_attempt_at > now()) AS later,
           count(*) FILTER (WHERE status = 'failed') AS failed
    FROM notification_deliveries WHERE status <> 'sent'
""")
_LAST = text("""
    SELECT job.name, last.id, last.day, last.started_at, last.finished_at, last.rows, last.error
    FROM unnest(CAST(:names AS text[])) AS job (name)
    LEFT JOIN LATERAL (SELECT * FROM job_runs WHERE name = job.name ORDER BY day DESC, started_at DESC LIMIT 1) last ON true
""")


@dataclass(frozen=True)
class JobState:
    """A job, when it runs, and how its last run went."""

    name: str
    title: str
    schedule: str
    last: Any


@dataclass(frozen=True)
class State:
    """Everything at this moment."""

    leads: bool
    workers: int
    queue: list[Any]
    due: int
    later: int
    failed: int
    jobs: list[JobState]


def state() -> State:
    """How things are now."""
    last = {row.name: row for row in db.session.execute(_LAST, {"names": list(JOBS)})}
    outbox = db.session.execute(_OUTBOX).one()
    return State(
        leads=leadership.leader_exists(),
        workers=int(db.session.execute(_WORKERS).scalar_one()),
        queue=list(db.session.execute(_QUEUE).all()),
        due=outbox.due,
        later=outbox.later,
        failed=outbox.failed,
        jobs=[JobState(name, str(job.title), _schedule(job.schedule), last[name]) for name, job in JOBS.items()],
    )


def _schedule(fields: Mapping[str, str | int]) -> str:
    """When a job runs, in words."""
    if "hour" in fields:
        return _("Daily at %(time)s", time=f"{fields['hour']:0>2}:{fields.get('minute', 0):0>2}")
    minutes = str(fields["minute"]).removeprefix("*/")
    return _("Every minute") if minutes == "*" else _("Every %(minutes)s minutes", minutes=minutes)


def seconds(row: Any) -> float | None:
    """How long a run took."""
    began: datetime | None = row.started_at
    return (row.finished_at - began).total_seconds() if began and row.finished_at else None
