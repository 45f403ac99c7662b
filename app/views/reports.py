"""Reports: the number, the picture, the table under it, and the same as CSV."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Response, render_template, request, stream_with_context
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.services import lookups, reports, school
from app.services.errors import Invalid
from app.services.reports import Answer, Question, Report
from app.services.reports import Column as Told
from app.views import render
from app.views.page import Cell, Chart, Choice, Column, Empty, Field, FieldGroup, Figure, Form, Link, Row, Table
from app.views.security import current_actor, requires


@dataclass(slots=True)
class ReportPage:
    title: str
    description: str
    filters: Form | None = None
    figures: list[Figure] = field(default_factory=list)
    more: str = ""
    charts: list[Chart] = field(default_factory=list)
    table: Table | None = None
    tools: list[Link] = field(default_factory=list)
    tabs: list[Link] = field(default_factory=list)
    tables: list[Any] = field(default_factory=list)


class ReportView(BaseView):
    route_base = "/reports"
    class_permission_name = "Reports"
    default_view = "index"

    @expose("/")
    @requires("show")
    def index(self) -> Any:
        rows = [
            Row(
                name,
                f"/reports/{name}",
                str(each.title),
                [Cell(str(each.title), "link", f"/reports/{name}"), Cell(str(each.description))],
            )
            for name, each in reports.REPORTS.items()
        ]
        heads = [Column("title", _("Report")), Column("description", _("What it tells"))]
        page = ReportPage(_("Reports"), "", table=Table(heads, rows, Empty(_("There is no report for you"))))
        return render_template("report.html", page=page)

    @expose("/<report>")
    @requires("show")
    def show(self, report: str) -> Any:
        told = reports.get(report)
        errors: dict[str, list[Any]] = {}
        try:
            question = reports.ask(told, request.args)
        except Invalid as refusal:
            errors, question = refusal.fields, reports.ask(told, {})
        page = _page(report, told, question, errors)
        return render_template("report.html", page=page), 422 if errors else 200

    @expose("/<report>.csv")
    @requires("show")
    def export(self, report: str) -> Any:
        """The table of the page, with all its rows."""
        told = reports.get(report)
        blocks = reports.export(told, reports.ask(told, request.args), current_actor())
        file = f"{report}-{school.today().isoformat()}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{file}"'}
        return Response(stream_with_context(blocks), mimetype="text/csv", headers=headers)


def _page(name: str, report: Report, question: Question, errors: dict[str, list[Any]]) -> ReportPage:
    actor = current_actor()
    answer = reports.answer(report, question, actor)
    rows = answer.rows
    heads = [
        Column(each.name, str(each.label), align="start" if each.kind in ("text", "date") else "end")
        for each in report.columns
    ]
    shown = [
        Row(
            str(place),
            row["url"],
            str(row["name"]),
            [_cell(each, row, first=at == 0) for at, each in enumerate(report.columns)],
        )
        for place, row in enumerate(rows)
    ]
    query = urlencode([(key, value) for key, value in request.args.items() if value])
    return ReportPage(
        str(report.title),
        str(report.description),
        _filters(name, report, question, errors),
        _figures(report, answer),
        _more(answer),
        _charts(report, rows),
        Table(heads, shown, Empty(_("Nothing to tell"), _("There are no such records in this period."))),
        [Link(_("CSV"), f"/reports/{name}.csv" + (f"?{query}" if query else ""), "download")],
        [Link(str(each.title), f"/reports/{key}", active=key == name) for key, each in reports.REPORTS.items()],
    )


def _cell(column: Told, row: Any, *, first: bool) -> Cell:
    value = row[column.name]
    if value is None:
        return Cell()
    match column.kind:
        case "date":
            return Cell(render.day(value), "date", title=value.isoformat())
        case "percent":
            return Cell(f"{render.number(value)} %", "number")
        case "number" | "money":
            return Cell(_figure(column, value), "number", row.get("urls", {}).get(column.name, ""))
        case _:
            return Cell(str(value), "link" if first and row["url"] else "text", row["url"] if first else "")


def _figures(report: Report, answer: Answer) -> list[Figure]:
    if not report.total:
        return [Figure(_("Rows"), render.number(answer.count))]
    column = next(each for each in report.columns if each.name == report.total)
    return [Figure(str(column.label), _figure(column, answer.total))]


def _figure(column: Told, value: Any) -> str:
    return render.money(value) if column.kind == "money" else render.number(value)


def _more(answer: Answer) -> str:
    if len(answer.rows) == answer.count:
        return ""
    shown, count = render.number(len(answer.rows)), render.number(answer.count)
    return _("These are the first %(shown)s of %(count)s. The CSV has all of them.", shown=shown, count=count)


def _charts(report: Report, rows: Any) -> list[Chart]:
    if not report.charted or not rows:
        return []
    labels = {each.name: str(each.label) for each in report.columns}
    series = [(labels[name], [float(row[name] or 0) for row in rows]) for name in report.charted]
    urls = [[row.get("urls", {}).get(name, row["url"]) for row in rows] for name in report.charted]
    return [Chart(str(report.title), report.kind, [str(row["name"]) for row in rows], series, urls)]


def _filters(name: str, report: Report, question: Question, errors: dict[str, list[Any]]) -> Form | None:
    fields = []
    if report.by:
        choices = [Choice(key, str(label), key == question.by) for key, label in report.by.items()]
        fields.append(Field("by", _("By"), "select", question.by, required=True, choices=choices))
    if report.period:
        fields.append(Field("first", _("From"), "date", question.first.isoformat(), required=True))
        fields.append(Field("last", _("To"), "date", question.last.isoformat(), required=True))
    known = {"course_id": (_("Course"), "courses"), "teacher_id": (_("Teacher"), "teachers")}
    for each in report.filters:
        label, lookup = known[each]
        if not current_actor().may("lookup", lookups.get(lookup).permission[1]):
            continue
        value = getattr(question, each)
        made = Field(each, label, "relation", str(value or ""), lookup_url=f"/lookups/{lookup}?all")
        made.text = lookups.label(lookup, current_actor(), value) if value is not None else ""
        fields.append(made)
    for one in fields:
        one.errors = [str(text) for text in errors.get(one.name, [])]
    return Form(f"/reports/{name}", [FieldGroup("", fields)], _("Show")) if fields else None
