"""Erasing one person's data on request. What has to be kept is listed with its reason; all else is deleted, or says
nothing about them any more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field
from sqlalchemy import select, text

from app.extensions import db
from app.models.access import NO_EMAIL
from app.models.student_changes import StudentErasure
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.rules import may_erase_student
from app.policies.scopes import visible
from app.services.admissions import waitlist
from app.services.errors import NotAllowed, NotFound, WrongState
from app.services.inputs import Input, storable
from app.services.records import person
from app.services.records.following import ERASED, FORGET_USERS, follow_guardians
from app.services.records.person import Person
from app.services.resource import Outcome, Result
from app.services.test_sessions import leaving
from app.services.transaction import transactional

KEPT: Final = {
    "admissions": _l("admissions and what was paid: the school's books"),
    "attendance": _l("marks of attendance, which count classes"),
    "student_school_associations": _l("school, days and grade, for statistics without a name"),
    "oneroster_users": _l("OneRoster ids, so that other systems are told to delete them"),
    "enrollments": _l("that there was an enrollment, without its data"),
    "test_registrations": _l("that a seat was taken in a test"),
    "help_desk_assistants": _l("shifts at the help desk and their rate: the school's books"),
    "imports": _l("files of imports, which hold other people too"),
}
"""What stays, and why."""


class EraseStudent(Input):
    """Why: who asked, and when."""

    reason: Annotated[str, Field(min_length=1, max_length=500), BeforeValidator(storable)]


# What happens to each table; the keys of the person's rows are parameters of these names. In an order in which nothing
# is needed any more that is gone.
_STATEMENTS: Final = {
    "letters": "DELETE FROM letters WHERE lower(email) = ANY(:addresses) OR payload ->> 'id' = ANY(:entities)",
    "student_merges": """
        UPDATE student_merges SET moved = moved - 'taken' WHERE id = ANY(:student_merges) AND moved -> 'taken' <> '{}'
    """,
    "student_program_extensions": "DELETE FROM student_program_extensions WHERE student_id = ANY(:students)",
    "student_guardians": "DELETE FROM student_guardians WHERE student_id = ANY(:students)",
    "enrollment_documents": "DELETE FROM enrollment_documents WHERE enrollment_id = ANY(:enrollments)",
    "enrollment_steps": "UPDATE enrollment_steps SET data = '{}' WHERE enrollment_id = ANY(:enrollments)",
    "enrollments": """
        UPDATE enrollments SET student_first_name = :erased, student_last_name = :erased, decision_note = NULL
        WHERE id = ANY(:enrollments)
    """,
    "enrollment_invitations": """
        UPDATE enrollment_invitations SET student_first_name = :erased, student_last_name = :erased, guardian_name = NULL,
            guardian_email = 'erased@' || :no_email, message = NULL, program_interests = '[]'
        WHERE id = ANY(:enrollment_invitations)
    """,
    **FORGET_USERS,
    "guardians": "DELETE FROM guardians WHERE id = ANY(:guardians)",
    "lead_notes": "DELETE FROM lead_notes WHERE lead_id = ANY(:leads)",
    "lead_contact_attempts": "UPDATE lead_contact_attempts SET note = '' WHERE lead_id = ANY(:leads) AND note <> ''",
    "leads": """
        UPDATE leads SET first_name = :erased, last_name = :erased, phone = '+10000', phone_raw = NULL, email = NULL,
            address = NULL, area = NULL, community = NULL, guardian_name = NULL, age = NULL,
            deleted_at = coalesce(deleted_at, now())
        WHERE id = ANY(:leads)
    """,
    "admissions": """
        UPDATE admissions SET notes = NULL, submission_digest = NULL
        WHERE id = ANY(:admissions) AND (notes IS NOT NULL OR submission_digest IS NOT NULL)
    """,
    "admission_payments": """
        UPDATE admission_payments SET note = NULL WHERE admission_id = ANY(:admissions) AND note IS NOT NULL
    """,
    "reschedule_requests": """
        UPDATE reschedule_requests SET reason = NULL, decision_note = NULL
        WHERE student_id = ANY(:students) AND (reason IS NOT NULL OR decision_note IS NOT NULL)
    """,
    "waitlist_entries": """
        UPDATE waitlist_entries SET notes = NULL
        WHERE (student_id = ANY(:students) OR lead_id = ANY(:leads)) AND notes IS NOT NULL
    """,
    "test_registrations": "UPDATE test_registrations SET notes = NULL WHERE student_id = ANY(:students) AND notes IS NOT NULL",
    "room_allocations": "UPDATE room_allocations SET notes = NULL WHERE student_id = ANY(:students) AND notes IS NOT NULL",
    # A run remembers the seats that it emptied, with the notes on them.
    "allocation_runs": """
        UPDATE allocation_runs r SET summary = r.summary || (
            SELECT jsonb_object_agg(name, (
                SELECT coalesce(jsonb_agg(CASE WHEN CAST(seat ->> 'student_id' AS uuid) = ANY(:students)
                                               THEN seat || '{"notes": null}' ELSE seat END ORDER BY place), '[]')
                FROM jsonb_array_elements(r.summary -> name) WITH ORDINALITY AS e (seat, place)))
            FROM unnest(ARRAY['moved', 'removed']) AS name)
        WHERE r.id = ANY(:allocation_runs)
    """,
    # A class is told by its revision, which follows its key.
    "notifications": "DELETE FROM notifications WHERE split_part(entity_id, ':', 1) = ANY(:entities)",
    "students": """
        UPDATE students SET first_name = :erased, last_name = :erased, middle_name = NULL, generation_suffix = NULL,
            phone = NULL, email = NULL, guardian_name = NULL, birth_date = NULL, birth_city = NULL, birth_state = NULL,
            birth_country = NULL, birth_sex_descriptor = NULL, hispanic_latino_ethnicity = NULL, races = '[]',
            identity_type = NULL, identity_number = NULL, school_name = NULL, needs_accessible_room = false,
            accommodation_needs = NULL, notes = NULL, student_unique_id = NULL, user_id = NULL,
            deleted_at = coalesce(deleted_at, now()), deleted_by_id = coalesce(deleted_by_id, CAST(:actor AS integer))
        WHERE id = ANY(:students)
    """,
    "accounts": """
        UPDATE ab_user SET first_name = :erased, last_name = '', username = 'erased-' || id,
            email = 'erased-' || id || '@' || :no_email, active = false, password = NULL
        WHERE id = ANY(:accounts)
    """,
    "access_requests": "DELETE FROM access_requests WHERE id = ANY(:access_requests)",
    "registration_requests": "DELETE FROM registration_requests WHERE id = ANY(:registration_requests)",
    "availability": "DELETE FROM availability WHERE assistant_id = ANY(:help_desk_assistants)",
    "course_capabilities": "DELETE FROM course_capabilities WHERE assistant_id = ANY(:help_desk_assistants)",
    "help_desk_assistants": "UPDATE help_desk_assistants SET active = false WHERE id = ANY(:help_desk_assistants) AND active",
    # What was answered is told again to whoever sends the same form or request once more. A short key is part of any number.
    "idempotency_keys": """
        DELETE FROM idempotency_keys k USING unnest(CAST(:entities AS text[])) AS e (id)
        WHERE length(e.id) = 36 AND strpos(CAST(k.answer AS text), e.id) > 0
    """,
    "last_pages": "DELETE FROM last_pages WHERE user_id = ANY(:accounts)",
    "user_sessions": "DELETE FROM user_sessions WHERE user_id = ANY(:accounts)",
    "profiles": "UPDATE user_profiles SET phone = NULL WHERE user_id = ANY(:accounts) AND phone IS NOT NULL",
}
# Who goes on as the guardian of others.
_SHARED = text("""
    SELECT DISTINCT guardian_id FROM student_guardians WHERE student_id = ANY(:students) AND NOT (guardian_id = ANY(:guardians))
