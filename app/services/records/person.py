"""Which rows are about one student: for giving their data out, and for erasing it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import text

from app.extensions import db
from app.models.admissions import Admission
from app.models.enrollments import Enrollment
from app.models.leads import Lead
from app.models.students import Student
from app.services.admissions import waitlist
from app.services.errors import Conflict
from app.services.test_sessions import leaving
from app.services.transaction import lock_many

_SAME = text("""
    WITH RECURSIVE same AS (
        SELECT CAST(:id AS uuid) AS id
        UNION SELECT m.duplicate_id FROM student_merges m JOIN same ON m.student_id = same.id WHERE m.undone_at IS NULL
    )
    SELECT id FROM same ORDER BY id
""")
_NOT_OVER = text("""
    SELECT (SELECT count(*) FROM admissions WHERE student_id = ANY(:ids) AND deleted_at IS NULL
              AND status IN ('pending', 'active', 'paused')) AS admissions,
           (SELECT count(*) FROM enrollments WHERE student_id = ANY(:ids) AND deleted_at IS NULL
              AND status IN ('in_progress', 'registered')) AS enrollments
""")
# A guardian, an account or a lead that somebody else has too is not only this person's; nor is a guardian who enrolls
# another child, of whom there is no record as yet.
_KEYS: Final = {
    "admissions": "SELECT id FROM admissions WHERE student_id = ANY(:students)",
    "enrollments": "SELECT id FROM enrollments WHERE student_id = ANY(:students)",
    "enrollment_invitations": "SELECT invitation_id FROM enrollments WHERE student_id = ANY(:students)",
    "help_desk_assistants": "SELECT id FROM help_desk_assistants WHERE student_id = ANY(:students)",
    "student_merges": """
        SELECT id FROM student_merges WHERE student_id = ANY(:students) OR duplicate_id = ANY(:students)
    """,
    # With those that were merged into them, from which their admissions came, or which never had any.
    "leads": """
        WITH RECURSIVE theirs AS (
            SELECT a.lead_id AS id FROM admissions a WHERE a.student_id = ANY(:students) AND a.lead_id IS NOT NULL
              AND NOT EXISTS (SELECT FROM admissions o WHERE o.lead_id = a.lead_id AND NOT (o.student_id = ANY(:students)))
            UNION SELECT l.id FROM leads l JOIN theirs ON l.merged_into_id = theirs.id
        )
        SELECT id FROM theirs
    """,
    "guardians": """
        SELECT DISTINCT g.guardian_id FROM student_guardians g WHERE g.student_id = ANY(:students)
          AND NOT EXISTS (SELECT FROM student_guardians o WHERE o.guardian_id = g.guardian_id
                          AND NOT (o.student_id = ANY(:students)))
          AND NOT EXISTS (SELECT FROM guardians p JOIN enrollments e ON e.guardian_id = p.user_id
                          WHERE p.id = g.guardian_id AND e.status NOT IN ('withdrawn', 'rejected')
                            AND e.deleted_at IS NULL AND NOT (e.id = ANY(:enrollments)))
    """,
}
_LATER: Final = {
    "oneroster_users": """
        SELECT id FROM oneroster_users WHERE student_id = ANY(:students) OR guardian_id = ANY(:guardians)
    """,
    # The account of somebody who is nothing else here.
    "accounts": """
        SELECT u.id FROM ab_user u
        WHERE u.id IN (SELECT user_id FROM students WHERE id = ANY(:students)
                       UNION SELECT user_id FROM guardians WHERE id = ANY(:guardians))
          AND NOT EXISTS (SELECT FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id
                          WHERE ur.user_id = u.id AND r.name NOT IN ('Student', 'Guardian', 'Assistant'))
          AND NOT EXISTS (SELECT FROM ab_user_group ug WHERE ug.user_id = u.id)
          AND NOT EXISTS (SELECT FROM enrollments e WHERE e.guardian_id = u.id AND NOT (e.id = ANY(:enrollments)))
          AND NOT EXISTS (SELECT FROM students o WHERE o.user_id = u.id AND NOT (o.id = ANY(:students)))
          AND NOT EXISTS (SELECT FROM guardians o WHERE o.user_id = u.id AND NOT (o.id = ANY(:guardians)))
    """,
    # By which they asked for an account, also in vain.
    "access_requests": """
        SELECT id FROM access_requests WHERE user_id = ANY(:accounts)
           OR (user_id IS NULL AND lower(email) IN (
               SELECT lower(email) FROM guardians WHERE id = ANY(:guardians)
               UNION SELECT lower(email) FROM students WHERE id = ANY(:students)))
    """,
    # In which a note on a seat of theirs stands, from which they were moved or removed.
    "allocation_runs": """
        SELECT r.id FROM allocation_runs r
        WHERE EXISTS (SELECT FROM unnest(ARRAY['moved', 'removed']) AS name
                      CROSS JOIN jsonb_array_elements(r.summary -> name) AS seat
                      WHERE CAST(seat ->> 'student_id' AS uuid) = ANY(:students) AND seat ->> 'notes' IS NOT NULL)
    """,
    # By which they became an assistant; one that made nothing is found by the address, unless another has it too.
    "registration_requests": """
        SELECT r.id FROM registration_requests r
        WHERE r.assistant_id = ANY(:help_desk_assistants) OR r.user_id = ANY(:accounts)
           OR (r.user_id IS NULL
               AND EXISTS (SELECT FROM students s WHERE s.id = ANY(:students) AND lower(s.email) = lower(r.email))
               AND NOT EXISTS (SELECT FROM students o WHERE NOT (o.id = ANY(:students)) AND lower(o.email) = lower(r.email)))
    """,
}
# Tables, and whose keys their rows have.
_HISTORY: Final = (
    ("student_guardians", "student_id", "students"),
    ("student_program_extensions", "student_id", "students"),
    ("enrollment_steps", "enrollment_id", "enrollments"),
    ("enrollment_documents", "enrollment_id", "enrollments"),
    ("lead_notes", "lead_id", "leads"),
    ("lead_contact_attempts", "lead_id", "leads"),
    ("reschedule_requests", "student_id", "students"),
    ("waitlist_entries", "student_id", "students"),
    ("waitlist_entries", "lead_id", "leads"),
    ("test_registrations", "student_id", "students"),
    ("room_allocations", "student_id", "students"),
    ("admission_payments", "admission_id", "admissions"),
    ("user_profiles", "user_id", "accounts"),
    ("availability", "assistant_id", "help_desk_assistants"),
    ("course_capabilities", "assistant_id", "help_desk_assistants"),
    ("registration_availability", "registration_id", "registration_requests"),
    ("registration_courses", "registration_id", "registration_requests"),
)
# What letters went to, now or once. An address that somebody else has too stays.
_ADDRESSES = text("""
    WITH theirs AS (
        SELECT email FROM guardians WHERE id = ANY(:guardians)
        UNION SELECT email FROM students WHERE id = ANY(:students)
        UNION SELECT email FROM ab_user WHERE id = ANY(:accounts)
        UNION SELECT guardian_email FROM enrollment_invitations WHERE id = ANY(:enrollment_invitations)
        UNION SELECT said.email FROM jsonb_each(CAST(:rows AS jsonb)) AS t (name, keys)
            CROSS JOIN jsonb_array_elements_text(t.keys) AS k (key)
            JOIN row_history h ON h.table_name = t.name AND h.row_id = k.key
            CROSS JOIN LATERAL unnest(ARRAY[h.before ->> 'email', h.after ->> 'email', h.before ->> 'guardian_email',
                                            h.after ->> 'guardian_email']) AS said (email)
    )
    SELECT DISTINCT lower(t.email) FROM theirs t WHERE t.email IS NOT NULL
      AND NOT EXISTS (SELECT FROM guardians o WHERE lower(o.email) = lower(t.email) AND NOT (o.id = ANY(:guardians)))
      AND NOT EXISTS (SELECT FROM students o WHERE lower(o.email) = lower(t.email) AND NOT (o.id = ANY(:students)))
      AND NOT EXISTS (SELECT FROM ab_user o WHERE lower(o.email) = lower(t.email) AND NOT (o.id = ANY(:accounts)))
      AND NOT EXISTS (SELECT FROM enrollment_invitations o WHERE lower(o.guardian_email) = lower(t.email)
                        AND NOT (o.id = ANY(:enrollment_invitations)))
      AND NOT EXISTS (SELECT FROM registration_requests o WHERE lower(o.email) = lower(t.email)
                        AND NOT (o.id = ANY(:registration_requests)))
