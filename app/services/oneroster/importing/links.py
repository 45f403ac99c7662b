"""What lies between people: who is whose agent and guardian, and which student is at which school."""

from __future__ import annotations

import json
from typing import Final

from sqlalchemy import text

from app.extensions import db
from app.services import school
from app.services.oneroster.importing.archive import Bundle
from app.services.oneroster.importing.writing import run
from app.services.records import years
from app.services.records.descriptors import NEW_STUDENT
from app.services.records.grades import CEDS

# Each pair once, the student first, whichever of the two names the other. `live`: nobody has deleted either of them.
_WANTED = """
    CREATE TEMPORARY TABLE wanted_agents ON COMMIT DROP AS
    SELECT DISTINCT CASE WHEN turned THEN other ELSE one END AS oneroster_user_id, CASE WHEN turned THEN one ELSE other END AS agent_id,
           live
    FROM (
        SELECT a.id AS one, b.id AS other, a.live AND b.live AS live,
               CASE WHEN (a.role = 'student') = (b.role = 'student') THEN b.id < a.id ELSE b.role = 'student' END AS turned
        FROM stage_users s
        JOIN roles_of_users a ON a.sourced_id = s."sourcedId"
        CROSS JOIN LATERAL jsonb_array_elements_text(s."agentSourcedIds") agent
        JOIN roles_of_users b ON b.sourced_id = agent
        WHERE s.status IS DISTINCT FROM 'tobedeleted' AND a.id <> b.id
    ) pairs
"""
_ROLES = """
    CREATE TEMPORARY TABLE roles_of_users ON COMMIT DROP AS
    SELECT k.sourced_id, k.id, coalesce(i.role, t.role) AS role,
           coalesce(i.live, t.status = 'active') AND st.deleted_at IS NULL AND g.deleted_at IS NULL AS live
    FROM keys_users k LEFT JOIN incoming_users i ON i.id = k.id LEFT JOIN oneroster_users t ON t.id = k.id
    LEFT JOIN students st ON st.id = t.student_id LEFT JOIN guardians g ON g.id = t.guardian_id
"""
# Pairs that nobody names any more. Those of our own students, and of those of another system, are not a bundle's to
# undo. One row alone that does not name the other one says nothing, as that one may name it: both must be there, or
# the file be complete and both be that system's.
_STALE = """
    CREATE TEMPORARY TABLE stale_agents ON COMMIT DROP AS
    SELECT x.oneroster_user_id, x.agent_id FROM oneroster_agents x
    JOIN oneroster_users t ON t.id = x.oneroster_user_id AND t.source_system = :source
    JOIN oneroster_users a ON a.id = x.agent_id
    WHERE EXISTS (SELECT FROM incoming_users i WHERE i.id IN (x.oneroster_user_id, x.agent_id) AND i.live)
      AND ((:bulk AND a.source_system = :source)
           OR (SELECT count(*) FROM incoming_users i WHERE i.id IN (x.oneroster_user_id, x.agent_id)) = 2)
      AND NOT EXISTS (SELECT FROM wanted_agents w
                      WHERE w.oneroster_user_id = x.oneroster_user_id AND w.agent_id = x.agent_id)
"""
_CHANGED = """
    CREATE TEMPORARY TABLE changed_agents ON COMMIT DROP AS
    SELECT unnest(ARRAY[oneroster_user_id, agent_id]) AS user_id FROM (
        SELECT * FROM stale_agents
        UNION ALL
        SELECT oneroster_user_id, agent_id FROM wanted_agents w WHERE live AND NOT EXISTS (
            SELECT FROM oneroster_agents x WHERE x.oneroster_user_id = w.oneroster_user_id AND x.agent_id = w.agent_id)
    ) pairs
"""
_UNLINK = """
    DELETE FROM student_guardians g USING stale_agents x
    JOIN oneroster_users s ON s.id = x.oneroster_user_id JOIN oneroster_users a ON a.id = x.agent_id
    WHERE g.student_id = s.student_id AND g.guardian_id = a.guardian_id
"""
_REMOVE = """
    DELETE FROM oneroster_agents x USING stale_agents s
    WHERE x.oneroster_user_id = s.oneroster_user_id AND x.agent_id = s.agent_id
"""
_ADD = """
    INSERT INTO oneroster_agents (oneroster_user_id, agent_id)
    SELECT oneroster_user_id, agent_id FROM wanted_agents WHERE live ON CONFLICT DO NOTHING
"""
_LINK = """
    INSERT INTO student_guardians (student_id, guardian_id)
    SELECT s.student_id, a.guardian_id FROM wanted_agents w
    JOIN oneroster_users s ON s.id = w.oneroster_user_id JOIN oneroster_users a ON a.id = w.agent_id
    WHERE w.live AND s.student_id IS NOT NULL AND a.guardian_id IS NOT NULL
    ON CONFLICT DO NOTHING
"""


def find_agents(bundle: Bundle) -> None:
    """Which pairs are wanted, which are to go, and whom that changes; and who is at which school so far. It wants
    `incoming_users`.
    """
    run(_ROLES)
    run(_WANTED)
    run(_STALE, bulk=bundle.modes.get("users.csv") == "bulk", source=bundle.source)
    run(_CHANGED)
    run(_SCHOOLS)
    for name in ("wanted_agents", "stale_agents", "changed_agents", "known_schools"):
        run(f"ANALYZE {name}")


