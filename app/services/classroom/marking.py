"""Marking attendance, and correcting it. What was marked before stays in the row history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.admissions import Admission
from app.models.classroom import Attendance, AttendanceStatus
from app.models.courses import SlotTeacher
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.rules import may_mark
from app.policies.scopes import visible
from app.services import school
from app.services.admissions import planning
from app.services.classroom import balances, classes, ledger, notices, places
from app.services.errors import Invalid, NotAllowed, NotFound, Refusal, WrongState
from app.services.keysets import among
from app.services.resource import Outcome, Result
from app.services.transaction import lock_many, transactional

MOST_AT_ONCE = 2_000

_MARK = text("""
    UPDATE attendance SET status = :status, marked_at = CASE WHEN :marked THEN now() END,
        marked_by_id = CASE WHEN :marked THEN CAST(:actor_id AS integer) END
    WHERE id = ANY(:ids)
""")


class _Who(NamedTuple):
    name: str
    taught: SlotTeacher


@transactional
def mark(ids: Sequence[UUID], *, actor: Actor, status: AttendanceStatus) -> Result:
    """Mark classes, also those that were marked otherwise: then it is a correction. The same mark again changes nothing.

    A class can be marked from its day on (in the school's zone), not only from its beginning: teachers write down in the
    morning who has called in sick. Refused per class; raises Invalid for too many at once.
    """
    return _set(ids, actor, AttendanceStatus(status))


@transactional
def clear(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Take marks back: the classes are planned again, and a credit that they earned is taken back. Refused for a class to
    come whose admission does not run any more: its place may be somebody else's.
    """
    return _set(ids, actor, AttendanceStatus.SCHEDULED)


@transactional
def all_present(slot_id: UUID, day: date, *, actor: Actor) -> Result:
    """Mark all who are still only planned for a class as present; whoever is marked already stays so.

    Raises NotFound for a class that is not the actor's to see, NotAllowed.
    """
    reason = may_mark(actor, classes.read(slot_id, day, actor).taught)
    if reason is not None:
        raise NotAllowed(reason)
    planned = (
        select(Attendance.id)
        .where(Attendance.classroom_slot_id == slot_id, Attendance.class_date == day, visible(Attendance, actor))
        .where(Attendance.status == AttendanceStatus.SCHEDULED)
    )
    return _set(list(db.session.scalars(planned)), actor, AttendanceStatus.PRESENT, only_planned=True)


def _set(ids: Sequence[UUID], actor: Actor, status: AttendanceStatus, *, only_planned: bool = False) -> Result:
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(_("At most %(most)s classes at once.", most=f"{MOST_AT_ONCE:,}"))
    rows = _lock(wanted, actor)
    people = _who(rows.values())
    outcomes, changing = [], []
    for key in wanted:
        row = rows.get(key)
        if row is None:
            outcomes.append(Outcome(str(key), str(key)[:8], NotFound()))
            continue
        refused = _refusal(actor, row, people[key].taught) or _why_not_planned(row, status)
        stays = row.status is status or (only_planned and row.status is not AttendanceStatus.SCHEDULED)
        if refused is None and not stays:
            changing.append(row)
        outcomes.append(Outcome(str(key), people[key].name, refused, unchanged=refused is None and stays))
    if changing:
        _write(changing, status, actor)
    return Result(outcomes)


def _lock(ids: Sequence[UUID], actor: Actor) -> dict[UUID, Attendance]:
    """The classes that the actor may see, locked. Their admissions first: what remains of them is told at certain
    numbers, and two marks at once must not both miss the number.
    """
    seen = db.session.execute(
        select(Attendance.id, Attendance.admission_id).where(among(Attendance.id, ids), visible(Attendance, actor))
    ).all()
    lock_many(Admission, list({row.admission_id for row in seen}))
    shown = [row.id for row in seen]
    return {row.id: row for row in lock_many(Attendance, shown, Attendance.deleted_at.is_(None))}


def _who(rows: Iterable[Attendance]) -> dict[UUID, _Who]:
    """Per class: what the student is called, and who taught it, which the rule asks for."""
    statement = (
        select(Attendance.id, Student.first_name + " " + Student.last_name, SlotTeacher)
        .join(Student, Student.id == Attendance.student_id)
        .join(Attendance.taught)
        .where(among(Attendance.id, [row.id for row in rows]))
    )
    return {key: _Who(name, taught) for key, name, taught in db.session.execute(statement)}


def _refusal(actor: Actor, row: Attendance, taught: SlotTeacher) -> Refusal | None:
    reason = may_mark(actor, taught)
    if reason is not None:
        return NotAllowed(reason)
    if not is_open(row.class_date):
        return WrongState(not_yet())
    return None


def _why_not_planned(row: Attendance, status: AttendanceStatus) -> Refusal | None:
    """Why a class cannot be planned again: an admission that is paused or over has no places."""
    if status is not AttendanceStatus.SCHEDULED or row.starts_at <= school.now():
        return None
    if not places.standing(db.session.get_one(Admission, row.admission_id)):
        return None
    return WrongState(_("Its admission is paused or over: a class to come cannot be planned again."))


def not_yet() -> str:
    """Why a class of a day to come cannot be marked."""
    return _("This class can be marked from its day on.")


def is_open(day: date) -> bool:
    """Whether classes of a day can be marked."""
    return day <= school.today()


def _write(rows: Sequence[Attendance], status: AttendanceStatus, actor: Actor) -> None:
    ids, admissions = [row.id for row in rows], {row.admission_id for row in rows}
    before = balances.remaining(admissions)
    marked = status is not AttendanceStatus.SCHEDULED
    db.session.execute(_MARK, {"ids": ids, "status": status.value, "marked": marked, "actor_id": actor.id})
    ledger.settle(ids)
    if marked:
        planning.drop_requests(ids)
    after = balances.remaining(admissions)
    notices.tell_remaining([(key, before[key], after[key]) for key in sorted(admissions)])
    for row in rows:
        db.session.expire(row)
