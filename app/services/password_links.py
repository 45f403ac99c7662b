"""Links by which somebody chooses a password once: the first of a new account, or a new one for a forgotten one.

Only the digest of a link's token is kept. A link ends when it is used, when its time is over, and, by a trigger of the
database, when the account's password or e-mail address changes or the account is switched off.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import ColumnElement, func, select, text

from app.extensions import db
from app.models.access import User
from app.models.credentials import LinkPurpose, PasswordLink
from app.policies.accounts import SYSTEM
from app.policies.actor import Actor
from app.services import accounts, rate_limits, sessions
from app.services.accounts import access, directory
from app.services.accounts.inputs import EmailAddress
from app.services.errors import Refusal
from app.services.inputs import Input
from app.services.mail import letters
from app.services.transaction import transactional

log = logging.getLogger(__name__)

LIFETIME: Final = {LinkPurpose.SET: timedelta(days=7), LinkPurpose.RESET: timedelta(hours=1)}
PERIOD: Final = timedelta(hours=1)
MOST_PER_EMAIL: Final = 5
MOST_PER_ADDRESS: Final = 30

_CLEAN = text("DELETE FROM password_links WHERE expires_at < now() - interval '30 days'")


class LinkOver(Refusal):
    """The link was used, is too old, or never was one: the three are not told apart."""

    status = 410
    code = "link_over"

    def __init__(self) -> None:
        super().__init__(_l("This link does not work any more. Ask for a new one."))


class ResetInput(Input):
    """Whose password is forgotten."""

    email: EmailAddress


@dataclass(frozen=True)
class Offer:
    """What a link that works is for."""

    username: str
    purpose: LinkPurpose


def address(token: str) -> str:
    return f"{current_app.config['PUBLIC_URL']}/password/{token}"


def issue(user_id: int, purpose: LinkPurpose) -> str:
    """Make a link in the running transaction; returns its token, which is nowhere to be read again."""
    token = secrets.token_urlsafe(32)
    link = PasswordLink(user_id=user_id, token_hash=sessions.hash_token(token), purpose=purpose)
    link.expires_at = datetime.now(UTC) + LIFETIME[purpose]
    db.session.add(link)
    db.session.flush()
    return token


@transactional
def ask_reset(values: Mapping[str, Any], *, actor: Actor, ip_address: str, locale: str | None) -> None:
    """Have a link sent to this address, if an account that may log in has it. Nothing here depends on that: who asks
    is told nothing, and the work is the same. Raises TooMany.
    """
    email = values["email"]
    network = rate_limits.network(ip_address)
    rate_limits.check("reset-address", network, most=MOST_PER_ADDRESS, period=PERIOD)
    rate_limits.check("reset-email", email.lower(), most=MOST_PER_EMAIL, period=PERIOD)
    letters.post("password_reset", email, {}, locale=locale)


def reset_letter(letter: Any) -> letters.Words | None:
    """What is sent to who forgot their password; None when no account may log in with this address."""
    user = db.session.scalar(select(User).where(func.lower(User.email) == letter.email.lower()))
    if user is None or not user.active or user.username == SYSTEM or not accounts.has_email(user.email):
        return None
    link = address(issue(user.id, LinkPurpose.RESET))
    return letters.Words(
        directory.title(user),
        _("Choose a new password"),
        (
            _("Somebody asked for a new password for your account %(username)s.", username=user.username),
            link,
            lasting(LinkPurpose.RESET),
            _("If it was not you, you need not do anything: your password stays as it is."),
        ),
    )


def lasting(purpose: LinkPurpose) -> str:
    """How long a link works, in words."""
    hours = int(LIFETIME[purpose].total_seconds() // 3600)
    if hours < 48:
        return ngettext(
            "The link works once, within %(num)s hour.", "The link works once, within %(num)s hours.", hours
        )
    return ngettext(
        "The link works once, within %(num)s day.", "The link works once, within %(num)s days.", hours // 24
    )


def find(token: str) -> Offer:
    """What the link is for. Raises LinkOver."""
    columns = select(User.username, PasswordLink.purpose).join(User, User.id == PasswordLink.user_id)
    row = db.session.execute(columns.where(_working(token), User.active)).one_or_none()
    if row is None:
        raise LinkOver
    return Offer(row.username, row.purpose)


@transactional
def use(token: str, password: str, *, actor: Actor) -> None:
    """Set the password of the link's account, and end its sessions and all its links. Raises LinkOver, Invalid at
    `password`, which leaves the link as it is.
    """
    user_id = db.session.scalar(select(PasswordLink.user_id).where(_working(token)))
    if user_id is None:
        raise LinkOver
    user = access.lock_account(user_id)
    again = select(PasswordLink).where(_working(token)).execution_options(populate_existing=True)
    link = db.session.scalar(again)  # read after the lock: of two that use it at once, the second finds it used
    if link is None or not user.active:
        raise LinkOver
    access.replace_password(user, password)
    user.changed_on, user.changed_by_fk = access.utc_now(), user.id
    link.used_at = datetime.now(UTC)
    sessions.end_all(user.id)
    log.info("Password set by a link: account %s", user.id)


def _working(token: str) -> ColumnElement[bool]:
    """The link of a token, if it still works. By the clock rather than the transaction's beginning: what ended the link
    may have begun later.
    """
    mine = PasswordLink.token_hash == sessions.hash_token(token.encode("utf-8", "replace").decode())
    return mine & PasswordLink.used_at.is_(None) & (PasswordLink.expires_at > func.clock_timestamp())


@transactional
def clean_up() -> int:
    """Delete links that have been over for a month; returns how many."""
    return int(db.session.execute(_CLEAN).rowcount)  # type: ignore[attr-defined]
