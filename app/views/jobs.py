"""What the scheduler did."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.policies.actor import Actor
from app.services import school
from app.services.errors import Refusal
from app.services.job_runs import JOB_RUNS
from app.views.base import RecordView
from app.views.page import FormPage, Link


class JobRunView(RecordView):
    resource = JOB_RUNS
    list_columns = ("name", "day", "started_at", "seconds", "rows", "error", "host")
    show_groups = (("", ("name", "day", "started_at", "finished_at", "rows", "host", "error")),)
    description = _l("Every run of a scheduled job: when, for which day, what it wrote, and what went wrong.")
    form_groups = (("", ("name", "day")),)
    form_helps = {"day": _l("For which day of the school. A job may run again for a day: nothing is told twice.")}

    def defaults(self) -> dict[str, Any]:
        return {"day": school.today()}

    def new_link(self, actor: Actor) -> Link | None:
        link = super().new_link(actor)
        if link is not None:
            link.label, link.icon = _("Run a job now"), "play"
        return link

    def form_page(self, record: Any, values: Any, refusal: Refusal) -> FormPage:
        page = super().form_page(record, values, refusal)
        page.title, page.form.submit, page.form.more_submits = _("Run a job now"), _("Run"), []
        return page
