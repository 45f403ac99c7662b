"""Taking an import of accounts back: they are deactivated, except those that somebody has used or changed since."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models.access import User, UserProfile
from app.models.imports import Import, ImportFile, IssueKind
from app.policies import accounts as rules
from app.policies.actor import Actor
from app.services.accounts import access, notices
from app.services.accounts.import_rows import NAMES, REQUIRED
from app.services.csv_files.reading import Fault, open_sheet
from app.services.errors import Refusal
from app.services.import_run import Issues


def undo(job: Import, actor: Actor) -> str:
    """Deactivate what may be deactivated; the rest is listed among the issues. Returns what was done, in words.

    Raises NotAllowed where one of them is not the actor's to change.
    """
    mine = select(UserProfile.user_id).where(UserProfile.import_id == job.id)
    users = access.lock_accounts(db.session.scalars(mine).all())
    lines = _lines(job)
    removed = []
    with Issues(job.id) as issues:
        for user in users:
            if (reason := _why_kept(user, actor)) is None:
                removed.append(user)
            else:
                fix = _("Deactivate it on its own page if it is wrong.")
                line = lines.get(user.username.lower(), 1)
                issues.add(IssueKind.KEPT, Fault(line, "username", user.username, reason, fix))
        issues.store(replace=False)
        kept = issues.count
    notices.tell_blocked(removed, actor)
    return _(
        "Taken back: %(removed)s accounts deactivated, %(kept)s kept.", removed=f"{len(removed):,}", kept=f"{kept:,}"
    )


def _why_kept(user: User, actor: Actor) -> str | None:
    """Deactivates the account, or says why not. Raises NotAllowed."""
    if user.last_login is not None:
        return _("Somebody has logged in with this account since the import.")
    if user.changed_on != user.created_on:
        return _("Somebody has changed this account since the import.")
    # What somebody else may take back whole is not taken back in part: this refuses all.
    access.require(rules.may_change_account(actor, user))
    try:
        access.block(user, actor)
        user.changed_on = user.created_on  # still by nobody: the corrected file may use it again
    except Refusal as refusal:
        return str(refusal)
    return None


def _lines(job: Import) -> dict[str, int]:
    """The line of the file on which each username stands."""
    sheet = open_sheet(db.session.get_one(ImportFile, job.id).content, NAMES, REQUIRED)
    at = sheet.columns.index("username")
    return {cells[at].strip().lower(): line for line, cells in sheet.rows() if not isinstance(cells, Fault)}
