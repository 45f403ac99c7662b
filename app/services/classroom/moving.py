"""Moving a planned class to another slot and day (spec: same course and teacher, day open, within the plan, a free place
on that day, both parties told).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, text

from app.extensions import db
from app.models.admissions import Admission, AdmissionEvent
from app.models.classroom import Attendance, AttendanceStatus
from app.policies.actor import Actor
from app.policies.rules import may_move_class
from app.policies.scopes import visible
from app.services.admissions import events, planning
from app.services.classroom import locking, notices, places
from app.services.classroom.places import PlaceRefused, Reason, Wish
from app.services.errors import NotAllowed, NotFound, Refusal, explain
from app.services.keysets import among
from app.services.resource import Outcome, Result
from app.services.transaction import savepoint, transactional

explain(
    {
        "uq_attendance_student_id_starts_at": ("class_date", _l("The student has another class at this time.")),
        "uq_attendance_student_id_classroom_slot_id_class_date": (
            "class_date",
            _l("The student is already planned for this class."),
        ),
    }
)

_MOVE = text("""
    UPDATE attendance SET
        original_slot_id = CASE WHEN home.there THEN NULL ELSE coalesce(original_slot_id, classroom_slot_id) END,
        original_date = CASE WHEN home.there THEN NULL ELSE coalesce(original_date, class_date) END,
        classroom_slot_id = :slot_id, class_date = :day, starts_at = :starts_at, ends_at = :ends_at, revision = revision + 1
    FROM (SELECT (original_slot_id = :slot_id AND original_date = :day) IS TRUE AS there FROM attendance WHERE id = :id) home
    WHERE id = :id
""")


def reasons_against(row: Attendance, admission: Admission) -> list[Reason]:
    """Why a class cannot be moved at all, wherever to."""
    found = places.standing(admission)
    if row.deleted_at is not None:
        found.append(Reason("off_the_plan", _("The class was taken off the plan."), ""))
    elif row.status is not AttendanceStatus.SCHEDULED:
        found.append(Reason("marked", _("The class is marked already."), ""))
    elif has_begun(row):
        found.append(Reason("begun", _("The class has begun already."), ""))
    return found


def offered(wish: places.Wish) -> list[places.Place]:
    """Every place of the coming weeks that would be accepted now: none for a class that cannot be moved at all."""
    admission = db.session.get_one(Admission, wish.admission_id)
    row = db.session.get(Attendance, wish.attendance_id) if wish.attendance_id else None
    against = places.standing(admission) if row is None else reasons_against(row, admission)
    return [] if against else places.offered(wish)


def has_begun(row: Attendance) -> bool:
    """Whether the moment of the class has come, by the clock of the transaction, as in every statement."""
    return bool(row.starts_at <= db.session.execute(select(func.now())).scalar_one())


def check(row: Attendance, slot_id: UUID, day: date) -> Any:
    """The place, judged, for a locked class. Raises PlaceRefused with every reason, about the class and the place."""
    admission = db.session.get_one(Admission, row.admission_id)
    found = reasons_against(row, admission)
    try:
        place = places.check(Wish.of(row), slot_id, day)
    except PlaceRefused as refused:
        raise PlaceRefused([*found, *refused.reasons]) from None
    if found:
        raise PlaceRefused(found)
    return place


def relocate(row: Attendance, slot_id: UUID, day: date, *, batch_id: UUID | None = None) -> None:
    """Move a class for which everything is locked, and write it down. Raises PlaceRefused."""
    place = check(row, slot_id, day)
    before = {"slot_id": row.classroom_slot_id, "day": row.class_date}
    facts = {"id": row.id, "slot_id": slot_id, "day": day, "starts_at": place.starts_at, "ends_at": place.ends_at}
    db.session.execute(_MOVE, facts)
    after = {"slot_id": slot_id, "day": day}
    events.record(AdmissionEvent.CLASSES_MOVED, row.admission_id, before, after, batch_id=batch_id)
    db.session.refresh(row)


@transactional
def move(ids: Sequence[UUID], *, actor: Actor, classroom_slot_id: UUID, class_date: date) -> Result:
    """Move classes directly, by the same rules as a request. The student and the teacher are told. Refused per class
    with every reason.
    """
    wanted = list(dict.fromkeys(ids))
    shown = set(
        db.session.scalars(select(Attendance.id).where(among(Attendance.id, wanted), visible(Attendance, actor)))
    )
    locked = locking.for_moving([key for key in wanted if key in shown], [classroom_slot_id])
    outcomes = [_outcome(key, locked.get(key), actor, classroom_slot_id, class_date) for key in wanted]
    notices.tell_moved([key for key, each in zip(wanted, outcomes, strict=True) if each.state == "ok"], actor)
    return Result(outcomes)


def _outcome(key: UUID, row: Attendance | None, actor: Actor, slot_id: UUID, day: date) -> Outcome:
    if row is None:
        return Outcome(str(key), str(key)[:8], NotFound())
    name = title(row)
    reason = may_move_class(actor, row)
    if reason is not None:
        return Outcome(str(key), name, NotAllowed(reason))
    if row.classroom_slot_id == slot_id and row.class_date == day and row.deleted_at is None:
        return Outcome(str(key), name, unchanged=True)
    try:
        with savepoint():
            relocate(row, slot_id, day)
            planning.drop_requests([row.id])  # what was asked about it has been overtaken
    except Refusal as refused:
        return Outcome(str(key), name, refused)
    return Outcome(str(key), name)


def title(row: Any) -> str:
    """What a class of a student is called in lists of outcomes."""
    who = db.session.scalar(
        text("SELECT first_name || ' ' || last_name FROM students WHERE id = :id"), {"id": row.student_id}
    )
    return f"{who}, {format_date(row.class_date)}"
