"""The statements of the import of students. Each handles all rows of the block in the temporary table `incoming`."""

from __future__ import annotations

from app.services.records.import_rows import STAGED
from app.services.records.sets import SET

_OWN = {
    "student_id": "uuid NOT NULL DEFAULT uuid_time_ordered()",
    "student_usi": "bigint NOT NULL DEFAULT nextval('student_usi_seq')",
    "source_system_descriptor": "text NOT NULL DEFAULT 'School'",
    "enrollment_status": "text NOT NULL DEFAULT 'enrolled'",
    "consultation_completed": "boolean NOT NULL DEFAULT false",
}
_MORE = {
    "line": "integer PRIMARY KEY",
    "given_id": "boolean",
    "guardian_first_name": "text",
    "guardian_last_name": "text",
    "guardian_email": "text",
    "guardian_phone": "text",
    "guardian_key": "text",
    "new_guardian": "boolean NOT NULL DEFAULT false",
}
_TABLE = ", ".join(f"{name} {kind}" for name, kind in (SET | _OWN | _MORE).items())
PREPARE = (
    "DROP TABLE IF EXISTS pg_temp.incoming",
    f"CREATE TEMP TABLE incoming ({_TABLE}) ON COMMIT DROP",
)
EMPTY = "TRUNCATE incoming"
COPY = f"COPY incoming ({', '.join(STAGED)}) FROM STDIN"
GIVEN = "incoming AS given"

# Whom an import brought that was taken back: their id may be given again, and tells other systems of who comes back with it.
_TAKEN_BACK = "u.student_id IS NULL AND u.role = 'student' AND u.username = 'erased.' || u.id"
# The same student: the id that was given, whoever has it; or the same name and day of birth. Who once was told to other systems
# by an id has it for ever, also when their data was erased: of these there is no name.
KNOWN = f"""
    SELECT t.line, s.id, s.first_name || ' ' || s.last_name AS name, t.given_id AND s.student_unique_id = t.student_unique_id AS by_id,
           s.deleted_at IS NOT NULL AS deleted, t.student_unique_id, t.last_name,
           (s.first_name, s.last_name, s.birth_date) IS NOT DISTINCT FROM (t.first_name, t.last_name, t.birth_date) AS same
    FROM incoming t JOIN students s ON s.student_unique_id = t.student_unique_id WHERE t.given_id
    UNION
    SELECT t.line, s.id, s.first_name || ' ' || s.last_name, false, false, t.student_unique_id, t.last_name, false
    FROM incoming t JOIN students s ON s.birth_date = t.birth_date AND s.deleted_at IS NULL
      AND lower(s.last_name) = lower(t.last_name) AND lower(s.first_name) = lower(t.first_name)
    WHERE NOT (t.given_id AND s.student_unique_id IS NOT DISTINCT FROM t.student_unique_id)
    UNION
    SELECT t.line, u.student_id, CASE WHEN u.username <> 'erased.' || u.id THEN u.given_name || ' ' || u.family_name END, true, true,
           t.student_unique_id, t.last_name, false
    FROM incoming t JOIN oneroster_users u ON u.sourced_id = 'student_' || t.student_unique_id
    WHERE t.given_id AND NOT EXISTS (SELECT FROM students s WHERE s.student_unique_id = t.student_unique_id)
      AND NOT ({_TAKEN_BACK})
    ORDER BY line, by_id DESC
"""  # noqa: S608 - from here
DROP = "DELETE FROM incoming WHERE line = ANY(:lines)"
TAKEN = """
    SELECT wanted FROM unnest(CAST(:ids AS text[])) AS wanted
    WHERE EXISTS (SELECT FROM students WHERE student_unique_id = wanted)
       OR EXISTS (SELECT FROM oneroster_users WHERE sourced_id = 'student_' || wanted)
"""

RETURN = f"""
    DELETE FROM oneroster_users u USING incoming t WHERE u.sourced_id = 'student_' || t.student_unique_id AND {_TAKEN_BACK}
"""  # noqa: S608 - from here
GUARDIANS = (
    """
    UPDATE incoming t SET guardian_id = (
        SELECT g.id FROM guardians g
        WHERE g.deleted_at IS NULL AND lower(g.email) = lower(t.guardian_email)
          AND lower(g.first_name) = lower(t.guardian_first_name) AND lower(g.last_name) = lower(t.guardian_last_name)
        ORDER BY g.created_at, g.id LIMIT 1)
    WHERE t.guardian_key IS NOT NULL AND t.guardian_email IS NOT NULL
    """,
    """
    UPDATE incoming t SET guardian_id = found.id
    FROM (SELECT DISTINCT ON (i.line) i.line, g.id
          FROM incoming i JOIN guardians g ON g.last_name = i.guardian_last_name AND g.phone = i.guardian_phone
            AND lower(g.first_name) = lower(i.guardian_first_name) AND g.deleted_at IS NULL
          WHERE i.guardian_email IS NULL ORDER BY i.line, g.created_at, g.id) found
    WHERE found.line = t.line
    """,
    """
    WITH fresh AS MATERIALIZED (
        SELECT guardian_key, gen_random_uuid() AS id FROM incoming
        WHERE guardian_id IS NULL AND guardian_key IS NOT NULL GROUP BY guardian_key
    )
    UPDATE incoming t SET guardian_id = fresh.id, new_guardian = true FROM fresh
    WHERE fresh.guardian_key = t.guardian_key AND t.guardian_id IS NULL
    """,
    """
    INSERT INTO guardians (id, first_name, last_name, email, phone)
    SELECT DISTINCT ON (guardian_id) guardian_id, guardian_first_name, guardian_last_name, guardian_email, guardian_phone
    FROM incoming WHERE new_guardian ORDER BY guardian_id, line
    """,
)
SAMPLE = """
    SELECT t.line, s.student_unique_id, s.first_name, s.last_name, s.birth_date, t.entry_grade_level_descriptor AS grade_level,
           o.name AS school, t.entry_date, t.guardian_name
    FROM (SELECT * FROM incoming ORDER BY line LIMIT :most) t JOIN students s ON s.id = t.student_id
    JOIN organizations o ON o.id = t.school_id ORDER BY t.line
"""
