"""Taking back that two records of one student were merged: what was moved and is still there returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
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
from app.services.admissions import waitlist
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from app.services.keysets import among
from app.services.records import merging
from app.services.records.following import follow_families
from app.services.records.links import name_of
from app.services.resource import Outcome, Result
from app.services.test_sessions import leaving
from app.services.transaction import lock_many, moment, transactional

_REVIVE = text("""
    UPDATE oneroster_users SET status = 'active', enabled_user = :enabled WHERE student_id = :id AND id = CAST(:user AS uuid)
""")
_FIRST_AGAIN = text("""
    UPDATE student_guardians SET primary_contact = true WHERE student_id = :id AND id = ANY(CAST(:ids AS uuid[]))
      AND NOT EXISTS (SELECT FROM student_guardians p WHERE p.student_id = :id AND p.primary_contact)
""")
# Also what renews an admission that returns: it goes on with the places of that one.
_RETURNING = text("""
    WITH RECURSIVE theirs AS (
        SELECT id FROM admissions WHERE student_id = :kept AND id = ANY(CAST(:ids AS uuid[]))
        UNION SELECT a.id FROM admissions a JOIN theirs ON a.renewed_from_id = theirs.id WHERE a.student_id = :kept
    )
    SELECT id FROM theirs
""")
# What belongs to an admission goes where that goes, also what was made since the merge.
_WITH_ADMISSIONS: Final = {
    "admissions": "t.id = ANY(:admissions)",
    "classroom_enrollments": "t.admission_id = ANY(:admissions)",
    "attendance": "t.admission_id = ANY(:admissions)",
    "reschedule_requests": "t.attendance_id IN (SELECT id FROM attendance WHERE admission_id = ANY(:admissions))",
}
_TORN = text("""
    SELECT EXISTS (
        SELECT FROM admissions a JOIN admission_slots x ON x.admission_id = a.id
        JOIN classroom_enrollments e ON e.classroom_slot_id = x.classroom_slot_id AND e.status = 'active'
        WHERE a.student_id IN (:gone, :kept) AND e.student_id IN (:gone, :kept) AND e.student_id <> a.student_id
          AND a.status IN ('pending', 'active') AND a.deleted_at IS NULL
          AND NOT EXISTS (SELECT FROM classroom_enrollments own WHERE own.classroom_slot_id = x.classroom_slot_id
                          AND own.student_id = a.student_id AND own.status = 'active'))
""")
# A seat that was given since goes with the registration for which it was given.
_SEATS_BACK = text("""
    UPDATE room_allocations a SET student_id = :to FROM test_registrations r
    WHERE a.student_id = :kept AND r.session_id = a.session_id AND r.student_id = :to AND r.status = 'confirmed'
      AND NOT EXISTS (SELECT FROM test_registrations k WHERE k.session_id = a.session_id AND k.student_id = :kept
                      AND k.status = 'confirmed')
      AND NOT EXISTS (SELECT FROM room_allocations b WHERE b.session_id = a.session_id AND b.student_id = :to)
""")


def merges_into(student_id: UUID, *, limit: int = 20) -> Sequence[StudentMerge]:
    """The merges of which nothing was taken back, the latest first."""
    statement = select(StudentMerge).where(StudentMerge.student_id == student_id, StudentMerge.undone_at.is_(None))
    return db.session.scalars(statement.order_by(StudentMerge.created_at.desc(), StudentMerge.id).limit(limit)).all()


def duplicates_of(merges: Sequence[StudentMerge]) -> dict[UUID, Student]:
    """The students who were merged away, by key."""
    found = db.session.scalars(select(Student).where(among(Student.id, [each.duplicate_id for each in merges])))
    return {student.id: student for student in found}


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
    the duplicate is live again, also on the roster. Admissions return with what was made of them since: places, classes,
    requests and renewals.

    Raises NotFound, NotAllowed, and WrongState when it was taken back already, or when an admission of each needs the
    same place by now.
    """
    known = db.session.get(StudentMerge, merge_id)
    if known is None:
        raise NotFound
    pair = merging.lock_both(known.student_id, known.duplicate_id)
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
    if gone.deleted_at is not None:  # what was held when they were merged, and is to come again
        leaving.return_to_tests(gone.id, gone.deleted_at)
    gone.deleted_at = gone.deleted_by_id = None
    db.session.flush()
    for user, enabled in standing.moved["before"]["users"].items():
        db.session.execute(_REVIVE, {"id": gone.id, "user": user, "enabled": enabled})
    follow_families([kept.id, gone.id])
    return Result([Outcome(str(gone.id), name_of(gone), message=_("is a student of their own again"))])


def _assist_no_more(kept: Student, user_id: int | None) -> None:
    """Take back what `_let_assist` gave, unless they are an assistant all the same."""
    assists = select(HelpDeskAssistant.id).where(HelpDeskAssistant.student_id == kept.id)
    if user_id is not None and kept.user_id == user_id and db.session.scalar(assists) is None:
        access.remove_role(user_id, Role.ASSISTANT, sessions.system())


def _return(moved: dict[str, Any], gone: Student, kept: Student) -> None:
    """Raises WrongState when a place would be with the one of them, and its admission with the other."""
    returning = {"kept": kept.id, "ids": moved.get("admissions", [])}
    facts: dict[str, Any] = {"to": gone.id, "kept": kept.id}
    facts["admissions"] = list(db.session.scalars(_RETURNING, returning))
    for table in merging.MOVED:
        which = _WITH_ADMISSIONS.get(table, "t.id = ANY(CAST(:ids AS uuid[]))")
        back = text(f"{merging.moving(table)} WHERE t.student_id = :kept AND {which}")
        db.session.execute(back, facts | {"ids": moved.get(table, [])})
    waitlist.wait_again(moved["before"].get("withdrawn", []))
    if db.session.scalar(_TORN, {"gone": gone.id, "kept": kept.id}):
        raise WrongState(_("Admissions of both share a place by now: cancel one of them first."))
    leaving.stand_again(gone.id, moved["before"].get("gave_way", []))
    db.session.execute(_SEATS_BACK, {"to": gone.id, "kept": kept.id})
    for student, first in ((gone, "first"), (kept, "ours")):
        db.session.execute(_FIRST_AGAIN, {"id": student.id, "ids": moved["before"][first]})
    for name in moved["filled"]:
        if getattr(kept, name) == getattr(gone, name):
            setattr(kept, name, merging.empty(name))
    _give_back(moved["taken"], gone, kept)


def _give_back(taken: dict[str, Any], gone: Student, kept: Student) -> None:
    """What only one may have is the duplicate's again, as it was. Who stays keeps what they were given since; so does
    anybody else who has the same by now.
    """
    groups = [{name: taken[name] for name in group} for group in merging.UNIQUE if group[0] in taken]
    for values in groups:
        if all(getattr(kept, name) == value for name, value in values.items()):
            merging.set_fields(kept, dict.fromkeys(values))
    db.session.flush()
    for values in groups:
        same = [getattr(Student, name) == value for name, value in values.items()]
        if db.session.scalar(select(Student.id).where(*same).limit(1)) is None:
            merging.set_fields(gone, values)
    db.session.flush()
