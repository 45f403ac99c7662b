"""Logging in, from the page and from the API alike.

Whoever is refused learns nothing: wrong password, unknown name, inactive account and too many attempts give
the same answer after the same work. Attempts are counted before the password is looked at, so that parallel
ones count too.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.extensions import db
from app.models.access import SessionKind, User, WaitsFor
from app.policies.accounts import SYSTEM
from app.policies.actor import Actor
from app.services import passwords, rate_limits, second_factor, sessions
from app.services.accounts import find
from app.services.errors import Refusal
from app.services.second_factor import factors
from app.services.transaction import act_as, transactional

log = logging.getLogger(__name__)

PERIOD: Final = timedelta(minutes=5)
# Attempts without success in one period. The first limit is small and concerns one address only; the account
# itself has a larger one, so that nobody keeps its owner out from elsewhere with a few attempts.
MOST_PER_ACCOUNT_AND_ADDRESS: Final = 10
MOST_PER_ACCOUNT: Final = 50
MOST_PER_ADDRESS: Final = 100

# Only if nothing changed since the password was compared: no login outlives a new password or a deactivation.
# In one go with what else this account needs.
_STILL_THE_SAME = text(f"""
    UPDATE ab_user SET last_login = now() AT TIME ZONE 'UTC', login_count = coalesce(login_count, 0) + 1
    WHERE id = :id AND active AND password = :password
    RETURNING EXISTS (SELECT FROM second_factors f WHERE f.user_id = :id AND f.confirmed_at IS NOT NULL) AS enrolled,
              {sessions.NEEDS_FACTOR} AS required
""")


class LoginRefused(Refusal):
    """The same for every reason."""

    status = 401
    code = "login_refused"

    def __init__(self) -> None:
        super().__init__(_l("Wrong name or password, or too many attempts in the last minutes."))


class LoginOver(Refusal):
    """There is no login that waits for this: it took too long, or ended."""

    status = 401
    code = "login_over"

    def __init__(self) -> None:
        super().__init__(_l("This took too long. Please sign in again."))


def log_in(
    username_or_email: str, password: str, *, kind: SessionKind, ip_address: str = "", user_agent: str = ""
) -> tuple[Actor, str]:
    """Begin a session; returns who it is and the session's token. Raises LoginRefused.

    It is NOBODY yet where a second factor is needed: the session waits for `confirm`, or for `enrol` where a role
    demands one and there is none (`sessions.waiting` says which).
    """
    user = _look_up(username_or_email)
    limits = _limits(user, username_or_email, ip_address)
    blocked = _count(limits)
    matches = passwords.verify(user.password if user else None, password)
    problem = _problem(user, blocked=blocked, matches=matches)
    token = None
    if user is not None and not problem:
        token = _begin(user, kind=kind, ip_address=ip_address, user_agent=user_agent)
        problem = "" if token else "changed"
    if token is None:
        log.warning("Login refused: %s; account %s, %s", problem, user.id if user else "none", kind.value)
        raise LoginRefused
    rate_limits.give_back([key for some in limits for key in some])
    actor = sessions.load(token, kind)
    log.info("Login accepted: account %s, %s, session %s", actor.id, kind.value, actor.session_id)
    return actor, token


@transactional
def _look_up(name: str) -> User | None:
    """In a transaction of its own, so that no connection is held while the password is hashed."""
    return find(name)


def _limits(user: User | None, name: str, ip_address: str) -> list[dict[str, int]]:
    """What the attempt counts under, and how many there may be. Unknown names count like accounts.

    The account itself comes last, and attempts that one address has no more of do not count there: otherwise one machine
    could keep a person out from everywhere.
    """
    account = str(user.id) if user is not None else name.strip().lower()[:320]
    address = rate_limits.network(ip_address)
    return [
        {
            rate_limits.key("login", account, address): MOST_PER_ACCOUNT_AND_ADDRESS,
            rate_limits.key("login-address", address): MOST_PER_ADDRESS,
        },
        {rate_limits.key("login-account", account): MOST_PER_ACCOUNT},
    ]


def _count(limits: list[dict[str, int]]) -> bool:
    """Count an attempt; whether it is one too many. The same statements either way."""
    blocked = False
    for some in limits:
        counted = rate_limits.count([] if blocked else some, PERIOD)
        blocked = blocked or any(counted[key] > most for key, most in some.items())
    return blocked


def _problem(user: User | None, *, blocked: bool, matches: bool) -> str:
    """Why not, for the log."""
    if blocked:
        return "too many attempts"
    if user is None:
        return "unknown name"
    if not user.active or user.username == SYSTEM:
        return "inactive"
    return "" if matches else "wrong password"


@transactional
def _begin(user: User, *, kind: SessionKind, ip_address: str, user_agent: str) -> str | None:
    """The token of a new session; None when the account was changed meanwhile."""
    same = db.session.execute(_STILL_THE_SAME, {"id": user.id, "password": user.password}).one_or_none()
    if same is None:
        return None
    waits_for = WaitsFor.CODE if same.enrolled else WaitsFor.ENROLMENT if same.required else None
    if waits_for is WaitsFor.ENROLMENT and kind is SessionKind.WEB:  # a program has no page to show the secret on
        factors.start(user.id)
    return sessions.start(user.id, kind=kind, ip_address=ip_address, user_agent=user_agent, waits_for=waits_for)


def confirm(token: str, code: str, *, kind: SessionKind) -> Actor:
    """Finish a login that waits for a code of the second factor, or a recovery code. Raises LoginOver, TooMany,
    Invalid at `code`.
    """
    waiting = _waiting(token, kind, WaitsFor.CODE)
    counted = second_factor.count_attempt(waiting.user_id)
    _confirm(waiting, code, kind)
    rate_limits.give_back(counted)
    log.info("Second factor accepted: account %s, session %s", waiting.user_id, waiting.session_id)
    return sessions.load(token, kind)


@transactional
def _confirm(waiting: sessions.Waiting, code: str, kind: SessionKind) -> None:
    second_factor.check(waiting.user_id, code)
    if not sessions.complete(waiting.session_id, kind):
        raise LoginOver


def enrol(token: str, code: str, *, kind: SessionKind) -> tuple[Actor, list[str]]:
    """Finish a login that waits for a second factor to be set up; returns who it is, and ten recovery codes, which are
    told this once. Raises LoginOver, WrongState, TooMany, Invalid at `code`.
    """
    waiting = _waiting(token, kind, WaitsFor.ENROLMENT)
    counted = second_factor.count_attempt(waiting.user_id)
    codes = _enrol(waiting, code, kind)
    rate_limits.give_back(counted)
    return sessions.load(token, kind), codes


@transactional
def _enrol(waiting: sessions.Waiting, code: str, kind: SessionKind) -> list[str]:
    actor = sessions.load_by_id(waiting.user_id)
    act_as(actor)
    codes = second_factor.confirm(code, actor=actor)
    if not sessions.complete(waiting.session_id, kind):
        raise LoginOver
    return codes


def _waiting(token: str, kind: SessionKind, waits_for: WaitsFor) -> sessions.Waiting:
    found = sessions.waiting(token, kind)
    if found is None or found.waits_for is not waits_for:
        raise LoginOver
    return found
