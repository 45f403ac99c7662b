"""The life of an import: upload, check, confirm, carry out. The check is the import itself, in a savepoint that is rolled
back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import current_app
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from sqlalchemy import text, update

from app.extensions import db
from app.models.imports import Import, ImportFile, ImportStatus, IssueKind
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.csv_files import options as reading_options
from app.services.csv_files.reading import MOST_BYTES
from app.services.errors import Busy, Invalid, NotFound, Refusal, WrongState
from app.services.import_handlers import HANDLERS
from app.services.import_run import Issues, Progress, Tally, apart
from app.services.import_steps import CARRY_OUT, CHECK, FOR_LARGE_FILES, TAKE_BACK, Step, acting, alone, defer
from app.services.transaction import lock, rehearsal, transactional


@transactional
def start(
    resource: str,
    file_name: str,
    content: bytes,
    *,
    actor: Actor,
    options: Mapping[str, Any] | None = None,
    queued: bool = True,
) -> Import:
    """Take a file in and ask for its check, unless the caller does that itself.

    Raises NotFound for a resource that cannot be imported, Invalid for its options or a file of more than 32 MB.
    """
    if resource not in HANDLERS:
        raise NotFound
    if len(content) > MOST_BYTES:
        raise Invalid(fields={"file": [_("The file is larger than 32 MB.")]})
    wanted = HANDLERS[resource][0].check_options(options or {}, actor) | reading_options.check(options or {})
    wanted |= {"locale": actor.locale or str(get_locale())}
    name = "".join(letter for letter in file_name.replace("\\", "/").rpartition("/")[2] if letter.isprintable())[-255:]
    job = Import(
        resource=resource, file_name=name or "import.csv", sha256=hashlib.sha256(content).hexdigest(), options=wanted
    )
    db.session.add(job)
    db.session.flush()
    db.session.add(ImportFile(import_id=job.id, content=content))
    db.session.flush()
    db.session.refresh(job)
    if queued:
        defer(CHECK, job.id)
    return job


def check(import_id: UUID) -> bool:
    """Find out what importing would do. Returns whether this call did it."""
    return _attempt(import_id, CHECK)


@transactional
def confirm(import_id: UUID, *, actor: Actor, queued: bool = True) -> Import:
    """Ask for a checked import to be carried out; asking again changes nothing. Raises NotFound, WrongState."""
    job = lock(Import, import_id, visible(Import, actor))
    if job.status in (ImportStatus.CONFIRMED, ImportStatus.IMPORTING, ImportStatus.DONE):
        return job
    if job.status is not ImportStatus.CHECKED:
        raise WrongState(_("This import cannot be confirmed: it is not checked, or has been taken back."))
    if job.new_rows == 0:
        raise WrongState(_("There is nothing to import in this file."))
    job.status, job.confirmed_by_id, job.done_rows = ImportStatus.CONFIRMED, actor.id, 0
    db.session.flush()
    if queued:
        defer(CARRY_OUT, job.id)
    return job


def carry_out(import_id: UUID) -> bool:
    """Import a confirmed file, in one transaction. Returns whether this call did it."""
    return _attempt(import_id, CARRY_OUT)


@transactional
def sweep() -> int:
    """Ask again for the work that a killed worker or a lost request left behind. Returns how many imports."""
    found = 0
    for step in (CHECK, CARRY_OUT, TAKE_BACK):
        statement = text(
            "SELECT id FROM imports WHERE status IN (:before, :during) AND updated_at < now() - interval '1 minute'"
        )
        for import_id in db.session.scalars(
            statement, {"before": step.before.value, "during": step.during.value}
        ).all():
            if alone(import_id):
                defer(step, import_id)
                found += 1
    return found


def _attempt(import_id: UUID, step: Step) -> bool:
    """Do one step in the name and language of whoever asked for it. What cannot be done makes the import failed, with
    the reason.

    Raises NotFound, and Busy when it is worth trying again.
    """
    job = db.session.get(Import, import_id)
    if job is None:
        raise NotFound
    user_id = job.confirmed_by_id if step is CARRY_OUT else job.created_by_id
    locale = job.options.get("locale") or current_app.config["BABEL_DEFAULT_LOCALE"]
    with force_locale(locale), Issues(import_id) as issues:
        try:
            actor = acting(user_id)
            db.session.rollback()  # only reading until here; the work begins a transaction of its own
            return _work(import_id, step, issues, actor=actor)
        except Busy:
            raise  # the queue tries again, and the status lets it
        except Refusal as error:
            for fault in getattr(error, "faults", ()):
                issues.add(IssueKind.FILE, fault)
            return _fail(import_id, step, str(error), issues)
        except Exception:
            _fail(
                import_id,
                step,
                _("Something unexpected went wrong, and nothing was imported. Please tell your administrator."),
                issues,
            )
            raise


@transactional
def _work(import_id: UUID, step: Step, issues: Issues, *, actor: Actor) -> bool:
    """One step in one transaction."""
    db.session.execute(FOR_LARGE_FILES)
    if not _claim(import_id, step):
        return False
    issues.clear()
    job = db.session.get_one(Import, import_id, populate_existing=True)
    content = db.session.get_one(ImportFile, import_id).content
    run = HANDLERS[job.resource][0].run
    if step is CHECK:
        with rehearsal():
            tally = run(job, content, issues, Progress(import_id), actor=actor)
    else:
        # One at a time: two imports of the same people would not see each other's rows.
        db.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended('imports:' || :resource, 0))"),
            {"resource": job.resource},
        )
        tally = run(job, content, issues, Progress(import_id), actor=actor)
    issues.store()
    _finish(import_id, step, tally)
    return True


def _claim(import_id: UUID, step: Step) -> bool:
    """Mark the step as running; False when another worker runs it, or it was done before.

    `during` counts as free: whoever left it so does not hold the lock any more.
    """
    if not alone(import_id):
        return False
    statement = "UPDATE imports SET status = :during, done_rows = 0 WHERE id = :id AND status IN (:before, :during)"
    return apart(statement, id=import_id, before=step.before.value, during=step.during.value) == 1


def _finish(import_id: UUID, step: Step, tally: Tally) -> None:
    """Write the result down. Raises WrongState, which undoes all, when the step is no longer running."""
    done_at = Import.checked_at if step is CHECK else Import.finished_at
    statement = (
        update(Import)
        .where(Import.id == import_id, Import.status == step.during)
        .values(
            {
                "status": step.after,
                "total_rows": tally.total,
                "done_rows": tally.total,
                "new_rows": tally.new,
                "invalid_rows": tally.invalid,
                "duplicate_rows": tally.duplicate,
                "unchanged_rows": tally.unchanged,
                "sample": tally.sample,
                "message": tally.message,
                done_at.key: text("now()"),
            }
        )
        .execution_options(synchronize_session=False)
    )
    if db.session.execute(statement).rowcount != 1:  # type: ignore[attr-defined]
        raise WrongState(_("This import is no longer running."))


@transactional
def _fail(import_id: UUID, step: Step, message: str, issues: Issues) -> bool:
    """End an import that could not be done; the faults that were found until then are kept. Nothing else was written."""
    statement = (
        update(Import)
        .where(Import.id == import_id, Import.status.in_([step.before, step.during]))
        .values(
            status=ImportStatus.FAILED,
            message=message,
            finished_at=text("now()"),
            invalid_rows=0,
            new_rows=0,
        )
        .execution_options(synchronize_session=False)
    )
    if db.session.execute(statement).rowcount == 1:  # type: ignore[attr-defined]
        issues.store()
        return True
    return False
