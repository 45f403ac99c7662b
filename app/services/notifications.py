"""Telling people. The unique index on (recipient, type, entity, day) decides whether a notice is new, never a prior
look.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text

from app.extensions import db
from app.models.notifications import Notification, NotificationType, Severity
from app.policies.actor import Actor
from app.services import school
from app.services.transaction import transactional


@dataclass(frozen=True)
class Notice:
    recipient_id: int
    entity_id: UUID | str
    title: str
    body: str = ""
    link: str = ""


_NOTIFY = text("""
    INSERT INTO notifications (recipient_id, type, title, body, severity, entity_type, entity_id, link, dedup_day)
    SELECT recipient_id, :type, title, body, :severity, :entity_type, entity_id, link, :day
    FROM json_to_recordset(CAST(:notices AS json)) AS notice (recipient_id integer, title text, body text, entity_id text, link text)
    ON CONFLICT (recipient_id, type, entity_id, dedup_day) DO NOTHING
""")
_EVENT = text("""
    INSERT INTO notification_events (type, entity_type, entity_id, payload)
    SELECT :type, :entity_type, entity_id, CAST(:payload AS jsonb)
    FROM json_array_elements_text(CAST(:entity_ids AS json)) AS entity (entity_id)
""")


def notify(
    kind: NotificationType,
    entity_type: str,
    notices: Iterable[Notice],
    *,
    severity: Severity = Severity.INFO,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Record the event per entity and put a notice in each recipient's inbox, once per recipient, type, entity and
    school day.
    """
    rows = list(notices)
    if not rows:
        return
    common = {"type": kind.value, "entity_type": entity_type}
    entities = list(dict.fromkeys(str(row.entity_id) for row in rows))
    texts = {"entity_ids": json.dumps(entities), "payload": json.dumps(payload or {}, default=str)}
    db.session.execute(_EVENT, common | texts)
    db.session.execute(
        _NOTIFY,
        common
        | {
            "severity": severity.value,
            "day": school.today(),
            "notices": json.dumps([vars(row) | {"title": row.title[:200]} for row in rows], default=str),
        },
    )


_SHOWN = (
    Notification.id,
    Notification.type,
    Notification.title,
    Notification.body,
    Notification.severity,
    Notification.link,
    Notification.created_at,
    Notification.read_at,
)


def newest(actor: Actor, *, unread_only: bool = False, before: UUID | None = None, limit: int = 25) -> list[Any]:
    """An inbox, newest first. Keys grow with time, so a key is the position."""
    kept = or_(Notification.expires_at.is_(None), Notification.expires_at > func.now())
    statement = select(*_SHOWN).where(Notification.recipient_id == actor.id, Notification.archived_at.is_(None), kept)
    if unread_only:
        statement = statement.where(Notification.read_at.is_(None))
    if before is not None:
        statement = statement.where(Notification.id < before)
    return list(
        db.session.execute(
            statement.order_by(Notification.created_at.desc(), Notification.id.desc()).limit(limit)
        ).all()
    )


@transactional
def mark_read(notification_ids: list[UUID], *, actor: Actor) -> int:
    """Mark one's own notices as read; others' are left alone. Returns how many changed."""
    statement = text(
        "UPDATE notifications SET read_at = now() WHERE recipient_id = :user_id AND id = ANY(:ids) AND read_at IS NULL"
    )
    return db.session.execute(statement, {"user_id": actor.id, "ids": notification_ids}).rowcount  # type: ignore[attr-defined]


@transactional
def mark_all_read(*, actor: Actor) -> int:
    """Mark all of one's own notices as read."""
    statement = text("UPDATE notifications SET read_at = now() WHERE recipient_id = :user_id AND read_at IS NULL")
    return db.session.execute(statement, {"user_id": actor.id}).rowcount  # type: ignore[attr-defined]
