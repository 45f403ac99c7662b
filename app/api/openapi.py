"""The OpenAPI 3.1 document, made from what is registered: routes, inputs, attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from app.api import schemas
from app.api.examples import example
from app.api.routes import PUBLIC, Api, Operation, Parameter

VERSION = "1.0.0"
DIALECT = "https://spec.openapis.org/oas/3.1/dialect/base"
REFUSALS = {
    400: "The body is not a JSON object.",
    401: "No access token, or one that is worth nothing (any more).",
    403: "The caller's role, or a rule about this record, does not allow it.",
    404: "There is no such record, or the caller may not see it: the two are never told apart.",
    409: "Something else holds what was asked for, or the record is not in a state in which this can be done.",
    413: "The body is too large.",
    415: "The body is of another type.",
    422: "The input is wrong; `fields` says where.",
    429: "Tried too often.",
    500: "An error of ours; `reference` is in our log.",
    503: "The database is busy; try again.",
}
ALWAYS = (422, 500, 503)  # a parameter that is not known is refused by every route
DEFINITIONS = "#/components/schemas/{model}"
WORDS = {"slug", "paper", "code"}  # parts of an address that are no keys


def document() -> dict[str, Any]:
    """The whole document."""
    components: dict[str, Any] = {"Error": schemas.ERROR}
    paths: dict[str, Any] = {}
    for api, path, operation, name, made in operations(components):
        paths.setdefault(path, {})[operation.method.lower()] = made
        made["operationId"] = _operation_id(api, operation, name)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": f"{current_app.config['SCHOOL_NAME']}: Registrar",
            "version": VERSION,
            "description": _about(),
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _about() -> str:
    return _(
        "Everything that the screens do, under the same permissions, the same row rules and with the same refusals. Log in at"
        " /api/v1/security/login and send the access token with every request. A parameter or a field that is not known is"
        " refused, never passed over."
    )


def operations(components: dict[str, Any]) -> Iterator[tuple[Api, str, Operation, str, dict[str, Any]]]:
    """Every route that is registered, and for a name in its address every name: (API, path, operation, name, its
    description).
    """
    for api in current_app.extensions["appbuilder"].baseviews:
        if not isinstance(api, Api):
            continue
        for attribute in sorted(dir(api)):
            operation = getattr(getattr(api, attribute), "_operation", None)
            if operation is None or attribute in api.exclude_route_methods:
                continue
            path = _path(f"{api.route_base}{operation.path}")
            notes = (getattr(api, attribute).__doc__ or "").strip()
            variants = operation.variants(api) if operation.variants else {"": (operation.summary, operation.body)}
            for name, (summary, body) in variants.items():
                made = _describe(api, operation, path.replace("{name}", name), summary, body, notes, components)
                yield api, path.replace("{name}", name), operation, name, made


def _path(rule: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def _operation_id(api: Api, operation: Operation, name: str) -> str:
    words = re.findall(r"[a-z]+|[0-9]+", f"{operation.path} {name}".replace("<name>", "").lower())
    return "_".join(
        [operation.method.lower(), *re.findall(r"[a-z]+", str(api.route_base).rpartition("/v1")[2].lower()), *words]
    )


def _describe(
    api: Api, operation: Operation, path: str, summary: str, body: Any, notes: str, components: dict[str, Any]
) -> dict[str, Any]:
    made: dict[str, Any] = {"summary": summary, "tags": [api.tag]}
    notes = " ".join(notes.partition("Raises")[0].split())
    if notes:
        made["description"] = notes
    parameters = [_path_parameter(api, each) for each in re.findall(r"\{(\w+)\}", path)]
    parameters += [_parameter(each) for each in operation.parameters_of(api)]
    if parameters:
        made["parameters"] = parameters
    schema = _body(api, body, components)
    if schema is not None:
        content: dict[str, Any] = {"schema": schema}
        if operation.content == "application/json":
            content["example"] = example(schema, components)
        made["requestBody"] = {"required": True, "content": {operation.content: content}}
    made["responses"] = _responses(api, operation, components)
    if operation.needs == PUBLIC:
        made["security"] = []
    return made


def _path_parameter(api: Api, name: str) -> dict[str, Any]:
    schema: Mapping[str, Any] = schemas.UUID_
    if name in WORDS:
        schema = schemas.TEXT
    if name == "pk":
        schema = schemas.of_type(api.resource.model.id.type.python_type)
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _parameter(given: Parameter) -> dict[str, Any]:
    made: dict[str, Any] = {"name": given.name, "in": given.place, "description": given.help, "schema": given.schema}
    return made | ({"style": "form", "explode": True} if given.many else {})


def _body(api: Api, body: Any, components: dict[str, Any]) -> Any:
    """The schema of a body: an input class, a schema, or a function of the API that names either."""
    if not isinstance(body, dict | type | None):
        body = body(api)
    if body is None or isinstance(body, dict):
        return body
    made = body.model_json_schema(ref_template=DEFINITIONS)
    components.update({name: _closed(each) for name, each in made.pop("$defs", {}).items()})
    components[body.__name__] = _closed(_without_false_defaults(made))
    return {"$ref": DEFINITIONS.format(model=body.__name__)}


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """An object has no other properties than it says."""
    return schema | {"additionalProperties": False} if "properties" in schema else schema


def _without_false_defaults(schema: dict[str, Any]) -> dict[str, Any]:
    """A default of null where null is not accepted only means that the field may be left out."""
    for each in schema.get("properties", {}).values():
        if each.get("default", "") is None:
            del each["default"]
    return schema


def _answer(api: Api, answer: Any, components: dict[str, Any]) -> Any:
    """The schema of an answer; those made for a resource are components, named by its model: Lead, LeadPage."""
    if not callable(answer):
        return answer
    name = api.resource.model.__name__ + ("" if answer is schemas.record else answer.__name__.title())
    components[name] = answer(api)
    return {"$ref": DEFINITIONS.format(model=name)}


def _responses(api: Api, operation: Operation, components: dict[str, Any]) -> dict[str, Any]:
    answer = _answer(api, operation.answer, components)
    success: dict[str, Any] = {"description": "Done."}
    if answer is not None:
        content: dict[str, Any] = {"schema": answer}
        if operation.answer_type == "application/json":
            content["example"] = example(answer, components)
        success["content"] = {operation.answer_type: content}
    if operation.status == 201:
        success["headers"] = {"Location": {"description": "The address of what was made.", "schema": schemas.TEXT}}
    statuses = {*operation.others, *ALWAYS}
    if operation.needs != PUBLIC:
        statuses |= {401, 403}
    if "<" in operation.path:
        statuses |= {404}
    if operation.method != "GET":
        statuses |= {400, 413, 415}
    error = {"application/json": {"schema": {"$ref": DEFINITIONS.format(model="Error")}}}
    refusals = {str(status): {"description": REFUSALS[status], "content": error} for status in sorted(statuses)}
    return {str(operation.status): success, **refusals}
