"""The steps of an import that the queue's workers do, and who does one.

A worker holds an advisory lock for as long as its transaction lasts, so a killed one is told from a busy one without a
clock, and leaves nothing but its status behind. Every change of status names the status it comes from, so that whatever
is asked twice is done once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import or_, select, text

from app.extensions import db
from app.models.access import User
from app.models.imports import ImportStatus
from app.policies.accounts import SYSTEM
from app.policies.actor import Actor
from app.services import queue, sessions
from app.services.errors import NotAllowed


@dataclass(frozen=True)
class Step:
    """One piece of queued work on an import."""

    task: str
    before: ImportStatus
    during: ImportStatus
    after: ImportStatus


CHECK: Final = Step("imports.check", ImportStatus.QUEUED, ImportStatus.CHECKING, ImportStatus.CHECKED)
CARRY_OUT: Final = Step("imports.carry_out", ImportStatus.CONFIRMED, ImportStatus.IMPORTING, ImportStatus.DONE)
TAKE_BACK: Final = Step("imports.take_back", ImportStatus.UNDOING, ImportStatus.UNDOING, ImportStatus.UNDONE)

# For the running transaction. A large file takes a while and may have to wait for another one. Collecting more before it
# goes into the index of the search spares a quarter of the time.
FOR_LARGE_FILES: Final = text("""
    SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true),
           set_config('gin_pending_list_limit', '32MB', true)
""")


def defer(step: Step, import_id: UUID) -> None:
    """Ask for a step, unless it is asked for already."""
    queue.defer(step.task, queueing_lock=f"{step.task}:{import_id}", import_id=import_id)


def alone(import_id: UUID) -> bool:
    """Take the lock of an import until the transaction ends; False when a running worker has it."""
    statement = text("SELECT pg_try_advisory_xact_lock(hashtextextended('import:' || :id, 0))")
    return bool(db.session.scalar(statement, {"id": str(import_id)}))


def acting(user_id: int | None) -> Actor:
    """Who asked for the work, with the rights they have now. Raises NotAllowed when the account is closed meanwhile."""
    if user_id is None:
        raise NotAllowed(_("The account that asked for this import no longer exists."))
    # That of the system, in whose name commands work, is never open.
    if not db.session.scalar(select(or_(User.active, User.username == SYSTEM)).where(User.id == user_id)):
        raise NotAllowed(_("The account that asked for this import is not active any more."))
    return sessions.load_by_id(user_id)
