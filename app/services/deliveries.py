"""The e-mail of notices, as a kind of record: what was sent, what waits, what failed, and trying again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, text
from sqlalchemy.orm import aliased

from app.extensions import db
from app.models.access import User
from app.models.notifications import DeliveryStatus, Notification, NotificationDelivery, NotificationType
from app.policies.actor import Actor
from app.services.errors import WrongState
from app.services.notifications.types import TYPES
from app.services.people import full_name, name_of
from app.services.resource import Action, Attribute, Kind, Option, Outcome, Resource, Result, options_of, register
from app.services.transaction import lock_many, transactional

STATUSES = {"queued": _l("Waiting"), "sent": _l("Sent"), "failed": _l("Failed")}
TONES = {"queued": "info", "sent": "success", "failed": "danger"}

_notice, _recipient = aliased(Notification), aliased(User)
_NOTICE = (_notice, _notice.id == NotificationDelivery.notification_id)

_AGAIN = text("""
    UPDATE notification_deliveries SET status = 'queued', attempts = 0, next_attempt_at = now(), claimed_until = NULL
    WHERE id = ANY(:ids)
""")


_recipient_name = (
    select(full_name(User)).where(User.id == NotificationDelivery.recipient_id).correlate(NotificationDelivery)
).scalar_subquery()


def title(delivery: Any) -> str:
    """To whom, and on which day of the reader's. Rows of a list bring the name with them."""
    known = getattr(delivery, "recipient_name", None)
    name = name_of(delivery.recipient_id) if known is None else known
    return _("E-mail to %(name)s, %(day)s", name=name, day=format_date(delivery.created_at))


def may_retry(actor: Actor, delivery: Any) -> Any:
    """Only what failed is tried again."""
    return None if delivery.status is DeliveryStatus.FAILED else _l("Only what failed can be tried again.")


@transactional
def retry(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Put failed deliveries back into the queue, due now."""
    found = {row.id: row for row in lock_many(NotificationDelivery, ids)}
    outcomes = []
    for key in dict.fromkeys(ids):
        reason = may_retry(actor, found[key]) if key in found else _("It is gone.")
        called = title(found[key]) if key in found else ""
        outcomes.append(Outcome(str(key), called, WrongState(reason) if reason is not None else None))
    again = [UUID(each.id) for each in outcomes if each.refusal is None]
    db.session.execute(_AGAIN, {"ids": again})
    for key in again:
        db.session.expire(found[key])
    return Result(outcomes)


DELIVERIES = register(
    Resource(
        name="Deliveries",
        slug="deliveries",
        model=NotificationDelivery,
        singular=_l("Delivery"),
        plural=_l("Deliveries"),
        title=title,
        attributes=(
            Attribute("recipient", _l("To"), Kind.RELATION, full_name(_recipient),
                      key=NotificationDelivery.recipient_id,
                      join=(_recipient, _recipient.id == NotificationDelivery.recipient_id),
                      lookup="accounts", person=True),
            Attribute("notice", _l("Notice"), Kind.TEXT, _notice.title, join=_NOTICE, filterable=False),
            Attribute("type", _l("Type"), Kind.CHOICE, _notice.type, join=_NOTICE, filterable=False,
                      options=tuple(Option(kind.value, TYPES[kind].label) for kind in NotificationType)),
            Attribute("status", _l("Status"), Kind.CHOICE, NotificationDelivery.status,
                      options=options_of(DeliveryStatus, STATUSES, TONES)),
            Attribute("attempts", _l("Attempts"), Kind.NUMBER, NotificationDelivery.attempts),
            Attribute("created_at", _l("Made"), Kind.DATETIME, NotificationDelivery.created_at, sortable=True),
            Attribute("next_attempt_at", _l("Next attempt"), Kind.DATETIME, NotificationDelivery.next_attempt_at),
            Attribute("sent_at", _l("Sent at"), Kind.DATETIME, NotificationDelivery.sent_at, nullable=True),
            Attribute("message_id", _l("Message"), Kind.TEXT, NotificationDelivery.message_id, nullable=True),
            Attribute("error", _l("Error"), Kind.TEXT, NotificationDelivery.error, nullable=True),
        ),
        actions=(
            Action("retry", _l("Try again"), retry, may_retry,
                   help=_l("It goes out within a minute, unless the server refuses again."), icon="refresh-cw"),
        ),
        search=func.search_fold(NotificationDelivery.error),
        search_help=_l("Error"),
        default_sort="-created_at",
        icon="mail",
        title_columns=(NotificationDelivery.created_at, _recipient_name.label("recipient_name")),
    )
)  # fmt: skip
