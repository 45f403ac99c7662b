"""REST of student records: how their making goes, and the import of students."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _

from app.api import schemas
from app.api.imports import ImportApi
from app.api.represent import mapping, result
from app.api.routes import PREFIX, Api, route
from app.services.errors import Invalid
from app.services.records import importing, monitoring, retrying
from app.web import current_actor

NUMBER = schemas.null_or({"type": "number"})
FIGURES = schemas.an_object(
    attempts=schemas.COUNT,
    succeeded=schemas.COUNT,
    rate=NUMBER,
    median=NUMBER,
    latency=NUMBER,
    slowest=NUMBER,
    waiting=schemas.COUNT,
    rate_is_met={"type": "boolean"},
    latency_is_met={"type": "boolean"},
    counts={"type": "array", "items": {"type": "object"}},
    without_records={"type": "array", "items": {"type": "object"}},
)


class RecordCreationApi(Api):
    """How often and how quickly the records of students are made, and who is still without."""

    route_base = f"{PREFIX}/record-creation"
    class_permission_name = "Record creation"

    @route("GET", "/", "How the making of records goes", needs="show", answer=FIGURES)
    def read(self) -> Any:
        """Of the last 90 days: the share of attempts that succeeded, seconds from step to records (median, 95th
        percentile, slowest), who still waits, and counts that must be the same. An enrollment's records are made again
        by its action `retry_records`.
        """
        seen = monitoring.figures()
        names = ("attempts", "succeeded", "rate", "median", "latency", "slowest", "waiting")
        told = {name: getattr(seen, name) for name in (*names, "rate_is_met", "latency_is_met")}
        counts = [
            {"name": each.name, "expected": each.expected, "found": each.found, "agrees": each.agrees}
            for each in monitoring.counts()
        ]
        waiting = [mapping(row._mapping) for row in monitoring.without_records(current_actor())]
        return told | {"counts": counts, "without_records": waiting}

    @route("POST", "/retry", "Make the records that are due and missing", needs="retry", answer=schemas.RESULT)
    def retry(self) -> Any:
        """Also where nothing was corrected since they failed. Repeating it never duplicates."""
        return result(retrying.retry_waiting(actor=current_actor()), dry_run=False)


class StudentRecordImportApi(ImportApi):
    """Students of another system, each with the whole set of records."""

    route_base = f"{PREFIX}/student-record-imports"
    class_permission_name = "Student record imports"
    resource = "students"

    def upload_body(self) -> Any:
        body: dict[str, Any] = super().upload_body()
        properties = body["properties"] | {"duplicates": {"type": "string", "enum": list(importing.DUPLICATES)}}
        return body | {"properties": properties}

    def options(self) -> dict[str, Any]:
        chosen = request.form.get("duplicates", "skip")
        if chosen not in importing.DUPLICATES:
            raise Invalid(fields={"duplicates": [_("Choose one from the list.")]})
        return super().options() | {"duplicates": chosen}
