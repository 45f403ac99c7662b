"""Who is told about leads, in texts that each reads in their own language. Nobody is told of what they did themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.extensions import db
from app.models.leads import Lead, LeadSource
from app.models.notifications import NotificationType
from app.policies.actor import Actor
from app.services.errors import Text
from app.services.notifications import Notice, notify
from app.services.people import ADMIN_IDS, OWNER_IDS


def _notice(recipient_id: int, row: Any, what: Text) -> Notice:
    title = _l("%(name)s: %(what)s", name=f"{row.first_name} {row.last_name}", what=what)
    return Notice(recipient_id, row.id, title, link=f"/leads/{row.id}")


def tell(kind: NotificationType, rows: Sequence[Any], actor: Actor, recipients: Iterable[int], what: Text) -> None:
    """Tell these people about these leads."""
    people = [person for person in recipients if person != actor.id]
    notify(kind, "leads", [_notice(person, row, what) for row in rows for person in people])


def tell_owners(kind: NotificationType, rows: Sequence[Any], actor: Actor, what: Text) -> None:
    """Tell each lead's owner, while they work with leads."""
    if rows:
        owners = set(db.session.scalars(OWNER_IDS)) - {actor.id}
        notify(kind, "leads", [_notice(row.owner_id, row, what) for row in rows if row.owner_id in owners])


def tell_admins(kind: NotificationType, rows: Sequence[Any], actor: Actor, what: Text) -> None:
    """Tell every active admin."""
    if rows:
        tell(kind, rows, actor, db.session.scalars(ADMIN_IDS), what)


_UNSAY = text("""
    DELETE FROM notifications n
    WHERE n.recipient_id = ANY(CAST(:recipients AS integer[])) AND n.created_at = :at AND n.read_at IS NULL
      AND n.entity_type = 'leads' AND n.entity_id = ANY(:leads)
      AND NOT EXISTS (SELECT FROM notification_deliveries d WHERE d.notification_id = n.id
                      AND (d.status <> 'queued' OR d.claimed_until > now()))
""")


def unsay(leads: Iterable[UUID], at: datetime, recipients: Iterable[int]) -> None:
    """Take back what these people, and the admins, were told about these leads in the transaction of that moment: what was
    read or has left by e-mail stays.
    """
    people = {*recipients, *db.session.scalars(ADMIN_IDS)}
    db.session.execute(_UNSAY, {"recipients": list(people), "at": at, "leads": [str(key) for key in leads]})


def tell_teacher_of_walk_in(lead: Lead, actor: Actor) -> None:
    """Tell the teacher who was named for a walk-in; a teacher of others sees them in time."""
    if lead.assigned_teacher_id is not None and lead.source == LeadSource.WALK_IN:
        tell(NotificationType.LEAD_WALKIN_ASSIGNED, [lead], actor, [lead.assigned_teacher_id], _l("a walk-in for you"))
