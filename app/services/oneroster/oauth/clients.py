"""Clients: who may ask for tokens, and with which scopes. A secret is shown once, when it is made; only its digest is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field
from sqlalchemy import delete

from app.extensions import db
from app.models.oneroster import OAuthClient, OAuthToken
from app.policies.actor import Actor
from app.services import plain
from app.services.errors import explain
from app.services.inputs import Input, storable
from app.services.oneroster.rest.operations import SCOPES
from app.services.resource import Outcome, Result
from app.services.transaction import is_rehearsed, transactional

explain({"ck_oauth_clients_name_not_blank": ("name", _l("A name is required."))})

NO_SECRET: Final = "none"  # noqa: S105 - no digest is ever this: a client without a secret gets no token


class OAuthClientInput(Input):
    """A name by which one knows the program, and what it may read."""

    name: Annotated[str, Field(min_length=1, max_length=120), BeforeValidator(storable)]
    scopes: Annotated[list[Literal[SCOPES]], Field(min_length=1)]  # type: ignore[valid-type]
    active: bool = True


def digest(secret: str) -> str:
    """What is kept of a secret or token. They are random, so a plain digest is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def title(client: OAuthClient) -> str:
    return client.name


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> OAuthClient:
    """Add a client. It gets a secret by `new_secret`. Raises Invalid."""
    made = {**_tidy(values), "client_id": secrets.token_hex(12), "secret_hash": NO_SECRET}
    return plain.create(OAuthClient, made, actor=actor)


@transactional
def update(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> OAuthClient:
    """Change a client. Tokens that it has are ended: they hold what it might read before. Raises NotFound, Conflict."""
    found = plain.update(OAuthClient, key, _tidy(values), actor=actor, version=version)
    _end_tokens([key])
    return found


@transactional
def remove(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Delete clients, and with them their tokens."""
    return plain.delete(OAuthClient, ids, actor=actor, title=title)


@transactional
def activate(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Let clients read again."""
    return plain.set_active(OAuthClient, ids, actor=actor, active=True, title=title)


@transactional
def deactivate(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Let clients read no more, from this moment."""
    result = plain.set_active(OAuthClient, ids, actor=actor, active=False, title=title)
    _end_tokens(ids)
    return result


@transactional
def new_secret(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Give a client a new secret, told this once. The old one, and its tokens, are worth nothing from now on."""
    made: dict[str, str] = {}

    def change(client: OAuthClient) -> bool:
        made[str(client.id)] = secrets.token_urlsafe(32)
        client.secret_hash = digest(made[str(client.id)])
        return True

    result = plain.each(OAuthClient, ids, title, change, actor=actor)
    _end_tokens(ids)
    return Result([_told(outcome, made.get(outcome.id)) for outcome in result.outcomes])


def _told(outcome: Outcome, secret: str | None) -> Outcome:
    """The secret, unless it is a preview, whose secret is worth nothing."""
    if secret is None or is_rehearsed():
        return outcome
    client = db.session.get_one(OAuthClient, UUID(outcome.id))
    message = _(
        "Client id %(client_id)s, secret %(secret)s. It is shown only now: keep it where the program finds it.",
        client_id=client.client_id,
        secret=secret,
    )
    return Outcome(outcome.id, outcome.title, message=message, once=True)


def _tidy(values: Mapping[str, Any]) -> dict[str, Any]:
    """Scopes in one order, each once."""
    kept = dict(values)
    if "scopes" in kept:
        kept["scopes"] = [scope for scope in SCOPES if scope in kept["scopes"]]
    return kept


def _end_tokens(ids: Sequence[UUID]) -> None:
    db.session.execute(delete(OAuthToken).where(OAuthToken.client_id.in_(ids)))
