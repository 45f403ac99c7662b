"""One's own profile: what one may change of oneself. Roles, department and address of mail are the admins' to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models.access import User, UserProfile
from app.policies.actor import Actor
from app.services import inputs
from app.services.accounts import access, records
from app.services.accounts.directory import has_email
from app.services.accounts.inputs import Name, Phone
from app.services.errors import NotAllowed
from app.services.inputs import Input
from app.services.transaction import transactional


class ProfileInput(Input):
    """What one may change of oneself."""

    first_name: Name = None
    last_name: Name = None
    phone: Phone = None


@dataclass(frozen=True)
class Profile:
    """Oneself, as the settings show it."""

    username: str
    email: str
    first_name: str
    last_name: str
    phone: str
    department: str


def own(actor: Actor) -> Profile:
    """The actor's profile. Raises NotAllowed."""
    user = db.session.get(User, actor.id) if actor.id is not None else None
    if user is None:
        raise NotAllowed(_("Log in first."))
    kept = db.session.scalar(select(UserProfile).where(UserProfile.user_id == user.id))
    return Profile(
        user.username,
        user.email if has_email(user.email) else "",
        user.first_name or "",
        user.last_name or "",
        (kept.phone if kept else None) or "",
        (kept.department if kept else None) or "",
    )


@transactional
def update_own(values: Mapping[str, Any], *, actor: Actor) -> Profile:
    """Change those of the actor's names and phone that are given. Raises NotAllowed, Invalid at the field."""
    if actor.id is None:
        raise NotAllowed(_("Log in first."))
    changes = inputs.parse(ProfileInput, values, change=True)
    user = access.lock_account(actor.id)
    for name in ("first_name", "last_name"):
        if name in changes:
            setattr(user, name, changes[name] or "")
    if "phone" in changes:
        records.profile_of(user).phone = changes["phone"]
    access.touch(user, actor)
    db.session.flush()
    return own(actor)
