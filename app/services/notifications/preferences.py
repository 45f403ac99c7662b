"""Through which channels somebody wants to be told. Kept is only what differs from the default, so that a default
changed later counts for all who never chose.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.extensions import db
from app.models.notifications import Channel, NotificationPreference, NotificationType
from app.policies.actor import Actor
from app.services.errors import Invalid, NotAllowed
from app.services.notifications.types import concerning
from app.services.transaction import transactional

Wishes = Mapping[str, Mapping[str, bool]]  # type -> channel -> wanted


@dataclass(frozen=True)
class Preference:
    """One type of notice, as it reaches the actor."""

    type: NotificationType
    label: Any
    help: Any
    in_app: bool
    email: bool


def own(actor: Actor) -> list[Preference]:
    """What the actor wants of the types that concern them."""
    statement = select(NotificationPreference.type, NotificationPreference.channel, NotificationPreference.enabled)
    rows = db.session.execute(statement.where(NotificationPreference.user_id == actor.id))
    chosen = {(row.type, row.channel): row.enabled for row in rows}

    def wanted(kind: NotificationType, channel: Channel) -> bool:
        return chosen.get((kind, channel), known[kind].default(channel))

    known = concerning(actor)
    return [
        Preference(kind, each.label, each.help, wanted(kind, Channel.IN_APP), wanted(kind, Channel.EMAIL))
        for kind, each in known.items()
    ]


_KEEP = text("""
    INSERT INTO notification_preferences (user_id, type, channel, enabled)
    SELECT :user_id, type, channel, enabled
    FROM json_to_recordset(CAST(:wishes AS json)) AS wish (type text, channel text, enabled boolean)
    ORDER BY type, channel
    ON CONFLICT (user_id, type, channel) DO UPDATE SET enabled = excluded.enabled
    WHERE notification_preferences.enabled <> excluded.enabled
""")
_FORGET = text("""
    DELETE FROM notification_preferences p
    USING json_to_recordset(CAST(:wishes AS json)) AS wish (type text, channel text)
    WHERE p.user_id = :user_id AND p.type = wish.type AND p.channel = wish.channel
""")


@transactional
def update(wishes: Wishes, *, actor: Actor) -> list[Preference]:
    """Change the channels that are given. Raises NotAllowed for a visitor, Invalid for a type or channel that the actor
    does not have.
    """
    if actor.id is None:
        raise NotAllowed(_l("Log in first."))
    known = concerning(actor)
    unknown = [name for name in wishes if name not in known]
    if unknown:
        raise Invalid(fields={name[:60]: [_("There is no such type of notice.")] for name in unknown})
    kept: list[dict[str, object]] = []
    forgotten: list[dict[str, object]] = []
    for name, channels in wishes.items():
        for channel, enabled in channels.items():
            if channel not in list(Channel):
                raise Invalid(fields={name: [_("Choose one from the list.")]})
            wish = {"type": name, "channel": channel, "enabled": enabled}
            usual = known[NotificationType(name)].default(Channel(channel)) == enabled
            (forgotten if usual else kept).append(wish)
    db.session.execute(_FORGET, {"user_id": actor.id, "wishes": json.dumps(forgotten)})
    db.session.execute(_KEEP, {"user_id": actor.id, "wishes": json.dumps(kept)})
    return own(actor)
