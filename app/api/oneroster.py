"""The roster service of OneRoster 1.1 and 1.2: its read operations, tokens, and what it says of itself. It stands beside our
own API, with addresses, bearer tokens and errors of the standard.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import quote, urlencode

from flask import Blueprint, Flask, Response, current_app, g, jsonify, make_response, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter

from app.api import oneroster_discovery as discovery
from app.extensions import csrf, db
from app.policies.actor import NOBODY
from app.services.errors import Refusal, refusal_from
from app.services.oneroster.columns import Version
from app.services.oneroster.oauth import tokens
from app.services.oneroster.rest import problems, querying, reading
from app.services.oneroster.rest.operations import OPERATIONS, Operation
from app.services.oneroster.rest.problems import RosterRefusal
from app.services.oneroster.rest.querying import Query
from app.services.oneroster.rest.representing import Style

log = logging.getLogger(__name__)

BASES: Final[dict[Version, str]] = {"1.1": "/ims/oneroster/v1p1", "1.2": "/ims/oneroster/rostering/v1p2"}
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What our refusals are to the standard.
MINORS: Final = {
    400: problems.DATA,
    401: problems.UNAUTHORISED,
    403: problems.FORBIDDEN,
    404: problems.UNKNOWN,
    405: problems.FORBIDDEN,
    422: problems.DATA,
    429: problems.BUSY,
    503: problems.BUSY,
}
MINOR_NAME: Final = "TargetEndSystem"


class _Key(BaseConverter):
    """A key may hold slashes, wherever it stands in an address. An address that an operation ends like is that
    operation's: `/classes/a/b/students` are the students of the class a/b.
    """

    regex = ".+?"
    part_isolating = False


def init_app(app: Flask) -> None:
    """Register both versions. A token is what says who calls: there is no cookie, and so nothing to forge."""
    app.url_map.converters["oneroster_key"] = _Key
    for version, base in BASES.items():
        blueprint = Blueprint(f"oneroster_{version.replace('.', '')}", __name__, url_prefix=base)
        for operation in OPERATIONS:
            view: Callable[..., Any] = partial(_answer, version, operation)
            blueprint.add_url_rule(_rule(operation), operation.name, view, methods=["GET"])
        blueprint.add_url_rule("/discovery/<name>", "discovery", partial(_discovery, version), methods=["GET"])
        blueprint.add_url_rule("/<path:rest>", "unknown", _unknown, methods=METHODS)
        blueprint.register_error_handler(Exception, partial(_failed, version))
        csrf.exempt(blueprint)
        app.register_blueprint(blueprint)


def _rule(operation: Operation) -> str:
    return operation.path.replace("<", "<oneroster_key:")


def _answer(version: Version, operation: Operation, **keys: str) -> Response:
    """One operation, for a token that may."""
    _authorise(operation)
    style = Style(version, f"{current_app.config['PUBLIC_URL']}{BASES[version]}")
    entity = operation.part.entity
    if operation.single:
        fields = querying.parse({"fields": request.args.get("fields", "")}, entity, version).fields
        return jsonify({entity.one: reading.single(operation, keys["sourcedId"], fields, style)})
    query = querying.parse(request.args, entity, version)
    page = reading.collection(operation, keys, query, style)
    response = jsonify({entity.many: page.items})
    response.headers["X-Total-Count"] = str(page.total)
    response.headers["Link"] = _links(query, page.total)
    return response


def _authorise(operation: Operation) -> None:
    """Raises RosterRefusal unless the bearer token may use this operation."""
    g.actor = NOBODY
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    scopes = tokens.scopes_of(token.strip()) if kind.lower() == "bearer" and token.strip() else None
    if scopes is None:
        raise RosterRefusal(problems.UNAUTHORISED, "Send a valid access token: Authorization: Bearer <token>.")
    if not scopes & operation.scopes:
        raise RosterRefusal(problems.FORBIDDEN, "The token has no scope for this operation.")


def _links(query: Query, total: int) -> str:
    """The addresses of the first, previous, next and last page (RFC 8288)."""
    last = max(total - 1, 0) // query.limit * query.limit
    pages = {"first": 0, "last": last}
    if query.offset > 0:
        pages["prev"] = max(min(query.offset, last + query.limit) - query.limit, 0)
    if query.offset + query.limit < total:
        pages["next"] = query.offset + query.limit
    address = f"{current_app.config['PUBLIC_URL']}{quote(request.path)}"
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in ("limit", "offset")]
    return ", ".join(
        f'<{address}?{urlencode([*kept, ("limit", query.limit), ("offset", offset)])}>; rel="{name}"'
        for name, offset in pages.items()
    )


def _discovery(version: Version, name: str) -> Response:
    if not name.endswith(discovery.SUFFIX):
        raise NotFound
    return jsonify(discovery.document(version, current_app.config["PUBLIC_URL"], BASES[version]))


def _unknown(rest: str) -> Response:
    """Addresses that no operation has. The service only reads."""
    raise NotFound if request.method == "GET" else MethodNotAllowed(valid_methods=["GET"])


def _failed(version: Version, error: Exception) -> Response:
    """Every refusal and fault in the shape of the version."""
    status, minor, description = _told(error)
    response = make_response(jsonify(_status_info(version, minor, description)), status)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = "GET"
    return response


def _told(error: Exception) -> tuple[int, str, str]:
    refusal: Refusal | None = error if isinstance(error, Refusal) else None
    if isinstance(error, DBAPIError):
        db.session.rollback()
        refusal = refusal_from(error)
    if isinstance(refusal, RosterRefusal):
        return refusal.status, refusal.minor, str(refusal)
    if isinstance(error, PoolTimeoutError) or (refusal is not None and refusal.status == 503):
        return 429, problems.BUSY, "The service is busy. Please try again in a moment."
    if refusal is not None:
        return refusal.status, MINORS.get(refusal.status, problems.DATA), str(refusal)
    if isinstance(error, HTTPException) and error.code is not None:
        return error.code, MINORS.get(error.code, problems.DATA), error.name
    db.session.rollback()
    reference = secrets.token_hex(4)
    log.exception("unexpected error %s on %s %s", reference, request.method, request.path, exc_info=error)
    return 500, problems.INTERNAL, f"Something went wrong on our side. Reference for support: {reference}"


def _status_info(version: Version, minor: str, description: str) -> Mapping[str, Any]:
    info: dict[str, Any] = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": description,
    }
    if version == "1.1":
        return {"statusInfoSet": [info | {"imsx_codeMinor": minor}]}
    field = {"imsx_codeMinorFieldName": MINOR_NAME, "imsx_codeMinorFieldValue": minor}
    return info | {"imsx_CodeMinor": {"imsx_codeMinorField": [field]}}
