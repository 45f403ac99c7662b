"""Groups: they give their members the roles that they carry (spec A, Accounts and profiles)."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app.extensions import db
from app.models.access import Group, User
from app.models.access import Role as RoleRow
from app.policies import accounts as rules
from app.policies.actor import Actor
from app.policies.groups import ADMIN, BUILT_IN
from app.policies.roles import Role
from app.services import sessions
from app.services.accounts import access, directory, notices, records
from app.services.errors import NotFound, Refusal, WrongState, explain
from app.services.resource import Outcome, Result
from app.services.transaction import check_version, clock, savepoint, transactional

explain({"uq_ab_group_name": ("name", _l("Another group already has this name."))})

TEST_USERS: Final = {"test_admin": ADMIN, "test_amc_admin": "AMC Admin", "test_engineer": "Engineer"}


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> Group:
    """Make a group that carries these roles. Raises NotAllowed, Conflict at `name`, Invalid at `roles`."""
    access.require(rules.may_change_groups(actor))
    group = Group(name=values["name"], label=values["name"], description=values.get("description"))
    group.roles = access.roles_named(values.get("roles") or ())
    db.session.add(group)
    db.session.flush()
    return group


@transactional
def update(group_id: int, values: Mapping[str, Any], *, actor: Actor, version: Any = None) -> Group:
    """Change name, description and the roles that a group carries; they count from the next request of its members.

    Raises NotFound, NotAllowed, Invalid, Conflict also when somebody changed it since `version`, WrongState when no active
    Super Admin would be left, or a built-in group would lose its name or its role.
    """
    group = _lock(group_id)
    access.require(rules.may_change_groups(actor))
    check_version(group, version)
    _keep_built_in(group, values)
    if "name" in values:
        group.name = group.label = values["name"]
    if "description" in values:
        group.description = values["description"]
    if "roles" in values:
        _carry(group, values["roles"], actor)
    group.updated_at = clock()
    db.session.flush()
    return group


def _carry(group: Group, roles: Collection[str], actor: Actor) -> None:
    before, carried = set(group.roles), access.roles_named(roles)
    if before == set(carried):
        return
    access.require(rules.may_change_group(actor, group))
    with notices.telling_roles(_members_with_roles(group), actor):
        group.roles = carried
    sessions.end_without_factor(but=actor.session_id)
    if Role.SUPER_ADMIN in {role.name for role in before.difference(carried)}:
        access.keep_a_super_admin(None)


def _members_with_roles(group: Group) -> list[User]:
    loaded = selectinload(User.roles), selectinload(User.groups).selectinload(Group.roles)
    statement = select(User).where(User.groups.any(Group.id == group.id)).order_by(User.id)
    return list(db.session.scalars(statement.options(*loaded)))


def _keep_built_in(group: Group, values: Mapping[str, Any]) -> None:
    built_in = BUILT_IN.get(group.name)
    if built_in is None:
        return
    if values.get("name", group.name) != group.name:
        raise WrongState(_("A built-in group keeps its name."))
    if not set(built_in.roles) <= set(values.get("roles", built_in.roles)):
        raise WrongState(_("This group always carries the role %(roles)s.", roles=", ".join(built_in.roles)))


@transactional
def delete(ids: Sequence[int], *, actor: Actor) -> Result:
    """Delete groups that have no members. Built-in ones stay."""
    access.require(rules.may_change_groups(actor))
    found = {group.id: group for group in _locked(ids)}
    outcomes = []
    for key in dict.fromkeys(ids):
        group = found.get(key)
        refusal = NotFound() if group is None else _why_kept(group)
        if group is not None and refusal is None:
            db.session.delete(group)
        outcomes.append(Outcome(str(key), group.name if group else str(key), refusal))
    db.session.flush()
    return Result(outcomes)


def _why_kept(group: Group) -> Refusal | None:
    if group.name in BUILT_IN:
        return WrongState(_("This group is built in."))
    if members := len(group.users):
        told = ngettext(
            "It has %(num)d member. Take them out first.", "It has %(num)d members. Take them out first.", members
        )
        return WrongState(told)
    return None


@transactional
def add_member(ids: Sequence[int], *, actor: Actor, user_id: int) -> Result:
    """Put an account into groups. Raises NotFound for an unknown account."""
    return _membership(ids, actor, user_id, joins=True)


@transactional
def remove_member(ids: Sequence[int], *, actor: Actor, user_id: int) -> Result:
    """Take an account out of groups. Raises NotFound for an unknown account."""
    return _membership(ids, actor, user_id, joins=False)


def _membership(ids: Sequence[int], actor: Actor, user_id: int, *, joins: bool) -> Result:
    user = access.lock_account(user_id)
    known = {group.id: group.name for group in db.session.scalars(select(Group).where(Group.id.in_(ids)))}
    outcomes = []
    for key in dict.fromkeys(ids):
        if key not in known:
            outcomes.append(Outcome(str(key), str(key), NotFound()))
            continue
        outcomes.append(_change(user, known[key], actor, joins=joins, key=str(key), title=known[key]))
    return Result(outcomes)


@transactional
def join(ids: Sequence[int], *, actor: Actor, group_id: int) -> Result:
    """Put accounts into one group. Raises NotFound for an unknown group."""
    return _everyone(ids, actor, group_id, joins=True)


@transactional
def leave(ids: Sequence[int], *, actor: Actor, group_id: int) -> Result:
    """Take accounts out of one group. Raises NotFound for an unknown group."""
    return _everyone(ids, actor, group_id, joins=False)


def _everyone(ids: Sequence[int], actor: Actor, group_id: int, *, joins: bool) -> Result:
    name = db.session.scalar(select(Group.name).where(Group.id == group_id))
    if name is None:
        raise NotFound
    found = {user.id: user for user in access.lock_accounts(ids)}
    outcomes = []
    for key in dict.fromkeys(ids):
        if key not in found:
            outcomes.append(Outcome(str(key), str(key), NotFound()))
            continue
        title = directory.title(found[key])
        outcomes.append(_change(found[key], name, actor, joins=joins, key=str(key), title=title))
    return Result(outcomes)


def _change(user: User, group: str, actor: Actor, *, joins: bool, key: str, title: str) -> Outcome:
    """What became of one membership; the rules are those of every change of an account's groups."""
    names = {each.name for each in user.groups}
    if (group in names) is joins:
        return Outcome(key, title, unchanged=True)
    try:
        with savepoint():  # whoever is the last Super Admin is found when the groups are changed already
            access.change(user, actor, groups=names | {group} if joins else names - {group})
    except Refusal as refusal:
        return Outcome(key, title, refusal)
    return Outcome(key, title)


