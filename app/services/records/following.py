"""OneRoster's users follow the records of students: who is whose agent, at which schools they are, and whether they are there."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.services.records import naming

# Agents are who is guardian now; a guardian without a user gets one.
_MISSING_USERS = text("""
    SELECT DISTINCT g.id, g.contact_unique_id, g.first_name, g.last_name, g.email, g.phone
    FROM student_guardians sg JOIN guardians g ON g.id = sg.guardian_id
    WHERE sg.student_id = ANY(:ids) AND g.deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM oneroster_users u WHERE u.guardian_id = g.id)
""")
_ADD_USER = text("""
    INSERT INTO oneroster_users (sourced_id, username, given_name, family_name, role, email, phone, guardian_id)
    VALUES ('guardian_' || CAST(:code AS text), :username, :first_name, :last_name, 'guardian', :email, :phone, :id)
    ON CONFLICT (guardian_id) WHERE guardian_id IS NOT NULL DO NOTHING
""")
_FOLLOW = (
    """
    DELETE FROM oneroster_agents x USING oneroster_users child, oneroster_users agent
    WHERE child.id = x.oneroster_user_id AND agent.id = x.agent_id AND child.student_id = ANY(:ids)
      AND agent.guardian_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM student_guardians sg WHERE sg.student_id = child.student_id AND sg.guardian_id = agent.guardian_id)
    """,
    """
    INSERT INTO oneroster_agents (oneroster_user_id, agent_id)
    SELECT child.id, agent.id FROM student_guardians sg
    JOIN oneroster_users child ON child.student_id = sg.student_id
    JOIN oneroster_users agent ON agent.guardian_id = sg.guardian_id
    WHERE sg.student_id = ANY(:ids) ON CONFLICT DO NOTHING
    """,
    # At the schools where they are now; who has left all of them keeps the last, and cannot log in there any more.
    """
    UPDATE oneroster_users u SET org_ids = coalesce(now.orgs, u.org_ids), enabled_user = now.orgs IS NOT NULL
    FROM (
        SELECT s.id, (
            SELECT jsonb_agg(o.sourced_id ORDER BY a.primary_school DESC, a.entry_date DESC, o.sourced_id)
            FROM (SELECT DISTINCT ON (school_id) * FROM student_school_associations
                  WHERE student_id = s.id AND exit_date IS NULL ORDER BY school_id, primary_school DESC, entry_date DESC) a
            JOIN organizations o ON o.id = a.school_id) AS orgs
        FROM students s WHERE s.id = ANY(:ids)
    ) now
    WHERE u.student_id = now.id AND (u.org_ids, u.enabled_user)
        IS DISTINCT FROM (coalesce(now.orgs, u.org_ids), now.orgs IS NOT NULL)
    """,
    """
    UPDATE oneroster_users u SET org_ids = now.orgs
    FROM (
        SELECT sg.guardian_id, jsonb_agg(DISTINCT org) AS orgs
        FROM student_guardians sg JOIN oneroster_users child ON child.student_id = sg.student_id
        CROSS JOIN jsonb_array_elements(child.org_ids) AS org
        WHERE sg.guardian_id IN (SELECT guardian_id FROM student_guardians WHERE student_id = ANY(:ids))
        GROUP BY sg.guardian_id
    ) now
    WHERE u.guardian_id = now.guardian_id AND u.org_ids <> now.orgs
    """,
)


def follow(student_ids: Collection[UUID]) -> None:
    """Have OneRoster's users say what the records of these students say: agents, schools, and whether they are there."""
    facts = {"ids": list(student_ids)}
    for row in db.session.execute(_MISSING_USERS, facts).all():
        username = f"{naming.stem(row.first_name, row.last_name)}.{row.contact_unique_id[:12]}"
        db.session.execute(_ADD_USER, {**row._mapping, "code": row.contact_unique_id, "username": username})
    for statement in _FOLLOW:
        db.session.execute(text(statement), facts)
