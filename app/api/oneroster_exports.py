"""REST of OneRoster exports: what they have beyond other resources."""

from __future__ import annotations

from typing import Any

from flask import Response

from app.api.base import RecordApi
from app.api.routes import route
from app.models.oneroster import OneRosterExport
from app.services.oneroster import exporting
from app.services.oneroster.export_resource import EXPORTS
from app.web import current_actor


class OneRosterExportApi(RecordApi):
    resource = EXPORTS
    more = ("counts", "faults")
    detail_schemas = {
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "faults": {"type": "array", "items": {"type": "object"}},
    }

    @route(
        "GET",
        "/<pk>/file",
        "Download the bundle",
        needs="show",
        answer={"type": "string", "contentMediaType": "application/zip"},
        answer_type="application/zip",
        others=(404, 409),
    )
    def file(self, pk: str) -> Any:
        """A zip of CSV files, as OneRoster describes it."""
        export, content = exporting.content(self.key(pk), actor=current_actor())
        return bundle(export, content)


def bundle(export: OneRosterExport, content: bytes) -> Response:
    response = Response(content, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{exporting.file_name(export)}"'
    return response
