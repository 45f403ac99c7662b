"""Importing records from a file: upload, check with every fault at once, confirm, progress, result, undo."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from flask import Response, jsonify, redirect, render_template, request, stream_with_context
from flask_appbuilder import BaseView, expose
from flask_babel import lazy_gettext as _l

from app.models.imports import Import
from app.policies.actor import Actor
from app.services import import_reports, import_undo, imports
from app.services.csv_files.options import CHOICES
from app.services.errors import Invalid, NotFound
from app.views.imports import pages
from app.views.imports.kinds import (
    ACCOUNT_IMPORTS,
    INVITATION_IMPORTS,
    LEAD_IMPORTS,
    REGISTRATION_IMPORTS,
    STUDENT_IMPORTS,
    Errors,
    Kind,
)
from app.views.imports.pages import BUSY, STATES
from app.views.page import Cell, ImportPage, Link, Table
from app.views.security import current_actor, requires


class ImportScreens(BaseView, ABC):
    """The screens of an import, whatever is imported: `resource` is what the services call it."""

    default_view = "index"
    resource: str
    many: Any  # the title of the imports so far
    new_title: Any
    no_file: Any
    above: tuple[str, Any] = ("", "")  # address and title of what is imported into
    report_name = "import-report"

    @abstractmethod
    def history_table(self, actor: Actor) -> Table:
        """The imports so far."""

    @abstractmethod
    def new_page(self, errors: Errors, actor: Actor) -> ImportPage:
        """The upload form."""

    @abstractmethod
    def page_of(self, job: Import, offset: int, actor: Actor) -> ImportPage:
        """One import, with its faults from `offset` on."""

    def options(self) -> dict[str, Any]:
        """What was posted beside the file. Raises Invalid."""
        return {}

    def carry_out(self, job: Import, actor: Actor) -> None:
        """Ask for a checked import to be carried out."""
        imports.confirm(job.id, actor=actor)

    @expose("/")
    @requires("list")
    def index(self) -> Any:
        """The imports so far."""
        url, title = self.above
        page = ImportPage(str(self.many), "", Cell(), list_url=url, list_title=str(title))
        page.history = self.history_table(current_actor())
        if current_actor().may("add", self.class_permission_name):
            page.actions = [Link(str(self.new_title), f"{self.route_base}/new", "upload", primary=True)]
        return render_template("import.html", page=page)

    @expose("/new", methods=["GET", "POST"])
    @requires("add")
    def new(self) -> Any:
        actor = current_actor()
        if request.method == "GET":
            return render_template("import.html", page=self.new_page({}, actor))
        try:
            job = imports.start(self.resource, *self._upload(), actor=actor, options=self.options())
        except Invalid as refusal:
            return render_template("import.html", page=self.new_page(refusal.fields, actor)), refusal.status
        return redirect(f"{self.route_base}/{job.id}")

    @expose("/<uuid:import_id>")
    @requires("show")
    def show(self, import_id: UUID) -> Any:
        offset = request.args.get("from", "0")
        start = int(offset) if offset.isascii() and offset.isdecimal() and len(offset) < 9 else 0
        return render_template("import.html", page=self.page_of(self.job(import_id), start, current_actor()))

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
            reload=state not in BUSY,
        )

    @expose("/<uuid:import_id>/report.csv")
    @requires("show")
    def report(self, import_id: UUID) -> Any:
        """Every fault, as a file."""
        self.job(import_id)
        rows = stream_with_context(_lazily(import_reports.report, import_id, current_actor()))
        return _file(rows, f"{self.report_name}-{str(import_id)[:8]}.csv")

    @expose("/<uuid:import_id>/confirm", methods=["POST"])
    @requires("confirm")
    def confirm(self, import_id: UUID) -> Any:
        self.carry_out(self.job(import_id), current_actor())
        return redirect(f"{self.route_base}/{import_id}")

    def job(self, import_id: UUID) -> Import:
        """The import, if it is of this kind and the actor may see it. Raises NotFound."""
        return import_reports.get(import_id, current_actor(), self.resource)

    def _upload(self) -> tuple[str, bytes]:
        """The name and content of the posted file. Raises Invalid when there is none."""
        file = request.files.get("file")
        if file is None or not file.filename:
            raise Invalid(fields={"file": [str(self.no_file)]})
        return file.filename, file.read()


class CsvImportView(ImportScreens):
    """The screens of one kind of CSV file, which can be taken back."""

    kind: Kind
    no_file = _l("Choose a CSV file.")

    def __init__(self) -> None:
        self.route_base, self.class_permission_name = self.kind.base, self.kind.permission
        self.resource, self.many, self.new_title = self.kind.name, self.kind.many, self.kind.new
        self.above = f"/{self.kind.resource.slug}/", self.kind.resource.plural
        super().__init__()

    def history_table(self, actor: Actor) -> Table:
        return pages.history(self.kind, actor)

    def new_page(self, errors: Errors, actor: Actor) -> ImportPage:
        return pages.new_page(self.kind, errors, actor)

    def page_of(self, job: Import, offset: int, actor: Actor) -> ImportPage:
        return pages.page_of(self.kind, job, offset, actor)

    def options(self) -> dict[str, Any]:
        return self.kind.options() | {name: request.form[name] for name in CHOICES if name in request.form}

    @expose("/<uuid:import_id>/rows-to-mend.csv")
    @requires("show")
    def rows_to_mend(self, import_id: UUID) -> Any:
        """The rows that are not imported, each with what is wrong with it."""
        job = self.job(import_id)
        if not import_reports.kinds_to_mend(job):
            raise NotFound
        rows = stream_with_context(_lazily(import_reports.rows_to_mend, import_id, current_actor()))
        return _file(rows, f"{self.resource}-to-mend-{str(import_id)[:8]}.csv")

    @expose("/template.csv")
    @requires("add")
    def template(self) -> Any:
        return _file(import_reports.template(self.resource), f"{self.resource}-template.csv")

    @expose("/<uuid:import_id>/undo", methods=["POST"])
    @requires("undo")
    def undo(self, import_id: UUID) -> Any:
        import_undo.ask(self.job(import_id).id, actor=current_actor())
        return redirect(f"{self.route_base}/{import_id}")


class LeadImportView(CsvImportView):
    kind = LEAD_IMPORTS


class AccountImportView(CsvImportView):
    kind = ACCOUNT_IMPORTS


class TestRegistrationImportView(CsvImportView):
    __test__ = False
    kind = REGISTRATION_IMPORTS


class InvitationImportView(CsvImportView):
    kind = INVITATION_IMPORTS


class StudentRecordImportView(CsvImportView):
    kind = STUDENT_IMPORTS


def _lazily(read: Callable[[UUID, Actor], Iterator[bytes]], import_id: UUID, actor: Actor) -> Any:
    """A file that is read while it is sent: by then the request's own session is closed."""
    yield from read(import_id, actor)


def _file(content: Any, name: str) -> Response:
    return Response(content, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})
