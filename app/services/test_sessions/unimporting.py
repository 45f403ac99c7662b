"""Taking an import of registrations back: they go, and with them the students that it made, except those with which
somebody has worked since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.models.imports import Import, IssueKind
from app.models.test_sessions import TestSession
from app.policies.actor import Actor
from app.services.csv_files.reading import Fault
from app.services.import_run import Issues
from app.services.students import records
from app.services.transaction import lock_many

_SESSIONS = text("SELECT DISTINCT session_id FROM test_registrations WHERE import_id = :id")
# What an import made has its moment: one transaction, one now().
_KEPT = text("""
    SELECT st.test_number,
           CASE WHEN a.id IS NOT NULL THEN 'seat' WHEN s.status <> 'open' THEN 'over' ELSE 'changed' END AS reason
    FROM test_registrations r JOIN students st ON st.id = r.student_id JOIN test_sessions s ON s.id = r.session_id
    LEFT JOIN room_allocations a ON a.session_id = r.session_id AND a.student_id = r.student_id
    WHERE r.import_id = :id AND (a.id IS NOT NULL OR s.status <> 'open' OR r.updated_at <> r.created_at)
    ORDER BY st.test_number
""")
_DELETE = text("""
    DELETE FROM test_registrations r USING test_sessions s, students st
    WHERE r.import_id = :id AND s.id = r.session_id AND st.id = r.student_id AND s.status = 'open'
      AND r.updated_at = r.created_at
      AND NOT EXISTS (SELECT FROM room_allocations a WHERE a.session_id = r.session_id AND a.student_id = r.student_id)
    RETURNING r.student_id, st.created_at = r.created_at AND st.updated_at = st.created_at AS made
""")
_UNUSED = text("""
    SELECT st.id FROM students st WHERE st.id = ANY(:ids) AND st.user_id IS NULL
      AND NOT EXISTS (SELECT FROM test_registrations r WHERE r.student_id = st.id)
      AND NOT EXISTS (SELECT FROM admissions a WHERE a.student_id = st.id)
      AND NOT EXISTS (SELECT FROM waitlist_entries w WHERE w.student_id = st.id)
      AND NOT EXISTS (SELECT FROM enrollments e WHERE e.student_id = st.id)
      AND NOT EXISTS (SELECT FROM student_guardians g WHERE g.student_id = st.id)
      AND NOT EXISTS (SELECT FROM student_school_associations a WHERE a.student_id = st.id)
      AND NOT EXISTS (SELECT FROM student_program_extensions p WHERE p.student_id = st.id)
      AND NOT EXISTS (SELECT FROM oneroster_users o WHERE o.student_id = st.id)
      AND NOT EXISTS (SELECT FROM help_desk_assistants h WHERE h.student_id = st.id)
""")


def undo(job: Import, actor: Actor) -> str:
    """Delete what nobody has worked with; the rest is listed among the issues. Returns what was done, in words."""
    lock_many(TestSession, list(db.session.scalars(_SESSIONS, {"id": job.id})))
    kept = _list_kept(job)
    gone = db.session.execute(_DELETE, {"id": job.id}).all()
    made = _delete_students([row.student_id for row in gone if row.made], actor)
    return _(
        "Taken back: %(removed)s registrations and %(students)s students, %(kept)s kept.",
        removed=f"{len(gone):,}",
        students=f"{made:,}",
        kept=f"{kept:,}",
    )


def _list_kept(job: Import) -> int:
    reasons = {
        "seat": _("The student has a seat."),
        "over": _("The session is not open any more."),
        "changed": _("Somebody has changed this registration since the import."),
    }
    with Issues(job.id) as issues:
        for row in db.session.execute(_KEPT, {"id": job.id}):
            fix = _("Cancel it on its own page if it is wrong.")
            issues.add(IssueKind.KEPT, Fault(1, "test_number", row.test_number, reasons[row.reason], fix))
        issues.store(replace=False)
        return issues.count


def _delete_students(ids: Sequence[Any], actor: Actor) -> int:
    unused = list(db.session.scalars(_UNUSED, {"ids": list(ids)}))
    return records.delete(unused, actor=actor).count("ok")
