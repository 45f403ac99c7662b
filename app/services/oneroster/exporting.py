"""Exports: a bundle is asked for, checked and written by a worker, and kept for some weeks. What would make a strict reader
refuse it is found first, and then nothing is written.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, Any, Final, Literal
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select, text

from app.extensions import db
from app.models.oneroster import ExportStatus, OneRosterExport, OneRosterExportFile
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import queue
from app.services.alone import alone
from app.services.errors import Busy, Invalid, NotFound, WrongState
from app.services.inputs import Input, Moment
from app.services.oneroster import bundles, checks
from app.services.transaction import transactional

TASK: Final = "oneroster.export"
KEPT: Final = timedelta(days=30)  # bundles; that there was one is kept
IN_MEMORY: Final = 16 * 1024 * 1024
OPEN: Final = (ExportStatus.QUEUED, ExportStatus.RUNNING)


class ExportInput(Input):
    """Which version; everything, or what changed since a moment: since the last export of this version that went well,
    where none is given.
    """

    version: Literal["1.1", "1.2"] = "1.2"
    mode: Literal["bulk", "delta"] = "bulk"
    since: Moment | None = None


@dataclass(frozen=True)
class Written:
    """What became of writing a bundle."""

    as_of: datetime
    counts: dict[str, int]
    faults: list[checks.Fault]


@transactional
def start(values: Mapping[str, Any], *, actor: Actor, queued: bool = True) -> OneRosterExport:
    """Ask for a bundle. Raises Invalid for a delta that begins nowhere, or later than now."""
    version, mode, since = values.get("version") or "1.2", values.get("mode") or "bulk", values.get("since")
    if mode == "bulk":
        since = None
    elif since is None:
        since = _last(version)
    if mode == "delta" and (since is None or since > datetime.now(UTC)):
        sentence = (
            _("There is no earlier export of this version: say since when.") if since is None else _("Must be past.")
        )
        raise Invalid(fields={"since": [sentence]})
    export = OneRosterExport(version=version, mode=mode, since=since)
    db.session.add(export)
    db.session.flush()
    if queued:
        queue.defer(TASK, queueing_lock=f"{TASK}:{export.id}", export_id=export.id)
    return export


def write(target: IO[bytes], wanted: bundles.Wanted) -> Written:
    """Check and write a bundle of one moment; with faults nothing is written."""
    as_of = bundles.moment()
    with bundles.snapshot() as connection:
        faults = checks.faults(connection, wanted.version)
        counts = {} if faults else bundles.write(connection, target, wanted)
        return Written(as_of, counts, faults)


def carry_out(export_id: UUID) -> bool:
    """Write a bundle that was asked for. Returns whether this call did it. Raises Busy when it is worth trying again."""
    with alone(f"oneroster_export:{export_id}") as held:
        return held and _carry_out(export_id)


def _carry_out(export_id: UUID) -> bool:
    export = _begin(export_id)
    if export is None:
        return False
    wanted = bundles.Wanted(export.version, export.mode, export.since)  # type: ignore[arg-type]
    try:
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as target:
            written = write(target, wanted)
            target.seek(0)
            return _finish(export_id, written, target.read())
    except Busy:
        raise
    except Exception:
        _fail(export_id)
        raise


def content(export_id: UUID, *, actor: Actor) -> tuple[OneRosterExport, bytes]:
    """An export and its bundle. Raises NotFound, and WrongState when there is none, or none any more."""
    statement = select(OneRosterExport).where(OneRosterExport.id == export_id, visible(OneRosterExport, actor))
    export = db.session.scalars(statement).one_or_none()
    if export is None:
        raise NotFound
    kept = db.session.get(OneRosterExportFile, export_id)
    if kept is None:
        raise WrongState(_("This export has no file, or it was deleted because it is old."))
    return export, kept.content


def file_name(export: OneRosterExport) -> str:
    moment = export.as_of or export.created_at
    return f"oneroster-{export.version}-{export.mode}-{moment.astimezone(UTC):%Y%m%d-%H%M%S}.zip"


@transactional
def sweep() -> int:
    """Ask again for what a killed worker or a lost request left behind. Returns how many exports."""
    statement = text(
        "SELECT id FROM oneroster_exports WHERE status IN ('queued', 'running') AND updated_at < now() - interval '1 minute'"
    )
    found = db.session.scalars(statement).all()
    for export_id in found:
        queue.defer(TASK, queueing_lock=f"{TASK}:{export_id}", export_id=export_id)
    return len(found)


@transactional
def clean_up() -> int:
    """Delete old bundles; returns how many. That they were made stays on record."""
    statement = text("""
        DELETE FROM oneroster_export_files f USING oneroster_exports e
        WHERE e.id = f.export_id AND e.created_at < now() - CAST(:kept AS interval)
    """)
    return int(db.session.execute(statement, {"kept": KEPT}).rowcount)  # type: ignore[attr-defined]


def _last(version: str) -> datetime | None:
    """The moment that the last good export of a version shows: what a delta goes on from."""
    statement = select(OneRosterExport.as_of).where(
        OneRosterExport.version == version, OneRosterExport.status == ExportStatus.DONE
    )
    return db.session.scalar(statement.order_by(OneRosterExport.created_at.desc()).limit(1))


@transactional
def _begin(export_id: UUID) -> OneRosterExport | None:
    """The export, marked as running; None when it is done. Raises NotFound."""
    export = db.session.get(OneRosterExport, export_id, with_for_update=True, populate_existing=True)
    if export is None:
        raise NotFound
    if export.status not in OPEN:
        return None
    export.status = ExportStatus.RUNNING
    db.session.flush()
    return export


@transactional
def _finish(export_id: UUID, written: Written, bundle: bytes) -> bool:
    """Write down what became of it. Returns False when another worker was quicker."""
    export = db.session.get_one(OneRosterExport, export_id, with_for_update=True, populate_existing=True)
    if export.status not in OPEN:
        return False
    export.as_of, export.finished_at = written.as_of, datetime.now(UTC)
    export.counts = {name: count for name, count in written.counts.items() if count}
    if written.faults:
        export.status, export.faults = ExportStatus.REFUSED, [fault.as_dict() for fault in written.faults]
        number = len(written.faults)
        export.message = ngettext(
            "%(num)s fault: a strict reader would refuse the bundle.",
            "%(num)s faults: a strict reader would refuse the bundle.",
            number,
        )
        return True
    export.status, export.size, export.sha256 = ExportStatus.DONE, len(bundle), hashlib.sha256(bundle).hexdigest()
    db.session.add(OneRosterExportFile(export_id=export_id, content=bundle))
    return True


@transactional
def _fail(export_id: UUID) -> None:
    export = db.session.get_one(OneRosterExport, export_id, with_for_update=True, populate_existing=True)
    if export.status in OPEN:
        export.status, export.finished_at = ExportStatus.FAILED, datetime.now(UTC)
        export.message = _("Something unexpected went wrong. Please tell your administrator.")
