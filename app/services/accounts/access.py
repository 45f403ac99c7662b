"""What an account may do and whether it may log in: roles, groups, activation, passwords, sessions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.extensions import db
from app.models.access import Group, Role, User
from app.policies import accounts as rules
from app.policies import roles as policy
from app.policies.actor import Actor
from app.services import passwords, rate_limits, sessions
from app.services.accounts import notices
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from app.services.transaction import transactional

WRONG_PASSWORDS: Final = 10
WRONG_PASSWORDS_PERIOD: Final = timedelta(minutes=5)

_ANOTHER_SUPER_ADMIN = text("""
    SELECT EXISTS (
        SELECT FROM ab_user u WHERE u.active AND u.id <> :user_id AND EXISTS (
            SELECT FROM ab_user_role ur WHERE ur.user_id = u.id AND ur.role_id = :role_id
            UNION ALL SELECT FROM ab_user_group ug JOIN ab_group_role gr USING (group_id)
            WHERE ug.user_id = u.id AND gr.role_id = :role_id))
""")

Named = TypeVar("Named", Role, Group)


@transactional
def set_roles(user_id: int, roles: Collection[str], *, actor: Actor) -> User:
    """Give an account exactly these roles; they count from its next request.

    Raises NotFound, NotAllowed, Invalid for an unknown role, WrongState for the last Super Admin.
    """
    user = lock_account(user_id)
    change(user, actor, roles=roles)
    return user


@transactional
def set_groups(user_id: int, groups: Collection[str], *, actor: Actor) -> User:
    """Put an account into exactly these groups. Raises as `set_roles` does."""
    user = lock_account(user_id)
    change(user, actor, groups=groups)
    return user


def change(
    user: User, actor: Actor, *, roles: Collection[str] | None = None, groups: Collection[str] | None = None
) -> None:
    """Give a locked account these roles and groups, where they differ from what it has, and tell it.

    Raises NotAllowed, Invalid, WrongState as `set_roles` does.
    """
    with notices.telling_roles([user], actor):
        give(user, actor, roles=roles, groups=groups)


def give(
    user: User, actor: Actor, *, roles: Collection[str] | None = None, groups: Collection[str] | None = None
) -> None:
    """As `change`, and nobody is told: for a new account, to which they are no news."""
    before = rules.held_roles(user)
    new_roles = user.roles if roles is None else roles_named(roles)
    new_groups = user.groups if groups is None else _named(Group, groups, "groups")
    moved = {role.name for role in set(user.roles) ^ set(new_roles)}
    regrouped = set(user.groups) != set(new_groups)
    if not moved and not regrouped:
        return
    require(rules.may_change_other(actor, user))
    require(rules.may_grant(actor, moved))
    if regrouped:
        require(rules.may_change_groups(actor))
    user.roles, user.groups = new_roles, new_groups
    touch(user, actor)
    sessions.end_without_factor(but=actor.session_id)
    if user.active and policy.Role.SUPER_ADMIN in before - rules.held_roles(user):
        keep_a_super_admin(user)


def add_role(user_id: int, role: policy.Role, actor: Actor) -> bool:
    """Give an account one role more; whether it lacked it. Called inside a transaction. Raises as `set_roles` does."""
    user = lock_account(user_id)
    if role in rules.held_roles(user):
        return False
    change(user, actor, roles=[*(each.name for each in user.roles), role.value])
    return True


def remove_role(user_id: int, role: policy.Role, actor: Actor) -> None:
    """Take one of its own roles from an account. Called inside a transaction. Raises as `set_roles` does."""
    user = lock_account(user_id)
    change(user, actor, roles=[each.name for each in user.roles if each.name != role])


@transactional
def deactivate(user_id: int, *, actor: Actor) -> bool:
    """Forbid an account to log in, end its sessions, and tell the other admins. Returns whether it was active.

    Raises NotFound, NotAllowed, WrongState for the last Super Admin.
    """
    user = lock_account(user_id)
    if not block(user, actor):
        return False
    notices.tell_blocked([user], actor)
    return True


def block(user: User, actor: Actor) -> bool:
    """As `deactivate`, of a locked account; whoever calls tells the admins, once for all that are blocked."""
    require(rules.may_change_other(actor, user))
    if not user.active:
        return False
    if policy.Role.SUPER_ADMIN in rules.held_roles(user):
        keep_a_super_admin(user)
    user.active = False
    touch(user, actor)
    sessions.end_all(user.id)
    return True


@transactional
def activate(user_id: int, *, actor: Actor) -> bool:
    """Let an account log in again. Returns whether it was inactive. Raises NotFound, NotAllowed."""
    user = lock_account(user_id)
    require(rules.may_change_other(actor, user))
    if user.active:
        return False
    user.active = True
    touch(user, actor)
    return True


@transactional
def set_password(user_id: int, password: str, *, actor: Actor) -> None:
    """Set another's password and end all sessions of that account. Raises NotFound, NotAllowed, Invalid."""
    user = lock_account(user_id)
    require(rules.may_change_other(actor, user))
    replace_password(user, password)
    touch(user, actor)
    sessions.end_all(user.id)


