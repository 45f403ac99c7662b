"""What an account is to people: attributes, inputs, actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import Field, SecretStr
from sqlalchemy import Select, case, func, literal, select
from sqlalchemy.orm import selectinload

from app.models.access import ACCOUNT_SEARCHED, NO_EMAIL, Group, Role, User, UserProfile
from app.models.base import UtcDateTime
from app.models.imports import Import
from app.policies import accounts as rules
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import people, second_factor
from app.services.accounts import access, directory, groups, notices, records
from app.services.accounts.inputs import AccountInput, Secret
from app.services.errors import Invalid, NotFound, Refusal
from app.services.inputs import Input
from app.services.resource import (
    Action,
    Attribute,
    Kind,
    Lookup,
    Outcome,
    Part,
    Resource,
    Result,
    register,
    register_lookup,
)
from app.services.transaction import transactional


class AccountForm(AccountInput):
    """An account with its first password, typed twice."""

    password: Secret | None = None
    password_again: Secret | None = None


class ResetPassword(Input):
    password: Secret
    password_again: Secret


class Membership(Input):
    group_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


def create(values: Mapping[str, Any], *, actor: Actor) -> User:
    """Make an account. Raises as `create_account` does; an empty password is none."""
    data = dict(values)
    password = _typed_twice(data.pop("password", None), data.pop("password_again", None))
    return records.create_account(**data, password=password or None, actor=actor)


def update(user_id: int, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> User:
    """Change an account; its password has an action of its own. Raises as `update_account` does."""
    return records.update_account(user_id, values, actor=actor, version=version)


@transactional
def deactivate(ids: Sequence[int], *, actor: Actor) -> Result:
    """Forbid these accounts to log in; the other admins are told once of all."""
    blocked = []

    def block(user: User) -> bool:
        done = access.block(user, actor)
        if done:
            blocked.append(user)
        return done

    result = _each(ids, block, actor=actor)
    notices.tell_blocked(blocked, actor)
    return result


def activate(ids: Sequence[int], *, actor: Actor) -> Result:
    return _each(ids, lambda user: access.activate(user.id, actor=actor), actor=actor)


def reset_password(ids: Sequence[int], *, actor: Actor, password: SecretStr, password_again: SecretStr) -> Result:
    """Set the password of one account. Raises Invalid at the field."""
    new = _typed_twice(password, password_again) or ""

    def reset(user: User) -> bool:
        access.set_password(user.id, new, actor=actor)
        return True

    return _each(ids, reset, actor=actor)


def _may_regroup(actor: Actor, user: Any) -> Any:
    return rules.may_change_groups(actor) or rules.may_change_other(actor, user)


@transactional
def _each(ids: Sequence[int], change: Callable[[User], bool], *, actor: Actor) -> Result:
    """Do it to each account, all locked first in one order. Wrong input stops all."""
    found = {user.id: user for user in access.lock_accounts(ids)}
    outcomes = []
    for user_id in dict.fromkeys(ids):
        user = found.get(user_id)
        if user is None:
            outcomes.append(Outcome(str(user_id), str(user_id), NotFound()))
            continue
        title = directory.title(user)
        try:
            outcomes.append(Outcome(str(user_id), title, unchanged=not change(user)))
        except Invalid:
            raise
        except Refusal as refusal:
            outcomes.append(Outcome(str(user_id), title, refusal))
    return Result(outcomes)


def _typed_twice(password: SecretStr | None, again: SecretStr | None) -> str | None:
    """Raises Invalid when the second differs. Where only one is asked for, as on the API, there is none."""
    typed = password.get_secret_value() if password is not None else None
    if again is not None and again.get_secret_value() != (typed or ""):
        raise Invalid(fields={"password_again": [_("This is not the same as above.")]})
    return typed


def _accounts(actor: Actor) -> Select[Any]:
    """Active accounts, to choose from."""
    columns = (User.id, people.full_name(User), User.username)
    return select(*columns).where(User.active, visible(User, actor)).order_by(User.username)


ACCOUNTS_LOOKUP = register_lookup(
    Lookup("accounts", ("lookup", "Accounts"), _accounts, ACCOUNT_SEARCHED, User.id, folded=True)
)


def _imports(actor: Actor) -> Select[Any]:
    columns: tuple[Any, ...] = (Import.id, Import.file_name, literal(""))
    mine = select(*columns).where(Import.resource == "accounts", visible(Import, actor))
    return mine.order_by(Import.created_at.desc(), Import.id)


def _roles(_actor: Actor) -> Select[Any]:
    return select(Role.id, Role.name, literal("")).order_by(Role.name)


register_lookup(Lookup("roles", ("lookup", "Accounts"), _roles, Role.name, Role.id))
register_lookup(Lookup("account-imports", ("list", "Account imports"), _imports, Import.file_name, Import.id))

_PROFILE = (UserProfile, UserProfile.user_id == User.id)
LABELS = {
    "username": _l("Username"),
    "email": _l("E-mail"),
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "phone": _l("Phone"),
    "department": _l("Department"),
    "main_portal_id": _l("Portal id"),
    "roles": _l("Roles"),
    "groups": _l("Groups"),
    "portal_access": _l("Portal access"),
    "import": _l("Import"),
    "group_id": _l("Group"),
    "active": _l("Active"),
    "last_login": _l("Last login"),
    "created_on": _l("Made"),
    "password": _l("Password"),
    "password_again": _l("Password once more"),
}


def _attribute(name: str, kind: Kind, value: Any, **more: Any) -> Attribute:
    return Attribute(name, LABELS[name], kind, value, **more)


def _utc(column: Any) -> Any:
    """Flask-AppBuilder's columns hold no time zone; ours mean UTC."""
    return func.timezone("UTC", column, type_=UtcDateTime())


