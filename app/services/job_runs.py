"""The run history of jobs, as a kind of record."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.models.jobs import JobRun
from app.services.resource import Attribute, Kind, Resource, register

JOB_RUNS = register(
    Resource(
        name="Job runs",
        slug="job-runs",
        model=JobRun,
        singular=_l("Job run"),
        plural=_l("Job runs"),
        title=lambda run: f"{run.name}, {run.day}",
        attributes=(
            Attribute("name", _l("Job"), Kind.TEXT, JobRun.name),
            Attribute("day", _l("Day"), Kind.DATE, JobRun.day),
            Attribute("started_at", _l("Started"), Kind.DATETIME, JobRun.started_at, sortable=True),
            Attribute("finished_at", _l("Finished"), Kind.DATETIME, JobRun.finished_at, nullable=True),
            Attribute("rows", _l("Rows"), Kind.NUMBER, JobRun.rows, nullable=True),
            Attribute("error", _l("Error"), Kind.TEXT, JobRun.error, nullable=True),
            Attribute("host", _l("Machine"), Kind.TEXT, JobRun.host, nullable=True),
        ),
        search=JobRun.name,
        search_help=_l("Job"),
        default_sort="-started_at",
        icon="history",
        title_columns=(JobRun.name, JobRun.day),
    )
)