@transactional
def change_own_password(current: str, new: str, *, actor: Actor) -> None:
    """Change the actor's password and end their other sessions.

    Raises NotAllowed, Invalid at `current_password` or `password`, TooMany.
    """
    if actor.id is None:
        raise NotAllowed(_("Log in first."))
    rate_limits.check("password", str(actor.id), most=WRONG_PASSWORDS, period=WRONG_PASSWORDS_PERIOD)
    user = lock_account(actor.id)
    if not passwords.verify(user.password, current):
        raise Invalid(fields={"current_password": [_("This is not your current password.")]})
    replace_password(user, new)
    touch(user, actor)
    sessions.end_all(user.id, but=actor.session_id)


@transactional
def end_sessions(user_id: int, *, actor: Actor) -> int:
    """End every session of an account; returns how many there were. Raises NotFound, NotAllowed."""
    user = lock_account(user_id)
    require(rules.may_change_account(actor, user))
    return sessions.end_all(user.id)


def lock_account(user_id: int) -> User:
    """The account, locked against change and read afresh. Raises NotFound."""
    found = lock_accounts([user_id])
    if not found:
        raise NotFound
    return found[0]


def lock_accounts(user_ids: Collection[int], *, unreferred: bool = False) -> list[User]:
    """These accounts, locked in one order; missing ones are left out, as is that of the system, which nobody sees. With
    `unreferred` nothing new can refer to them either: whoever just chose one (`lookups.check`) is waited for.
    """
    statement = select(User).where(User.id.in_(user_ids), User.username != rules.SYSTEM).order_by(User.id)
    locked = statement.with_for_update(key_share=not unreferred, of=User).execution_options(populate_existing=True)
    return list(db.session.scalars(locked))


def keep_a_super_admin(user: User | None) -> None:
    """Raises WrongState when no other active account is Super Admin; without an account: when none is.

    The role's row is locked first and the accounts are read afterwards, in a statement of their own: of two
    who leave at once, the second sees that the first is gone.
    """
    db.session.flush()
    role_id = _lock_super_admin_role()
    if not db.session.scalar(_ANOTHER_SUPER_ADMIN, {"user_id": user.id if user else 0, "role_id": role_id}):
        raise WrongState(_("This is the last active Super Admin. Make another one first."))


def _lock_super_admin_role() -> int:
    role = select(Role.id).where(Role.name == policy.Role.SUPER_ADMIN.value).with_for_update(key_share=True)
    return db.session.execute(role).scalar_one()


def touch(user: User, actor: Actor) -> None:
    """Note who changed the account. Flask-AppBuilder's columns hold no time zone; ours mean UTC."""
    user.changed_on, user.changed_by_fk = utc_now(), actor.id


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def require(reason: Any) -> None:
    """Raises NotAllowed when a rule gave a reason."""
    if reason is not None:
        raise NotAllowed(reason)


def replace_password(user: User, password: str) -> None:
    """Raises Invalid at `password`."""
    personal = user.username, user.email, user.first_name, user.last_name
    user.password = passwords.hash_password(passwords.check(password, personal=personal))


def roles_named(names: Collection[str]) -> list[Role]:
    """Raises Invalid at `roles`."""
    return _named(Role, names, "roles")


def _named(model: type[Named], names: Collection[str], field: str) -> list[Named]:
    """The roles or groups with these names. Raises Invalid at `field` when there is no such one."""
    storable = [name for name in names if "\0" not in name]
    found = list(db.session.scalars(select(model).where(model.name.in_(storable)).order_by(model.name)))
    if unknown := sorted(set(names) - {row.name for row in found}):
        raise Invalid(fields={field: [_("There is no %(names)s.", names=", ".join(unknown).replace("\0", ""))]})
    return found
