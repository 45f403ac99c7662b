"""Merging two records of one student: what is moved is written down row by row, so that it can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator
from sqlalchemy import text

from app.extensions import db
from app.models.student_changes import StudentMerge
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.rules import may_merge_students
from app.policies.scopes import visible
from app.services import sessions
from app.services.accounts import access
from app.services.admissions import waitlist
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from app.services.inputs import Input, storable
from app.services.records import person
from app.services.records.following import follow_families
from app.services.records.links import name_of
from app.services.resource import Outcome, Result
from app.services.test_sessions import leaving
from app.services.transaction import lock_many, moment, transactional

# Table -> what stays with the duplicate: a row of which a student has one only, `t`, while who stays has one too, `k`.
MOVED: Final = {
    "admissions": "",
    "classroom_enrollments": "k.classroom_slot_id = t.classroom_slot_id AND k.status = 'active' AND t.status = 'active'",
    "attendance": "k.starts_at = t.starts_at AND k.deleted_at IS NULL AND t.deleted_at IS NULL",
    "reschedule_requests": "",
    "waitlist_entries": "",
    "test_registrations": "k.session_id = t.session_id AND k.status = 'confirmed' AND t.status = 'confirmed'",
    "room_allocations": "k.session_id = t.session_id",
    "seat_notices": "k.session_id = t.session_id",
    "help_desk_assistants": "true",
    "enrollments": "true",
    "student_program_extensions": "true",
    "oneroster_users": "true",
    "student_guardians": "k.guardian_id = t.guardian_id",
    "student_school_associations": "k.school_year = t.school_year",
}
_CLASSES: Final = _l("Both have a place in the same class, or classes at the same time: cancel one admission first.")
_CLASHES: Final = {
    "classroom_enrollments": ("status = 'active'", _CLASSES),
    "attendance": ("deleted_at IS NULL", _CLASSES),
    "test_registrations": (
        f"status = 'confirmed' AND {leaving.NOT_HELD}",
        _l("Both are registered for the same test session: cancel one of the registrations first."),
    ),
}
"""Where nothing may stay with the duplicate that goes on, for nobody can tell which of the two is right."""
# That both are registered for one session is told by itself; one that is cancelled takes nobody's time.
_OVERLAPPING = text("""
    SELECT EXISTS (
        SELECT FROM test_registrations t JOIN test_sessions s ON s.id = t.session_id
        JOIN test_sessions o ON o.session_date = s.session_date AND o.id <> s.id
          AND o.start_time < s.end_time AND o.end_time > s.start_time
        JOIN test_registrations k ON k.session_id = o.id
        WHERE t.student_id = :gone AND k.student_id = :kept AND t.status = 'confirmed' AND k.status = 'confirmed'
          AND s.status IN ('open', 'closed') AND o.status IN ('open', 'closed'))
""")
# Classes at the very same time are told by themselves.
_AT_ONCE = text("""
    SELECT EXISTS (
        SELECT FROM attendance t JOIN attendance k
          ON k.starts_at < t.ends_at AND k.ends_at > t.starts_at AND k.deleted_at IS NULL AND k.status = 'scheduled'
        WHERE t.student_id = :gone AND k.student_id = :kept AND t.deleted_at IS NULL AND t.status = 'scheduled'
          AND t.starts_at > now())
""")
FILLED: Final = (
    "middle_name",
    "generation_suffix",
    "phone",
    "email",
    "guardian_name",
    "birth_date",
    "birth_city",
    "birth_state",
    "birth_country",
    "birth_sex_descriptor",
    "hispanic_latino_ethnicity",
    "races",
    "school_name",
    "needs_accessible_room",
    "accommodation_needs",
    "source_system_descriptor",
    "notes",
)
"""What an empty field of the student who stays takes over."""
UNIQUE: Final = (("student_unique_id",), ("user_id",), ("identity_type", "identity_number"))
"""What moves rather than being copied, for only one may have it; what belongs together moves together."""


class MergeStudent(Input):
    """The student who stays."""

    into_id: Annotated[UUID, BeforeValidator(storable)]


_LOCKS = tuple(
    text(f"SELECT id FROM {table} WHERE student_id IN (:one, :other) ORDER BY id FOR NO KEY UPDATE")  # noqa: S608
    for table in ("enrollments", "admissions")
)
# Who is merged away is told to OneRoster's readers as gone, also who could not log in any more.
_RETIRE = text("""
    UPDATE oneroster_users u SET status = 'tobedeleted', enabled_user = false
    FROM (SELECT id, enabled_user FROM oneroster_users WHERE student_id = :id AND status = 'active' FOR UPDATE) was
    WHERE u.id = was.id RETURNING u.id, was.enabled_user
