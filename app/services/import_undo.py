"""Taking an import back: asked for by people, done by a worker, since a large one takes minutes."""

from __future__ import annotations

from uuid import UUID

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import update

from app.extensions import db
from app.models.imports import Import, ImportStatus
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.errors import Busy, NotFound, Refusal, WrongState
from app.services.import_handlers import HANDLERS
from app.services.import_steps import FOR_LARGE_FILES, TAKE_BACK, acting, alone, defer
from app.services.transaction import lock, transactional


@transactional
def ask(import_id: UUID, *, actor: Actor) -> Import:
    """Ask for an import to be taken back; asking again changes nothing. Raises NotFound, WrongState."""
    job = lock(Import, import_id, visible(Import, actor))
    if job.status in (ImportStatus.UNDOING, ImportStatus.UNDONE):
        return job
    _require_done(job)
    job.status, job.undone_by_id, job.done_rows = ImportStatus.UNDOING, actor.id, 0
    db.session.flush()
    defer(TAKE_BACK, job.id)
    return job


def take_back(import_id: UUID) -> bool:
    """Take an import back in the name of whoever asked for it and the language of its file. Returns whether this call did
    it. What is refused leaves it as it was, with the reason.

    Raises NotFound, and Busy when it is worth trying again.
    """
    job = db.session.get(Import, import_id)
    if job is None:
        raise NotFound
    user_id, locale = job.undone_by_id, job.options.get("locale") or current_app.config["BABEL_DEFAULT_LOCALE"]
    with force_locale(locale):
        try:
            actor = acting(user_id)
            db.session.rollback()  # only reading until here; the work begins a transaction of its own
            return _take_back(import_id, actor=actor)
        except Busy:
            raise  # the queue tries again, and the status lets it
        except Refusal as refusal:
            return _leave(import_id, _("Nothing was taken back. %(reason)s", reason=str(refusal)))
        except Exception:
            _leave(
                import_id,
                _("Something unexpected went wrong, and nothing was taken back. Please tell your administrator."),
            )
            raise


@transactional
def _take_back(import_id: UUID, *, actor: Actor) -> bool:
    db.session.execute(FOR_LARGE_FILES)
    if not alone(import_id):
        return False
    # Read after the lock: whoever had it may have done it, or given it up.
    if db.session.get_one(Import, import_id, populate_existing=True).status is not ImportStatus.UNDOING:
        return False
    undo(import_id, actor=actor)
    return True


@transactional
def undo(import_id: UUID, *, actor: Actor) -> Import:
    """Take an import back: its records that nobody has touched since are deleted; those that were kept are listed among
    its issues.

    Undoing again changes nothing. Raises NotFound, WrongState.
    """
    job = lock(Import, import_id, visible(Import, actor))
    if job.status is ImportStatus.UNDONE:
        return job
    _require_done(job)
    job.message = HANDLERS[job.resource][1](job, actor)
    job.status, job.done_rows = ImportStatus.UNDONE, job.total_rows
    db.session.flush()
    return job


def _require_done(job: Import) -> None:
    if job.status not in (ImportStatus.DONE, ImportStatus.UNDOING):
        raise WrongState(_("Only an import that is done can be taken back."))


@transactional
def _leave(import_id: UUID, message: str) -> bool:
    """Say why an import stays; returns whether it was to be taken back."""
    statement = (
        update(Import)
        .where(Import.id == import_id, Import.status == ImportStatus.UNDOING)
        .values(status=ImportStatus.DONE, done_rows=Import.total_rows, message=message)
        .execution_options(synchronize_session=False)
    )
    return bool(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]
