"""One declaration per route: its address, its permission, and what the OpenAPI document says of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Response, jsonify, request
from flask_appbuilder.api import BaseApi
from flask_babel import gettext as _

from app.api import bodies
from app.api.auth import allow, authenticate
from app.services.errors import Invalid
from app.services.inputs import Input

PREFIX: Final = "/api/v1"
SIGNED_IN: Final = ""  # any account may
PUBLIC: Final = "public"  # no token is asked for
MULTIPART: Final = "multipart/form-data"
BY_NAME: Final = "by name"  # the permission is named in the address, and checked by the route itself

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query or a header."""

    name: str
    help: str
    schema: Json
    place: str = "query"
    many: bool = False


@dataclass(frozen=True)
class Operation:
    """What is said of a route. `body` and `answer` are schemas, or functions that make them for an API; `body` may be
    an input class. `others` are the refusals that are not usual.
    """

    method: str
    path: str
    needs: str
    summary: str
    body: Any = None
    content: str = "application/json"
    answer: Any = None
    status: int = 200
    answer_type: str = "application/json"
    parameters: Sequence[Parameter] | Callable[[Any], Sequence[Parameter]] = ()
    others: Sequence[int] = ()
    variants: Callable[[Any], Mapping[str, tuple[str, Any]]] | None = (
        None  # for each name in the address: summary, body
    )

    def parameters_of(self, api: Any) -> Sequence[Parameter]:
        """The parameters as this API has them."""
        given: Any = self.parameters
        return given(api) if callable(given) else given


class Api(BaseApi):
    """Base of all API classes. Flask-AppBuilder registers their routes and permissions; nothing else of it is used."""

    allow_browser_login = False

    def __init__(self) -> None:
        # Flask-AppBuilder takes the names of previous permissions from here; there are none.
        self.previous_class_permission_name = self.class_permission_name
        super().__init__()

    @property
    def tag(self) -> str:
        """Under which heading the document lists the routes."""
        return str(self.class_permission_name)


def route(
    method: str, path: str, summary: str, *, needs: str = SIGNED_IN, **more: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a route. It returns a mapping (200, or the declared status), None (204), a tuple of (mapping, status,
    headers), or a response. Without a token: 401; without the permission: 403.
    """
    operation = Operation(method, path, needs, summary, **more)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
            if needs != PUBLIC:
                authenticate()
            if needs not in (PUBLIC, SIGNED_IN, BY_NAME):
                allow(needs, self.class_permission_name)
            _refuse_unknown(self, operation)
            return respond(function(self, *args, **kwargs), operation.status)

        wrapper._urls = [(path, [method])]  # type: ignore[attr-defined]  # read by Flask-AppBuilder
        if needs not in (PUBLIC, SIGNED_IN, BY_NAME):
            wrapper._permission_name = needs  # type: ignore[attr-defined]
        wrapper._operation = operation  # type: ignore[attr-defined]
        return wrapper

    return decorate


class Nothing(Input):
    """What is sent where nothing is asked for."""


def _refuse_unknown(api: Api, operation: Operation) -> None:
    """What a request says and nothing reads is refused: `?dry_run=1` on a route that takes it in the body must not write. A body
    of JSON is read, and checked, by its route. Raises Invalid, WrongType.
    """
    known = {each.name for each in operation.parameters_of(api) if each.place == "query"}
    problems = {name[:100]: [_("There is no such parameter.")] for name in request.args if name not in known}
    if operation.content == MULTIPART:
        if request.mimetype != MULTIPART:
            raise bodies.WrongType(_("Send the file as multipart/form-data."))
        parts = operation.body(api) if callable(operation.body) else operation.body
        unknown = [name for name in (*request.form, *request.files) if name not in parts["properties"]]
        problems |= {name[:100]: [_("There is no field %(name)s.", name=name[:100])] for name in unknown}
    if problems:
        raise Invalid(fields=problems)
    if operation.method != "GET" and operation.body is None and operation.variants is None:
        bodies.read(Nothing)


def respond(result: Any, status: int = 200) -> Response:
    """The response for what a route returned."""
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(status=204)
    body, status, headers = result if isinstance(result, tuple) else (result, status, {})
    response = jsonify(body)
    response.status_code = status
    response.headers.extend(headers)
    return response
