"""Scheduled jobs: which there are, running one for a day, and the history of their runs.

A job is a service function that takes the school-local day and returns how many rows it wrote. It must be
safe to run again for the same day.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any, Final, Literal
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select, text

from app.extensions import db
from app.models.jobs import JobRun
from app.policies.actor import Actor
from app.services import queue, school
from app.services.errors import Invalid, NotFound, Text
from app.services.inputs import CalendarDay, Input
from app.services.transaction import transactional

MOST_ERROR_CHARACTERS = 2000
TASK: Final = "jobs.run"
FIRST_YEAR: Final = 2000  # of days that somebody may mean
KEPT: Final = timedelta(days=180)
FREQUENT_KEPT: Final = timedelta(days=14)  # of jobs that run every few minutes


@dataclass(frozen=True)
class Job:
    """A scheduled job. `schedule` holds cron fields in the school's time zone.

    A daily job runs once for each school-local day; the others run every time.
    """

    title: Text
    run: Callable[[date], int]
    schedule: Mapping[str, str | int]
    daily: bool = True


def _late(module: str, function: str) -> Callable[..., int]:
    """A function of a domain, imported when it runs: a broken domain must not stop the other jobs."""

    def run(*arguments: Any) -> int:
        return int(getattr(import_module(f"app.services.{module}"), function)(*arguments))

    return run


def _every_time(module: str, function: str) -> Callable[[date], int]:
    """A function that asks for no day."""
    return lambda _day: _late(module, function)()


JOBS: dict[str, Job] = {
    "lead_followup_due": Job(
        _l("Tell owners which follow-ups are due"), _late("leads.followups", "notify_due"), {"hour": 7, "minute": 0}
    ),
    "classes_remaining": Job(
        _l("Tell whose classes run out"), _late("reminders", "classes_remaining"), {"hour": 6, "minute": 30}
    ),
    "attendance_missing": Job(
        _l("Tell which classes are not marked"), _late("reminders", "attendance_missing"), {"hour": 7, "minute": 10}
    ),
    "admissions_start": Job(
        _l("Begin admissions whose first day has come"),
        _late("admissions.starting", "start"),
        {"hour": 0, "minute": 15},
    ),
    "roster_days": Job(
        _l("Tell OneRoster's readers who enters or leaves a school today"),
        _late("records.following", "follow_days"),
        {"hour": 0, "minute": 20},
    ),
    "waitlist_expiry": Job(
        _l("End offers that nobody took"), _every_time("admissions.waitlist", "expire"), {"minute": "*/10"}, daily=False
    ),
    "record_creation_retry": Job(
        _l("Make student records that could not be made"),
        _every_time("records.retrying", "retry_job"),
        {"minute": "*/10"},
        daily=False,
    ),
    "enrollments_settle": Job(
        _l("Complete enrollments that lack nothing"),
        _every_time("enrollments.steps", "settle_paid"),
        {"minute": "*/10"},
        daily=False,
    ),
    "email_delivery": Job(
        _l("Have due e-mail sent"), _every_time("mail.outbox", "request_delivery"), {"minute": "*"}, daily=False
    ),
    "letters": Job(
        _l("Have letters sent that wait"), _every_time("mail.letters", "request_delivery"), {"minute": "*"}, daily=False
    ),
    "invitations_expire": Job(
        _l("Mark invitations whose time is over"),
        _every_time("enrollments.invitations", "expire"),
        {"minute": 25},
        daily=False,
    ),
    "documents_clean_up": Job(
        _l("Delete files that no document refers to"),
        _every_time("enrollments.documents", "clean_up"),
        {"hour": 4, "minute": 15},
    ),
    "downloads_clean_up": Job(
        _l("Delete files that no download refers to"),
        _every_time("content.downloads", "clean_up"),
        {"hour": 4, "minute": 5},
    ),
    "letters_clean_up": Job(
        _l("Delete the traces of old letters"), _every_time("mail.letters", "clean_up"), {"hour": 3, "minute": 55}
    ),
    "password_links_clean_up": Job(
        _l("Delete links to set a password that are over"),
        _every_time("password_links", "clean_up"),
        {"hour": 4, "minute": 5},
    ),
    "integrity_check": Job(
        _l("Look for rows that break a rule"), _late("integrity", "check"), {"hour": 2, "minute": 30}
    ),
    "rate_limits_clean_up": Job(
        _l("Forget attempts of past periods"), _every_time("rate_limits", "clean_up"), {"hour": 3, "minute": 10}
    ),
    "idempotency_keys_clean_up": Job(
        _l("Forget answers kept for requests sent twice"),
        _every_time("idempotency", "clean_up"),
        {"hour": 3, "minute": 20},
    ),
    "sessions_clean_up": Job(
        _l("Forget logins that ended long ago"), _every_time("sessions", "clean_up"), {"hour": 3, "minute": 30}
    ),
    "notifications_clean_up": Job(
        _l("Delete notices that expired"), _every_time("notifications.inbox", "clean_up"), {"hour": 3, "minute": 40}
    ),
    "deliveries_clean_up": Job(
        _l("Delete the traces of old e-mail"), _every_time("mail.outbox", "clean_up"), {"hour": 3, "minute": 50}
    ),
    "calendar_feeds_clean_up": Job(
        _l("Delete calendar addresses that were revoked"),
        _every_time("timetables.feeds", "clean_up"),
        {"hour": 4, "minute": 0},
    ),
    "oneroster_exports_clean_up": Job(
        _l("Delete old OneRoster bundles"), _every_time("oneroster.exporting", "clean_up"), {"hour": 4, "minute": 25}
    ),
    "oauth_tokens_clean_up": Job(
        _l("Forget tokens of programs that are over"),
        _every_time("oneroster.oauth.tokens", "clean_up"),
        {"hour": 3, "minute": 35},
    ),
    "edfi_push": Job(
        _l("Push to Ed-Fi servers that want it every night"),
        _every_time("edfi.pushing", "push_nightly"),
        {"hour": 1, "minute": 30},
    ),
    "edfi_clean_up": Job(
        _l("Delete the logs of old pushes to Ed-Fi"),
        _every_time("edfi.outcomes", "clean_up"),
        {"hour": 4, "minute": 20},
    ),
    "job_runs_clean_up": Job(
        _l("Delete the history of old job runs"), _every_time("jobs", "clean_up"), {"hour": 4, "minute": 10}
    ),
}


def run(name: str, day: date, *, force: bool = False) -> JobRun:
    """Run a job for a day and record the run. A daily job that went well is not run again, unless forced.

    Raises NotFound for an unknown job, Invalid for a day that cannot be meant, and, once recorded, what the job raises.
    """
    job = JOBS.get(name)
    if job is None:
        raise NotFound(f"There is no job named {name}.")
    _check_day(day)
    if job.daily and not force and (done := _success(name, day)):
        return done
    record = _run(job, _begin(name, day), day)
    if not job.daily and not record.rows:
        _forget(record.id)  # a run a minute that found nothing to do is no history
    return record


def _check_day(day: date) -> None:
    """Raises Invalid for a day to come, of which a job would tell what has not happened, or one before all schools."""
    reason = _("This day has not come yet.") if day > school.today() else ""
    if day.year < FIRST_YEAR:
        reason = _("The day is before the year %(year)s.", year=FIRST_YEAR)
    if reason:
        raise Invalid(reason, fields={"day": [reason]})


def _run(job: Job, run_id: UUID, day: date) -> JobRun:
    try:
        rows = job.run(day)
    except BaseException as error:
        _finish(run_id, error=f"{type(error).__name__}: {error}"[:MOST_ERROR_CHARACTERS])
        raise
    return _finish(run_id, rows=rows)


class RunInput(Input):
    """A job, and the school's day for which it is to run."""

    name: Literal[tuple(JOBS)]  # type: ignore[valid-type]
    day: CalendarDay


