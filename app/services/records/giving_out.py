"""Everything that is known of one student, as a file for them: data as JSON, and the documents that were sent in."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.enrollments import EnrollmentDocument
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import school
from app.services.enrollments import documents
from app.services.errors import NotFound
from app.services.records import person

# Of whom -> tables, by the column that names them. The search text and digests of secrets are ours, not theirs.
_TABLES: Final = {
    "students": (
        ("students", "id"),
        ("student_school_associations", "student_id"),
        ("student_program_extensions", "student_id"),
        ("student_guardians", "student_id"),
        ("admissions", "student_id"),
        ("classroom_enrollments", "student_id"),
        ("attendance", "student_id"),
        ("reschedule_requests", "student_id"),
        ("waitlist_entries", "student_id"),
        ("test_registrations", "student_id"),
        ("room_allocations", "student_id"),
        ("help_desk_assistants", "student_id"),
    ),
    "help_desk_assistants": (
        ("availability", "assistant_id"),
        ("course_capabilities", "assistant_id"),
        ("published_shifts", "assistant_id"),
    ),
    "registration_requests": (
        ("registration_requests", "id"),
        ("registration_availability", "registration_id"),
        ("registration_courses", "registration_id"),
    ),
    "guardians": (("guardians", "id"),),
    "oneroster_users": (("oneroster_users", "id"),),
    "admissions": (("admission_payments", "admission_id"), ("class_credits", "admission_id")),
    "leads": (
        ("leads", "id"),
        ("lead_notes", "lead_id"),
        ("lead_contact_attempts", "lead_id"),
        ("waitlist_entries", "lead_id"),
    ),
    "enrollment_invitations": (("enrollment_invitations", "id"),),
    "enrollments": (
        ("enrollments", "id"),
        ("enrollment_steps", "enrollment_id"),
        ("enrollment_documents", "enrollment_id"),
        ("enrollment_events", "enrollment_id"),
    ),
}
_OURS: Final = "'{search_text,token_hash,password_hash,phone_raw,created_by_id,updated_by_id,deleted_by_id}'::text[]"
_ACCOUNTS = text(
    "SELECT id, username, first_name, last_name, email, last_login, created_on FROM ab_user WHERE id = ANY(:keys)"
)


def collect(student_id: UUID, actor: Actor) -> dict[str, Any]:
    """Everything that is known of a student, by table. Raises NotFound."""
    _check(student_id, actor)
    known = person.read(person.same_person(student_id))
    tables: dict[str, Any] = {}
    for of, parts in _TABLES.items():
        for table, column in parts:
            statement = f"SELECT to_jsonb(t) - {_OURS} FROM {table} t WHERE {column} = ANY(:keys) ORDER BY t.id"  # noqa: S608
            tables.setdefault(table, []).extend(db.session.scalars(text(statement), {"keys": known.keys[of]}))
    accounts = db.session.execute(_ACCOUNTS, {"keys": known.keys["accounts"]}).mappings()
    return {"made_at": school.now(), "tables": tables | {"accounts": [dict(row) for row in accounts]}}


def archive(student_id: UUID, actor: Actor) -> tuple[str, bytes]:
    """The name and content of a zip with `data.json` and the documents; `missing_files` in it names those whose content
    is not there any more. Raises NotFound.
    """
    told = collect(student_id, actor)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as bundle:
        told["missing_files"] = _add_documents(bundle, [row["id"] for row in told["tables"]["enrollments"]])
        bundle.writestr("data.json", json.dumps(told, ensure_ascii=False, indent=2, default=str))
    return f"student-{_number(student_id)}.zip", content.getvalue()


def _add_documents(bundle: zipfile.ZipFile, enrollments: list[str]) -> list[str]:
    """Put the documents of these enrollments into the zip; returns the names of those that cannot be read."""
    found = select(EnrollmentDocument).where(EnrollmentDocument.enrollment_id.in_(enrollments))
    missing = []
    for number, each in enumerate(
        db.session.scalars(found.order_by(EnrollmentDocument.created_at, EnrollmentDocument.id)), 1
    ):
        name = f"documents/{number:02}-{each.file_name}"
        try:
            bundle.writestr(name, documents.place(each).read_bytes())
        except OSError:
            missing.append(name)
    return missing


def _check(student_id: UUID, actor: Actor) -> None:
    if db.session.scalar(select(Student.id).where(Student.id == student_id, visible(Student, actor))) is None:
        raise NotFound(_("There is no such student, or you may not see them."))


def _number(student_id: UUID) -> int:
    return db.session.scalar(select(Student.student_usi).where(Student.id == student_id)) or 0
