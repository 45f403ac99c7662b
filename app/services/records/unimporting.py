"""Taking an import of students back: those with whom nobody has worked since go with all their records, and guardians
whom nobody else has. Other systems are told to delete them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import TextClause, text

from app.extensions import db
from app.models.imports import Import, IssueKind
from app.policies.actor import Actor
from app.services.csv_files.reading import Fault
from app.services.import_run import Issues
from app.services.records.following import ERASED, FORGET_USERS, follow_guardians

# What an import made has its moment: one transaction, one now(), which is also when it was finished.
_MADE = """
    SELECT s.id, s.student_unique_id,
           s.deleted_at IS NOT NULL OR s.updated_at <> s.created_at OR s.user_id IS NOT NULL
           OR EXISTS (SELECT FROM admissions x WHERE x.student_id = s.id)
           OR EXISTS (SELECT FROM test_registrations x WHERE x.student_id = s.id)
           OR EXISTS (SELECT FROM waitlist_entries x WHERE x.student_id = s.id)
           OR EXISTS (SELECT FROM enrollments x WHERE x.student_id = s.id)
           OR EXISTS (SELECT FROM student_merges x WHERE s.id IN (x.student_id, x.duplicate_id))
           OR EXISTS (SELECT FROM student_school_associations x WHERE x.student_id = s.id AND x.updated_at <> s.created_at)
           OR EXISTS (SELECT FROM student_guardians x WHERE x.student_id = s.id AND x.updated_at <> s.created_at)
           OR EXISTS (SELECT FROM student_program_extensions x WHERE x.student_id = s.id AND x.updated_at <> x.created_at)
           AS kept
    FROM students s JOIN student_program_extensions p ON p.student_id = s.id AND p.created_at = s.created_at
    WHERE s.created_at = :moment AND s.source_system_descriptor = 'School' AND p.invitation_id IS NULL
    ORDER BY s.id FOR UPDATE OF s
"""
_GUARDIANS = text("SELECT DISTINCT guardian_id FROM student_guardians WHERE student_id = ANY(:ids)")
_DELETE = text("DELETE FROM students WHERE id = ANY(:ids)")
_ALONE = text("""
    SELECT g.id FROM guardians g WHERE g.created_at = :moment AND g.updated_at = g.created_at AND g.user_id IS NULL
      AND NOT EXISTS (SELECT FROM student_guardians x WHERE x.guardian_id = g.id) ORDER BY g.id FOR UPDATE
""")
_DELETE_GUARDIANS = text("DELETE FROM guardians WHERE id = ANY(:ids)")
_USERS = text("SELECT id FROM oneroster_users WHERE student_id = ANY(:ids) OR guardian_id = ANY(:ids)")
# They outlast their students, as who follows the roster by what has changed would not hear of them else.
_LET_GO = text("UPDATE oneroster_users SET student_id = NULL WHERE id = ANY(:oneroster_users)")


def undo(job: Import, actor: Actor) -> str:
    """Delete what nobody has worked with; the rest is listed among the issues. Returns what was done, in words."""
    facts: dict[str, Any] = {"moment": job.finished_at}
    rows = _locked(text(_MADE), facts)
    kept = [row for row in rows if row.kept]
    with Issues(job.id) as issues:
        for row in kept:
            rule, fix = (
                _("Somebody has worked with this student since."),
                _("Delete them on their own page if they are wrong."),
            )
            issues.add(IssueKind.KEPT, Fault(1, "student_unique_id", row.student_unique_id, rule, fix), row.id)
        issues.store(replace=False)
    gone = {"ids": [row.id for row in rows if not row.kept]}
    guardians = list(db.session.scalars(_GUARDIANS, gone))
    _tell_gone(gone)
    db.session.execute(_DELETE, gone)
    alone = {"ids": [row.id for row in _locked(_ALONE, facts)]}
    _tell_gone(alone)
    db.session.execute(_DELETE_GUARDIANS, alone)
    follow_guardians(guardians)
    return _(
        "Taken back: %(removed)s students, %(kept)s kept.",
        removed=f"{len(rows) - len(kept):,}",
        kept=f"{len(kept):,}",
    )


def _locked(statement: TextClause, facts: dict[str, Any]) -> Sequence[Any]:
    """The rows that a statement locks, read once they are: one that waited for whoever gave somebody a link has not seen it."""
    db.session.execute(statement, facts)
    return db.session.execute(statement, facts).all()


def _tell_gone(people: dict[str, Any]) -> None:
    """Have other systems delete these students or guardians."""
    facts = {"oneroster_users": list(db.session.scalars(_USERS, people)), "erased": ERASED}
    for statement in (*map(text, FORGET_USERS.values()), _LET_GO):
        db.session.execute(statement, facts)
