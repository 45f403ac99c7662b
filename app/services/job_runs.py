"""The run history of jobs, as a kind of record."""

from __future__ import annotations

from typing import Any

from flask_babel import format_date
from flask_babel import lazy_gettext as _l
from sqlalchemy import func

from app.models.jobs import JobRun
from app.services import jobs
from app.services.resource import Attribute, Kind, Option, Resource, register

_NAMES = tuple(Option(name, job.title) for name, job in jobs.JOBS.items())
_SECONDS = func.round(func.extract("epoch", JobRun.finished_at - JobRun.started_at), 1)


def title(run: Any) -> str:
    """What the job does, and for which day; a job that is no more has only its name."""
    job = jobs.JOBS.get(run.name)
    return f"{job.title if job else run.name}, {format_date(run.day)}"


JOB_RUNS = register(
    Resource(
        name="Job runs",
        slug="job-runs",
        model=JobRun,
        singular=_l("Job run"),
        plural=_l("Job runs"),
        title=title,
        attributes=(
            Attribute("name", _l("Job"), Kind.CHOICE, JobRun.name, options=_NAMES),
            Attribute("day", _l("Day"), Kind.DATE, JobRun.day),
            Attribute("started_at", _l("Started"), Kind.DATETIME, JobRun.started_at, sortable=True),
            Attribute("finished_at", _l("Finished"), Kind.DATETIME, JobRun.finished_at, nullable=True),
            Attribute("seconds", _l("Seconds"), Kind.NUMBER, _SECONDS, nullable=True, filterable=False),
            Attribute("rows", _l("Rows"), Kind.NUMBER, JobRun.rows, nullable=True),
            Attribute("error", _l("Error"), Kind.TEXT, JobRun.error, nullable=True),
            Attribute("host", _l("Machine"), Kind.TEXT, JobRun.host, nullable=True),
        ),
        input=jobs.RunInput,
        labels={"name": _l("Job"), "day": _l("Day")},
        options={"name": _NAMES},
        create=jobs.start,
        search=JobRun.name,
        search_help=_l("Name as in the command line"),
        default_sort="-started_at",
        icon="history",
        title_columns=(JobRun.name, JobRun.day),
    )
)