_import_file = (
    select(Import.file_name).where(Import.id == UserProfile.import_id).correlate(UserProfile).scalar_subquery()
)
_import_id = select(UserProfile.import_id).where(UserProfile.user_id == User.id).correlate(User).scalar_subquery()
_import_id.key = "import_id"  # what the API calls it: a subquery has no name of its own
_email = case((User.email.endswith(f"@{NO_EMAIL}"), None), else_=User.email)

ACCOUNTS = register(
    Resource(
        name="Accounts",
        slug="accounts",
        model=User,
        singular=_l("Account"),
        plural=_l("Accounts"),
        title=directory.title,
        attributes=(
            _attribute("username", Kind.TEXT, User.username, sortable=True),
            Attribute("name", _l("Name"), Kind.TEXT, people.full_name(User), filterable=False),
            _attribute("first_name", Kind.TEXT, User.first_name),
            _attribute("last_name", Kind.TEXT, User.last_name, sortable=True),
            _attribute("email", Kind.EMAIL, _email, nullable=True),
            _attribute("phone", Kind.PHONE, UserProfile.phone, join=_PROFILE, nullable=True),
            _attribute("department", Kind.TEXT, UserProfile.department, join=_PROFILE, nullable=True),
            _attribute("main_portal_id", Kind.TEXT, UserProfile.main_portal_id, join=_PROFILE, nullable=True),
            _attribute("roles", Kind.TEXT, directory.ROLE_NAMES),
            _attribute("groups", Kind.TEXT, directory.GROUP_NAMES),
            _attribute("portal_access", Kind.BOOL, directory.PORTAL_ACCESS),
            Attribute(
                "import",
                LABELS["import"],
                Kind.RELATION,
                _import_file,
                key=_import_id,
                join=_PROFILE,
                lookup="account-imports",
                nullable=True,
            ),
            _attribute("active", Kind.BOOL, User.active),
            _attribute("last_login", Kind.DATETIME, _utc(User.last_login), nullable=True, sortable=True),
            _attribute("created_on", Kind.DATETIME, _utc(User.created_on), nullable=True),
        ),
        search=ACCOUNT_SEARCHED,
        search_help=_l("Username, name or e-mail"),
        default_sort="username",
        input=AccountForm,
        labels=LABELS,
        relations={"group_id": "groups", "role_id": "roles"},
        parts=(
            Part("ab_user_role", "user_id", _l("Role"), {"role_id": _l("Role")}),
            Part("ab_user_group", "user_id", LABELS["group_id"], {"group_id": LABELS["group_id"]}),
            Part(
                "user_profiles",
                "user_id",
                _l("Profile"),
                {name: LABELS[name] for name in ("phone", "department", "main_portal_id")},
            ),
            Part("second_factors", "user_id", _l("Second factor"), {"confirmed_at": _l("Set up")}),
        ),
        create=create,
        update=update,
        edit_rule=rules.may_change_account,
        actions=(
            Action(
                "deactivate",
                _l("Deactivate"),
                deactivate,
                rules.may_deactivate,
                icon="user-x",
                danger=True,
                help=_l("They can no longer log in, and their open logins end now. Nothing of theirs is lost."),
            ),
            Action("activate", _l("Activate"), activate, rules.may_activate, icon="user-check"),
            Action(
                "reset_password",
                _l("Set password"),
                reset_password,
                rules.may_change_other,
                ResetPassword,
                icon="key-round",
                bulk=False,
                help=_l("Their open logins end now. Tell them the new password yourself."),
            ),
            Action("join", _l("Put in a group"), groups.join, _may_regroup, Membership, icon="users"),
            Action("leave", _l("Take out of a group"), groups.leave, _may_regroup, Membership, icon="users"),
            Action(
                "reset_second_factor",
                _l("Switch off second factor"),
                second_factor.reset,
                rules.may_reset_second_factor,
                icon="shield",
                danger=True,
                help=_l("For who lost their phone. Their open logins end now, and they are told by e-mail."),
            ),
        ),
        load=(selectinload(User.roles), selectinload(User.groups).selectinload(Group.roles)),
        icon="user-cog",
        title_columns=(User.username, User.first_name, User.last_name),
        told=("username", "email", "roles"),
    )
)
