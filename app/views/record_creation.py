"""How the making of student records goes, and who is still without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, render_template
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import ngettext

from app.policies.actor import Actor
from app.services.records import monitoring, retrying
from app.services.records.monitoring import Figures
from app.views import render
from app.views.page import Cell, Column, Empty, Figure, Link, Row, Section, Table
from app.views.security import current_actor, requires

BASE = "/record-creation"


@dataclass(slots=True)
class RecordCreationPage:
    """`report.html` shows it: figures, and tables under them."""

    title: str
    description: str
    figures: list[Figure]
    tables: list[Section]
    tools: list[Link] = field(default_factory=list)
    tabs: list[Link] = field(default_factory=list)
    charts: list[Any] = field(default_factory=list)
    table: Table | None = None
    filters: Any = None


class RecordCreationView(BaseView):
    route_base = BASE
    class_permission_name = "Record creation"
    default_view = "index"

    @expose("/")
    @requires("show")
    def index(self) -> Any:
        actor, seen = current_actor(), monitoring.figures()
        counted = monitoring.counts()
        wrong = sum(not each.agrees for each in counted)
        waiting = Section(
            _("Without records"), render.number(seen.waiting) if seen.waiting else "", _waiting(actor), "danger"
        )
        agree = Section(_("Counts that must agree"), render.number(wrong) if wrong else "", _counts(counted), "danger")
        page = RecordCreationPage(
            _("Record creation"),
            _(
                "The records of students are made while their family enrolls them. The last %(days)s days.",
                days=monitoring.DAYS,
            ),
            _figures(seen),
            [waiting, agree],
        )
        if seen.waiting and actor.may("retry", self.class_permission_name):
            page.tools = [Link(_("Retry all"), f"{BASE}/retry", "refresh-cw", method="post", primary=True)]
        return render_template("report.html", page=page)

    @expose("/retry", methods=["POST"])
    @requires("retry")
    def retry(self) -> Any:
        """Everything that is due, whether or not something was corrected."""
        result = retrying.retry_waiting(actor=current_actor())
        made, failed = result.count("ok"), result.count("refused")
        text = ngettext("%(num)s set of records made.", "%(num)s sets of records made.", made)
        if failed:
            text += " " + ngettext("%(num)s still cannot be made.", "%(num)s still cannot be made.", failed)
        flash(text, "warning" if failed else "success")
        return redirect(f"{BASE}/")


def _figures(seen: Figures) -> list[Figure]:
    nothing = _("nothing tried yet")
    return [
        Figure(
            _("Success"),
            _("%(rate)s %%", rate=render.number(round(100 * seen.rate, 1))) if seen.rate is not None else "-",
            note=_("goal: over 95 %%; attempts: %(count)s", count=render.number(seen.attempts))
            if seen.attempts
            else nothing,
            tone="" if seen.rate_is_met else "danger",
        ),
        Figure(
            _("From step to records"),
            _("%(seconds)s s", seconds=render.number(round(seen.latency, 1))) if seen.latency is not None else "-",
            note=_("95 of 100 are quicker; goal: under 30 s") if seen.latency is not None else nothing,
            tone="" if seen.latency_is_met else "danger",
        ),
        Figure(
            _("Without records"),
            render.number(seen.waiting),
            note=_("due, and not made"),
            tone="danger" if seen.waiting else "",
        ),
    ]


def _waiting(actor: Actor) -> Table:
    heads = [
        Column("student", _("Student")),
        Column("code", _("Enrollment")),
        Column("since", _("Due since")),
        Column("why", _("What is missing")),
        Column("tried", _("Last tried")),
    ]
    rows = []
    for each in monitoring.without_records(actor):
        url = f"/enrollments/{each.id}"
        why = retrying.reason(each.fields or {}, each.message or "") or _("not tried yet")
        rows.append(
            Row(
                str(each.id),
                url,
                each.name,
                [
                    Cell(each.name, "link", url),
                    Cell(each.enrollment_code),
                    Cell(render.moment(each.records_due_since), "datetime", title=each.records_due_since.isoformat()),
                    Cell(why),
                    Cell(render.moment(each.at), "datetime", title=each.at.isoformat()) if each.at else Cell(),
                ],
            )
        )
    return Table(heads, rows, Empty(_("Nobody waits for records"), _("Every record that is due has been made.")))


def _counts(counted: Sequence[Any]) -> Table:
    heads = [
        Column("what", _("Of the enrollments that have records")),
        Column("expected", _("Expected"), align="end"),
        Column("found", _("Found"), align="end"),
        Column("state", _("State")),
    ]
    rows = [
        Row(
            each.name,
            "",
            str(each.label),
            [
                Cell(str(each.label)),
                Cell(render.number(each.expected), "number"),
                Cell(render.number(each.found), "number"),
                Cell(_("Agrees"), "badge", tone="success")
                if each.agrees
                else Cell(_("Differs"), "badge", tone="danger"),
            ],
        )
        for each in counted
    ]
    return Table(heads, rows, Empty(""))
