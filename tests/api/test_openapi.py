from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta
from openapi_spec_validator.schemas import openapi_v31_schema_validator

from app.services.resource import LOOKUPS
from tests.api.conftest import PREFIX
from tests.conftest import sign_in


@pytest.fixture
def document(api) -> dict[str, Any]:
    return api("staff").get("/openapi.json").json


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, methods in document["paths"].items() for method, each in methods.items()]


_validators: dict[str, Draft202012Validator] = {}


def validator(schema: dict[str, Any], document: dict[str, Any]) -> Draft202012Validator:
    """Of a part of the document, of which there is one; kept, for most parts are in many places."""
    key = json.dumps(schema)
    if key not in _validators:
        whole = schema | {"components": document["components"]}
        _validators[key] = Draft202012Validator(whole, validate_formats=False)
    return _validators[key]


def test_it_is_a_valid_document(document):
    """By the schema of OpenAPI 3.1; its parts by that of JSON Schema; and what is referred to is there."""
    openapi_v31_schema_validator.validate(document)
    for schema in document["components"]["schemas"].values():
        meta.validate(schema)
    for reference in references(document):
        found: Any = document
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]
    for path, _method, each in operations(document):
        named = [one["name"] for one in each.get("parameters", ()) if one["in"] == "path"]
        assert sorted(named) == sorted(re.findall(r"\{(\w+)\}", path)), path
    assert document["openapi"].startswith("3.1") and document["security"] == [{"bearer": []}]


def references(part: Any) -> Iterator[str]:
    """Every `$ref` within."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def test_whoever_is_signed_in_may_read_it(app, api, db_session):
    assert api("student").get("/openapi.json").status_code == 200
    assert sign_in(app.test_client(), "student").get(f"{PREFIX}/openapi.json").status_code == 200
    assert api("public").get("/openapi.json").status_code == 401
    with_cookie = sign_in(app.test_client(), "student")
    assert with_cookie.get(f"{PREFIX}/openapi.json", headers={"Authorization": "Bearer x"}).status_code == 401


def test_every_route_is_in_it_and_nothing_else(app, document):
    told = {(re.sub(r"\{\w+\}", "*", path), method.upper()) for path, method, _each in operations(document)}
    served = {
        (re.sub(r"<[^>]*>", "*", rule.rule), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX)
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    named = [pattern for pattern in served if re.search(r"/actions/\*|/lookups/\*", pattern[0])]
    for path, method in named:
        assert any(re.fullmatch(path.replace("*", "[^/]+"), other) and method == verb for other, verb in told), path
    covered = {
        (path, method)
        for path, method in told
        if any(re.fullmatch(each.replace("*", "[^/]+"), path) and verb == method for each, verb in named)
    }
    assert told - covered == served - set(named)
    assert {path for path, _method in told} >= {f"{PREFIX}/lookups/{name}" for name in LOOKUPS}


def test_names_of_operations_are_unique(document):
    names = [each["operationId"] for _path, _method, each in operations(document)]
    assert len(names) == len(set(names)) and all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)


def test_every_example_fits_its_schema(document):
    shown = 0
    for _path, _method, each in operations(document):
        contents = [
            each.get("requestBody", {}).get("content", {}),
            *(answer.get("content", {}) for answer in each["responses"].values()),
        ]
        for content in contents:
            for media in content.values():
                if "example" in media:
                    shown += 1
                    validator(media["schema"], document).validate(media["example"])
    assert shown > 100


def test_an_example_can_be_sent_as_it_is(api, document):
    body = document["paths"][f"{PREFIX}/leads"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert api("staff").post("/leads", body | {"follow_up_date": "2099-01-01"}).status_code == 201


def test_every_route_tells_of_refusals(document):
    for path, _method, each in operations(document):
        assert {"500", "503"} <= set(each["responses"]), path
        if "security" not in each:
            assert {"401", "403"} <= set(each["responses"]), path
        if "requestBody" in each:
            assert {"400", "413", "415", "422"} <= set(each["responses"]), path


def test_no_password_is_ever_answered(document):
    answers = str([answer for _path, _method, each in operations(document) for answer in each["responses"].values()])
    assert "password" not in answers
    assert "password" not in str(
        [schema for name, schema in document["components"]["schemas"].items() if name in {"User", "UserPage", "Lead"}]
    )


def test_the_page_is_for_people(app, api, db_session):
    page = sign_in(app.test_client(), "staff").get("/api/docs/")
    assert page.status_code == 200 and page.mimetype == "text/html"
    assert "/api/v1/leads/actions/change_stage" in page.text and page.text.count("<details") > 100
    visitor = app.test_client().get("/api/docs/")
    assert visitor.status_code == 302 and "/login" in visitor.headers["Location"]
    with_token = app.test_client().get("/api/docs/", headers={"Authorization": f"Bearer {api('staff').token}"})
    assert with_token.status_code == 302, "a page is for browsers"
