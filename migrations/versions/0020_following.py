"""Students of the school are where they are today, and not where they will be or were to be.

Revision: 0020
Follows: 0019
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# As services/records/following.py has it from now on. What came in a bundle is as the bundle says.
STUDENTS = """
UPDATE oneroster_users u SET org_ids = now.orgs, enabled_user = now.there
FROM (
    SELECT x.id, coalesce(at.orgs, x.org_ids) AS orgs, at.orgs IS NOT NULL AS there
    FROM oneroster_users x CROSS JOIN LATERAL (
        SELECT jsonb_agg(o.sourced_id ORDER BY a.primary_school DESC, a.entry_date DESC, o.sourced_id) AS orgs
        FROM (SELECT DISTINCT ON (school_id) * FROM student_school_associations
              WHERE student_id = x.student_id AND (exit_date IS NULL OR exit_date > current_date)
                AND entry_date <= greatest(current_date, (
                    SELECT min(entry_date) FROM student_school_associations f WHERE f.student_id = x.student_id))
              ORDER BY school_id, primary_school DESC, entry_date DESC) a
        JOIN organizations o ON o.id = a.school_id
    ) at
    WHERE x.status = 'active' AND x.source_system IS NULL
      AND x.student_id IN (SELECT student_id FROM student_school_associations)
) now
WHERE u.id = now.id AND (u.org_ids, u.enabled_user) IS DISTINCT FROM (now.orgs, now.there)
"""
GUARDIANS = """
UPDATE oneroster_users u SET org_ids = now.orgs
FROM (
    SELECT sg.guardian_id, jsonb_agg(DISTINCT org) AS orgs
    FROM student_guardians sg JOIN oneroster_users child ON child.student_id = sg.student_id
    CROSS JOIN jsonb_array_elements(child.org_ids) AS org
    GROUP BY sg.guardian_id
) now
WHERE u.guardian_id = now.guardian_id AND u.status = 'active' AND u.source_system IS NULL AND u.org_ids <> now.orgs
"""


def upgrade() -> None:
    op.execute(STUDENTS)
    op.execute(GUARDIANS)


def downgrade() -> None:
    """What the roster says of today is right for either."""
