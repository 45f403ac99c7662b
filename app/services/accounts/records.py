"""Making, finding and changing an account with its profile and settings."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from app.extensions import db
from app.models.access import NO_EMAIL, User, UserProfile, UserSettings
from app.policies import accounts as rules
from app.policies.actor import Actor
from app.services import inputs
from app.services.accounts import access
from app.services.accounts.directory import has_email
from app.services.accounts.inputs import AccountInput
from app.services.errors import Conflict, Invalid
from app.services.transaction import transactional

PROFILE: Final = ("phone", "department", "main_portal_id")


@transactional
def create_account(
    *,
    username: str,
    email: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
    password: str | None = None,
    password_hash: str | None = None,
    roles: Iterable[str] = (),
    groups: Iterable[str] = (),
    phone: str | None = None,
    department: str | None = None,
    main_portal_id: str | None = None,
    import_id: UUID | None = None,
    actor: Actor,
) -> User:
    """Make an account with its profile and settings, in one transaction: the only way there is (spec A).

    Without a password it cannot log in until one is set; `password_hash` is one that was accepted and hashed before
    there was an account (passwords.hash_password). Raises NotAllowed, Invalid with the errors at their
    fields, and Conflict naming the field when another account has the username or e-mail address, in whatever
    capitals, or the portal id.
    """
    access.require(rules.may_create_account(actor))
    values = inputs.parse(
        AccountInput,
        {
            "username": username,
            "email": username if not (email or "").strip() and "@" in username else email,
            "first_name": first_name,
            "last_name": last_name,
            "phone": phone,
            "department": department,
            "main_portal_id": main_portal_id,
            "roles": list(roles),
            "groups": list(groups),
        },
    )
    _check_username(values["username"], values.get("email") or "")
    user = User(
        username=values["username"],
        email=values.get("email") or _no_email(values["username"]),
        first_name=values.get("first_name") or "",
        last_name=values.get("last_name") or "",
        active=True,
        created_by_fk=actor.id,
    )
    access.touch(user, actor)
    user.created_on = user.changed_on
    if password is not None:
        access.replace_password(user, password)
    elif password_hash is not None:
        user.password = password_hash
    db.session.add(user)
    db.session.flush()
    profile = {name: values.get(name) for name in PROFILE}
    db.session.add(UserProfile(user_id=user.id, import_id=import_id, **profile))
    db.session.add(UserSettings(user_id=user.id))
    access.give(user, actor, roles=values["roles"], groups=values["groups"])
    user.changed_on = user.created_on  # nobody has changed it since
    db.session.flush()
    return user


@transactional
def update_account(user_id: int, changes: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> User:
    """Change the given fields of AccountInput, if nobody changed the account since `version`; others stay.

    Raises NotFound, NotAllowed, Invalid with every error at its field, and Conflict, which names the field
    unless it is about the version.
    """
    user = access.lock_account(user_id)
    access.require(rules.may_change_account(actor, user))
    if version is not None and version != version_of(user):
        raise Conflict(_("Somebody else changed this account. Reload it, and change it again."))
    values = inputs.parse(AccountInput, changes, change=True)
    username = values.get("username") or user.username
    email = (values.get("email") or _no_email(username)) if "email" in values else user.email
    _check_username(username, email if has_email(email) else "")
    user.username, user.email = username, email
    for name in ("first_name", "last_name"):
        if name in values:
            setattr(user, name, values[name] or "")
    profile = profile_of(user)
    for name in PROFILE:
        if name in values:
            setattr(profile, name, values[name])
    access.change(user, actor, roles=values.get("roles"), groups=values.get("groups"))
    access.touch(user, actor)
    db.session.flush()
    return user


def find(name: str) -> User | None:
    """The account with this username or e-mail address, in whatever capitals.

    There is at most one: a username with an @ is always the account's own address.
    """
    storable = name.encode("utf-8", "replace").decode().replace("\0", "")
    given = func.lower(unicodedata.normalize("NFKC", storable.strip()))
    same = or_(func.lower(User.username) == given, func.lower(User.email) == given)
    return db.session.scalar(select(User).where(same))


def profile_of(user: User) -> UserProfile:
    """The profile of an account; one that is missing, as old accounts may, is made."""
    profile = db.session.scalar(select(UserProfile).where(UserProfile.user_id == user.id))
    if profile is None:
        profile = UserProfile(user_id=user.id)
        db.session.add(profile)
    return profile


def version_of(user: User) -> datetime | None:
    """When the account was last changed."""
    return user.changed_on and user.changed_on.replace(tzinfo=UTC)


def _no_email(username: str) -> str:
    return username if "@" in username else f"{secrets.token_hex(8)}@{NO_EMAIL}"


def _check_username(username: str, email: str) -> None:
    """A username that looks like an address must be the account's own, or it would be somebody else's."""
    if "@" in username and username.lower() != email.lower():
        raise Invalid(fields={"username": [_("With an @ it must be the account's own e-mail address.")]})
