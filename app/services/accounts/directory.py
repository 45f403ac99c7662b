"""Accounts with their roles and groups, as SQL: for lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_appbuilder.security.sqla.models import (
    assoc_group_role,
    assoc_user_group,
    assoc_user_role,
)
from sqlalchemy import func, select, union

from app.extensions import db
from app.models.access import Group, Role, User
from app.policies.accounts import SYSTEM

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


def everyone() -> Sequence[Any]:
    """All accounts but the system's own, by username."""
    columns = (User.username, User.first_name, User.last_name, User.email, User.active, User.last_login)
    statement = select(*columns, ROLE_NAMES.label("roles"), GROUP_NAMES.label("groups"))
    return db.session.execute(statement.where(User.username != SYSTEM).order_by(User.username)).all()
