"""One's own notices: reading, marking, archiving."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text, tuple_

from app.extensions import db
from app.models.notifications import Notification, NotificationType, Severity
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.transaction import transactional

_SHOWN = (
    Notification.id,
    Notification.type,
    Notification.title,
    Notification.body,
    Notification.payload,
    Notification.severity,
    Notification.link,
    Notification.created_at,
    Notification.read_at,
    Notification.archived_at,
)


def newest(
    actor: Actor,
    *,
    unread_only: bool = False,
    archived: bool = False,
    kind: NotificationType | None = None,
    severity: Severity | None = None,
    before: UUID | None = None,
    limit: int = 25,
) -> list[Any]:
    """An inbox, newest first, after the notice `before`."""
    statement = select(*_SHOWN).where(
        visible(Notification, actor), or_(Notification.expires_at.is_(None), Notification.expires_at > func.now())
    )
    put_away = Notification.archived_at.is_not(None)
    statement = statement.where(put_away if archived else ~put_away)
    if unread_only:
        statement = statement.where(Notification.read_at.is_(None))
    if kind is not None:
        statement = statement.where(Notification.type == kind)
    if severity is not None:
        statement = statement.where(Notification.severity == severity)
    # Notices of one moment are told apart by their keys: the position is both, as the order is.
    position = (Notification.created_at, Notification.id)
    if before is not None:
        start = db.session.execute(select(*position).where(Notification.id == before, visible(Notification, actor)))
        last = start.one_or_none()
        if last is None:
            return []
        statement = statement.where(tuple_(*position) < tuple_(*last))
    return list(db.session.execute(statement.order_by(*(each.desc() for each in position)).limit(limit)).all())


@transactional
def mark_read(notification_ids: Collection[UUID], *, actor: Actor) -> int:
    """Mark one's own notices as read; others' are left alone. Returns how many changed."""
    statement = text(
        "UPDATE notifications SET read_at = now() WHERE recipient_id = :user_id AND id = ANY(:ids) AND read_at IS NULL"
    )
    return _count(statement, {"user_id": actor.id, "ids": list(notification_ids)})


@transactional
def mark_all_read(*, actor: Actor) -> int:
    """Mark all of one's own notices as read."""
    statement = text("UPDATE notifications SET read_at = now() WHERE recipient_id = :user_id AND read_at IS NULL")
    return _count(statement, {"user_id": actor.id})


@transactional
def archive(notification_ids: Collection[UUID], *, actor: Actor) -> int:
    """Put one's own notices away; they count as read. Returns how many changed."""
    statement = text(
        "UPDATE notifications SET archived_at = now(), read_at = coalesce(read_at, now())"
        " WHERE recipient_id = :user_id AND id = ANY(:ids) AND archived_at IS NULL"
    )
    return _count(statement, {"user_id": actor.id, "ids": list(notification_ids)})


@transactional
def clean_up() -> int:
    """Delete notices that expired a month ago; returns how many."""
    statement = text("DELETE FROM notifications WHERE expires_at < now() - interval '30 days'")
    return _count(statement, {})


def _count(statement: Any, values: dict[str, Any]) -> int:
    return int(db.session.execute(statement, values).rowcount)  # type: ignore[attr-defined]
