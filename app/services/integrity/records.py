"""Records of students, and the enrollments that make them."""

# ruff: noqa: S608 - statements put together from parts of this file

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _l

from app.services.integrity.invariants import Invariant, sql

RECORDS: Final = _l("Student records")
SHOW_ENROLLMENT: Final = ("show", "Enrollments")
SHOW_STUDENT: Final = ("show", "Students")
_ENROLLMENT: Final = """
    SELECT e.id::text AS key, e.enrollment_code::text AS title, '/enrollments/' || e.id AS link,
           e.student_first_name || ' ' || e.student_last_name AS detail
    FROM enrollments e WHERE e.deleted_at IS NULL AND
"""
_STUDENT: Final = """
    SELECT s.id::text AS key, s.first_name || ' ' || s.last_name AS title, '/students/' || s.id AS link,
           s.student_unique_id::text AS detail
    FROM students s JOIN student_program_extensions x ON x.student_id = s.id WHERE s.deleted_at IS NULL AND
"""
_AGENT_MISSING: Final = """
    SELECT g.id FROM student_guardians g JOIN oneroster_users child ON child.student_id = g.student_id
    JOIN oneroster_users agent ON agent.guardian_id = g.guardian_id
    WHERE NOT EXISTS (SELECT FROM oneroster_agents a WHERE a.oneroster_user_id = child.id AND a.agent_id = agent.id)
"""

ENROLLED_RECORDS: Final = (
    Invariant(
        "records_overdue",
        RECORDS,
        _l("Records are made when they are due"),
        _l("The student's records have been due for more than a day and do not exist."),
        _ENROLLMENT
        + """
            e.records_due_since < now() - interval '1 day' AND e.student_id IS NULL
            AND e.status NOT IN ('withdrawn', 'rejected')
        """,
        SHOW_ENROLLMENT,
        _l("Correct what the enrollment lacks, and press Retry."),
        warning=True,
    ),
    Invariant(
        "records_not_due_any_more",
        RECORDS,
        _l("Nobody waits for records that exist"),
        _l("The enrollment waits for records that it has."),
        _ENROLLMENT + "e.records_due_since IS NOT NULL AND e.student_id IS NOT NULL",
        SHOW_ENROLLMENT,
        _l("The wait is ended."),
        sql(
            "UPDATE enrollments SET records_due_since = NULL WHERE records_due_since IS NOT NULL AND student_id IS NOT NULL"
        ),
    ),
    Invariant(
        "records_without_attempt",
        RECORDS,
        _l("Records come from an attempt that is written down"),
        _l("The enrollment has records, but no attempt made them."),
        _ENROLLMENT
        + """
            e.student_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM record_creation_attempts a WHERE a.enrollment_id = e.id AND a.succeeded)
        """,
        SHOW_ENROLLMENT,
        _l("Look who linked the student, in the history of the enrollment."),
        warning=True,
    ),
    Invariant(
        "records_incomplete",
        RECORDS,
        _l("A set of records is whole"),
        _l("The student has a program record, but no school, or is unknown to OneRoster."),
        _STUDENT
        + """
            (NOT EXISTS (SELECT FROM student_school_associations a WHERE a.student_id = s.id)
             OR NOT EXISTS (SELECT FROM oneroster_users u WHERE u.student_id = s.id))
        """,
        SHOW_STUDENT,
        _l("Enter the school on the student's page."),
        warning=True,
    ),
    Invariant(
        "records_of_enrolled",
        RECORDS,
        _l("Who is enrolled has an enrolled program record"),
        _l("The enrollment is complete, but the program record says otherwise."),
        _ENROLLMENT
        + """
            e.status = 'enrolled' AND EXISTS (
                SELECT FROM student_program_extensions x WHERE x.student_id = e.student_id AND x.enrollment_status = 'registered')
        """,
        SHOW_ENROLLMENT,
        _l("The program record is set to enrolled."),
        sql("""
            UPDATE student_program_extensions x SET enrollment_status = 'enrolled'
            FROM enrollments e WHERE e.student_id = x.student_id AND e.status = 'enrolled' AND e.deleted_at IS NULL
              AND x.enrollment_status = 'registered'
        """),
    ),
    Invariant(
        "guardians_are_agents",
        RECORDS,
        _l("Guardians are agents at OneRoster"),
        _l("Somebody is guardian of a student here, but not for other systems."),
        f"""
            SELECT g.id::text AS key, p.first_name || ' ' || p.last_name AS title, '/student-guardians/' || g.id AS link,
                   s.first_name || ' ' || s.last_name AS detail
            FROM student_guardians g JOIN guardians p ON p.id = g.guardian_id JOIN students s ON s.id = g.student_id
            WHERE g.id IN ({_AGENT_MISSING})
        """,
        ("show", "Guardians"),
        _l("They are made agents."),
        sql("""
            INSERT INTO oneroster_agents (oneroster_user_id, agent_id)
            SELECT child.id, agent.id FROM student_guardians g JOIN oneroster_users child ON child.student_id = g.student_id
            JOIN oneroster_users agent ON agent.guardian_id = g.guardian_id ON CONFLICT DO NOTHING
        """),
    ),
)
