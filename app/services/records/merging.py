"""Merging two records of one student, and taking it back: what was moved is written down row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator
from sqlalchemy import select, text

from app.extensions import db
from app.models.assistants import HelpDeskAssistant
from app.models.student_changes import StudentMerge
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.rules import may_merge_students
from app.policies.scopes import visible
from app.services import sessions
from app.services.accounts import access
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from app.services.inputs import Input, storable
from app.services.records import person
from app.services.records.following import follow
from app.services.records.links import name_of
from app.services.resource import Outcome, Result
from app.services.transaction import lock_many, moment, transactional

# Table -> what a student has one of there, beside themselves. Where both have it, the duplicate keeps its own, unless it
# is a class: then nobody can tell which is right.
MOVED: Final = {
    "admissions": "",
    "classroom_enrollments": "classroom_slot_id",
    "attendance": "starts_at",
    "reschedule_requests": "",
    "waitlist_entries": "classroom_slot_id",
    "test_registrations": "session_id",
    "room_allocations": "session_id",
    "seat_notices": "session_id",
    "help_desk_assistants": "student_id",
    "enrollments": "student_id",
    "student_program_extensions": "student_id",
    "oneroster_users": "student_id",
    "student_guardians": "guardian_id",
    "student_school_associations": "school_year",
}
_ONE_TIMETABLE: Final = ("classroom_enrollments", "attendance")
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
_REVIVE = text("""
    UPDATE oneroster_users SET status = 'active', enabled_user = :enabled WHERE student_id = :id AND id = CAST(:user AS uuid)
""")


@transactional
def merge(ids: Sequence[UUID], *, actor: Actor, into_id: UUID) -> Result:
    """Merge a student into another: what belongs to the duplicate moves, empty fields are filled, and the duplicate
    leaves the lists. It can be taken back.

    Raises NotFound, NotAllowed, Invalid when the two are one, or more than one is to go, and WrongState when both have
    a class at the same time, or an enrollment, and that of the duplicate is not over.
    """
    if len(ids) != 1 or ids[0] == into_id:
        raise Invalid(fields={"into_id": [_("Choose another student to merge into.")]})
    gone, kept = _both(ids[0], into_id, actor)
    first, ours = _keys(_FIRST, id=gone.id), _keys(_FIRST, id=kept.id)
    moved: dict[str, Any] = {table: _move(table, one_of, gone.id, kept.id) for table, one_of in MOVED.items()}
    if (reason := person.not_over([gone.id])) is not None:
        raise WrongState(reason)
    users = {str(row.id): row.enabled_user for row in db.session.execute(_RETIRE, {"id": gone.id})}
    before: dict[str, Any] = {"first": _keys(_NOT_FIRST, ids=first), "ours": ours, "users": users}
    moved |= _fill(gone, kept) | {"before": before}
    if moved["help_desk_assistants"]:
        before["assists"] = _let_assist(kept)
    gone.deleted_at, gone.deleted_by_id = moment(), actor.id
    made = StudentMerge(student_id=kept.id, duplicate_id=gone.id, moved=moved)
    db.session.add(made)
    db.session.flush()
    follow([kept.id])
    told = _("merged into %(name)s", name=name_of(kept))
    done = Outcome(str(gone.id), name_of(gone), message=told, into=str(kept.id))
    return Result([done], made.id)


def _empty(name: str) -> Any:
    """What a field holds that is empty."""
    return {"races": [], "needs_accessible_room": False}.get(name)


def _fill(gone: Student, kept: Student) -> dict[str, Any]:
    """Fill the empty fields of who stays; returns which, and what was taken that only one may have."""

    def lacks(name: str) -> bool:
        return bool(getattr(kept, name) == _empty(name) != getattr(gone, name))

    filled = [name for name in FILLED if lacks(name)]
    taken = {name: getattr(gone, name) for group in UNIQUE if all(map(lacks, group)) for name in group}
    _set(kept, {name: getattr(gone, name) for name in filled})
    _set(gone, dict.fromkeys(taken))
    db.session.flush()
    _set(kept, taken)
    return {"filled": filled, "taken": taken}


def _let_assist(kept: Student) -> int | None:
    """Give the account of who stays the role of the assistant that they are now: the other account shows nothing any
    more. Its key, if it lacked the role. Done by the system: whoever merges need not manage accounts.
    """
    user_id = kept.user_id
    return user_id if user_id and access.add_role(user_id, Role.ASSISTANT, sessions.system()) else None


def _assist_no_more(kept: Student, user_id: int | None) -> None:
    """Take back what `_let_assist` gave, unless they are an assistant all the same."""
    assists = select(HelpDeskAssistant.id).where(HelpDeskAssistant.student_id == kept.id)
    if user_id is not None and kept.user_id == user_id and db.session.scalar(assists) is None:
        access.remove_role(user_id, Role.ASSISTANT, sessions.system())


def _both(gone_id: UUID, kept_id: UUID, actor: Actor) -> tuple[Student, Student]:
    """Both students, locked. Raises NotFound and NotAllowed."""
    for lock in _LOCKS:
        db.session.execute(lock, {"one": gone_id, "other": kept_id})
    found = {student.id: student for student in lock_many(Student, [gone_id, kept_id], visible(Student, actor))}
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
_FIRST_AGAIN = text("""
    UPDATE student_guardians SET primary_contact = true WHERE student_id = :id AND id = ANY(CAST(:ids AS uuid[]))
      AND NOT EXISTS (SELECT FROM student_guardians p WHERE p.student_id = :id AND p.primary_contact)
