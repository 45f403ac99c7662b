"""REST of imports: upload, check, issues, confirm, undo. Checking and importing are done by the queue's workers;
ask for the import until its status is `checked`, `done` or `failed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from flask import Response, request, stream_with_context
from flask_babel import gettext as _

from app.api import lists, schemas
from app.api.positions import read_number
from app.api.represent import mapping
from app.api.routes import MULTIPART, PREFIX, Api, Parameter, route
from app.models.imports import Import, ImportStatus, IssueKind
from app.policies.actor import Actor
from app.services import import_reports, import_undo, imports
from app.services.csv_files.options import CHOICES
from app.services.errors import Invalid, NotFound
from app.services.lookups import key_of_choice
from app.web import current_actor

SHOWN = (
    "id",
    "resource",
    "file_name",
    "sha256",
    "status",
    "message",
    "total_rows",
    "done_rows",
    "new_rows",
    "invalid_rows",
    "duplicate_rows",
    "unchanged_rows",
    "created_at",
    "created_by_id",
    "checked_at",
    "finished_at",
)
COUNTS = {name: schemas.COUNT for name in SHOWN if name.endswith("_rows")}
IMPORT = schemas.an_object(
    id=schemas.UUID_,
    resource=schemas.TEXT,
    file_name=schemas.TEXT,
    sha256=schemas.TEXT,
    status={"type": "string", "enum": [status.value for status in ImportStatus]},
    message=schemas.TEXT,
    **COUNTS,
    created_at=schemas.MOMENT,
    created_by_id=schemas.null_or({"type": "integer"}),
    checked_at=schemas.null_or(schemas.MOMENT),
    finished_at=schemas.null_or(schemas.MOMENT),
)
SAMPLE = {"type": "array", "items": {"type": "object"}, "description": "The first rows as they are written."}
FULL = schemas.an_object(**IMPORT["properties"], sample=SAMPLE)
ISSUE_COLUMNS = ("id", "file", "line", "column", "value", "kind", "rule", "fix", "record_id")
ISSUE = schemas.an_object(
    id={"type": "integer"},
    file={"type": "string", "description": "Which file of several; empty where there is one."},
    line={"type": "integer"},
    column=schemas.TEXT,
    value=schemas.TEXT,
    kind={"type": "string", "enum": [kind.value for kind in IssueKind]},
    rule=schemas.TEXT,
    fix=schemas.TEXT,
    record_id=schemas.null_or(schemas.UUID_),
)
READING = {name: {"type": "string", "enum": list(values), "default": values[0]} for name, values in CHOICES.items()}
FILE: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "contentMediaType": "text/csv", "description": "At most 200,000 rows and 32 MB."},
        **READING,
    },
}
LEAD_FILE = {
    "type": "object",
    "required": ["file"],
    "properties": {
        **FILE["properties"],
        "duplicates": {"type": "string", "enum": ["skip", "import"], "default": "skip"},
        "default_owner_id": {
            "type": "string",
            "description": "Who gets rows that name no owner; empty: nobody. Unless given, you.",
        },
    },
}
ISSUES_PAGE = 100
FROM = Parameter("from", "How many issues to pass over, from `next`.", {"type": "integer", "minimum": 0, "default": 0})


class ImportApi(Api):
    """The routes of one kind of import."""

    resource: str

    def upload_body(self) -> Any:
        """What is uploaded, as a schema."""
        return FILE

    def options(self) -> dict[str, Any]:
        """What was sent beside the file. Raises Invalid."""
        return {name: request.form[name] for name in CHOICES if name in request.form}

    def job(self, import_id: UUID) -> Import:
        return import_reports.get(import_id, current_actor(), self.resource)

    @route("GET", "", "The latest imports", needs="list", answer=schemas.items(IMPORT))
    def index(self) -> Any:
        return {"items": [_shown(job) for job in import_reports.history(self.resource, current_actor())]}

    @route(
        "POST",
        "",
        "Upload a file, to be checked",
        needs="add",
        body=lambda api: api.upload_body(),
        content=MULTIPART,
        status=201,
        answer=FULL,
    )
    def upload(self) -> Any:
        file = request.files.get("file")
        if file is None or not file.filename:
            raise Invalid(fields={"file": [_("Choose a CSV file.")]})
        job = imports.start(self.resource, file.filename, file.read(), actor=current_actor(), options=self.options())
        return _full(job), 201, {"Location": f"{self.route_base}/{job.id}"}

    @route(
        "GET",
        "/template.csv",
        "An empty file with all columns",
        needs="add",
        answer=schemas.TEXT,
        answer_type="text/csv",
    )
    def template(self) -> Any:
        return _file(import_reports.template(self.resource), f"{self.resource}-template.csv")

    @route(
        "GET",
        "/<uuid:import_id>",
        "An import: its status, counts and first rows",
        needs="show",
        answer=FULL,
        others=(404,),
    )
    def show(self, import_id: UUID) -> Any:
        return _full(self.job(import_id))

    @route(
        "GET",
        "/<uuid:import_id>/issues",
        "What is wrong with which line",
        needs="show",
        parameters=(FROM,),
        answer=schemas.items(ISSUE, total=schemas.COUNT, next=schemas.ADDRESS),
        others=(404,),
    )
    def issues(self, import_id: UUID) -> Any:
        self.job(import_id)
        offset = min(read_number("from") or 0, 10**9)
        found, total = import_reports.issues(import_id, current_actor(), offset=offset, limit=ISSUES_PAGE)
        more = offset + len(found)
        older = f"{self.route_base}/{import_id}/issues?from={more}" if found and more < total else None
        items = [mapping({name: getattr(each, name) for name in ISSUE_COLUMNS}) for each in found]
        return {"items": items, "total": total, "next": older}, 200, lists.link_header({"next": older})

    @route(
        "GET",
        "/<uuid:import_id>/report.csv",
        "What is wrong, as a file",
        needs="show",
        answer=schemas.TEXT,
        answer_type="text/csv",
        others=(404,),
    )
    def report(self, import_id: UUID) -> Any:
        self.job(import_id)
        return _file(_lazily(import_reports.report, import_id), f"import-report-{str(import_id)[:8]}.csv")

    @route(
        "GET",
        "/<uuid:import_id>/rows-to-mend.csv",
        "The rows that are not imported, each with what is wrong with it",
        needs="show",
        answer=schemas.TEXT,
        answer_type="text/csv",
        others=(404,),
    )
    def rows_to_mend(self, import_id: UUID) -> Any:
        """As they stand in the file; the column `to_mend` is left out when the file is uploaded again."""
        if not import_reports.kinds_to_mend(self.job(import_id)):
            raise NotFound
        rows = _lazily(import_reports.rows_to_mend, import_id)
        return _file(rows, f"{self.resource}-to-mend-{str(import_id)[:8]}.csv")

    @route(
        "POST",
        "/<uuid:import_id>/confirm",
        "Import the good rows of a checked file",
        needs="confirm",
        answer=FULL,
        others=(404, 409),
    )
    def confirm(self, import_id: UUID) -> Any:
        """Asking again changes nothing."""
        return _full(imports.confirm(self.job(import_id).id, actor=current_actor()))

    @route("POST", "/<uuid:import_id>/undo", "Take an import back", needs="undo", answer=FULL, others=(404, 409))
    def undo(self, import_id: UUID) -> Any:
        """A worker does it: the status is `undoing`, then `undone`, or `done` again with the reason in `message`. What
        somebody has worked with since is kept, and listed among the issues.
        """
        return _full(import_undo.ask(self.job(import_id).id, actor=current_actor()))


class LeadImportApi(ImportApi):
    route_base = f"{PREFIX}/lead-imports"
    class_permission_name = "Lead imports"
    resource = "leads"

    def upload_body(self) -> Any:
        return LEAD_FILE

    def options(self) -> dict[str, Any]:
        options = super().options() | {"duplicates": request.form.get("duplicates", "skip")}
        raw = request.form.get("default_owner_id")
        if raw is not None:
            options["default_owner_id"] = key_of_choice("staff", raw) if raw else None
            if raw and options["default_owner_id"] is None:
                raise Invalid(fields={"default_owner_id": [_("Choose one from the list.")]})
        return options


class AccountImportApi(ImportApi):
    """Accounts are made without a password; taking an import back deactivates them."""

    route_base = f"{PREFIX}/account-imports"
    class_permission_name = "Account imports"
    resource = "accounts"


def _lazily(read: Callable[[UUID, Actor], Iterator[bytes]], import_id: UUID) -> Iterator[bytes]:
    """A file that is read while it is sent."""

    def sent() -> Iterator[bytes]:
        yield from read(import_id, current_actor())

    return stream_with_context(sent())


def _shown(job: Import) -> dict[str, Any]:
    return mapping({name: getattr(job, name) for name in SHOWN})


def _full(job: Import) -> dict[str, Any]:
    return _shown(job) | {"sample": job.sample}


def _file(content: Any, name: str) -> Response:
    return Response(content, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})