@transactional
def start(values: Mapping[str, Any], *, actor: Actor) -> JobRun:
    """Have a worker run a job now, also when it has gone well for that day. Raises Invalid."""
    _check_day(values["day"])
    run_id = _begin(values["name"], values["day"])
    queue.defer(TASK, run_id=str(run_id))
    return db.session.get_one(JobRun, run_id)


def carry_out(run_id: UUID) -> None:
    """Run what was asked for by `start`, unless that was done. Raises what the job raises, after recording it."""
    asked = _asked(run_id)
    if asked is not None:
        name, day = asked
        _run(JOBS[name], run_id, day)


@transactional
def _asked(run_id: UUID) -> tuple[str, date] | None:
    record = db.session.get(JobRun, run_id)
    open_yet = record is not None and record.finished_at is None and record.name in JOBS
    return (record.name, record.day) if record is not None and open_yet else None


_WENT_WELL: Final = JobRun.finished_at.is_not(None) & JobRun.error.is_(None)


def succeeded(name: str, day: date) -> bool:
    """Whether the job has gone well for the day."""
    return _success(name, day) is not None


def last_success(name: str, before: date) -> date | None:
    """The last day before this one for which the job has gone well."""
    statement = select(func.max(JobRun.day)).where(JobRun.name == name, JobRun.day < before, _WENT_WELL)
    return db.session.scalar(statement)


def history(name: str | None = None, *, limit: int = 50) -> Sequence[JobRun]:
    """Return the latest runs, newest first, of one job or of all."""
    statement = select(JobRun).order_by(JobRun.started_at.desc(), JobRun.id.desc()).limit(limit)
    return db.session.scalars(statement.where(JobRun.name == name) if name else statement).all()


def _success(name: str, day: date) -> JobRun | None:
    return db.session.scalar(select(JobRun).where(JobRun.name == name, JobRun.day == day, _WENT_WELL).limit(1))


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


@transactional
def _forget(run_id: UUID) -> None:
    db.session.execute(delete(JobRun).where(JobRun.id == run_id))


_OLD = text("""
    DELETE FROM job_runs WHERE started_at < now() - CASE WHEN name = ANY(:frequent) THEN CAST(:frequent_kept AS interval)
                                                         ELSE CAST(:kept AS interval) END
""")


@transactional
def clean_up() -> int:
    """Delete the history of runs that are long over; returns how many."""
    frequent = [name for name, job in JOBS.items() if not job.daily]
    facts = {"frequent": frequent, "frequent_kept": FREQUENT_KEPT, "kept": KEPT}
    return int(db.session.execute(_OLD, facts).rowcount)  # type: ignore[attr-defined]
