"""How the machinery does, and what became of e-mail."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.services import operations
from app.services.deliveries import DELIVERIES
from app.services.operations import JobState, State
from app.services.people import name_of
from app.views import render
from app.views.base import RecordView
from app.views.page import Cell, Column, Empty, Row, Section, Table, WorklistPage
from app.views.security import requires


class OperationsView(BaseView):
    route_base = "/operations"
    class_permission_name = "Operations"
    default_view = "index"

    @expose("/")
    @requires("show")
    def index(self) -> Any:
        state = operations.state()
        page = WorklistPage(
            _("Operations"),
            _("What runs beside the pages: scheduled jobs, queued work, e-mail."),
            [_health(state), _jobs(state.jobs), _queue(state)],
        )
        return render_template("worklist.html", page=page)


def _health(state: State) -> Section:
    facts = (
        (_("Scheduler"), _("A scheduler leads") if state.leads else _("No scheduler leads"), state.leads),
        (_("Workers"), render.number(state.workers), state.workers > 0),
        (_("E-mail due now"), render.number(state.due), True),
        (_("E-mail that waits"), render.number(state.later), True),
        (_("E-mail that failed"), render.number(state.failed), not state.failed),
    )
    rows = [
        Row(str(number), "", name, [Cell(name), Cell(text, "badge", tone="success" if well else "danger")])
        for number, (name, text, well) in enumerate(facts)
    ]
    columns = [Column("what", _("What")), Column("how", _("State"))]
    return Section(_("Now"), "", Table(columns, rows, Empty("")))


def _jobs(jobs: list[JobState]) -> Section:
    columns = [
        Column("job", _("Job")),
        Column("when", _("When")),
        Column("last", _("Last run")),
        Column("how", _("How it went")),
        Column("seconds", _("Seconds"), align="end"),
    ]
    rows = [Row(job.name, "", job.title, _job_cells(job)) for job in jobs]
    return Section(_("Jobs"), render.number(len(jobs)), Table(columns, rows, Empty("")))


def _job_cells(job: JobState) -> list[Cell]:
    last = job.last
    if last.id is None:
        return [Cell(job.title), Cell(job.schedule, "muted"), Cell(), Cell(_("Never run"), "badge"), Cell()]
    text, tone = (
        (_("Failed"), "danger")
        if last.error
        else (_("Running"), "info")
        if last.finished_at is None
        else (_("Done: %(rows)s rows", rows=render.number(last.rows or 0)), "success")
    )
    took = operations.seconds(last)
    return [
        Cell(job.title),
        Cell(job.schedule, "muted"),
        Cell(render.moment(last.started_at), "link", f"/job-runs/{last.id}"),
        Cell(text, "badge", tone=tone, title=(last.error or "")[:200]),
        Cell(render.number(round(took, 1)), "number") if took is not None else Cell(),
    ]


def _queue(state: State) -> Section:
    columns = [
        Column("task", _("Task")),
        *(
            Column(name, label, align="end")
            for name, label in (
                ("waiting", _("Waiting")),
                ("running", _("Running")),
                ("failed", _("Failed")),
                ("succeeded", _("Done")),
            )
        ),
    ]
    rows = [
        Row(
            row.task_name,
            "",
            row.task_name,
            [
                Cell(row.task_name),
                *(
                    Cell(render.number(each), "number")
                    for each in (row.waiting, row.running, row.failed, row.succeeded)
                ),
            ],
        )
        for row in state.queue
    ]
    return Section(_("Queue, of the last month"), "", Table(columns, rows, Empty(_("Nothing was queued yet."))))


class DeliveryView(RecordView):
    resource = DELIVERIES
    list_columns = ("recipient", "notice", "status", "created_at", "sent_at", "error")
    show_groups = (
        ("", ("recipient", "status", "attempts", "created_at", "next_attempt_at", "sent_at")),
        (_l("For the mail server"), ("message_id", "error")),
    )
    description = _l("E-mail of notices: what was sent, what waits, what failed and why.")

    def fact(self, record: Any, name: str) -> Cell:
        return Cell(name_of(record.recipient_id), "person") if name == "recipient" else super().fact(record, name)
