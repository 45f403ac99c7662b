"""What the roster service says of itself: an OpenAPI document of what it can do, as OneRoster 1.2 asks for."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from app.services.oneroster.columns import Version
from app.services.oneroster.oauth.tokens import full
from app.services.oneroster.rest.operations import CORE, FULL, OPERATIONS, PERSONAL, Operation

# 1EdTech's file is called onerosterv1p2rostersservice_openapi3_v1p0.json; others put "ims" before it.
SUFFIX: Final = "_openapi3_v1p0.json"
TOKEN_PATH: Final = "/ims/oneroster/oauth/token"  # noqa: S105 - an address
_SCOPES: Final = {
    CORE: "Read the core objects of the roster.",
    FULL: "Read the whole roster, also by school, class and person.",
    PERSONAL: "Read demographics.",
}
_QUERY: Final[dict[str, dict[str, Any]]] = {
    "limit": {"type": "integer", "minimum": 1, "default": 100},
    "offset": {"type": "integer", "minimum": 0, "default": 0},
    "sort": {"type": "string"},
    "orderBy": {"type": "string", "enum": ["asc", "desc"]},
    "filter": {"type": "string"},
}
_FIELDS: Final = {"type": "array", "items": {"type": "string"}}
_REFUSED: Final = {
    "400": "The filter or the selection is wrong.",
    "401": "There is no valid token.",
    "403": "The token has no scope for this.",
    "404": "There is no such object.",
    "422": "A parameter is wrong.",
    "429": "Too busy; try again in a moment.",
    "500": "Something went wrong on our side.",
}


@cache
def document(version: Version, site: str, base: str) -> dict[str, Any]:
    """The OpenAPI document of a version."""
    return {
        "openapi": "3.0.1",
        "info": {"title": f"OneRoster {version} rostering service", "version": version},
        "servers": [{"url": f"{site}{base}"}],
        "security": [{"OAuth2CC": []}],
        "paths": {_path(operation): {"get": _operation(operation)} for operation in OPERATIONS},
        "components": {
            "securitySchemes": {
                "OAuth2CC": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": f"{site}{TOKEN_PATH}",
                            "scopes": {full(scope): text for scope, text in _SCOPES.items()},
                        }
                    },
                }
            }
        },
    }


def _path(operation: Operation) -> str:
    return re.sub(r"<(\w+)>", r"{\1}", operation.path)


def _operation(operation: Operation) -> dict[str, Any]:
    names = re.findall(r"<(\w+)>", operation.path)
    query = {} if operation.single else _QUERY
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in query.items()]
    parameters.append({"name": "fields", "in": "query", "style": "form", "explode": False, "schema": _FIELDS})
    key = operation.part.entity.one if operation.single else operation.part.entity.many
    kind: dict[str, Any] = {"type": "object"} if operation.single else {"type": "array", "items": {"type": "object"}}
    answer = {"application/json": {"schema": {"type": "object", "properties": {key: kind}}}}
    return {
        "operationId": operation.name,
        "security": [{"OAuth2CC": [full(scope)]} for scope in sorted(operation.scopes)],
        "parameters": parameters,
        "responses": {"200": {"description": "What was asked for.", "content": answer}}
        | {status: {"description": text} for status, text in _REFUSED.items()},
    }
