"""Students of the school are where they are today, in the grade of today, and have the telephone that is known of them.

Revision: 0020
Follows: 0019
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# As services/records/following.py has it from now on. What came in a bundle is as the bundle says.
STUDENTS = """
UPDATE oneroster_users u SET org_ids = now.orgs, grades = now.grades, enabled_user = now.there
FROM (
    SELECT x.id, coalesce(at.orgs, x.org_ids) AS orgs, coalesce(at.grades, x.grades) AS grades, at.orgs IS NOT NULL AS there
    FROM oneroster_users x CROSS JOIN LATERAL (
        SELECT jsonb_agg(o.sourced_id ORDER BY a.primary_school DESC, a.entry_date DESC, o.sourced_id) AS orgs,
               to_jsonb(array_remove((array_agg(
                   CAST(:ceds AS jsonb) ->> a.entry_grade_level_descriptor
                   ORDER BY a.primary_school DESC, a.entry_date DESC, o.sourced_id))[1:1], NULL)) AS grades
        FROM (SELECT DISTINCT ON (school_id) * FROM student_school_associations
              WHERE student_id = x.student_id AND (exit_date IS NULL OR exit_date > greatest(current_date, entry_date))
                AND entry_date <= greatest(current_date, (
                    SELECT min(entry_date) FROM student_school_associations f WHERE f.student_id = x.student_id))
              ORDER BY school_id, primary_school DESC, entry_date DESC) a
        JOIN organizations o ON o.id = a.school_id
    ) at
    WHERE x.status = 'active' AND x.source_system IS NULL
      AND x.student_id IN (SELECT student_id FROM student_school_associations)
) now
WHERE u.id = now.id AND (u.org_ids, u.grades, u.enabled_user) IS DISTINCT FROM (now.orgs, now.grades, now.there)
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

CEDS = {
    "Infant/toddler": "IT",
    "Preschool": "PR",
    "Prekindergarten": "PK",
    "Transitional Kindergarten": "TK",
    "Kindergarten": "KG",
    "First grade": "01",
    "Second grade": "02",
    "Third grade": "03",
    "Fourth grade": "04",
    "Fifth grade": "05",
    "Sixth grade": "06",
    "Seventh grade": "07",
    "Eighth grade": "08",
    "Ninth grade": "09",
    "Tenth grade": "10",
    "Eleventh grade": "11",
    "Twelfth grade": "12",
    "Grade 13": "13",
    "Postsecondary": "PS",
    "Ungraded": "UG",
    "Other": "Other",
}
# Where only the e-mail address was taken over, the telephone is too. A bundle's own way of writing it stays until it changes.
PHONE = " phone = CASE WHEN NEW.phone IS DISTINCT FROM OLD.phone THEN NEW.phone ELSE phone END,"
ADD_STUDENTS = """
CREATE OR REPLACE FUNCTION oneroster_add_students(keys uuid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO oneroster_users (sourced_id, username, given_name, family_name, middle_name, role, identifier, email, {}birth_date,
                                 org_ids, student_id)
    SELECT 'student_' || gen_random_uuid(), oneroster_username(s.first_name || '.' || s.last_name || '.' || s.student_usi, s.student_usi::text),
           s.first_name, s.last_name, s.middle_name, 'student', s.student_unique_id, s.email, {}s.birth_date,
           coalesce((SELECT jsonb_agg(home) FROM oneroster_home() AS home WHERE home IS NOT NULL), '[]'), s.id
    FROM students s WHERE s.id = ANY (keys) AND NOT EXISTS (SELECT FROM oneroster_users u WHERE u.student_id = s.id)
    ON CONFLICT DO NOTHING
$$;
"""
FOLLOW_STUDENT = """
CREATE OR REPLACE FUNCTION oneroster_follow_student() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE oneroster_users SET given_name = NEW.first_name, family_name = NEW.last_name, middle_name = NEW.middle_name,
        email = NEW.email,{} birth_date = NEW.birth_date,
        status = CASE WHEN NEW.deleted_at IS NULL AND OLD.deleted_at IS NULL THEN status
                      WHEN NEW.deleted_at IS NULL THEN 'active' ELSE 'tobedeleted' END
    WHERE student_id = NEW.id;
    RETURN NULL;
END $$;
"""
FOLLOWED = ("first_name", "last_name", "middle_name", "email", "birth_date", "deleted_at")
PHONES = """
UPDATE oneroster_users u SET phone = s.phone FROM students s
WHERE s.id = u.student_id AND u.status = 'active' AND u.source_system IS NULL AND u.phone IS DISTINCT FROM s.phone
"""


def _trigger(*more: str) -> tuple[str, str]:
    old, new = (", ".join(f"{row}.{name}" for name in (*FOLLOWED, *more)) for row in ("OLD", "NEW"))
    return (
        "DROP TRIGGER oneroster_follow ON students",
        f"""CREATE TRIGGER oneroster_follow AFTER UPDATE ON students FOR EACH ROW
            WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION oneroster_follow_student()""",
    )


# Who was deleted is so for everybody; who is guardian of nobody cannot log in, unless a bundle says otherwise.
GUARDIANS_GONE = """
UPDATE oneroster_users u SET enabled_user = false, status = CASE WHEN g.deleted_at IS NULL THEN u.status ELSE 'tobedeleted' END
FROM guardians g
WHERE g.id = u.guardian_id AND u.status = 'active' AND (
    g.deleted_at IS NOT NULL OR (u.source_system IS NULL AND u.enabled_user
        AND NOT EXISTS (SELECT FROM student_guardians sg WHERE sg.guardian_id = g.id)))
"""


def upgrade() -> None:
    for statement in (ADD_STUDENTS.format("phone, ", "s.phone, "), FOLLOW_STUDENT.format(PHONE), *_trigger("phone")):
        op.execute(statement)
    op.execute(PHONES)
    op.execute(sa.text(STUDENTS).bindparams(ceds=json.dumps(CEDS)))
    op.execute(GUARDIANS)
    op.execute(GUARDIANS_GONE)


def downgrade() -> None:
    """What the roster says of today stays: it is right for either."""
    for statement in (*_trigger(), FOLLOW_STUDENT.format(""), ADD_STUDENTS.format("", "")):
        op.execute(statement)
