"""Files to download: put there, changed, counted, and cleared away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.models.content import DownloadableResource
from app.policies.actor import Actor
from app.services import plain
from app.services.content import files
from app.services.content.files import Upload
from app.services.errors import Invalid
from app.services.transaction import is_rehearsed, transactional

# Held in common by those who put a file there, from before it is written until the row is; alone by who clears away.
LOCK: Final = 0x46494C45  # "FILE"
_KEEPING = text("SELECT pg_advisory_xact_lock_shared(:key)")
_CLEARING = text("SELECT pg_advisory_xact_lock(:key)")
_KNOWN = text("SELECT DISTINCT sha256 FROM downloadable_resources")
_COUNT = text("UPDATE downloadable_resources SET download_count = download_count + 1 WHERE id = :id")


@transactional
def create(values: Mapping[str, Any], *, actor: Actor, file: Upload | None = None) -> DownloadableResource:
    """Put a file there. Raises Invalid where the file cannot be taken."""
    facts = _kept(file)
    made: DownloadableResource = plain.create(DownloadableResource, {**values, **facts}, actor=actor)
    return made


@transactional
def update(
    key: UUID,
    values: Mapping[str, Any],
    *,
    actor: Actor,
    version: datetime | None = None,
    file: Upload | None = None,
) -> DownloadableResource:
    """Change what is said of a file, and the file itself where one is given. Raises NotFound, Conflict, Invalid."""
    facts = _kept(file) if file is not None else {}
    made: DownloadableResource = plain.update(
        DownloadableResource, key, {**values, **facts}, actor=actor, version=version
    )
    return made


def _kept(file: Upload | None) -> dict[str, Any]:
    """What the row says of the file, which is on the disk then."""
    checked = files.check(file)
    assert file is not None
    db.session.execute(_KEEPING, {"key": LOCK})
    if not is_rehearsed():
        try:
            files.keep(file.content, checked.sha256)
        except OSError as error:
            raise Invalid(
                fields={"file": [_("The file could not be stored. Please tell your administrator.")]}
            ) from error
    return {
        "file_name": checked.file_name,
        "file_type": checked.file_type,
        "size": checked.size,
        "sha256": checked.sha256,
    }


@transactional
def count(key: UUID) -> None:
    """Count one download."""
    db.session.execute(_COUNT, {"id": key})


def places() -> list[Path]:
    """Where the files of all records are, deleted ones included."""
    return [files.place(sha256) for sha256 in db.session.scalars(_KNOWN)]


@transactional
def clean_up() -> int:
    """Delete the files that no record refers to, deleted ones included; returns how many."""
    db.session.execute(_CLEARING, {"key": LOCK})
    known = set(db.session.scalars(_KNOWN))
    gone = [path for path in files.kept() if path.name not in known]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)
