"""Who calls: only a bearer token says so. A session cookie alone is worth nothing here, and so needs no CSRF token."""

from __future__ import annotations

from flask import g
from flask_babel import lazy_gettext as _l
from flask_jwt_extended import verify_jwt_in_request
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import PyJWTError

from app.policies.actor import NOBODY, Actor
from app.services.errors import NotAllowed, Refusal
from app.web import current_actor


class Unauthorized(Refusal):
    """No token, or one that is worth nothing (any more)."""

    status = 401
    code = "unauthorized"

    def __init__(self) -> None:
        super().__init__(_l("Send a valid access token: Authorization: Bearer <token>."))


def authenticate(*, refresh: bool = False) -> Actor:
    """The account of the bearer token, an access token unless `refresh`. Raises Unauthorized."""
    g.actor = NOBODY
    try:
        verify_jwt_in_request(refresh=refresh)  # the security manager sets the actor, if the session is alive
    except (JWTExtendedException, PyJWTError, ValueError, IndexError, KeyError) as error:
        raise Unauthorized from error
    actor = current_actor()
    if actor is NOBODY:
        raise Unauthorized
    return actor


def allow(permission: str, resource: str) -> None:
    """Raises NotAllowed unless the caller has `can_<permission>` on the resource."""
    if not current_actor().may(permission, resource):
        raise NotAllowed(_l("Your role does not allow it. Ask an admin if you need it."))
