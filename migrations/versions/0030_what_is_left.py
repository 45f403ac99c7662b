"""Rows of an import that are like a record and imported all the same are told apart from those that are left out.

Of earlier imports that wished so, all count as imported: what was left out of them is not written down. And what earlier
releases left: places that wait for nobody, on which a pause and a return would fail, and letters that do not say where the
seat is and until when, so that a change of these would not be told; they told what holds now. Guardians at OneRoster are
where those children are who are there.

Revision: 0030
Follows: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

KINDS = ("file", "invalid", "duplicate", "kept")
NAME = "ck_import_issues_kind"
END_WHAT_WAITS_FOR_NOBODY = """
    UPDATE classroom_enrollments e SET status = 'ended' FROM admissions a
    WHERE a.id = e.admission_id AND e.status = 'paused' AND (
        a.status <> 'paused' OR EXISTS (
            SELECT FROM classroom_enrollments o WHERE o.admission_id = e.admission_id
              AND o.classroom_slot_id = e.classroom_slot_id AND o.status = 'paused' AND o.id < e.id))
"""
NO_MORE_AT_SCHOOL = """
    UPDATE oneroster_users u SET org_ids = now.orgs
    FROM (
        SELECT sg.guardian_id, jsonb_agg(DISTINCT org) AS orgs
        FROM student_guardians sg JOIN oneroster_users child ON child.student_id = sg.student_id AND child.status = 'active'
        CROSS JOIN jsonb_array_elements(child.org_ids) AS org GROUP BY sg.guardian_id
    ) now
    WHERE u.guardian_id = now.guardian_id AND u.org_ids <> now.orgs
"""
NO_MORE_THERE = """
    UPDATE oneroster_users u SET enabled_user = false
    WHERE u.enabled_user AND u.guardian_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM student_guardians sg JOIN students s ON s.id = sg.student_id AND s.deleted_at IS NULL
        WHERE sg.guardian_id = u.guardian_id)
"""
FILL_LETTERS = """
    UPDATE seat_notices n SET ends_at = n.starts_at + (s.end_time - s.start_time),
        place = concat_ws(', ', concat_ws(', ', v.name, v.address, v.city), r.number, r.name)
    FROM test_sessions s JOIN venues v ON v.id = s.venue_id, rooms r
    WHERE s.id = n.session_id AND r.id = n.room_id AND n.seat_number IS NOT NULL AND n.place IS NULL
"""


def _allow(*kinds: str) -> None:
    op.drop_constraint(op.f(NAME), "import_issues", type_="check")
    op.create_check_constraint(op.f(NAME), "import_issues", sa.column("kind").in_(kinds))


def upgrade() -> None:
    _allow(*KINDS, "alike")
    op.execute("""
        UPDATE import_issues SET kind = 'alike' FROM imports i
        WHERE i.id = import_id AND kind = 'duplicate' AND i.options ->> 'duplicates' = 'import'
    """)
    op.execute(END_WHAT_WAITS_FOR_NOBODY)
    op.execute(FILL_LETTERS)
    op.execute(NO_MORE_AT_SCHOOL)
    op.execute(NO_MORE_THERE)


def downgrade() -> None:
    op.execute("UPDATE import_issues SET kind = 'duplicate' WHERE kind = 'alike'")
    _allow(*KINDS)
