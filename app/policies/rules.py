"""One-line rules about one record. Each returns None when allowed, or the reason why not, in the words of the person
who asks.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.policies.actor import Actor
from app.policies.roles import Role

Reason = Any  # a lazy translated text


def may_edit_lead(actor: Actor, lead: Any) -> Reason | None:
    """Staff edit the leads they own; admins edit all."""
    if actor.is_admin or actor.id is None or (actor.has(Role.STAFF) and lead.owner_id == actor.id):
        return None
    return _l("Only its owner or an admin may change this lead.")


def may_own_lead(actor: Actor, lead: Any) -> Reason | None:
    """Staff may hand on the leads they own and take one that nobody owns; admins assign all."""
    if lead.owner_id is None and actor.has(Role.STAFF):
        return None
    return may_edit_lead(actor, lead)