def _locked(ids: Collection[int]) -> list[Group]:
    statement = select(Group).where(Group.id.in_(ids)).order_by(Group.id).with_for_update()
    loaded = statement.options(selectinload(Group.roles), selectinload(Group.users))
    return list(db.session.scalars(loaded.execution_options(populate_existing=True)))


def _lock(group_id: int) -> Group:
    found = _locked([group_id])
    if not found:
        raise NotFound
    return found[0]


def set_up() -> list[str]:
    """Make the built-in groups in the running transaction, and give them back the roles that they carry. Returns what
    was done, in words. Raises WrongState when one of these roles is missing.
    """
    roles = {role.name: role for role in db.session.scalars(select(RoleRow))}
    groups = {group.name: group for group in db.session.scalars(select(Group).where(Group.name.in_(BUILT_IN)))}
    done = []
    for name, built_in in BUILT_IN.items():
        group = groups.get(name)
        if group is None:
            with force_locale("en"):
                group = Group(name=name, label=name, description=str(built_in.description))
            db.session.add(group)
            done.append(f"group {name} added")
        for role in built_in.roles:
            if role.value not in roles:
                command = "registrar users setup-groups"
                raise WrongState(_("There is no role %(name)s. Run: %(command)s", name=role.value, command=command))
            if roles[role.value] not in group.roles:
                group.roles.append(roles[role.value])
                group.updated_at = clock()
                done.append(f"group {name} carries {role.value}")
    return done


@transactional
def create_test_users(*, actor: Actor) -> list[tuple[str, str]]:
    """Make an account for each built-in group, with a password that is made up: (username, password) of the new ones.

    For development only: whoever calls sees to that.
    """
    made = []
    for username, group in TEST_USERS.items():
        if records.find(username) is None:
            password = secrets.token_urlsafe(12)
            records.create_account(username=username, password=password, groups=[group], actor=actor)
            made.append((username, password))
    return made


@transactional
def assign_super_users(*, actor: Actor) -> list[str]:
    """Put every Super Admin in the Admin group; the usernames of those who were not in it. Raises NotAllowed."""
    access.require(rules.may_change_groups(actor))
    wanted = select(User.id).where(User.username != rules.SYSTEM, directory.holds(Role.SUPER_ADMIN), ~in_group(ADMIN))
    users = access.lock_accounts(db.session.scalars(wanted).all())
    group = db.session.scalar(select(Group).where(Group.name == ADMIN))
    if group is None:
        raise NotFound(_("There is no group %(name)s. Run: registrar users setup-groups", name=ADMIN))
    added = []
    with notices.telling_roles(users, actor):
        for user in users:
            if Role.SUPER_ADMIN in rules.held_roles(user) and group not in user.groups:
                user.groups = [*user.groups, group]
                access.touch(user, actor)
                added.append(user.username)
    sessions.end_without_factor(but=actor.session_id)
    return added


def in_group(name: str) -> Any:
    return User.groups.any(Group.name == name)


def members(group_id: int, limit: int) -> tuple[list[User], int]:
    """The first members of a group by username, and how many there are."""
    mine = User.groups.any(Group.id == group_id)
    total = db.session.scalar(select(func.count()).select_from(User).where(mine)) or 0
    return list(db.session.scalars(select(User).where(mine).order_by(User.username).limit(limit))), total
