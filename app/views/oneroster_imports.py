"""Importing bundles of OneRoster: upload, check with every fault at once, preview by file, confirm, progress, result."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, jsonify, redirect, render_template, request, stream_with_context
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.models.imports import Import
from app.policies.actor import Actor
from app.services import import_reports, imports
from app.services.errors import Invalid
from app.services.oneroster.importing import confirming
from app.services.oneroster.importing.run import RESOURCE
from app.views import oneroster_import_pages as pages
from app.views.imports.pages import BUSY, STATES, percent
from app.views.page import Cell, ImportPage, Link
from app.views.security import current_actor, requires

BASE = pages.BASE
PERMISSION = pages.PERMISSION


class OneRosterImportView(BaseView):
    route_base = BASE
    class_permission_name = PERMISSION
    default_view = "index"

    @expose("/")
    @requires("list")
    def index(self) -> Any:
        """The imports so far."""
        page = ImportPage(_("Imports of bundles"), "", Cell(), history=pages.history(current_actor()))
        if current_actor().may("add", PERMISSION):
            page.actions = [Link(_("Import a bundle"), f"{BASE}/new", "upload", primary=True)]
        return render_template("import.html", page=page)

    @expose("/new", methods=["GET", "POST"])
    @requires("add")
    def new(self) -> Any:
        if request.method == "GET":
            return render_template("import.html", page=pages.new_page({}))
        try:
            job = imports.start(RESOURCE, *_upload(), actor=current_actor())
        except Invalid as refusal:
            return render_template("import.html", page=pages.new_page(refusal.fields)), refusal.status
        return redirect(f"{BASE}/{job.id}")

    @expose("/<uuid:import_id>")
    @requires("show")
    def show(self, import_id: UUID) -> Any:
        offset = request.args.get("from", "0")
        start = int(offset) if offset.isascii() and offset.isdecimal() and len(offset) < 9 else 0
        return render_template("import.html", page=pages.page_of(_job(import_id), start, current_actor()))

    @expose("/<uuid:import_id>/status")
    @requires("show")
    def status(self, import_id: UUID) -> Any:
        """What the progress bar asks for."""
        job = _job(import_id)
        state, label, _tone = STATES[job.status]
        return jsonify(
            state=state,
            done=job.done_rows,
            total=job.total_rows,
            percent=percent(job),
            message=str(label),
            reload=state not in BUSY,
        )

    @expose("/<uuid:import_id>/report.csv")
    @requires("show")
    def report(self, import_id: UUID) -> Any:
        """Every fault, as a file."""
        _job(import_id)
        name = f"oneroster-report-{str(import_id)[:8]}.csv"
        return Response(
            stream_with_context(_lazily(import_id, current_actor())),
            mimetype="text/csv",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @expose("/<uuid:import_id>/confirm", methods=["POST"])
    @requires("confirm")
    def confirm(self, import_id: UUID) -> Any:
        """`?remove=yes`, on a button of its own, says that as much may vanish as the preview says."""
        remove = request.args.get("remove") == "yes"
        confirming.confirm(_job(import_id).id, actor=current_actor(), remove=remove)
        return redirect(f"{BASE}/{import_id}")


def _job(import_id: UUID) -> Import:
    """The import of a bundle, if the actor may see it. Raises NotFound."""
    return import_reports.get(import_id, current_actor(), RESOURCE)


def _lazily(import_id: UUID, actor: Actor) -> Any:
    """The report, read while it is sent: by then the request's own session is closed."""
    yield from import_reports.report(import_id, actor)


def _upload() -> tuple[str, bytes]:
    """The name and content of the posted file. Raises Invalid when there is none."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid(fields={"file": [_("Choose a zip file.")]})
    return file.filename, file.read()
