"""One's second factor: setting it up, asking for it, switching it off. Locks: the account, then its factor."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select, text

from app.extensions import db
from app.models.access import User
from app.models.credentials import RecoveryCode, SecondFactor
from app.policies import accounts as rules
from app.policies.actor import Actor
from app.services import passwords, rate_limits, sessions
from app.services.accounts import access, directory, has_email
from app.services.errors import Invalid, NotAllowed, NotFound, Refusal, WrongState
from app.services.mail import letters
from app.services.resource import Outcome, Result
from app.services.second_factor import codes, required
from app.services.transaction import transactional

log = logging.getLogger(__name__)

PERIOD: Final = timedelta(minutes=15)
MOST_CODES: Final = 10  # wrong ones of an account in one period


@dataclass(frozen=True)
class State:
    """One's second factor as the settings show it."""

    active: bool
    begun: bool
    codes_left: int
    required: bool


@dataclass(frozen=True)
class Begun:
    """What an app is given to begin with."""

    secret: str
    address: str


def state(actor: Actor) -> State:
    factor = db.session.scalar(select(SecondFactor).where(SecondFactor.user_id == actor.id))
    needed = required.by_roles_of(actor.id) if actor.id is not None else False
    if factor is None:
        return State(False, False, 0, needed)
    unused = select(func.count()).where(RecoveryCode.factor_id == factor.id, RecoveryCode.used_at.is_(None))
    return State(factor.confirmed_at is not None, factor.confirmed_at is None, db.session.scalar(unused) or 0, needed)


@transactional
def begin(password: str, *, actor: Actor) -> None:
    """Make a secret for an app, which `confirm` puts to use. Raises NotAllowed, Invalid at `password`, TooMany,
    WrongState when there is a second factor already.
    """
    user = _own_account(actor, password)
    start(user.id)


def start(user_id: int) -> None:
    """As `begin`, in the running transaction, for somebody whose password was just compared."""
    factor = _lock(user_id)
    if factor is None:
        factor = SecondFactor(user_id=user_id)
        db.session.add(factor)
    elif factor.confirmed_at is not None:
        raise WrongState(_("You have a second factor already. Switch it off first."))
    factor.seed = codes.new_seed()
    db.session.flush()


def begun(user_id: int) -> Begun | None:
    """What the app is to be given; None when there is nothing to confirm."""
    columns = select(SecondFactor.seed, User.username).join(User, User.id == SecondFactor.user_id)
    row = db.session.execute(
        columns.where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_(None))
    ).one_or_none()
    return Begun(codes.secret(row.seed), codes.address(row.seed, row.username)) if row else None


@transactional
def confirm(code: str, *, actor: Actor) -> list[str]:
    """Put the app to use, which a code of it proves to work; returns ten recovery codes, which are told this once.
    Raises WrongState, Invalid at `code`.
    """
    factor = _lock(actor.id)
    if factor is None or factor.confirmed_at is not None:
        raise WrongState(_("There is nothing to confirm. Begin again."))
    _use_step(factor, code)
    factor.confirmed_at = datetime.now(UTC)
    log.info("Second factor set up: account %s", actor.id)
    return _make_recovery_codes(factor)


def count_attempt(user_id: int) -> dict[str, int]:
    """Count one attempt at a code, before it is looked at. Raises TooMany. Returns what gives it back."""
    key = rate_limits.key("second-factor", str(user_id))
    if rate_limits.count([key], PERIOD)[key] > MOST_CODES:
        raise rate_limits.TooMany(_l("Too many attempts. Please try again in a few minutes."))
    return {key: MOST_CODES}


def check(user_id: int, code: str) -> None:
    """Take a code of the app, or a recovery code: each once. In the running transaction; the factor stays locked, so of
    two who use the same code at once the second is refused. Raises Invalid at `code`.
    """
    factor = _lock(user_id)
    if factor is None or factor.confirmed_at is None:
        raise _wrong()
    if codes.plain(code).isdecimal():
        _use_step(factor, code)
    else:
        _use_recovery_code(factor, code)


