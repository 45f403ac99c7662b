"""What an account is to people: attributes, inputs, actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import PlainValidator, SecretStr
from pydantic_core import PydanticCustomError
from sqlalchemy import Select, case, func, literal, select

from app.models.access import User, UserProfile
from app.models.base import UtcDateTime
from app.policies import accounts as rules
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import people
from app.services.accounts import access, directory, records
from app.services.accounts.inputs import AccountInput
from app.services.errors import Invalid, NotFound, Refusal
from app.services.inputs import Input
from app.services.resource import (
    Action,
    Attribute,
    Kind,
    Lookup,
    Outcome,
    Resource,
    Result,
    register,
    register_lookup,
)
from app.services.transaction import transactional


def _secret(value: Any) -> SecretStr:
    """As typed: white space around a password is part of it."""
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "string_type")
    return SecretStr(value)


Secret = Annotated[SecretStr, PlainValidator(_secret)]


class AccountForm(AccountInput):
    """An account with its first password, typed twice."""

    password: Secret | None = None
    password_again: Secret | None = None


class ResetPassword(Input):
    password: Secret
    password_again: Secret


def create(values: Mapping[str, Any], *, actor: Actor) -> User:
    """Make an account. Raises as `create_account` does; an empty password is none."""
    data = dict(values)
    password = _typed_twice(data.pop("password", None), data.pop("password_again", None))
    return records.create_account(**data, password=password or None, actor=actor)


def update(user_id: int, values: Mapping[str, Any], *, actor: Actor) -> User:
    """Change an account; its password has an action of its own. Raises as `update_account` does."""
    return records.update_account(user_id, values, actor=actor)


def deactivate(ids: Sequence[int], *, actor: Actor) -> Result:
    return _each(ids, lambda user_id: access.deactivate(user_id, actor=actor), actor=actor)


def activate(ids: Sequence[int], *, actor: Actor) -> Result:
    return _each(ids, lambda user_id: access.activate(user_id, actor=actor), actor=actor)


def reset_password(ids: Sequence[int], *, actor: Actor, password: SecretStr, password_again: SecretStr) -> Result:
    """Set the password of one account. Raises Invalid at the field."""
    new = _typed_twice(password, password_again) or ""

    def reset(user_id: int) -> bool:
        access.set_password(user_id, new, actor=actor)
        return True

    return _each(ids, reset, actor=actor)


@transactional
def _each(ids: Sequence[int], change: Callable[[int], bool], *, actor: Actor) -> Result:
    """Do it to each account, all locked first in one order. A refusal concerns one account; wrong input stops all."""
    found = {user.id: user for user in access.lock_accounts(ids)}
    outcomes = []
    for user_id in dict.fromkeys(ids):
        title = directory.title(found[user_id]) if user_id in found else str(user_id)
        try:
            outcomes.append(Outcome(str(user_id), title, unchanged=not change(user_id)))
        except Invalid:
            raise
        except Refusal as refusal:
            outcomes.append(Outcome(str(user_id), title, refusal))
    return Result(outcomes)


def _typed_twice(password: SecretStr | None, again: SecretStr | None) -> str | None:
    """Raises Invalid when the second differs; where only one is asked for, as on the API, there is no second."""
    typed = password.get_secret_value() if password is not None else None
    if again is not None and again.get_secret_value() != (typed or ""):
        raise Invalid(fields={"password_again": [_("This is not the same as above.")]})
    return typed
