"""Importing leads from a file: upload, check with every fault at once, confirm, progress, result, undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, jsonify, redirect, render_template, request, stream_with_context
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services import import_reports, imports
from app.services.errors import Invalid
from app.services.leads import LEADS
from app.services.lookups import key_of_choice
from app.views.imports import pages
from app.views.imports.pages import BASE, STATES
from app.views.page import (
    Cell,
    ImportPage,
    Link,
)
from app.views.security import current_actor, requires


class LeadImportView(BaseView):
    route_base = BASE
    class_permission_name = "Lead imports"
    default_view = "index"

    @expose("/")
    @requires("list")
    def index(self) -> Any:
        """The imports so far."""
        page = ImportPage(
            _("Imports of leads"),
            "",
            Cell(),
            history=pages.history(current_actor()),
            list_url="/leads/",
            list_title=str(LEADS.plural),
        )
        if current_actor().may("add", self.class_permission_name):
            page.actions = [Link(_("Import leads"), f"{BASE}/new", "upload", primary=True)]
        return render_template("import.html", page=page)

    @expose("/new", methods=["GET", "POST"])
    @requires("add")
    def new(self) -> Any:
        if request.method == "GET":
            return render_template("import.html", page=pages.new_page({}, current_actor()))
        try:
            job = imports.start("leads", *_upload(), actor=current_actor(), options=_options(current_actor()))
        except Invalid as refusal:
            return render_template("import.html", page=pages.new_page(refusal.fields, current_actor())), refusal.status
        return redirect(f"{BASE}/{job.id}")

    @expose("/template.csv")
    @requires("add")
    def template(self) -> Any:
        return _file(import_reports.template("leads"), "leads-template.csv")

    @expose("/<uuid:import_id>")
    @requires("show")
    def show(self, import_id: UUID) -> Any:
        job = import_reports.get(import_id, current_actor())
        offset = request.args.get("from", "0")
        return render_template(
            "import.html",
            page=pages.page_of(job, int(offset) if offset.isdecimal() and len(offset) < 9 else 0, current_actor()),
        )

    @expose("/<uuid:import_id>/status")
    @requires("show")
    def status(self, import_id: UUID) -> Any:
        """What the progress bar asks for."""
        job = import_reports.get(import_id, current_actor())
        state, label, _tone = STATES[job.status]
        return jsonify(
            state=state,
            done=job.done_rows,
            total=job.total_rows,
            percent=pages.percent(job),
            message=str(label),
            reload=state not in {"queued", "running"},
        )

    @expose("/<uuid:import_id>/report.csv")
    @requires("show")
    def report(self, import_id: UUID) -> Any:
        import_reports.get(import_id, current_actor())
        return _file(
            stream_with_context(_lazily(import_id, current_actor())), f"import-report-{str(import_id)[:8]}.csv"
        )

    @expose("/<uuid:import_id>/confirm", methods=["POST"])
    @requires("confirm")
    def confirm(self, import_id: UUID) -> Any:
        imports.confirm(import_id, actor=current_actor())
        return redirect(f"{BASE}/{import_id}")

    @expose("/<uuid:import_id>/undo", methods=["POST"])
    @requires("undo")
    def undo(self, import_id: UUID) -> Any:
        imports.undo(import_id, actor=current_actor())
        return redirect(f"{BASE}/{import_id}")


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


def _options(actor: Actor) -> dict[str, Any]:
    raw = request.form.get("default_owner_id", "")
    key = key_of_choice("staff", raw) if raw else None
    if raw and key is None:
        raise Invalid(fields={"default_owner_id": [_("Choose one from the list.")]})
    return {"duplicates": request.form.get("duplicates", "skip"), "default_owner_id": key}
