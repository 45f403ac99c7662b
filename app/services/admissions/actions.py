"""What is done with an admission after it was made: cancel, pause, resume, complete, extra classes, discount, money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, select, text

from app.extensions import db
from app.models.admissions import (
    Admission,
    AdmissionEvent,
    AdmissionPayment,
    AdmissionStatus,
    DiscountType,
    PaymentStatus,
)
from app.policies.actor import Actor
from app.policies.rules import may_change_admission, may_take_money
from app.policies.scopes import visible
from app.services import school
from app.services.admissions import admit, events, orders, places, planning, waitlist
from app.services.admissions.batch import check_transition, each
from app.services.admissions.refusals import PlacesRefused
from app.services.errors import Invalid, NotAllowed, WrongState
from app.services.resource import Result
from app.services.transaction import lock, transactional

Ids = Sequence[UUID]


def _moment() -> datetime:
    """The moment of this transaction, the same in all that it writes."""
    return db.session.execute(select(func.now())).scalar_one()


def _become(admission: Admission, to: AdmissionStatus, batch_id: UUID, **facts: Any) -> None:
    before = {"status": admission.status.value}
    admission.status = to
    db.session.flush()
    events.record(AdmissionEvent.STATUS_CHANGED, admission.id, before, {"status": to.value, **facts}, batch_id=batch_id)


_END = text("UPDATE classroom_enrollments SET status = 'ended' WHERE admission_id = :id AND status <> 'ended'")


def _leave(admission: Admission, actor: Actor) -> None:
    """End the places of an admission, and offer them to the waitlist."""
    db.session.execute(_END, {"id": admission.id})
    waitlist.offer_places(planning.slot_ids(admission.id), actor)


@transactional
def cancel(ids: Ids, *, actor: Actor, note: str | None = None) -> Result:
    """End admissions before their time: places are freed, classes to come are taken off the plan. What was marked
    stays. Repeating it changes nothing.
    """

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status is AdmissionStatus.CANCELLED:
            return False
        check_transition(admission, AdmissionStatus.CANCELLED)
        removed = planning.take_off(admission.id)
        _leave(admission, actor)
        admission.paused_at = None
        _become(admission, AdmissionStatus.CANCELLED, batch_id, classes=removed, note=note)
        return True

    return each(ids, actor, may_change_admission, change)


@transactional
def pause(ids: Ids, *, actor: Actor, note: str | None = None) -> Result:
    """Pause admissions: places are freed, and the classes to come wait off the plan until the admission is resumed."""

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status is AdmissionStatus.PAUSED:
            return False
        check_transition(admission, AdmissionStatus.PAUSED)
        began, removed = _moment(), planning.take_off(admission.id)
        db.session.execute(
            text("UPDATE classroom_enrollments SET status = 'paused' WHERE admission_id = :id AND status = 'active'"),
            {"id": admission.id},
        )
        waitlist.offer_places(planning.slot_ids(admission.id), actor)
        admission.paused_at = began  # as in `deleted_at` of what was taken off
        _become(admission, AdmissionStatus.PAUSED, batch_id, classes=removed, note=note)
        return True

    return each(ids, actor, may_change_admission, change)


@transactional
def resume(ids: Ids, *, actor: Actor, resume_on: date | None = None) -> Result:
    """Take paused admissions up again from a day on, today or later: places are taken again if they are free, and the
    classes that waited get new dates. Refused per admission with every slot that is full or clashes.
    """
    day = resume_on or school.today()
    if day < school.today():
        raise Invalid(fields={"resume_on": [_("Must be today or later.")]})

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status in (AdmissionStatus.ACTIVE, AdmissionStatus.PENDING):
            return False
        to = AdmissionStatus.PENDING if admission.starts_on > school.today() else AdmissionStatus.ACTIVE
        check_transition(admission, to)
        first = max(day, admission.starts_on)
        slots = places.by_id(planning.slot_ids(admission.id))
        waiting = planning.waiting(admission)
        dates = admit.plan_dates(first, slots, len(waiting)) if waiting else []
        problems = places.problems(
            slots, places.clashes(admission.student_id, dates), places.held_by(admission.student_id)
        )
        if problems:
            raise PlacesRefused(problems)
        planning.put_back(waiting, dates)
        db.session.execute(
            text("UPDATE classroom_enrollments SET status = 'active' WHERE admission_id = :id AND status = 'paused'"),
            {"id": admission.id},
        )
        assert admission.paused_at is not None
        _extend(admission, dates[-1][0] if dates else None, first, admission.paused_at)
        admission.paused_at = None
        _become(admission, to, batch_id, resume_on=first.isoformat(), classes=len(dates))
        return True

    return each(ids, actor, may_change_admission, change)


def _extend(admission: Admission, last: date | None, resumed_on: date, paused_at: datetime) -> None:
    """The days of the pause are added to the end."""
    paused_on = max(paused_at.astimezone(school.zone()).date(), admission.starts_on)
    ends_on = admission.ends_on + max(resumed_on - paused_on, timedelta(0))
    admission.ends_on = max(ends_on, last or ends_on)


@transactional
def complete(ids: Ids, *, actor: Actor) -> Result:
    """Close admissions whose classes are over: places are freed. Refused while classes are still planned."""

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status is AdmissionStatus.COMPLETED:
            return False
        check_transition(admission, AdmissionStatus.COMPLETED)
        ahead = planning.count_ahead(admission.id)
        if ahead:
            raise WrongState(_("%(count)s classes are still to come: cancel it, or wait for them.", count=ahead))
        _leave(admission, actor)
        _become(admission, AdmissionStatus.COMPLETED, batch_id)
        return True

    return each(ids, actor, may_change_admission, change)


@transactional
def add_extra_classes(ids: Ids, *, actor: Actor, classes: int) -> Result:
    """Give admissions more classes: they are planned after the last one, in the same weekly slots."""

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status not in (AdmissionStatus.ACTIVE, AdmissionStatus.PENDING):
            check_transition(admission, AdmissionStatus.PAUSED)
            raise WrongState(_("Resume it first."))
        before = admission.extra_classes
        dates = planning.append(admission, classes)
        admission.extra_classes = before + classes
        admission.ends_on = max(admission.ends_on, dates[-1][0])
        db.session.flush()
        after = {"extra_classes": before + classes, "until": dates[-1][0]}
        events.record(
            AdmissionEvent.EXTRA_CLASSES_ADDED, admission.id, {"extra_classes": before}, after, batch_id=batch_id
        )
        return True

    return each(ids, actor, may_change_admission, change)


@transactional
def change_discount(
    ids: Ids, *, actor: Actor, discount_type: DiscountType, discount_value: Decimal = Decimal(0)
) -> Result:
    """Change what is taken off the price. The number of classes stays; a payment that was made is never changed."""
    value = orders.discount_value({"discount_type": discount_type, "discount_value": discount_value})

    def change(admission: Admission, batch_id: UUID) -> bool:
        if wrong := orders.wrong_discount(admission.price, discount_type, value):
            raise Invalid(str(wrong["discount_value"][0]), fields=wrong)
        before = {"discount_type": admission.discount_type.value, "discount_value": admission.discount_value}
        after = {"discount_type": discount_type.value, "discount_value": value}
        if before == after:
            return False
        payment = _payment(admission.id)
        if payment.status is PaymentStatus.PAID:
            raise WrongState(_("It is paid already: set it to unpaid first."))
        admission.discount_type, admission.discount_value = discount_type, value
        db.session.flush()
        db.session.refresh(admission, ["total"])
        payment.amount = admission.total
        events.record(
            AdmissionEvent.DISCOUNT_CHANGED,
            admission.id,
            before,
            {**after, "total": admission.total},
            batch_id=batch_id,
        )
        return True

    return each(ids, actor, may_change_admission, change, places_too=False)


def _payment(admission_id: UUID) -> AdmissionPayment:
    statement = select(AdmissionPayment).where(AdmissionPayment.admission_id == admission_id)
    return db.session.scalars(statement.with_for_update(key_share=True).execution_options(populate_existing=True)).one()


def _set_paid(ids: Ids, actor: Actor, status: PaymentStatus, note: str | None) -> Result:
    def change(admission: Admission, batch_id: UUID) -> bool:
        payment = _payment(admission.id)
        if payment.status is status:
            return False
        before, paid_at = payment.status.value, _moment() if status is PaymentStatus.PAID else None
        payment.status, payment.paid_at = status, paid_at
        payment.note, payment.confirmed_by_id = note, actor.id
        db.session.flush()
        after = {"payment": status.value, "amount": payment.amount, "note": note}
        events.record(AdmissionEvent.PAYMENT_CHANGED, admission.id, {"payment": before}, after, batch_id=batch_id)
        return True

    return each(ids, actor, may_take_money, change, places_too=False)


@transactional
def mark_paid(ids: Ids, *, actor: Actor, note: str | None = None) -> Result:
    """Record that admissions are paid: who said so, and when, is kept."""
    return _set_paid(ids, actor, PaymentStatus.PAID, note)


@transactional
def mark_unpaid(ids: Ids, *, actor: Actor, note: str | None = None) -> Result:
    """Take back that admissions are paid."""
    return _set_paid(ids, actor, PaymentStatus.UNPAID, note)


@transactional
def update(
    admission_id: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> Admission:
    """Change the notes of an admission; everything else has an action. Raises NotFound, NotAllowed, Conflict, Invalid for
    other fields.
    """
    admission = lock(Admission, admission_id, visible(Admission, actor), version=version)
    reason = may_change_admission(actor, admission)
    if reason is not None:
        raise NotAllowed(reason)
    others = {name for name, value in values.items() if name != "notes" and value != getattr(admission, name, None)}
    if others:
        raise Invalid(fields={name: [_("Only notes are edited: for this there is an action.")] for name in others})
    if "notes" in values and values["notes"] != admission.notes:
        before = {"notes": admission.notes}
        admission.notes = values["notes"]
        db.session.flush()
        events.record(AdmissionEvent.UPDATED, admission.id, before, {"notes": admission.notes})
    return admission


@transactional
def delete(ids: Ids, *, actor: Actor) -> Result:
    """Delete admissions that were cancelled or completed; an admin can restore them. The others are cancelled first."""

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status not in (AdmissionStatus.CANCELLED, AdmissionStatus.COMPLETED):
            raise WrongState(_("Cancel it first."))
        admission.deleted_at, admission.deleted_by_id = _moment(), actor.id
        events.record(AdmissionEvent.DELETED, admission.id, batch_id=batch_id)
        return True

    return each(ids, actor, may_change_admission, change, places_too=False)


@transactional
def restore(ids: Ids, *, actor: Actor) -> Result:
    """Bring deleted admissions back into the lists."""

    def change(admission: Admission, batch_id: UUID) -> bool:
        admission.deleted_at = admission.deleted_by_id = None
        events.record(AdmissionEvent.RESTORED, admission.id, batch_id=batch_id)
        return True

    return each(ids, actor, may_change_admission, change, places_too=False, deleted=True)
