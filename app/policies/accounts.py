"""Who may do what to which account, so that nobody gains rights that they do not have.

Each rule returns None when allowed, or the reason why not, in the words of the person who asks. Super Admins
alone manage admins and groups; admins manage the accounts of those who work and learn at the school; nobody
changes their own roles.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.policies.actor import Actor
from app.policies.roles import Role

Reason = Any  # a lazy translated text

SYSTEM: Final = "system"

# What an admin may grant and take; an account with any other role is not an admin's to change. Roles made by
# hand are left out: they may carry rights that an admin does not have.
MANAGED: Final = frozenset(
    {
        Role.STAFF,
        Role.ADMISSIONS,
        Role.EXAM_OFFICER,
        Role.COACH,
        Role.TEACHER,
        Role.STUDENT,
        Role.GUARDIAN,
        Role.ASSISTANT,
    }
)


def held_roles(user: Any) -> frozenset[str]:
    """The names of the roles of an account, its own and those of its groups."""
    return frozenset(role.name for holder in (user, *user.groups) for role in holder.roles)


def may_create_account(actor: Actor) -> Reason | None:
    return None if actor.is_admin else _l("Only an admin may create accounts.")


def may_change_account(actor: Actor, user: Any) -> Reason | None:
    """Also for passwords, activation and sessions: whoever may set a password can become that account."""
    if user.username == SYSTEM:
        return _l("This account belongs to the system and stays as it is.")
    if actor.has(Role.SUPER_ADMIN) or (actor.has(Role.ADMIN) and held_roles(user) <= MANAGED):
        return None
    if actor.is_admin:
        return _l("Only a Super Admin may change this account.")
    return _l("Only an admin may change accounts.")


def may_change_other(actor: Actor, user: Any) -> Reason | None:
    """What nobody does to the account that they work with."""
    reason = may_change_account(actor, user)
    if reason is None and user.id == actor.id:
        return _l("Not your own account: ask another admin.")
    return reason


def may_deactivate(actor: Actor, user: Any) -> Reason | None:
    return may_change_other(actor, user) if user.active else _l("It is inactive already.")


def may_activate(actor: Actor, user: Any) -> Reason | None:
    return _l("It is active already.") if user.active else may_change_other(actor, user)


def may_grant(actor: Actor, roles: Collection[str]) -> Reason | None:
    """Giving these roles, or taking them away."""
    if actor.has(Role.SUPER_ADMIN) or not roles or (actor.has(Role.ADMIN) and MANAGED.issuperset(roles)):
        return None
    names = ", ".join(sorted(set(roles) - MANAGED))
    return _l("Only a Super Admin may give or take these roles: %(roles)s.", roles=names)


def may_change_groups(actor: Actor) -> Reason | None:
    return None if actor.has(Role.SUPER_ADMIN) else _l("Only a Super Admin may change groups.")


def may_change_group(actor: Actor, group: Any) -> Reason | None:
    """What a group carries its members hold: nobody changes the roles of a group that they are in."""
    reason = may_change_groups(actor)
    if reason is None and any(user.id == actor.id for user in group.users):
        return _l("You are in this group: ask another Super Admin.")
    return reason


def may_reset_second_factor(actor: Actor, user: Any) -> Reason | None:
    """Switching off the second factor of who lost it. One's own is switched off with a code, in the settings."""
    if not actor.has(Role.SUPER_ADMIN):
        return _l("Only a Super Admin may switch off another's second factor.")
    return may_change_other(actor, user)
