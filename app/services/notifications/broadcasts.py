"""Messages that an admin writes to everybody, or to those of some roles."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field
from sqlalchemy import select, text

from app.extensions import db
from app.models.access import User
from app.models.notifications import NotificationEvent, NotificationType, Severity
from app.policies.actor import Actor
from app.policies.roles import Role
from app.services import school
from app.services.errors import Conflict, Invalid, NotAllowed
from app.services.inputs import Input, Moment, blank_is_none, storable
from app.services.notifications.telling import event, tell_set
from app.services.people import full_name
from app.services.transaction import transactional

ENTITY = "broadcasts"
AUDIENCE = tuple(role for role in Role if role is not Role.PUBLIC)


class BroadcastType(enum.StrEnum):
    BROADCAST = NotificationType.BROADCAST.value
    CLOSURE_ANNOUNCEMENT = NotificationType.CLOSURE_ANNOUNCEMENT.value


class BroadcastInput(Input):
    """A message, and for whom it is: no roles mean everybody. `key` names the form: sent twice, it is one message."""

    key: UUID
    type: BroadcastType = BroadcastType.BROADCAST
    title: Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(storable)]
    body: Annotated[str, Field(max_length=4000), BeforeValidator(storable)] = ""
    severity: Severity = Severity.INFO
    roles: list[Role] = Field(default=[], max_length=len(AUDIENCE))
    expires_at: Annotated[Moment | None, BeforeValidator(blank_is_none)] = None


@dataclass(frozen=True)
class Sent:
    """To how many people a message goes."""

    key: UUID
    recipients: int


# Whoever has a login and one of the roles, directly or through a group. The writer has read it already.
_GIVEN = """
    SELECT u.id AS recipient_id, :title AS title, :body AS body, :severity AS severity, 'broadcasts' AS entity_type,
           CAST(:key AS text) AS entity_id, '' AS link, CAST('{}' AS jsonb) AS payload,
           CAST(:expires_at AS timestamptz) AS expires_at
    FROM ab_user u
    WHERE u.active AND u.id <> :actor_id AND (CAST(:roles AS text[]) = '{}' OR EXISTS (
        SELECT FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id WHERE ur.user_id = u.id AND r.name = ANY(:roles)
        UNION ALL SELECT FROM ab_user_group ug JOIN ab_group_role gr USING (group_id) JOIN ab_role r ON r.id = gr.role_id
        WHERE ug.user_id = u.id AND r.name = ANY(:roles)))
"""
_KNOWN = text("SELECT payload FROM notification_events WHERE entity_id = :key AND entity_type = 'broadcasts'")


@transactional
def send(values: dict[str, Any], *, actor: Actor) -> Sent:
    """Send a message: one transaction, set-wise. Sending the same form again sends nothing and gives the first answer.

    Raises NotAllowed, Invalid when it would expire at once or reach nobody, Conflict when the form was sent with other
    words or to others.
    """
    if not actor.is_admin:
        raise NotAllowed(_l("Only an admin may write to everybody."))
    expires_at = values.get("expires_at")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise Invalid(fields={"expires_at": [_("This is in the past.")]})
    key, roles = values["key"], sorted(set(values.get("roles") or []))
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": str(key)})
    known = db.session.execute(_KNOWN, {"key": str(key)}).scalar_one_or_none()
    kind = NotificationType(values.get("type") or NotificationType.BROADCAST)
    facts = {
        "title": values["title"],
        "body": values.get("body") or "",
        "severity": (values.get("severity") or Severity.INFO).value,
    }
    if known is not None:
        if any(known[name] != value for name, value in {**facts, "roles": roles}.items()):
            raise Conflict(_("This form was sent already with other words or to others: begin a new message."))
        return Sent(key, known["recipients"])
    whom = {"key": str(key), "actor_id": actor.id, "roles": roles, "expires_at": expires_at}
    told = tell_set(kind, _GIVEN, school.today(), facts | whom)
    if not told:
        raise Invalid(fields={"roles": [_("Nobody has these roles.")]})
    event(kind, ENTITY, [key], facts | {"roles": roles, "recipients": told, "expires_at": expires_at})
    return Sent(key, told)


def sent(*, before: UUID | None = None, limit: int = 25) -> list[Any]:
    """Messages that were sent, newest first, with who wrote them."""
    statement = (
        select(NotificationEvent, full_name(User).label("who"))
        .outerjoin(User, User.id == NotificationEvent.actor_id)
        .where(NotificationEvent.type.in_(list(BroadcastType)), NotificationEvent.entity_type == ENTITY)
        .order_by(NotificationEvent.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(NotificationEvent.id < before)
    return list(db.session.execute(statement).all())
