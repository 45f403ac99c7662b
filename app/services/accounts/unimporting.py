"""Taking an import of accounts back: they are deactivated, except those that somebody has used or changed since, and
those with whom others work already.
"""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.access import User, UserProfile
from app.models.imports import Import, ImportFile, IssueKind
from app.policies import accounts as rules
from app.policies.actor import Actor
from app.services.accounts import access, notices
from app.services.accounts.import_rows import COLUMNS
from app.services.csv_files.reading import Fault, open_sheet
from app.services.errors import Refusal
from app.services.import_run import Issues

_WORKED_WITH = text("""
    SELECT teacher_id FROM classroom_slot_teachers WHERE teacher_id = ANY(:ids)
    UNION SELECT teacher_id FROM course_teachers WHERE teacher_id = ANY(:ids)
    UNION SELECT owner_id FROM leads WHERE owner_id = ANY(:ids)
    UNION SELECT assigned_teacher_id FROM leads WHERE assigned_teacher_id = ANY(:ids)
    UNION SELECT user_id FROM students WHERE user_id = ANY(:ids)
    UNION SELECT user_id FROM guardians WHERE user_id = ANY(:ids)
    UNION SELECT coach_id FROM enrollment_invitations WHERE coach_id = ANY(:ids)
    UNION SELECT coach_id FROM enrollments WHERE coach_id = ANY(:ids)
    UNION SELECT guardian_id FROM enrollments WHERE guardian_id = ANY(:ids)
""")


def undo(job: Import, actor: Actor) -> str:
    """Deactivate what may be deactivated; the rest is listed among the issues. Returns what was done, in words.

    Raises NotAllowed where one of them is not the actor's to change.
    """
    mine = select(UserProfile.user_id).where(UserProfile.import_id == job.id)
    users = access.lock_accounts(db.session.scalars(mine).all(), unreferred=True)
    worked_with = set(db.session.scalars(_WORKED_WITH, {"ids": [user.id for user in users]}))
    lines = _lines(job)
    removed = []
    with Issues(job.id) as issues:
        for user in users:
            if (reason := _why_kept(user, actor, worked_with)) is None:
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


def _why_kept(user: User, actor: Actor, worked_with: set[int]) -> str | None:
    """Deactivates the account, or says why not. Raises NotAllowed."""
    if user.last_login is not None:
        return _("Somebody has logged in with this account since the import.")
    if user.changed_on != user.created_on:
        return _("Somebody has changed this account since the import.")
    if user.id in worked_with:
        return _("Somebody works with this account: classes, leads, students or enrollments refer to it.")
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
    sheet = open_sheet(db.session.get_one(ImportFile, job.id).content, COLUMNS, job.options)
    at = sheet.columns.index("username")
    return {cells[at].strip().lower(): line for line, cells in sheet.rows() if not isinstance(cells, Fault)}
