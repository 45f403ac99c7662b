"""OneRoster on the screen: exports, and the programs that may read the roster."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, render_template
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models.oneroster import OneRosterExport
from app.policies.actor import Actor
from app.services.errors import Refusal
from app.services.oneroster import exporting
from app.services.oneroster.checks import RULES
from app.services.oneroster.export_resource import EXPORTS, STATUSES
from app.services.oneroster.exporting import OPEN
from app.services.oneroster.oauth.resource import CLIENTS
from app.views import render
from app.views.base import RecordView
from app.views.page import Cell, Column, Empty, FormPage, Link, Panel, RecordPage, Row, Table
from app.views.security import current_actor, requires


class OneRosterExportView(RecordView):
    resource = EXPORTS
    list_columns = ("created_at", "version", "mode", "status", "size", "since", "message")
    show_groups = (
        ("", ("version", "mode", "since", "as_of", "created_at", "finished_at", "size", "sha256", "message")),
    )
    description = _l("The roster as a bundle of files that other systems read: people, classes, and who is in which.")
    form_groups = (("", ("version", "mode", "since")),)
    form_helps = {
        "version": _l("What the other system asks for. 1.2 is the newer one."),
        "mode": _l("Everything that is there, or what changed since a moment."),
        "since": _l("For changes only. Empty: since the last export of this version that went well."),
    }

    def defaults(self) -> dict[str, Any]:
        return {"version": "1.2", "mode": "bulk"}

    def new_link(self, actor: Actor) -> Link | None:
        link = super().new_link(actor)
        if link is not None:
            link.label, link.icon = _("Export the roster"), "download"
        return link

    def form_page(self, record: Any, values: Any, refusal: Refusal) -> FormPage:
        page = super().form_page(record, values, refusal)
        page.title, page.form.submit, page.form.more_submits = _("Export the roster"), _("Export"), []
        return page

    @expose("/<pk>")
    @requires("show")
    def show(self, pk: str) -> Any:
        export = self.load(pk)
        waits = f"{self.record_url(export.id)}/status" if export.status in OPEN else ""
        return render_template("oneroster_export.html", page=self.record_page(export), status_url=waits)

    def record_page(self, record: OneRosterExport) -> RecordPage:
        page = super().record_page(record)
        page.badge = render.badge(STATUSES, record.status)
        if record.size is not None:
            page.actions.insert(0, Link(_("Download"), f"{page.url}/file", "download", primary=True))
        page.panels = [_faults(record.faults)] if record.faults else [_counts(record.counts)] if record.counts else []
        return page

    @expose("/<pk>/status")
    @requires("show")
    def status(self, pk: str) -> Any:
        """What the progress bar asks for."""
        export = self.load(pk)
        return jsonify(state=export.status.value, reload=export.status not in OPEN)

    @expose("/<pk>/file")
    @requires("show")
    def file(self, pk: str) -> Any:
        export, content = exporting.content(self.key(pk), actor=current_actor())
        response = Response(content, content_type="application/zip")
        response.headers["Content-Disposition"] = f'attachment; filename="{exporting.file_name(export)}"'
        return response


def _counts(counts: dict[str, int]) -> Panel:
    heads = [Column("file", _("File")), Column("rows", _("Rows"), align="end")]
    rows = [
        Row(name, "", name, [Cell(name), Cell(render.number(count), "number")])
        for name, count in sorted(counts.items())
    ]
    return Panel(_("What is in it"), Table(heads, rows, Empty(_("Nothing changed"))))


def _faults(faults: list[dict[str, str]]) -> Panel:
    heads = [
        Column("file", _("File")),
        Column("key", _("Id")),
        Column("column", _("Column")),
        Column("value", _("Value")),
        Column("rule", _("What is wrong")),
    ]
    rows = []
    for number, fault in enumerate(faults):
        cells = [Cell(fault[name]) for name in ("file", "sourced_id", "column", "value")]
        cells.append(Cell(str(RULES.get(fault["rule"], fault["rule"]))))
        rows.append(Row(str(number), "", fault["file"], cells))
    return Panel(_("What stands against it"), Table(heads, rows, Empty(_("Nothing"))))


class OAuthClientView(RecordView):
    resource = CLIENTS
    list_columns = ("name", "client_id", "reads", "active", "last_used_at", "created_at")
    show_groups = (("", ("client_id", "reads", "active", "last_used_at", "created_at")),)
    description = _l("Programs that may read the roster over the network, each with what it may read.")
    form_groups = (("", ("name", "scopes", "active")),)
    form_helps = {
        "name": _l("By which you know the program."),
        "scopes": _l(
            "The whole roster is also read by school, class and person. Demographics are birth dates, sex and"
            " ethnicity: only for who needs them."
        ),
    }

    def defaults(self) -> dict[str, Any]:
        return {"active": True}
