"""What an export is to people."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.models.oneroster import ExportStatus, OneRosterExport
from app.services.oneroster import exporting
from app.services.resource import Attribute, Kind, Option, Resource, options_of, register

LABELS: Final = {
    "version": _l("Version"),
    "mode": _l("What"),
    "since": _l("Changed since"),
    "status": _l("Status"),
    "size": _l("Bytes"),
    "sha256": _l("SHA-256"),
    "message": _l("Note"),
    "as_of": _l("Shows the moment"),
    "created_at": _l("Asked for"),
    "finished_at": _l("Finished"),
}
STATUSES: Final = options_of(
    ExportStatus,
    {
        "queued": _l("Queued"),
        "running": _l("Running"),
        "done": _l("Done"),
        "refused": _l("Refused"),
        "failed": _l("Failed"),
    },
    {"queued": "info", "running": "info", "done": "success", "refused": "warning", "failed": "danger"},
)
MODES: Final = (Option("bulk", _l("Everything (bulk)")), Option("delta", _l("Changes (delta)")))
VERSIONS: Final = (Option("1.2", _l("OneRoster 1.2")), Option("1.1", _l("OneRoster 1.1")))


def _column(name: str, kind: Kind, **more: Any) -> Attribute:
    column = getattr(OneRosterExport, name)
    return Attribute(name, LABELS[name], kind, column, nullable=column.nullable, **more)


def title(export: OneRosterExport) -> str:
    return f"OneRoster {export.version}, {export.created_at:%Y-%m-%d %H:%M}"


EXPORTS: Final = register(
    Resource(
        name="OneRoster exports",
        slug="oneroster-exports",
        model=OneRosterExport,
        singular=_l("OneRoster export"),
        plural=_l("OneRoster exports"),
        title=title,
        attributes=(
            _column("created_at", Kind.DATETIME, sortable=True),
            _column("version", Kind.CHOICE, options=VERSIONS),
            _column("mode", Kind.CHOICE, options=MODES),
            _column("since", Kind.DATETIME),
            _column("status", Kind.CHOICE, options=STATUSES, badge=True),
            _column("size", Kind.NUMBER),
            _column("as_of", Kind.DATETIME),
            _column("finished_at", Kind.DATETIME),
            _column("message", Kind.TEXT),
            _column("sha256", Kind.TEXT, filterable=False),
        ),
        input=exporting.ExportInput,
        labels=LABELS,
        options={"version": VERSIONS, "mode": MODES},
        create=exporting.start,
        search=OneRosterExport.version,
        search_help=_l("Version"),
        default_sort="-created_at",
        icon="download",
        title_columns=(OneRosterExport.version, OneRosterExport.created_at),
        export_columns=(),
    )
)
