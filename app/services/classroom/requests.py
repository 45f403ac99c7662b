"""Requests to move a class: asked, approved, rejected, withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.models.classroom import Attendance, RequestStatus, RescheduleRequest
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.rules import may_decide_request, may_withdraw_request
from app.policies.scopes import visible
from app.services.classroom import locking, moving, notices
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal, WrongState, explain
from app.services.keysets import among
from app.services.resource import Outcome, Result
from app.services.transaction import lock_many, moment, savepoint, transactional

explain({"uq_reschedule_requests_attendance_id": ("attendance_id", _l("There is a request about this class already."))})

MOST_AT_ONCE = 500


@transactional
def request(values: Mapping[str, Any], *, actor: Actor) -> RescheduleRequest:
    """Ask to move a class: students for their own, teachers for those they teach, staff for all.

    The same request, sent again while it is pending, is the first one. Raises Invalid for a class that is not the
    actor's to see, PlaceRefused with every reason, Conflict when something else is asked for it already.
    """
    key, slot_id, day = values["attendance_id"], values["requested_slot_id"], values["requested_date"]
    if db.session.scalar(select(Attendance.id).where(Attendance.id == key, visible(Attendance, actor))) is None:
        raise Invalid(fields={"attendance_id": [_("Choose one from the list.")]})
    row = locking.for_moving([key], [slot_id])[key]
    waiting = db.session.scalar(select(RescheduleRequest).where(*_pending(key)))
    if waiting is not None:
        if (waiting.requested_slot_id, waiting.requested_date) == (slot_id, day):
            return waiting
        message = _("There is a request about this class already. Withdraw it first.")
        raise Conflict(message, fields={"attendance_id": [message]})
    moving.check(row, slot_id, day)
    made = RescheduleRequest(
        attendance_id=key,
        student_id=row.student_id,
        from_slot_id=row.classroom_slot_id,
        from_date=row.class_date,
        requested_slot_id=slot_id,
        requested_date=day,
        reason=values.get("reason"),
    )
    db.session.add(made)
    db.session.flush()
    notices.tell_requested(made.id, actor)
    return made


def _pending(attendance_id: UUID) -> list[Any]:
    return [
        RescheduleRequest.attendance_id == attendance_id,
        RescheduleRequest.status == RequestStatus.PENDING,
    ]


@transactional
def approve(ids: Sequence[UUID], *, actor: Actor, note: str | None = None) -> Result:
    """Move the classes as asked for, if that is still possible. One approved already is left as it is.

    Refused per request, with every reason, when the place is gone or the class was marked, moved or taken off.
    """

    def change(found: RescheduleRequest, rows: Mapping[UUID, Attendance], batch_id: UUID) -> None:
        row = rows[found.attendance_id]
        if (row.classroom_slot_id, row.class_date) != (found.from_slot_id, found.from_date):
            raise WrongState(_("The class was moved meanwhile."))
        moving.relocate(row, found.requested_slot_id, found.requested_date, batch_id=batch_id)

    return _decide(ids, actor, RequestStatus.APPROVED, note, change)


@transactional
def reject(ids: Sequence[UUID], *, actor: Actor, note: str) -> Result:
    """Say no, and why. One rejected already is left as it is."""
    return _decide(ids, actor, RequestStatus.REJECTED, note, lambda _found, _rows, _batch: None)


Change = Callable[[RescheduleRequest, Mapping[UUID, Attendance], UUID], None]


def _decide(ids: Sequence[UUID], actor: Actor, to: RequestStatus, note: str | None, change: Change) -> Result:
    requests, rows = _lock(ids, actor)
    batch_id = uuid4()
    outcomes = []
    for key in dict.fromkeys(ids):
        found = requests.get(key)
        if found is None:
            outcomes.append(Outcome(str(key), str(key)[:8], NotFound()))
            continue
        name, refused = title(found), None
        try:
            with savepoint():
                if (unchanged := found.status is to) is False:
                    _check(found, actor)
                    change(found, rows, batch_id)
                    _answer(found, to, note, actor)
        except Refusal as refusal:
            refused, unchanged = refusal, False
        outcomes.append(Outcome(str(key), name, refused, unchanged=unchanged))
    notices.tell_decided([UUID(each.id) for each in outcomes if each.state == "ok"], actor)
    return Result(outcomes, batch_id)


def _answer(found: RescheduleRequest, to: RequestStatus, note: str | None, actor: Actor) -> None:
    now = moment()
    found.status, found.decided_at, found.decided_by_id, found.decision_note = to, now, actor.id, note
    db.session.flush()


def _check(found: RescheduleRequest, actor: Actor) -> None:
    """Raises NotAllowed, WrongState."""
    reason = may_decide_request(actor, found)
    if reason is not None:
        raise NotAllowed(reason)
    if found.status is not RequestStatus.PENDING:
        raise WrongState(_("It is decided already, or withdrawn."))


def _lock(ids: Sequence[UUID], actor: Actor) -> tuple[dict[UUID, RescheduleRequest], dict[UUID, Attendance]]:
    """The requests that the actor may see, and their classes, with everything that moving them depends on."""
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(_("At most %(most)s requests at once.", most=f"{MOST_AT_ONCE:,}"))
    seen = db.session.execute(
        select(RescheduleRequest.id, RescheduleRequest.attendance_id, RescheduleRequest.requested_slot_id).where(
            among(RescheduleRequest.id, wanted), visible(RescheduleRequest, actor)
        )
    ).all()
    rows = locking.for_moving({each.attendance_id for each in seen}, {each.requested_slot_id for each in seen})
    return {each.id: each for each in lock_many(RescheduleRequest, [each.id for each in seen])}, rows


@transactional
def withdraw(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Take requests back that are not decided yet: who asked, the student, or an admin."""
    wanted = list(dict.fromkeys(ids))
    found = {each.id: each for each in lock_many(RescheduleRequest, wanted, visible(RescheduleRequest, actor))}
    of_them = select(Student).where(Student.id.in_([each.student_id for each in found.values()]))
    _students = db.session.scalars(of_them).all()  # the rule asks whose they are
    outcomes = []
    for key in wanted:
        one = found.get(key)
        if one is None:
            outcomes.append(Outcome(str(key), str(key)[:8], NotFound()))
            continue
        refused = _why_not_withdrawn(one, actor)
        unchanged = one.status is RequestStatus.WITHDRAWN
        if refused is None and not unchanged:
            one.status = RequestStatus.WITHDRAWN
            db.session.flush()
        outcomes.append(Outcome(str(key), title(one), refused, unchanged=refused is None and unchanged))
    return Result(outcomes)


def _why_not_withdrawn(found: RescheduleRequest, actor: Actor) -> Refusal | None:
    reason = may_withdraw_request(actor, found)
    if reason is not None:
        return NotAllowed(reason)
    if found.status in (RequestStatus.APPROVED, RequestStatus.REJECTED):
        return WrongState(_("It is decided already."))
    return None


def title(found: Any) -> str:
    """What a request is called."""
    return f"{format_date(found.from_date)} → {format_date(found.requested_date)}"