""")


@dataclass(frozen=True)
class Person:
    """The keys of everything about somebody, by table; `details` are those of rows that belong to these or did, and
    `classes` those of their marks.
    """

    keys: dict[str, list[Any]]
    details: dict[str, list[str]]
    classes: list[Any]

    def parameters(self) -> dict[str, list[Any]]:
        """For statements: the keys by name, and all of them as texts, as notices refer to them."""
        groups = [*self.keys.values(), *self.details.values(), self.classes]
        return self.keys | {"entities": [str(key) for keys in groups for key in keys]}

    def rows(self) -> dict[str, list[str]]:
        """Table -> keys of the rows whose history is theirs."""
        every = {("ab_user" if name == "accounts" else name): keys for name, keys in (self.keys | self.details).items()}
        return {name: [str(key) for key in keys] for name, keys in every.items() if keys}


def same_person(student_id: UUID) -> list[UUID]:
    """The student, and whoever was merged into them."""
    return list(db.session.scalars(_SAME, {"id": student_id}))


def lock(student_id: UUID) -> list[UUID]:
    """Lock the student and whoever was merged into them; before them their enrollments, leads, admissions, waitlists and
    tests to come, as whoever works on those does. Returns the students' keys. Raises Conflict when another one was merged into them
    meanwhile.
    """
    students = same_person(student_id)
    for model in (Enrollment, Lead, Admission):
        found = db.session.scalars(text(_KEYS[model.__tablename__]), {"students": students})
        lock_many(model, list(found))
    waitlist.lock_slots_of(students)
    leaving.hold_tests(students)
    lock_many(Student, students)
    leaving.hold_tests(students)
    if same_person(student_id) != students:
        raise Conflict(
            _("Someone else changed this record while you were editing it. Reload it, and make your changes again.")
        )
    return students


def not_over(students: Sequence[UUID]) -> str | None:
    """What of theirs still runs, in words; None when nothing does."""
    row = db.session.execute(_NOT_OVER, {"ids": list(students)}).one()
    if row.admissions:
        return ngettext(
            "%(num)s admission is not over: cancel or complete it first.",
            "%(num)s admissions are not over: cancel or complete them first.",
            row.admissions,
        )
    if row.enrollments:
        return ngettext(
            "%(num)s enrollment is not over: complete or withdraw it first.",
            "%(num)s enrollments are not over: complete or withdraw them first.",
            row.enrollments,
        )
    return None


def read(students: Sequence[UUID]) -> Person:
    """Everything that is about these records of one student."""
    keys: dict[str, list[Any]] = {"students": list(students)}
    for name, statement in (_KEYS | _LATER).items():
        keys[name] = list(db.session.scalars(text(statement), keys))
    details: dict[str, list[str]] = {}
    for table, column, of in _HISTORY:
        details.setdefault(table, []).extend(_details(table, column, keys[of]))
    classes = db.session.scalars(text("SELECT id FROM attendance WHERE student_id = ANY(:students)"), keys)
    return Person(keys, details, list(classes))


def _details(table: str, column: str, owners: Sequence[Any]) -> list[str]:
    """The keys of rows that belong to these owners, or did until they were deleted, for their history tells of them."""
    statement = f"""
        SELECT CAST(id AS text) FROM {table} WHERE {column} = ANY(:owners)
        UNION SELECT row_id FROM row_history
        WHERE table_name = :table AND operation = 'delete' AND before ->> '{column}' = ANY(:texts)
    """  # noqa: S608 - the names are ours
    facts = {"table": table, "owners": list(owners), "texts": [str(key) for key in owners]}
    return list(db.session.scalars(text(statement), facts))


def addresses(known: Person) -> list[str]:
    """The e-mail addresses that are theirs alone, or were, in small letters."""
    return list(db.session.scalars(_ADDRESSES, known.keys | {"rows": json.dumps(known.rows())}))


def kept(known: Person, names: Sequence[str]) -> dict[str, int]:
    """How many rows of these kinds there are, which are kept."""
    counted = {name: len(known.keys[name]) for name in names if name in known.keys}
    for table in ("attendance", "student_school_associations", "test_registrations"):
        statement = text(f"SELECT count(*) FROM {table} WHERE student_id = ANY(:students)")  # noqa: S608
        counted[table] = db.session.scalar(statement, {"students": known.keys["students"]}) or 0
    return {name: count for name, count in counted.items() if count}
