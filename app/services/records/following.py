"""OneRoster's users follow the records of students: who is whose agent, at which schools and in which grade they
are, and whether they are there."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Select, and_, or_, select, text

from app.extensions import db
from app.models.student_records import Guardian, OneRosterUser, RosterStatus, StudentSchoolAssociation
from app.models.students import Student
from app.services import jobs, school, sessions
from app.services.records import naming
from app.services.records.grades import CEDS
from app.services.transaction import act_as, lock_many, transactional

JOB: Final = "roster_days"
ERASED: Final = "Erased"
FORGET_USERS: Final = {
    "oneroster_users": """
        UPDATE oneroster_users SET status = 'tobedeleted', enabled_user = false, username = 'erased.' || id,
            given_name = :erased, family_name = :erased, middle_name = NULL, identifier = NULL, email = NULL, phone = NULL,
            birth_date = NULL, metadata = '{}', guardian_id = NULL, user_id = NULL
        WHERE id = ANY(:oneroster_users)
    """,
    "oneroster_agents": """
        DELETE FROM oneroster_agents WHERE oneroster_user_id = ANY(:oneroster_users) OR agent_id = ANY(:oneroster_users)
    """,
}
"""Whom other systems are told to delete: the rows with the keys `oneroster_users` say nothing of anybody any more."""

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
# Guardians are where their children are, as far as these are there themselves: not deleted, merged or erased.
_AT_SCHOOLS: Final = """
    UPDATE oneroster_users u SET org_ids = now.orgs
    FROM (
        SELECT sg.guardian_id, jsonb_agg(DISTINCT org) AS orgs
        FROM student_guardians sg JOIN oneroster_users child ON child.student_id = sg.student_id AND child.status = 'active'
        CROSS JOIN jsonb_array_elements(child.org_ids) AS org
        WHERE sg.guardian_id IN ({guardians})
        GROUP BY sg.guardian_id
    ) now
    WHERE u.guardian_id = now.guardian_id AND u.org_ids <> now.orgs
"""
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
    # At the schools where they are now, or will be first, in the grade of the first of these; who leaves on the first day was
    # never there. Who has left all of them keeps the last, and cannot log in there any more. Who is gone from the roster stays
    # as they are: merged, erased, or deleted by a bundle. The grade of a bundle's student is
    # what the bundle says: an association has that of the day of entering.
    """
    UPDATE oneroster_users u SET org_ids = now.orgs, grades = now.grades, enabled_user = now.there
    FROM (
        SELECT x.id, coalesce(at.orgs, x.org_ids) AS orgs, at.orgs IS NOT NULL AS there,
               CASE WHEN at.orgs IS NULL OR x.source_system IS NOT NULL THEN x.grades ELSE at.grades END AS grades
        FROM oneroster_users x CROSS JOIN LATERAL (
            SELECT jsonb_agg(o.sourced_id ORDER BY a.primary_school DESC, a.entry_date DESC, o.sourced_id) AS orgs,
                   to_jsonb(array_remove((array_agg(
                       CAST(:ceds AS jsonb) ->> a.entry_grade_level_descriptor
                       ORDER BY a.primary_school DESC, a.entry_date DESC, o.sourced_id))[1:1], NULL)) AS grades
            FROM (SELECT DISTINCT ON (school_id) * FROM student_school_associations
                  WHERE student_id = x.student_id AND (exit_date IS NULL OR exit_date > greatest(CAST(:today AS date), entry_date))
                    AND entry_date <= greatest(CAST(:today AS date), (
                        SELECT min(entry_date) FROM student_school_associations f WHERE f.student_id = x.student_id))
                  ORDER BY school_id, primary_school DESC, entry_date DESC) a
            JOIN organizations o ON o.id = a.school_id
        ) at
        WHERE x.student_id = ANY(:ids) AND x.status = 'active'
    ) now
    WHERE u.id = now.id AND (u.org_ids, u.grades, u.enabled_user) IS DISTINCT FROM (now.orgs, now.grades, now.there)
    """,
    _AT_SCHOOLS.format(guardians="SELECT guardian_id FROM student_guardians WHERE student_id = ANY(:ids)"),
)


def follow(student_ids: Collection[UUID]) -> None:
    """Have OneRoster's users say what the records of these students say: agents, schools, grade, and whether they are
    there.
    """
    facts = {"ids": list(student_ids), "today": school.today(), "ceds": json.dumps(CEDS)}
    for row in db.session.execute(_MISSING_USERS, facts).all():
        username = f"{naming.stem(row.first_name, row.last_name)}.{row.contact_unique_id[:12]}"
        db.session.execute(_ADD_USER, {**row._mapping, "code": row.contact_unique_id, "username": username})
    for statement in _FOLLOW:
        db.session.execute(text(statement), facts)


_GUARDIANS = (
    """
    UPDATE oneroster_users u SET enabled_user = now.linked
    FROM (SELECT g.id, EXISTS (SELECT FROM student_guardians sg JOIN students s ON s.id = sg.student_id AND s.deleted_at IS NULL
                               WHERE sg.guardian_id = g.id) AS linked
          FROM guardians g WHERE g.id = ANY(:ids)) now
    WHERE u.guardian_id = now.id AND u.enabled_user <> now.linked
    """,
    _AT_SCHOOLS.format(guardians="SELECT unnest(CAST(:ids AS uuid[]))"),
)


def follow_guardians(guardian_ids: Sequence[UUID]) -> None:
    """Have OneRoster's users say of whom these are guardian now, or not any more: at which schools they are, and whoever is
    guardian of nobody cannot log in, until they are of somebody anew.
    """
    lock_many(Guardian, guardian_ids)  # whoever waits here sees the links that the others made and deleted
    for statement in _GUARDIANS:
        db.session.execute(text(statement), {"ids": list(guardian_ids)})


_THEIRS = text("SELECT DISTINCT guardian_id FROM student_guardians WHERE student_id = ANY(:ids)")


def follow_families(student_ids: Sequence[UUID]) -> None:
    """Follow these students, who have gone or come back, and whoever is guardian of them."""
    follow(student_ids)
    follow_guardians(list(db.session.scalars(_THEIRS, {"ids": list(student_ids)})))


@transactional
def follow_days(day: date) -> int:
    """Follow those for whom the day of entering or leaving a school has come, since the job went well the last time. Where
    the students of a bundle enter, the bundle has told. Returns how many; repeating it for the same day changes nothing.
    """
    act_as(sessions.system())
    since = jobs.last_success(JOB, day) or day - timedelta(days=1)
    students = list(db.session.scalars(_turning(since, day)))
    follow(students)
    return len(students)


def _turning(since: date, day: date) -> Select[UUID]:
    """Students with a first or last day after `since`, until `day`. Whoever is gone from the roster stays as they are."""
    of, user = StudentSchoolAssociation, OneRosterUser
    turned = or_(
        and_(of.exit_date > since, of.exit_date <= day),
        and_(of.entry_date > since, of.entry_date <= day, user.source_system.is_(None)),
    )
    told = user.status == RosterStatus.ACTIVE
    found = select(of.id).join(user, user.student_id == of.student_id).where(of.student_id == Student.id, turned, told)
    return select(Student.id).where(found.exists()).order_by(Student.id).with_for_update(key_share=True, of=Student)
