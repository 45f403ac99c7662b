"""Access tokens: given for a client's secret, worth something for an hour, and read with every request in one statement, so
that a client that is switched off is so at once.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.extensions import db
from app.models.oneroster import OAuthClient, OAuthToken
from app.services import rate_limits
from app.services.errors import Refusal
from app.services.inputs import is_storable
from app.services.oneroster.oauth.clients import digest
from app.services.oneroster.rest.operations import SCOPES
from app.services.transaction import transactional

LIFETIME: Final = timedelta(hours=1)
PERIOD: Final = timedelta(minutes=5)
MOST_OF_A_CLIENT: Final = 30  # tokens asked for in a period, from one network
MOST_OF_A_NETWORK: Final = 300
# The standard's names of scopes; programs may also use ours.
PREFIXES: Final = (
    "https://purl.imsglobal.org/spec/or/v1p2/scope/",
    "https://purl.imsglobal.org/spec/or/v1p1/scope/",
)
SUFFIX: Final = ".readonly"

_READ = text("""
    SELECT t.scopes, c.id AS client_id, coalesce(c.last_used_at < now() - interval '5 minutes', true) AS stale
    FROM oauth_tokens t JOIN oauth_clients c ON c.id = t.client_id
    WHERE t.token_hash = :hash AND t.expires_at > now() AND c.active
""")
_CLEAN = text("DELETE FROM oauth_tokens WHERE expires_at <= now()")


class OAuthError(Refusal):
    """A refusal of the token endpoint, under the names of RFC 6749, section 5.2."""

    def __init__(self, code: str, message: object, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


@dataclass(frozen=True)
class Token:
    """What a client is answered; `secret` is not kept."""

    secret: str
    scopes: list[str]


@dataclass(frozen=True)
class Credentials:
    """As which client somebody calls, and from where."""

    client_id: str
    secret: str
    address: str


@transactional
def issue(credentials: Credentials, scope: str) -> Token:
    """A token for these scopes, or for all that the client may have when none are named. Raises OAuthError, TooMany."""
    client = _client(credentials)
    granted = _granted(client, scope)
    secret = secrets.token_urlsafe(32)
    # By the database's clock, which is the one that reads it.
    expires = text("now() + CAST(:lifetime AS interval)").bindparams(lifetime=LIFETIME)
    db.session.add(OAuthToken(token_hash=digest(secret), client_id=client.id, scopes=granted, expires_at=expires))
    return Token(secret, granted)


@transactional
def revoke(credentials: Credentials, token: str) -> None:
    """End a token of the client; one that is none of its own is passed over (RFC 7009). Raises OAuthError, TooMany."""
    client = _client(credentials)
    found = db.session.get(OAuthToken, digest(token))
    if found is not None and found.client_id == client.id:
        db.session.delete(found)


def scopes_of(token: str) -> frozenset[str] | None:
    """What a token may read; None when it is worth nothing."""
    row = db.session.execute(_READ, {"hash": digest(token)}).one_or_none()
    if row is None:
        return None
    if row.stale:
        _note_use(row.client_id)
    return frozenset(row.scopes)


@transactional
def clean_up() -> int:
    """Delete tokens that are over; returns how many."""
    return int(db.session.execute(_CLEAN).rowcount)  # type: ignore[attr-defined]


@transactional
def _note_use(client_id: UUID) -> None:
    db.session.execute(text("UPDATE oauth_clients SET last_used_at = now() WHERE id = :id"), {"id": client_id})


def _client(credentials: Credentials) -> OAuthClient:
    """The client, if the secret is its own. An unknown one, one that is switched off and a wrong secret are answered
    alike.
    """
    network = rate_limits.network(credentials.address)
    rate_limits.check("oauth-network", network, most=MOST_OF_A_NETWORK, period=PERIOD)
    rate_limits.check("oauth-client", credentials.client_id, network, most=MOST_OF_A_CLIENT, period=PERIOD)
    known = is_storable(credentials.client_id)
    wanted = OAuthClient.client_id == credentials.client_id
    # Shared with others who log in, and not with who gives it another secret: that ends its tokens, this one too.
    statement = select(OAuthClient).where(wanted, OAuthClient.active).with_for_update(read=True)
    client = db.session.scalars(statement).one_or_none() if known else None
    kept = client.secret_hash if client is not None else digest("nobody's")
    if not hmac.compare_digest(kept, digest(credentials.secret)) or client is None:
        raise OAuthError("invalid_client", _l("The client is not known, or its secret is wrong."), 401)
    return client


def _granted(client: OAuthClient, scope: str) -> list[str]:
    """The scopes that are asked for, by our names. Raises OAuthError for one that the client may not have."""
    wanted = {_plain(each) for each in scope.split()}
    if not wanted:
        return list(client.scopes)
    if not wanted <= set(client.scopes):
        raise OAuthError("invalid_scope", _l("The client may not have this scope."))
    return [each for each in SCOPES if each in wanted]


def _plain(scope: str) -> str:
    for prefix in PREFIXES:
        scope = scope.removeprefix(prefix)
    return scope.removesuffix(SUFFIX)


def full(scope: str) -> str:
    """The standard's name of a scope, in version 1.2."""
    return f"{PREFIXES[0]}{scope}{SUFFIX}"
