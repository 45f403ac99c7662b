"""REST of reports: the rows of each, as JSON."""

from __future__ import annotations

from typing import Any

from flask import request

from app.api import schemas
from app.api.represent import plain
from app.api.routes import PREFIX, Api, Parameter, route
from app.services import reports
from app.web import current_actor

TEXT = schemas.TEXT
DAY = {"type": "string", "format": "date"}
PARAMETERS = (
    Parameter("first", "The first day of the period.", DAY),
    Parameter("last", "The last day of the period.", DAY),
    Parameter("by", "What the rows are grouped by.", TEXT),
    Parameter("course_id", "Only this course.", schemas.UUID_),
    Parameter("teacher_id", "Only this teacher.", {"type": "integer"}),
)
ROWS = schemas.items({"type": "object"}, title=TEXT, count={"type": "integer"})


class ReportApi(Api):
    route_base = f"{PREFIX}/reports"
    class_permission_name = "Reports"

    @route("GET", "/<report>", "The rows of a report", needs="show", parameters=PARAMETERS, answer=ROWS, others=(404,))
    def show(self, report: str) -> Any:
        """`funnel`, `sources`, `occupancy`, `attendance`, `unpaid` or `running_out`, over the records that you may see.

        `count` is the number of its rows; of `unpaid` and `running_out`, `items` has the first 500.
        """
        told = reports.get(report)
        answer = reports.answer(told, reports.ask(told, request.args), current_actor())
        names = [each.name for each in told.columns]
        items = [{each: plain(row[each]) for each in names} for row in answer.rows]
        return {"title": str(told.title), "count": answer.count, "items": items}
