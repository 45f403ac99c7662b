"""The money of an admission: what is taken off its price, and whether it is paid."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

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
from app.services.admissions import events, orders
from app.services.admissions.batch import each
from app.services.errors import Invalid, WrongState
from app.services.resource import Result
from app.services.transaction import moment, transactional

Ids = Sequence[UUID]


@transactional
def change_discount(
    ids: Ids, *, actor: Actor, discount_type: DiscountType, discount_value: Decimal = Decimal(0)
) -> Result:
    """Change what is taken off the price. The number of classes stays; a payment that was made is never changed."""
    value = orders.discount_value({"discount_type": discount_type, "discount_value": discount_value})

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status is AdmissionStatus.CANCELLED:
            raise WrongState(_("It is cancelled: there is nothing to take off."))
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
        before, paid_at = (
            payment.status.value,
            moment() if status is PaymentStatus.PAID else None,
        )
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
