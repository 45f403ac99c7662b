"""Importing records from a file: upload, check with every fault at once, confirm, progress, result, undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, jsonify, redirect, render_template, request, stream_with_context
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.models.imports import Import
from app.policies.actor import Actor
from app.services import import_reports, import_undo, imports
from app.services.errors import Invalid
from app.views.imports import pages
from app.views.imports.kinds import (
    ACCOUNT_IMPORTS,
    INVITATION_IMPORTS,
    LEAD_IMPORTS,
    REGISTRATION_IMPORTS,
    STUDENT_IMPORTS,
    Kind,
)
from app.views.imports.pages import STATES
from app.views.page import (
    Cell,
    ImportPage,
    Link,
)
from app.views.security import current_actor, requires


class ImportView(BaseView):
    """The screens of one kind of import."""

    kind: Kind
    default_view = "index"

    def __init__(self) -> None:
        self.route_base, self.class_permission_name = self.kind.base, self.kind.permission
        super().__init__()

    @expose("/")
    @requires("list")
    def index(self) -> Any:
        """The imports so far."""
        page = ImportPage(
            str(self.kind.many),
            "",
            Cell(),
            history=pages.history(self.kind, current_actor()),
            list_url=f"/{self.kind.resource.slug}/",
            list_title=str(self.kind.resource.plural),
        )
        if current_actor().may("add", self.class_permission_name):
            page.actions = [Link(str(self.kind.new), f"{self.kind.base}/new", "upload", primary=True)]
        return render_template("import.html", page=page)

    @expose("/new", methods=["GET", "POST"])
    @requires("add")
    def new(self) -> Any:
        if request.method == "GET":
            return render_template("import.html", page=pages.new_page(self.kind, {}, current_actor()))
        try:
            job = imports.start(self.kind.name, *_upload(), actor=current_actor(), options=self.kind.options())
        except Invalid as refusal:
            page = pages.new_page(self.kind, refusal.fields, current_actor())
            return render_template("import.html", page=page), refusal.status
        return redirect(f"{self.kind.base}/{job.id}")

    @expose("/template.csv")
    @requires("add")
    def template(self) -> Any:
        return _file(import_reports.template(self.kind.name), f"{self.kind.name}-template.csv")

    @expose("/<uuid:import_id>")
    @requires("show")
    def show(self, import_id: UUID) -> Any:
        job = self.job(import_id)
        offset = request.args.get("from", "0")
        return render_template(
            "import.html",
            page=pages.page_of(
                self.kind, job, int(offset) if offset.isdecimal() and len(offset) < 9 else 0, current_actor()
            ),
        )

    @expose("/<uuid:import_id>/status")
    @requires("show")
    def status(self, import_id: UUID) -> Any:
        """What the progress bar asks for."""
        job = self.job(import_id)
        state, label, _tone = STATES[job.status]
        return jsonify(
            state=state,
            done=job.done_rows,
            total=job.total_rows,
            percent=pages.percent(job),
            message=str(label),
            reload=state not in pages.BUSY,
        )

    @expose("/<uuid:import_id>/report.csv")
    @requires("show")
    def report(self, import_id: UUID) -> Any:
        self.job(import_id)
        return _file(
            stream_with_context(_lazily(import_id, current_actor())), f"import-report-{str(import_id)[:8]}.csv"
        )

    @expose("/<uuid:import_id>/confirm", methods=["POST"])
    @requires("confirm")
    def confirm(self, import_id: UUID) -> Any:
        imports.confirm(self.job(import_id).id, actor=current_actor())
        return redirect(f"{self.kind.base}/{import_id}")

    @expose("/<uuid:import_id>/undo", methods=["POST"])
    @requires("undo")
    def undo(self, import_id: UUID) -> Any:
        import_undo.ask(self.job(import_id).id, actor=current_actor())
        return redirect(f"{self.kind.base}/{import_id}")

    def job(self, import_id: UUID) -> Import:
        """The import, if it is of this kind and the actor may see it. Raises NotFound."""
        return import_reports.get(import_id, current_actor(), self.kind.name)


class LeadImportView(ImportView):
    kind = LEAD_IMPORTS


class AccountImportView(ImportView):
    kind = ACCOUNT_IMPORTS


class TestRegistrationImportView(ImportView):
    __test__ = False
    kind = REGISTRATION_IMPORTS


class InvitationImportView(ImportView):
    kind = INVITATION_IMPORTS


class StudentRecordImportView(ImportView):
    kind = STUDENT_IMPORTS


def _lazily(import_id: UUID, actor: Actor) -> Any:
    """The report, read while it is sent: by then the request's own session is closed."""
    yield from import_reports.report(import_id, actor)


def _file(content: Any, name: str) -> Response:
    return Response(content, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _upload() -> tuple[str, bytes]:
    """The name and content of the posted file. Raises Invalid when there is none."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid(fields={"file": [_("Choose a CSV file.")]})
    return file.filename, file.read()