""")


@transactional
def merge(ids: Sequence[UUID], *, actor: Actor, into_id: UUID) -> Result:
    """Merge a student into another: what belongs to the duplicate moves, empty fields are filled, and the duplicate
    leaves the lists. Of two bookings of a test that is closed or cancelled the duplicate's gives way. It can be taken back.

    Raises NotFound, NotAllowed, Invalid when the two are one, or more than one is to go, and WrongState when both have
    what goes on and neither can have twice: a class, a test to come, tests at the same time, an enrollment.
    """
    if len(ids) != 1 or ids[0] == into_id:
        raise Invalid(fields={"into_id": [_("Choose another student to merge into.")]})
    gone, kept = _both(ids[0], into_id, actor)
    if db.session.scalar(_OVERLAPPING, {"gone": gone.id, "kept": kept.id}):
        raise WrongState(_("Both are registered for tests at the same time: cancel one of the registrations first."))
    if db.session.scalar(_AT_ONCE, {"gone": gone.id, "kept": kept.id}):
        raise WrongState(str(_CLASSES))
    first, ours = _keys(_FIRST, id=gone.id), _keys(_FIRST, id=kept.id)
    withdrawn, gave_way = waitlist.merge(gone.id, kept.id), leaving.give_way(gone.id, kept.id)
    moved: dict[str, Any] = {table: _move(table, stays, gone.id, kept.id) for table, stays in MOVED.items()}
    if (reason := person.not_over([gone.id])) is not None:
        raise WrongState(reason)
    users = {str(row.id): row.enabled_user for row in db.session.execute(_RETIRE, {"id": gone.id})}
    before: dict[str, Any] = {
        "first": _keys(_NOT_FIRST, ids=first),
        "ours": ours,
        "users": users,
        "withdrawn": withdrawn,
        "gave_way": gave_way,
    }
    moved |= _fill(gone, kept) | {"before": before}
    if moved["help_desk_assistants"]:
        before["assists"] = _let_assist(kept)
    gone.deleted_at, gone.deleted_by_id = moment(), actor.id
    made = StudentMerge(student_id=kept.id, duplicate_id=gone.id, moved=moved)
    db.session.add(made)
    db.session.flush()
    follow_families([kept.id, gone.id])
    told = _("merged into %(name)s", name=name_of(kept))
    done = Outcome(str(gone.id), name_of(gone), message=told, into=str(kept.id))
    return Result([done], made.id)


def empty(name: str) -> Any:
    """What a field of a student holds that is empty."""
    return {"races": [], "needs_accessible_room": False}.get(name)


def _fill(gone: Student, kept: Student) -> dict[str, Any]:
    """Fill the empty fields of who stays; returns which, and what was taken that only one may have."""

    def lacks(name: str) -> bool:
        return bool(getattr(kept, name) == empty(name) != getattr(gone, name))

    filled = [name for name in FILLED if lacks(name)]
    taken = {name: getattr(gone, name) for group in UNIQUE if all(map(lacks, group)) for name in group}
    set_fields(kept, {name: getattr(gone, name) for name in filled})
    set_fields(gone, dict.fromkeys(taken))
    db.session.flush()
    set_fields(kept, taken)
    return {"filled": filled, "taken": taken}


def _let_assist(kept: Student) -> int | None:
    """Give the account of who stays the role of the assistant that they are now: the other account shows nothing any
    more. Its key, if it lacked the role. Done by the system: whoever merges need not manage accounts.
    """
    user_id = kept.user_id
    return user_id if user_id and access.add_role(user_id, Role.ASSISTANT, sessions.system()) else None


def lock_both(one: UUID, other: UUID, *criteria: Any) -> dict[UUID, Student]:
    """The two students, locked after their enrollments, admissions, waitlists and tests to come; who does not fit is left
    out.
    """
    for lock in _LOCKS:
        db.session.execute(lock, {"one": one, "other": other})
    waitlist.lock_slots_of([one, other])
    leaving.hold_tests([one, other])
    found = {student.id: student for student in lock_many(Student, [one, other], *criteria)}
    leaving.hold_tests([one, other])
    return found


def _both(gone_id: UUID, kept_id: UUID, actor: Actor) -> tuple[Student, Student]:
    """Both students, locked. Raises NotFound and NotAllowed."""
    found = lock_both(gone_id, kept_id, visible(Student, actor))
    if len(found) != 2:
        raise NotFound
    if (reason := may_merge_students(actor, found[kept_id])) is not None:
        raise NotAllowed(reason)
    return found[gone_id], found[kept_id]


# Only one guardian is the first to be called: that of the student to whom the others come.
_PRIMARY: Final = """, primary_contact = primary_contact AND NOT EXISTS (
    SELECT FROM student_guardians p WHERE p.student_id = :to AND p.primary_contact)"""
_FIRST = text("SELECT id FROM student_guardians WHERE student_id = :id AND primary_contact")
_NOT_FIRST = text("SELECT id FROM student_guardians WHERE id = ANY(CAST(:ids AS uuid[])) AND NOT primary_contact")


def _keys(statement: Any, **facts: Any) -> list[str]:
    return [str(key) for key in db.session.scalars(statement, facts)]


def moving(table: str) -> str:
    """The beginning of a statement that gives rows of a table, `t`, to the student `:to`."""
    more = _PRIMARY if table == "student_guardians" else ""
    return f"UPDATE {table} t SET student_id = :to{more}"  # noqa: S608 - the names are ours


def _move(table: str, stays: str, gone: UUID, kept: UUID) -> list[str]:
    """Move the rows of a table, and tell which. Raises WrongState when what is left must not stay."""
    free = f"AND NOT EXISTS (SELECT FROM {table} k WHERE k.student_id = :to AND {stays})" if stays else ""
    keys = _keys(text(f"{moving(table)} WHERE t.student_id = :gone {free} RETURNING t.id"), to=kept, gone=gone)
    goes_on, reason = _CLASHES.get(table, ("false", ""))
    left = f"SELECT EXISTS (SELECT FROM {table} WHERE student_id = :gone AND {goes_on})"  # noqa: S608
    if db.session.scalar(text(left), {"gone": gone}):
        raise WrongState(reason)
    return keys


def set_fields(student: Student, values: dict[str, Any]) -> None:
    """Give a student these values."""
    for name, value in values.items():
        setattr(student, name, value)