""")
_TRACES = text("SELECT erase_traces(:erasure, CAST(:rows AS jsonb))")


@transactional
def erase(ids: Sequence[UUID], *, actor: Actor, reason: str) -> Result:
    """Erase the data of one student, with the records that were merged into them, and of guardians who have no other.
    What is kept and what was erased is written down; the tests to come they leave.

    Raises NotFound, NotAllowed, Conflict when somebody merges another one into them at the same time, and WrongState
    while an admission or enrollment of theirs is not over, or when more than one is named.
    """
    if len(ids) != 1:
        raise WrongState(_("Erase people one by one."))
    refused = may_erase_student(actor, None)
    if refused is not None:
        raise NotAllowed(refused)
    students = person.lock(ids[0])
    # Asked of the locked row: somebody may just have erased them, or merged them away.
    if db.session.scalar(select(Student.id).where(Student.id == ids[0], visible(Student, actor))) is None:
        raise NotFound
    if (going := person.not_over(students)) is not None:
        raise WrongState(going)
    leaving.leave_tests(students)
    known = person.read(students)
    waitlist.leave([*students, *known.keys["leads"]])
    made = StudentErasure(student_id=ids[0], reason=reason, kept=person.kept(known, tuple(KEPT)), erased={})
    db.session.add(made)
    db.session.flush()
    shared = list(db.session.scalars(_SHARED, known.keys))
    made.erased = _erase(known, made.id, actor)
    follow_guardians(shared)
    db.session.flush()
    db.session.expire_all()
    return Result([Outcome(str(ids[0]), ERASED, message=_told(made))])


def _erase(known: Person, erasure: UUID, actor: Actor) -> dict[str, int]:
    keys = known.parameters()
    facts = keys | {"erased": ERASED, "no_email": NO_EMAIL, "actor": actor.id, "addresses": person.addresses(known)}
    rows = known.rows()
    counts = {
        name: int(db.session.execute(text(statement), facts).rowcount)  # type: ignore[attr-defined]
        for name, statement in _STATEMENTS.items()
    }
    traces = db.session.scalar(_TRACES, {"erasure": erasure, "rows": json.dumps(rows, default=str)})
    return {name: count for name, count in (counts | {"row_history": int(traces or 0)}).items() if count}


def _told(made: StudentErasure) -> str:
    erased = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(made.erased.items()))
    kept = "; ".join(f"{KEPT[name]} ({count})" for name, count in made.kept.items())
    return _("Erased: %(erased)s. Kept: %(kept)s.", erased=erased, kept=kept or "-")


def of_student(student_id: UUID) -> StudentErasure | None:
    """The erasure of this student, if there was one."""
    statement = select(StudentErasure).where(StudentErasure.student_id == student_id)
    return db.session.scalars(statement.order_by(StudentErasure.created_at.desc()).limit(1)).one_or_none()


def was_erased(student_id: UUID) -> bool:
    """Whether the data of this student was erased."""
    return of_student(student_id) is not None