@transactional
def switch_off(password: str, code: str, *, actor: Actor) -> None:
    """Go on with the password alone. Raises NotAllowed, WrongState when a role demands a second factor, TooMany,
    Invalid at `password` or `code`.
    """
    user = _own_account(actor, password)
    if required.by_roles_of(user.id):
        raise WrongState(_("One of your roles needs a second factor: it cannot be switched off."))
    counted = count_attempt(user.id)
    check(user.id, code)
    _remove(user.id)
    rate_limits.give_back(counted)
    log.info("Second factor switched off: account %s", user.id)


@transactional
def new_recovery_codes(code: str, *, actor: Actor) -> list[str]:
    """Ten new recovery codes instead of all others. Raises NotAllowed, TooMany, Invalid at `code`."""
    if actor.id is None:
        raise NotAllowed(_("Log in first."))
    counted = count_attempt(actor.id)
    check(actor.id, code)
    factor = _lock(actor.id)
    assert factor is not None  # otherwise the code would have been wrong
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.factor_id == factor.id))
    rate_limits.give_back(counted)
    return _make_recovery_codes(factor)


@transactional
def reset(ids: Sequence[int], *, actor: Actor) -> Result:
    """Take the second factor off accounts whose owners lost it, end their sessions, and tell them. Row history keeps
    who did it. An account without one is left as it is.
    """
    found = {user.id: user for user in access.lock_accounts(ids)}
    outcomes = []
    for user_id in dict.fromkeys(ids):
        user = found.get(user_id)
        title = directory.title(user) if user else str(user_id)
        refusal: Refusal | None = NotFound() if user is None else None
        if user is not None and (reason := rules.may_reset_second_factor(actor, user)) is not None:
            refusal = NotAllowed(reason)
        removed = refusal is None and _remove(user_id)
        if user is not None and removed:
            sessions.end_all(user_id)
            if has_email(user.email):
                letters.post("second_factor_reset", user.email, {"user_id": user_id}, locale=None)
        outcomes.append(Outcome(str(user_id), title, refusal, unchanged=refusal is None and not removed))
    return Result(outcomes)


def _own_account(actor: Actor, password: str) -> User:
    """The actor's account, locked, if the password is right. Raises NotAllowed, TooMany, Invalid at `password`."""
    if actor.id is None:
        raise NotAllowed(_("Log in first."))
    limit = {"most": access.WRONG_PASSWORDS, "period": access.WRONG_PASSWORDS_PERIOD}
    rate_limits.check("password", str(actor.id), **limit)  # type: ignore[arg-type]
    user = access.lock_account(actor.id)
    if not passwords.verify(user.password, password):
        raise Invalid(fields={"password": [_("This is not your current password.")]})
    return user


def _lock(user_id: int | None) -> SecondFactor | None:
    statement = select(SecondFactor).where(SecondFactor.user_id == user_id).with_for_update()
    return db.session.scalar(statement.execution_options(populate_existing=True))


def _use_step(factor: SecondFactor, code: str) -> None:
    step = codes.step_of(factor.seed, codes.plain(code))
    if step is None or step <= factor.last_step:
        raise _wrong()
    factor.last_step = step
    db.session.flush()


def _unused(factor: SecondFactor, code: str) -> RecoveryCode | None:
    mine = select(RecoveryCode).where(RecoveryCode.factor_id == factor.id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(mine.where(RecoveryCode.code_hash == codes.digest(code)))


def _use_recovery_code(factor: SecondFactor, code: str) -> None:
    found = _unused(factor, code)
    if found is None:
        raise _wrong()
    found.used_at = datetime.now(UTC)
    db.session.flush()


def _make_recovery_codes(factor: SecondFactor) -> list[str]:
    made = [codes.new_recovery_code() for _number in range(codes.RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(factor_id=factor.id, code_hash=codes.digest(each)) for each in made)
    db.session.flush()
    return made


_REMOVE = text("DELETE FROM second_factors WHERE user_id = :user_id")


def _remove(user_id: int) -> bool:
    db.session.flush()
    return bool(db.session.execute(_REMOVE, {"user_id": user_id}).rowcount)  # type: ignore[attr-defined]


def _wrong() -> Any:
    return Invalid(fields={"code": [_("This code is not right. Each works once, and only for about a minute.")]})