""")


def _keys(statement: Any, **facts: Any) -> list[str]:
    return [str(key) for key in db.session.scalars(statement, facts)]


def _move(table: str, one_of: str, gone: UUID, kept: UUID) -> list[str]:
    """Move the rows of a table, and tell which. What both have stays where it is."""
    same = f"AND k.{one_of} IS NOT DISTINCT FROM t.{one_of}" if one_of not in ("", "student_id") else ""
    free = f"AND NOT EXISTS (SELECT FROM {table} k WHERE k.student_id = :to {same})" if one_of else ""
    more = _PRIMARY if table == "student_guardians" else ""
    statement = f"UPDATE {table} t SET student_id = :to{more} WHERE t.student_id = :gone {free} RETURNING t.id"  # noqa: S608
    keys = _keys(text(statement), to=kept, gone=gone)
    if table in _ONE_TIMETABLE:
        left = f"SELECT EXISTS (SELECT FROM {table} WHERE student_id = :gone)"  # noqa: S608 - the names are ours
        if db.session.scalar(text(left), {"gone": gone}):
            reason = _("Both have a place in the same class, or classes at the same time: cancel one admission first.")
            raise WrongState(reason)
    return keys


def merges_into(student_id: UUID, *, limit: int = 20) -> Sequence[StudentMerge]:
    """The merges of which nothing was taken back, the latest first."""
    statement = select(StudentMerge).where(StudentMerge.student_id == student_id, StudentMerge.undone_at.is_(None))
    return db.session.scalars(statement.order_by(StudentMerge.created_at.desc(), StudentMerge.id).limit(limit)).all()


def was_merged(student_id: UUID) -> bool:
    """Whether the student is the duplicate of a merge that stands."""
    statement = select(StudentMerge.id).where(StudentMerge.duplicate_id == student_id, StudentMerge.undone_at.is_(None))
    return db.session.scalar(statement.limit(1)) is not None


def nothing_merged(actor: Actor, student: Any) -> Any | None:
    """Why no merge can be taken back here."""
    reason = may_merge_students(actor, student)
    if reason is not None:
        return reason
    return None if merges_into(student.id, limit=1) else _l("Nobody was merged into this student.")


@transactional
def undo_latest(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Take the latest merge into this student back. Raises NotFound, NotAllowed, WrongState."""
    if len(ids) != 1:
        raise Invalid(_("Take merges back one by one."))
    found = db.session.scalar(select(Student.id).where(Student.id == ids[0], visible(Student, actor)))
    if found is None:
        raise NotFound
    latest = merges_into(found, limit=1)
    if not latest:
        raise WrongState(_("Nobody was merged into this student."))
    return undo(latest[0].id, actor=actor)


@transactional
def undo(merge_id: UUID, *, actor: Actor) -> Result:
    """Take a merge back: what moved and is still there returns, filled fields that nobody changed since are emptied, and
    the duplicate is live again, also on the roster. Raises NotFound, NotAllowed, WrongState when it was taken back already.
    """
    known = db.session.get(StudentMerge, merge_id)
    if known is None:
        raise NotFound
    facts = {"one": known.student_id, "other": known.duplicate_id}
    for lock in _LOCKS:
        db.session.execute(lock, facts)
    pair = {student.id: student for student in lock_many(Student, list(facts.values()))}
    kept, gone = pair[known.student_id], pair[known.duplicate_id]
    if db.session.scalar(select(Student.id).where(Student.id == kept.id, visible(Student, actor))) is None:
        raise NotFound
    if (reason := may_merge_students(actor, kept)) is not None:
        raise NotAllowed(reason)
    [standing] = lock_many(StudentMerge, [merge_id])
    if standing.undone_at is not None:
        raise WrongState(_("This merge was taken back already."))
    _return(standing.moved, gone, kept)
    _assist_no_more(kept, standing.moved["before"].get("assists"))
    standing.undone_at = moment()
    gone.deleted_at = gone.deleted_by_id = None
    db.session.flush()
    follow([kept.id, gone.id])
    for user, enabled in standing.moved["before"]["users"].items():
        db.session.execute(_REVIVE, {"id": gone.id, "user": user, "enabled": enabled})
    return Result([Outcome(str(gone.id), name_of(gone), message=_("is a student of their own again"))])


def _return(moved: dict[str, Any], gone: Student, kept: Student) -> None:
    for table in MOVED:
        more = _PRIMARY if table == "student_guardians" else ""
        back = f"UPDATE {table} SET student_id = :to{more} WHERE student_id = :kept AND id = ANY(CAST(:ids AS uuid[]))"  # noqa: S608
        db.session.execute(text(back), {"to": gone.id, "kept": kept.id, "ids": moved.get(table, [])})
    for student, first in ((gone, "first"), (kept, "ours")):
        db.session.execute(_FIRST_AGAIN, {"id": student.id, "ids": moved["before"][first]})
    for name in moved["filled"]:
        if getattr(kept, name) == getattr(gone, name):
            setattr(kept, name, _empty(name))
    _give_back(moved["taken"], gone, kept)


def _give_back(taken: dict[str, Any], gone: Student, kept: Student) -> None:
    """What only one may have is the duplicate's again, as it was. Who stays keeps what they were given since; so does
    anybody else who has the same by now.
    """
    groups = [{name: taken[name] for name in group} for group in UNIQUE if group[0] in taken]
    for values in groups:
        if all(getattr(kept, name) == value for name, value in values.items()):
            _set(kept, dict.fromkeys(values))
    db.session.flush()
    for values in groups:
        same = [getattr(Student, name) == value for name, value in values.items()]
        if db.session.scalar(select(Student.id).where(*same).limit(1)) is None:
            _set(gone, values)
    db.session.flush()


def _set(student: Student, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(student, name, value)
