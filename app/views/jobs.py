"""What the scheduler did."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.services.job_runs import JOB_RUNS
from app.views.base import RecordView


class JobRunView(RecordView):
    resource = JOB_RUNS
    list_columns = ("name", "day", "started_at", "finished_at", "rows", "error")
    show_groups = (("", ("name", "day", "started_at", "finished_at", "rows", "host", "error")),)
    description = _l("Every run of a scheduled job: when, for which day, what it wrote, and what went wrong.")