def write_agents() -> None:
    for statement in (_UNLINK, _REMOVE, _ADD, _LINK):
        run(statement)


# A student whom a bundle took out of the roster, or of a school, has left it.
_LEAVE = """
    UPDATE student_school_associations a SET exit_date = greatest(CAST(:today AS date), a.entry_date)
    FROM oneroster_users u, organizations o
    WHERE u.student_id = a.student_id AND o.id = a.school_id AND a.exit_date IS NULL AND u.source_system = :source
      AND (u.status = 'tobedeleted' OR NOT u.org_ids ? o.sourced_id)
      AND (o.source_system = :source OR EXISTS (SELECT FROM stage_orgs s WHERE s."sourcedId" = o.sourced_id))
"""
# Where the stored roster has had the incoming users until now.
_SCHOOLS = """
    CREATE TEMPORARY TABLE known_schools ON COMMIT DROP AS
    SELECT t.id AS user_id, at.sourced_id FROM incoming_users i JOIN oneroster_users t ON t.id = i.id
    CROSS JOIN LATERAL jsonb_array_elements_text(t.org_ids) at (sourced_id)
    WHERE t.status = 'active' AND t.student_id IS NOT NULL
"""
# Who is at a school and was not: from the begin of the role there, or from today. A grade is needed for it. Where
# somebody has let them leave, and the roster said all along that they are there, they stay away until a role begins
# anew; and a role that has ended is none.
# Who is entered is read once, and with figures of now: looked up row by row in a table that was empty when it was last looked at,
# they would be searched for among all that this very statement has written.
_ENTER = """
    WITH known AS MATERIALIZED (
        SELECT student_id, school_id, school_year, primary_school, exit_date FROM student_school_associations
    )
    INSERT INTO student_school_associations (student_id, school_id, entry_date, entry_grade_level_descriptor,
                                             entry_type_descriptor, school_year, primary_school)
    SELECT entering.student_id, entering.school_id, entry_date, grade, :entry_type, entering.school_year,
           first AND p.student_id IS NULL
    FROM (
        SELECT i.student_id, o.id AS school_id, o.sourced_id = i.org_ids ->> 0 AS first, e.entry_date,
               CAST(:grades AS jsonb) ->> (i.grades ->> 0) AS grade,
               coalesce((SELECT y.school_year FROM terms y
                         WHERE y.type = 'schoolYear' AND y.deleted_at IS NULL AND y.start_date <= e.entry_date
                           AND y.end_date > e.entry_date ORDER BY y.start_date DESC, y.id LIMIT 1),
                        CAST(:school_year AS smallint)) AS school_year
        FROM incoming_users i
        CROSS JOIN LATERAL jsonb_array_elements_text(i.org_ids) at
        JOIN organizations o ON o.sourced_id = at AND o.type = 'school' AND o.deleted_at IS NULL
        LEFT JOIN (
            SELECT oneroster_user_id, organization_id, bool_or(present) AS present,
                   coalesce(max(begin_date) FILTER (WHERE present AND begin_date <= :today),
                            min(begin_date) FILTER (WHERE present)) AS begin_date
            FROM (SELECT *, coalesce(end_date >= :today, true) AS present FROM oneroster_roles) roles
            WHERE role = 'student' AND status = 'active' GROUP BY oneroster_user_id, organization_id
        ) r ON r.oneroster_user_id = i.id AND r.organization_id = o.id
        CROSS JOIN LATERAL (SELECT coalesce(r.begin_date, CAST(:today AS date)) AS entry_date) e
        WHERE i.live AND i.role = 'student' AND i.student_id IS NOT NULL AND r.present IS NOT FALSE
          AND NOT EXISTS (
              SELECT FROM known c JOIN known_schools k ON k.user_id = i.id AND k.sourced_id = at
              WHERE c.student_id = i.student_id AND c.school_id = o.id
                AND c.exit_date >= coalesce(r.begin_date, c.exit_date))
    ) entering
    LEFT JOIN known p ON p.student_id = entering.student_id AND p.school_year = entering.school_year
          AND p.primary_school AND p.exit_date IS NULL
    WHERE grade IS NOT NULL AND NOT EXISTS (
        SELECT FROM known a
        WHERE a.student_id = entering.student_id AND a.school_id = entering.school_id AND a.exit_date IS NULL)
    ON CONFLICT (student_id, school_id, entry_date) DO UPDATE
    SET exit_date = NULL, exit_type_descriptor = NULL, primary_school = excluded.primary_school
    WHERE student_school_associations.exit_date >= CAST(:today AS date)
"""
_OF_CEDS: Final = {code: value for value, code in CEDS.items()}
_WITHOUT_GRADE = """
    SELECT count(*) FROM incoming_users WHERE live AND role = 'student' AND grades = '[]'
"""


def write_associations(bundle: Bundle) -> None:
    """Let students enter and leave schools; a school that was left today is entered again by taking that back."""
    today = school.today()
    run(_LEAVE, today=today, source=bundle.source)
    run("ANALYZE student_school_associations")
    run(
        _ENTER,
        today=today,
        entry_type=NEW_STUDENT,
        grades=json.dumps(_OF_CEDS),
        school_year=years.school_year(today),
    )


def without_grade() -> int:
    """How many students have no grade, and so cannot enter a school."""
    return db.session.scalar(text(_WITHOUT_GRADE)) or 0
