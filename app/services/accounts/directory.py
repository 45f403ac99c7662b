"""Accounts with their roles and groups, as SQL: for lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from flask_appbuilder.security.sqla.models import (
    assoc_group_role,
    assoc_user_group,
    assoc_user_role,
)
from sqlalchemy import ColumnElement, case, func, literal, or_, select, union

from app.extensions import db
from app.models.access import NO_EMAIL, Group, Role, User, UserProfile
from app.policies import accounts as rules
from app.policies.accounts import SYSTEM
from app.policies.actor import Actor
from app.policies.groups import BUILT_IN
from app.policies.roles import Role as RoleName

_held = union(
    select(assoc_user_role.c.role_id).where(assoc_user_role.c.user_id == User.id).correlate(User),
    select(assoc_group_role.c.role_id)
    .join(assoc_user_group, assoc_user_group.c.group_id == assoc_group_role.c.group_id)
    .where(assoc_user_group.c.user_id == User.id)
    .correlate(User),
).subquery()

# The roles of an account, its own and those of its groups: "Admin, Staff".
ROLE_NAMES = (
    select(func.coalesce(func.string_agg(Role.name, ", ").aggregate_order_by(Role.name), ""))
    .where(Role.id.in_(select(_held.c.role_id)))
    .correlate(User)
    .scalar_subquery()
)
GROUP_NAMES = (
    select(func.coalesce(func.string_agg(Group.name, ", ").aggregate_order_by(Group.name), ""))
    .join(assoc_user_group, assoc_user_group.c.group_id == Group.id)
    .where(assoc_user_group.c.user_id == User.id)
    .correlate(User)
    .scalar_subquery()
)

# What has an account whose groups carry a role: a way into the portal.
PORTAL_ACCESS = (
    select(literal(1))
    .select_from(assoc_user_group.join(assoc_group_role, assoc_group_role.c.group_id == assoc_user_group.c.group_id))
    .where(assoc_user_group.c.user_id == User.id)
    .correlate(User)
    .exists()
)


def holds(role: RoleName) -> ColumnElement[bool]:
    """Whether an account has the role, its own or through a group."""
    return or_(User.roles.any(Role.name == role.value), User.groups.any(Group.roles.any(Role.name == role.value)))


def title(account: Any) -> str:
    """What an account is called: its name, or else its username."""
    return f"{account.first_name} {account.last_name}".strip() or str(account.username)


def details(user: User) -> dict[str, Any]:
    """Everything that the screens show and change about one account."""
    profile = db.session.scalar(select(UserProfile).where(UserProfile.user_id == user.id))
    return {
        "username": user.username,
        "email": user.email if has_email(user.email) else "",
        "first_name": user.first_name,
        "last_name": user.last_name,
        "phone": profile.phone if profile else None,
        "department": profile.department if profile else None,
        "main_portal_id": profile.main_portal_id if profile else None,
        "roles": sorted(role.name for role in user.roles),
        "groups": sorted(group.name for group in user.groups),
        "portal_access": any(group.roles for group in user.groups),
        "active": bool(user.active),
        "last_login": user.last_login and user.last_login.replace(tzinfo=UTC),
        "created_on": user.created_on and user.created_on.replace(tzinfo=UTC),
    }


def has_email(address: str) -> bool:
    """Whether this is an address, or stands for none."""
    return not address.endswith(f"@{NO_EMAIL}")


def grantable(actor: Actor) -> list[str]:
    """The roles that the actor may give and take."""
    names = db.session.scalars(select(Role.name).where(Role.name != RoleName.PUBLIC.value).order_by(Role.name))
    return [name for name in names if rules.may_grant(actor, {name}) is None]


def groups() -> Sequence[Any]:
    """The groups that there are, with what they are for: the built-in ones first."""
    places = {name: place for place, name in enumerate(BUILT_IN)}
    built_in_first = case(places, value=Group.name, else_=len(places))
    return db.session.execute(select(Group.name, Group.description).order_by(built_in_first, Group.name)).all()


def everyone() -> Sequence[Any]:
    """All accounts but the system's own, by username."""
    columns = (User.username, User.first_name, User.last_name, User.email, User.active, User.last_login)
    statement = select(*columns, ROLE_NAMES.label("roles"), GROUP_NAMES.label("groups"))
    return db.session.execute(statement.where(User.username != SYSTEM).order_by(User.username)).all()
