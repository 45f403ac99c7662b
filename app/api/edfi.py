"""REST of Ed-Fi: what would leave, what keeps records back, and all of it as files."""

from __future__ import annotations

from typing import Any

from flask import Response, stream_with_context

from app.api import schemas
from app.api.routes import PREFIX, Api, route
from app.services.edfi import exporting, mappings, reading
from app.web import current_actor

COUNT = schemas.an_object(resource=schemas.TEXT, records=schemas.COUNT)
UNMAPPED = schemas.an_object(descriptor=schemas.TEXT, value=schemas.TEXT, records=schemas.COUNT)
STATE = schemas.an_object(resources={"type": "array", "items": COUNT}, unmapped={"type": "array", "items": UNMAPPED})
PROBLEM = schemas.an_object(
    resource=schemas.TEXT, record=schemas.TEXT, field=schemas.TEXT, problem=schemas.TEXT, link=schemas.TEXT
)
BINARY = {"type": "string", "contentMediaType": "application/octet-stream"}


class EdFiApi(Api):
    route_base = f"{PREFIX}/edfi"
    class_permission_name = "Ed-Fi"

    @route("GET", "", "How many records leave, and which values have no mapping", needs="show", answer=STATE)
    def show(self) -> Any:
        counts = reading.counts(current_actor())
        return {
            "resources": [{"resource": name, "records": count} for name, count in counts.items()],
            "unmapped": [
                {"descriptor": row.descriptor, "value": row.value, "records": row.records}
                for row in mappings.unmapped()
            ],
        }

    @route(
        "GET",
        "/problems",
        "What keeps records from leaving",
        needs="show",
        answer=schemas.items(PROBLEM, complete=schemas.BOOL),
    )
    def problems(self) -> Any:
        """Up to 200; `complete` is false when not all records were looked at."""
        tally = exporting.problems(current_actor())
        return {
            "items": [
                {
                    "resource": document.resource,
                    "record": document.key,
                    "field": problem.field,
                    "problem": str(problem.message),
                    "link": document.link,
                }
                for document, problem in tally.problems
            ],
            "complete": tally.complete,
        }

    @route(
        "GET",
        "/export.zip",
        "All records as files of JSON",
        needs="export",
        answer=BINARY,
        answer_type="application/zip",
    )
    def export(self) -> Any:
        """A list for each resource, and problems.csv with what was left out and why."""
        name, blocks = exporting.bundle(exporting.Tally(), actor=current_actor())
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(stream_with_context(blocks), mimetype="application/zip", headers=headers)
