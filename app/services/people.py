"""Accounts as choices: who may own a lead, who may teach."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, literal, select, text

from app.extensions import db
from app.models.access import ACCOUNT_SEARCHED, User
from app.policies.roles import Role
from app.services.resource import Lookup, register_lookup


def full_name(user: Any) -> Any:
    """The shown name of an account, as SQL."""
    return user.first_name + literal(" ") + user.last_name


def _with_role(*roles: Role) -> Any:
    """Accounts that hold one of these roles, directly or through a group."""
    return User.id.in_(
        text("""
        SELECT ur.user_id FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id WHERE r.name = ANY(:roles)
        UNION SELECT ug.user_id FROM ab_user_group ug JOIN ab_group_role gr USING (group_id) JOIN ab_role r ON r.id = gr.role_id
        WHERE r.name = ANY(:roles)
    """).bindparams(roles=[role.value for role in roles])
    )


def having(*roles: Role) -> Select[Any]:
    """Accounts with one of these roles, active or not, by name: key, name, e-mail address."""
    return (
        select(User.id, full_name(User), User.email)
        .where(_with_role(*roles))
        .order_by(User.first_name, User.last_name, User.id)
    )


def active(*roles: Role) -> Select[Any]:
    """Active accounts with one of these roles, by name: key, name, e-mail address."""
    return having(*roles).where(User.active)


def choices(name: str, permission: str, *roles: Role) -> Lookup:
    """The lookup of accounts with one of these roles, of which the active ones are offered."""
    found = having(*roles)
    return Lookup(
        name,
        ("lookup", permission),
        lambda _actor: found,
        ACCOUNT_SEARCHED,
        User.id,
        "accounts",
        folded=True,
        offered=User.active,
    )


OWNERS = (Role.STAFF, Role.ADMIN, Role.SUPER_ADMIN)  # of leads
OWNER_IDS = active(*OWNERS).with_only_columns(User.id).order_by(None)  # who is told of leads that are theirs
register_lookup(choices("staff", "Leads", *OWNERS))
register_lookup(choices("teachers", "Leads", Role.TEACHER))
ADMIN_IDS = text("""
    SELECT u.id FROM ab_user u WHERE u.active AND EXISTS (
        SELECT FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id WHERE ur.user_id = u.id AND r.name IN ('Admin', 'Super Admin')
        UNION ALL SELECT FROM ab_user_group ug JOIN ab_group_role gr USING (group_id) JOIN ab_role r ON r.id = gr.role_id
        WHERE ug.user_id = u.id AND r.name IN ('Admin', 'Super Admin'))
""")


def name_of(user_id: int | None) -> str:
    """What an account is called; empty when it is gone."""
    return db.session.scalar(select(full_name(User)).where(User.id == user_id)) or ""
