"""The records of students, a set each, written by one statement per table however many students there are.

A set is a row with the columns of SET. One comes as JSON from an enrollment, many lie in the temporary table of an
import: the statements are the same. The guardians are there already.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import text

from app.extensions import db
from app.services.records.descriptors import NEW_STUDENT

SET: Final = {
    "student_id": "uuid",
    "student_usi": "bigint",
    "student_unique_id": "text",
    "first_name": "text",
    "middle_name": "text",
    "last_name": "text",
    "generation_suffix": "text",
    "birth_date": "date",
    "birth_city": "text",
    "birth_state": "text",
    "birth_country": "text",
    "birth_sex_descriptor": "text",
    "hispanic_latino_ethnicity": "boolean",
    "races": "jsonb",
    "source_system_descriptor": "text",
    "email": "text",
    "phone": "text",
    "guardian_name": "text",
    "school_id": "uuid",
    "school_sourced_id": "text",
    "entry_date": "date",
    "entry_grade_level_descriptor": "text",
    "entry_type_descriptor": "text",
    "school_year": "smallint",
    "grades": "jsonb",
    "sport_interests": "jsonb",
    "enrollment_status": "text",
    "assigned_program_track": "text",
    "grade_at_enrollment": "text",
    "expected_start_date": "date",
    "referring_coach_id": "integer",
    "invitation_id": "uuid",
    "consultation_completed": "boolean",
    "shadow_day": "date",
    "stem": "text",
    "guardian_id": "uuid",
    "guardian_stem": "text",
    "relation_descriptor": "text",
}
"""Column of a set -> its type."""

_COLUMNS: Final = ", ".join(f"{name} {kind}" for name, kind in SET.items())
AS_JSON: Final = f"json_to_recordset(CAST(:sets AS json)) AS given ({_COLUMNS})"

_STUDENTS = """
    INSERT INTO students (id, student_usi, student_unique_id, first_name, middle_name, last_name, generation_suffix,
        birth_date, birth_city, birth_state, birth_country, birth_sex_descriptor, hispanic_latino_ethnicity, races,
        source_system_descriptor, email, phone, guardian_name)
    SELECT student_id, student_usi, student_unique_id, first_name, middle_name, last_name, generation_suffix,
        birth_date, birth_city, birth_state, birth_country, birth_sex_descriptor, hispanic_latino_ethnicity, races,
        source_system_descriptor, email, phone, guardian_name
    FROM {given}
"""
_ASSOCIATIONS = """
    INSERT INTO student_school_associations (student_id, school_id, entry_date, entry_grade_level_descriptor,
        entry_type_descriptor, school_year)
    SELECT student_id, school_id, entry_date, entry_grade_level_descriptor, entry_type_descriptor, school_year
    FROM {given}
"""
_EXTENSIONS = """
    INSERT INTO student_program_extensions (student_id, sport_interests, enrollment_status, assigned_program_track,
        grade_at_enrollment, expected_start_date, referring_coach_id, invitation_id, consultation_completed, shadow_day)
    SELECT student_id, sport_interests, enrollment_status, assigned_program_track, grade_at_enrollment,
        expected_start_date, referring_coach_id, invitation_id, consultation_completed, shadow_day
    FROM {given}
"""
_USERS = """
    INSERT INTO oneroster_users (sourced_id, username, given_name, middle_name, family_name, role, identifier, email,
        phone, birth_date, org_ids, grades, student_id)
    SELECT 'student_' || student_unique_id, stem || '.' || student_usi, first_name, middle_name, last_name, 'student',
        student_unique_id, email, phone, birth_date, jsonb_build_array(school_sourced_id), grades, student_id
    FROM {given}
"""
_LINKS = """
    INSERT INTO student_guardians (student_id, guardian_id, relation_descriptor, primary_contact)
    SELECT student_id, guardian_id, relation_descriptor, true FROM {given} WHERE guardian_id IS NOT NULL
"""
# A guardian of several children is one user, at every school of theirs.
_GUARDIAN_USERS = """
    INSERT INTO oneroster_users AS kept (sourced_id, username, given_name, family_name, role, email, phone, org_ids,
        guardian_id)
    SELECT 'guardian_' || g.contact_unique_id, min(given.guardian_stem) || '.' || left(g.contact_unique_id, 12), g.first_name,
        g.last_name, 'guardian', g.email, g.phone, jsonb_agg(DISTINCT given.school_sourced_id), g.id
    FROM {given} JOIN guardians g ON g.id = given.guardian_id GROUP BY g.id
    ON CONFLICT (guardian_id) WHERE guardian_id IS NOT NULL DO UPDATE
    SET status = 'active', enabled_user = true, org_ids = (
        SELECT jsonb_agg(DISTINCT org) FROM student_guardians sg JOIN oneroster_users child ON child.student_id = sg.student_id
        CROSS JOIN jsonb_array_elements(child.org_ids) AS org WHERE sg.guardian_id = kept.guardian_id)
    WHERE kept.status <> 'active' OR NOT kept.enabled_user OR NOT kept.org_ids @> excluded.org_ids
"""
_AGENTS = """
    INSERT INTO oneroster_agents (oneroster_user_id, agent_id)
    SELECT child.id, agent.id FROM {given} JOIN oneroster_users child ON child.student_id = given.student_id
    JOIN oneroster_users agent ON agent.guardian_id = given.guardian_id
"""
STATEMENTS: Final = (_STUDENTS, _ASSOCIATIONS, _EXTENSIONS, _USERS, _LINKS, _GUARDIAN_USERS, _AGENTS)
DEFAULTS: Final = {
    "races": [],
    "sport_interests": [],
    "grades": [],
    "entry_type_descriptor": NEW_STUDENT,
    "enrollment_status": "registered",
    "consultation_completed": False,
}


def write(given: str = AS_JSON, **parameters: Any) -> None:
    """Write the sets that the SQL `given` names, under this alias: students, associations, extensions, OneRoster users, and the links to
    their guardians. Called inside a transaction.
    """
    for statement in STATEMENTS:
        db.session.execute(text(statement.format(given=given)), parameters)


def as_json(sets: Sequence[dict[str, Any]]) -> str:
    """Sets for AS_JSON; columns that a set does not name have their defaults."""
    return json.dumps([DEFAULTS | each for each in sets], default=str)
