"""Checking and carrying out bundles inside of a test's transaction."""

from __future__ import annotations

from sqlalchemy import text

from app.extensions import db
from app.models.imports import Import, ImportStatus
from app.services import import_reports, imports
from app.services.oneroster.importing import confirming


def checked(content, actor):
    """The import after its check."""
    job = imports.start("oneroster", "bundle.zip", content, actor=actor, queued=False)
    imports.check(job.id)
    return afresh(job)


def taken_in(content, actor, *, remove=False):
    """Check and, if there is something to do, carry out a bundle; the import afterwards."""
    job = checked(content, actor)
    if job.status is ImportStatus.CHECKED and job.new_rows:
        confirming.confirm(job.id, actor=actor, queued=False, remove=remove)
        imports.carry_out(job.id)
        db.session.execute(text("DISCARD TEMP"))  # done by the end of the transaction elsewhere
    return afresh(job)


def afresh(job):
    return db.session.get_one(Import, job.id, populate_existing=True)


def counts(job):
    """File -> new, changed, unchanged, vanishing."""
    names = ("new", "changed", "unchanged", "vanishing")
    return {line["file"]: tuple(line[name] for name in names) for line in job.sample}


def faults(job, actor):
    found, _total = import_reports.issues(job.id, actor, limit=1000)
    return [(each.file, each.line, each.column, each.rule) for each in found]
