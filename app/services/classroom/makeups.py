"""Make-up classes: booked beside the plan for classes that are owed, by the same rules as moving a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.admissions import Admission, AdmissionEvent
from app.models.classroom import Attendance, AttendanceStatus
from app.policies.actor import Actor
from app.policies.rules import may_plan_classes
from app.policies.scopes import visible
from app.services.admissions import events, planning
from app.services.classroom import balances, locking, notices, places
from app.services.classroom.moving import title
from app.services.classroom.places import PlaceRefused, Reason, Wish
from app.services.errors import Invalid, NotAllowed, NotFound, Refusal, WrongState
from app.services.keysets import among
from app.services.resource import Outcome, Result
from app.services.transaction import lock_many, transactional

_TAKE_OFF = text("UPDATE attendance SET deleted_at = now(), revision = revision + 1 WHERE id = :id")


@transactional
def book(values: Mapping[str, Any], *, actor: Actor) -> Attendance:
    """Book a class for an admission that has some neither used up nor planned (`unplanned`).

    Raises Invalid for an unknown admission, NotAllowed, PlaceRefused with every reason.
    """
    key, slot_id, day = values["admission_id"], values["classroom_slot_id"], values["class_date"]
    shown = db.session.scalar(select(Admission.id).where(Admission.id == key, visible(Admission, actor)))
    if shown is None:
        raise Invalid(fields={"admission_id": [_("Choose one from the list.")]})
    admission = locking.for_planning([key], [slot_id])[key]
    reason = may_plan_classes(actor, admission)
    if reason is not None:
        raise NotAllowed(reason)
    place = _check(admission, slot_id, day)
    row = Attendance(
        student_id=admission.student_id,
        admission_id=key,
        classroom_slot_id=slot_id,
        class_date=day,
        starts_at=place.starts_at,
        ends_at=place.ends_at,
        makeup=True,
    )
    db.session.add(row)
    db.session.flush()
    events.record(AdmissionEvent.CLASSES_MOVED, key, None, {"makeup": day, "slot_id": slot_id})
    notices.tell_booked(row.id, actor)
    return row


def _check(admission: Admission, slot_id: UUID, day: Any) -> Any:
    found = places.standing(admission)
    if balances.of_admissions([admission.id])[admission.id].unplanned < 1:
        found.append(Reason("none_left", _("Every class of the admission is used up or planned."), "admission_id"))
    try:
        place = places.check(Wish(admission.id), slot_id, day)
    except PlaceRefused as refused:
        raise PlaceRefused([*found, *refused.reasons]) from None
    if found:
        raise PlaceRefused(found)
    return place


@transactional
def cancel(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Take make-up classes that are still planned off the plan: they can be booked again."""
    wanted = list(dict.fromkeys(ids))
    mine = select(Attendance.id, Attendance.admission_id).where(among(Attendance.id, wanted))
    seen = db.session.execute(mine.where(visible(Attendance, actor))).all()
    lock_many(Admission, list({row.admission_id for row in seen}))
    rows = {row.id: row for row in lock_many(Attendance, [row.id for row in seen])}
    outcomes = [_cancel(key, rows.get(key), actor) for key in wanted]
    gone = [key for key, each in zip(wanted, outcomes, strict=True) if each.state == "ok"]
    planning.drop_requests(gone)
    notices.tell_cancelled(gone, actor)
    return Result(outcomes)


def _cancel(key: UUID, row: Attendance | None, actor: Actor) -> Outcome:
    if row is None:
        return Outcome(str(key), str(key)[:8], NotFound())
    name, refused = title(row), _refusal(actor, row)
    if refused is not None:
        return Outcome(str(key), name, refused)
    if row.deleted_at is not None:
        return Outcome(str(key), name, unchanged=True)
    db.session.execute(_TAKE_OFF, {"id": key})
    events.record(AdmissionEvent.CLASSES_MOVED, row.admission_id, {"makeup": row.class_date}, {"makeup": None})
    db.session.expire(row)
    return Outcome(str(key), name)


def _refusal(actor: Actor, row: Attendance) -> Refusal | None:
    reason = may_plan_classes(actor, row)
    if reason is not None:
        return NotAllowed(reason)
    if not row.makeup:
        return WrongState(_("It is not a make-up class."))
    if row.status is not AttendanceStatus.SCHEDULED:
        return WrongState(_("The class is marked already."))
    return None
