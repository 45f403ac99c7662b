"""The one way to tell people. The unique index on (recipient, type, entity, day) decides whether a notice is new, never
a prior look; with each new one goes, in the same statement, the e-mail for who wants it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from app.dialect import PREPARED
from app.extensions import db
from app.models.access import NO_EMAIL
from app.models.notifications import Channel, NotificationType, Severity
from app.services import school
from app.services.notifications import texts
from app.services.notifications.types import TYPES


class Notice(NamedTuple):
    """Something to tell to one person. Lazy texts (`_l`) are read in the reader's language, others as they are."""

    recipient_id: int
    entity_id: UUID | str
    title: Any
    body: Any = ""
    link: str = ""


# `given` is what there is to tell: recipient_id, title, body, severity, entity_type, entity_id, link, payload, expires_at.
# Who wants no entry in the inbox gets an archived one: without a row, the index could not decide what is new.
_TELL = """
    WITH given AS ({given}), made AS (
        INSERT INTO notifications (recipient_id, type, title, body, severity, entity_type, entity_id, link, payload,
                                   expires_at, dedup_day, archived_at)
        SELECT g.recipient_id, :type, g.title, g.body, g.severity, g.entity_type, g.entity_id, g.link, g.payload,
               g.expires_at, :day, CASE WHEN NOT coalesce(p.enabled, :in_app) THEN now() END
        FROM given g LEFT JOIN notification_preferences p
          ON p.user_id = g.recipient_id AND p.type = :type AND p.channel = 'in_app'
        ON CONFLICT (recipient_id, type, entity_id, dedup_day) DO NOTHING
        RETURNING id, recipient_id, entity_type, entity_id
    ), mailed AS (
        INSERT INTO notification_deliveries (notification_id, recipient_id, channel)
        SELECT made.id, made.recipient_id, 'email'
        FROM made JOIN ab_user u ON u.id = made.recipient_id AND u.active AND u.email NOT LIKE :no_email
        LEFT JOIN notification_preferences p ON p.user_id = u.id AND p.type = :type AND p.channel = 'email'
        WHERE coalesce(p.enabled, :email)
    ){events}
    SELECT count(*) FROM made
"""
_EVENTS = """, happened AS (
        INSERT INTO notification_events (type, entity_type, entity_id) SELECT DISTINCT :type, entity_type, entity_id FROM made
    )"""
_GIVEN = """
    SELECT recipient_id, title, body, :severity AS severity, :entity_type AS entity_type, entity_id, link, payload,
           CAST(:expires_at AS timestamptz) AS expires_at
    FROM json_to_recordset(CAST(:notices AS json)) AS notice
        (recipient_id integer, title text, body text, entity_id text, link text, payload jsonb)
"""
_EVENT = """
    INSERT INTO notification_events (type, entity_type, entity_id, payload)
    SELECT :type, :entity_type, entity_id, CAST(:event AS jsonb)
    FROM json_array_elements_text(CAST(:entity_ids AS json)) AS entity (entity_id)
"""
_NOTIFY = text(_TELL.format(given=_GIVEN, events=f", happened AS ({_EVENT})")).execution_options(**PREPARED)


def notify(
    kind: NotificationType,
    entity_type: str,
    notices: Iterable[Notice],
    *,
    severity: Severity | None = None,
    payload: Mapping[str, Any] | None = None,
    expires_at: datetime | None = None,
) -> int:
    """Record the event per entity and tell each recipient through the channels that they want, once per recipient,
    type, entity and school day. One statement for any number of notices. Returns how many were new.
    """
    rows = list(notices)
    if not rows:
        return 0
    facts = _event_facts(entity_type, [row.entity_id for row in rows], payload) | {
        "severity": (severity or TYPES[kind].severity).value,
        "expires_at": expires_at,
        "notices": to_json(_records(rows), fallback=str).decode(),
    }
    return int(db.session.execute(_NOTIFY, facts | _parameters(kind, school.today())).scalar_one())


def _records(rows: list[Notice]) -> list[dict[str, Any]]:
    """The notices as JSON, in the source language and as payload."""
    return [
        {
            "recipient_id": row.recipient_id,
            "title": str(texts.in_source(row.title))[: texts.LONGEST_TITLE],
            "body": str(texts.in_source(row.body)),
            "entity_id": row.entity_id,
            "link": row.link,
            "payload": texts.stored(row.title, row.body),
        }
        for row in rows
    ]


def event(
    kind: NotificationType, entity_type: str, entity_ids: Iterable[UUID | str], payload: Mapping[str, Any] | None = None
) -> None:
    """Write down what happened, once per entity."""
    db.session.execute(text(_EVENT), {"type": kind.value} | _event_facts(entity_type, entity_ids, payload))


def _event_facts(
    entity_type: str, entity_ids: Iterable[UUID | str], payload: Mapping[str, Any] | None
) -> dict[str, Any]:
    entities = list(dict.fromkeys(str(each) for each in entity_ids))
    event_of = json.dumps(payload or {}, default=str)
    return {"entity_type": entity_type, "entity_ids": json.dumps(entities), "event": event_of}


def tell_set(
    kind: NotificationType, given: str, day: date, parameters: Mapping[str, Any], *, events: bool = False
) -> int:
    """Tell what the query `given` finds, for jobs over whole tables: one statement, whatever their size. `given` is SQL
    written in our code; it selects recipient_id, title, body, severity, entity_type, entity_id, link, payload and
    expires_at. `events`: an event per entity of which somebody was told. Returns how many notices were new.
    """
    statement = text(_TELL.format(given=given, events=_EVENTS if events else ""))
    return int(db.session.execute(statement, {**parameters, **_parameters(kind, day)}).scalar_one())


def _parameters(kind: NotificationType, day: date) -> dict[str, Any]:
    default = TYPES[kind].default
    return {
        "type": kind.value,
        "day": day,
        "in_app": default(Channel.IN_APP),
        "email": default(Channel.EMAIL),
        "no_email": f"%@{NO_EMAIL}",
    }
