"""Tokens for programs: OAuth 2 client credentials, by HTTP Basic or in the body, and revocation."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote_plus

from flask import Blueprint, Flask, Response, g, jsonify, make_response, request
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError

from app.extensions import csrf, db
from app.policies.actor import NOBODY
from app.services.errors import Refusal, refusal_from
from app.services.oneroster.oauth import tokens
from app.services.oneroster.oauth.tokens import Credentials, OAuthError
from app.services.rate_limits import TooMany

BASE: Final = "/ims/oneroster/oauth"
LONGEST: Final = 2000  # characters of a parameter


def init_app(app: Flask) -> None:
    """Register the endpoints. The caller is who knows the secret: there is no cookie, and so nothing to forge."""
    blueprint = Blueprint("oauth", __name__, url_prefix=BASE)
    blueprint.add_url_rule("/token", "token", _token, methods=["POST"])
    blueprint.add_url_rule("/revoke", "revoke", _revoke, methods=["POST"])
    blueprint.register_error_handler(Refusal, _refused)
    blueprint.register_error_handler(DBAPIError, _database)
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)


def _token() -> Response:
    g.actor = NOBODY
    if _parameter("grant_type") != "client_credentials":
        sentence = _("Send grant_type=client_credentials.")
        raise OAuthError("unsupported_grant_type" if _parameter("grant_type") else "invalid_request", sentence)
    token = tokens.issue(_credentials(), _parameter("scope"))
    return _uncached(
        {
            "access_token": token.secret,
            "token_type": "Bearer",
            "expires_in": int(tokens.LIFETIME.total_seconds()),
            "scope": " ".join(tokens.full(scope) for scope in token.scopes),
        }
    )


def _revoke() -> Response:
    g.actor = NOBODY
    if not _parameter("token"):
        raise OAuthError("invalid_request", _("Send the token that is to end."))
    tokens.revoke(_credentials(), _parameter("token"))
    return _uncached({})


def _credentials() -> Credentials:
    """Who calls. Raises OAuthError when nobody says so, or says so twice."""
    address, given = request.remote_addr or "", request.authorization
    if given is not None and given.type == "basic":
        if _parameter("client_secret"):
            raise OAuthError("invalid_request", _("Send the secret once: in the header, or in the body."))
        # RFC 6749, section 2.3.1: both are form-encoded first.
        return Credentials(unquote_plus(given.username or ""), unquote_plus(given.password or ""), address)
    if not _parameter("client_id"):
        raise OAuthError("invalid_client", _("Send a client id and its secret."), 401)
    return Credentials(_parameter("client_id"), _parameter("client_secret"), address)


def _parameter(name: str) -> str:
    """A parameter of the body. Raises OAuthError for one that is sent twice, or too long."""
    values = request.form.getlist(name)
    if len(values) > 1 or any(len(value) > LONGEST for value in values):
        raise OAuthError("invalid_request", _("%(name)s is sent twice, or too long.", name=name))
    return values[0] if values else ""


def _uncached(body: dict[str, Any], status: int = 200) -> Response:
    response = make_response(jsonify(body), status)
    response.headers["Cache-Control"], response.headers["Pragma"] = "no-store", "no-cache"
    return response


def _refused(refusal: Refusal) -> Response:
    code = refusal.code if isinstance(refusal, OAuthError) else "temporarily_unavailable"
    response = _uncached({"error": code, "error_description": str(refusal)}, refusal.status)
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="OneRoster"'
    if isinstance(refusal, TooMany):
        response.headers["Retry-After"] = str(int(tokens.PERIOD.total_seconds()))
    return response


def _database(error: DBAPIError) -> Response:
    """Raises what is a fault of ours."""
    db.session.rollback()
    refusal = refusal_from(error)
    if refusal is None:
        raise error
    return _refused(refusal)
