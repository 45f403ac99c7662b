"""Whatever is sent: no error of ours, only statuses that the document names, and answers that fit their schemas."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import create_app
from app.extensions import db
from app.models.leads import Tag
from app.services.leads import LEADS
from tests.api.conftest import Caller, token_of
from tests.api.test_openapi import operations, validator
from tests.factories.leads import lead, stage

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))  # of each operation; `make fuzz` sends many
UNKNOWN = "00000000-0000-4000-8000-000000000000"
ODD_TEXTS = [
    "",
    " ",
    "\0",
    "\ud800",
    "%",
    "_",
    "'",
    "\\",
    "x" * 300,
    "2026-01-01",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31",
    "İ",
    "\u202eabc",
    "👩‍👧",
    "e\u0301",
    "../..",
    UNKNOWN,
    "1",
    "-1",
    "NaN",
    "null",
    "true",
    "=1+1",
    "a:b:c",
    "last",
    "WzEsIDVd",
]
ODD_NUMBERS = [0, 1, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**63, 10**40, 1.5, 1e308, -0.0]
texts = st.sampled_from(ODD_TEXTS) | st.text(max_size=12)
junk = st.recursive(
    st.none() | st.booleans() | st.sampled_from(ODD_NUMBERS) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
FILTERS = [
    f"{each.name}:{operator}:{value}"
    for each in LEADS.attributes
    for operator, value in (
        ("is", "1"),
        ("contains", "a%"),
        ("between", "2026-01-01..9999-12-31"),
        ("in", "1,web," + UNKNOWN),
        ("empty", ""),
        ("after", "0001-01-01"),
    )
]


def document() -> dict[str, Any]:
    """Read without a database, so that there is one test per operation."""
    app = create_app({"SQLALCHEMY_DATABASE_URI": "postgresql+psycopg://nowhere/nothing"})
    with app.test_request_context("/"):
        from flask import g

        from app.api.openapi import document as made
        from app.policies.actor import NOBODY

        g.actor = NOBODY
        return json.loads(json.dumps(made()))


DOCUMENT = document()
OPERATIONS = operations(DOCUMENT)


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that mostly fit a schema of an input."""
    if "$ref" in schema:
        return fitting(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return st.one_of(*(fitting(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object":
            fields = {name: fitting(each) for name, each in schema.get("properties", {}).items()}
            needed = {name: each for name, each in fields.items() if name in schema.get("required", ())}
            right = st.fixed_dictionaries(
                needed, optional={name: each for name, each in fields.items() if name not in needed}
            )
            spoilt = st.tuples(right, st.sampled_from(sorted(fields) or ["x"]), junk).map(
                lambda drawn: drawn[0] | {drawn[1]: drawn[2]}
            )
            return right | right | spoilt
        case "array":
            return st.lists(fitting(schema["items"]), max_size=3)
        case "integer" | "number":
            return st.sampled_from(["account", 1, 7, 200])
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            formats = {
                "uuid": st.sampled_from([UNKNOWN, "stage", "lead", "other", "tag"]),
                "date": st.sampled_from(["2099-01-01", "2026-02-30", "0001-01-01"]),
                "date-time": st.sampled_from(["2030-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"]),
            }
            return formats.get(
                schema.get("format"), st.sampled_from(["amina@example.org", "+442079460018", "Amina"]) | texts
            )


@st.composite
def requests(draw: Any, path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    """A request for an operation, with placeholders for records that exist."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            value = draw(st.just("pk") | st.just("pk") | texts.map(lambda text: text.replace("/", "") or "x"))
            path = path.replace(f"{{{parameter['name']}}}", f"\x01{value}\x01")
    query: list[tuple[str, str]] = []
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query" and draw(st.booleans()):
            value = draw(
                texts
                | (st.sampled_from(FILTERS) if parameter["name"] == "f" else fitting(parameter["schema"]).map(str))
            )
            query.append((parameter["name"], value))
    if draw(st.integers(0, 9)) == 0:
        query.append((draw(texts), draw(texts)))
    made: dict[str, Any] = {"method": method.upper(), "path": path, "query": query, "headers": {}}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "header" and draw(st.integers(0, 3)) == 0:
            made["headers"][parameter["name"]] = draw(
                st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8)
            )
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        if kind == "application/json":
            made["json"] = draw(fitting(content["schema"]) if draw(st.integers(0, 5)) else junk)
        else:
            made["form"] = {"file": draw(texts), "duplicates": draw(texts), "default_owner_id": draw(texts)}
    return made


def send(caller: Caller, made: dict[str, Any], known: dict[str, Any]) -> Any:
    """Send the request, with the placeholders filled in."""
    parts = made["path"].split("\x01")
    parts[1::2] = [quote(str(known.get(part, part)).encode("utf-8", "replace"), safe="") for part in parts[1::2]]
    pairs = [(name.encode("utf-8", "replace"), value.encode("utf-8", "replace")) for name, value in made["query"]]
    url = "".join(parts) + (f"?{urlencode(pairs)}" if pairs else "")
    body: dict[str, Any] = {}
    if "json" in made:
        data = json.dumps(made["json"])
        for name, value in known.items():
            data = data.replace(f'"{name}"', json.dumps(value))
        body = {"data": data, "content_type": "application/json"}
    elif "form" in made:
        from io import BytesIO

        form = {name: value.encode("utf-8", "replace").decode() for name, value in made["form"].items()}
        body = {"data": {**form, "file": (BytesIO(form["file"].encode()), "leads.csv")}}
    return caller(made["method"], url, headers=made["headers"], **body)


def check(answer: Any, operation: dict[str, Any], made: dict[str, Any]) -> None:
    assert answer.status_code < 500, (made, answer.json)
    documented = operation["responses"].get(str(answer.status_code))
    assert documented is not None, (answer.status_code, made, answer.text[:300])
    content = documented.get("content", {})
    if not content:
        assert answer.data == b""
        return
    assert answer.mimetype in content, (answer.mimetype, made)
    if answer.mimetype == "application/json":
        errors = list(validator(content[answer.mimetype]["schema"], DOCUMENT).iter_errors(answer.json))
        assert not errors, (made, errors[0].message, answer.text[:300])


@pytest.mark.parametrize(
    ("path", "method", "operation"), OPERATIONS, ids=[each["operationId"] for _path, _method, each in OPERATIONS]
)
def test_whatever_is_sent(app, db_session, actors, path, method, operation):
    tag = Tag(name="Choir")
    db.session.add(tag)
    db.session.flush()
    known = {
        "lead": str(lead(owner_id=actors.staff.id, email="a@b.example").id),
        "other": str(lead(age=9).id),
        "stage": str(stage("Contacted").id),
        "account": actors.staff.id,
        "tag": str(tag.id),
    }
    slugs = {"accounts": "account", "lead-stages": "stage", "tags": "tag"}
    known["pk"] = str(known[slugs.get(path.split("/")[3], "lead")])
    token = token_of(app, "super_admin")

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(requests(path, method, operation))
    def run(made: dict[str, Any]) -> None:
        check(send(Caller(app.test_client(), token), made, known), operation, made)

    run()


@settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    data=st.binary(max_size=40) | junk.map(lambda value: json.dumps(value).encode()),
    kind=st.sampled_from(
        [
            "application/json",
            "text/plain",
            "",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-16",
            "multipart/form-data",
        ]
    ),
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "NONSENSE"]),
    path=st.sampled_from(
        ["/leads", "/lead-imports", "/security/login", "/me", "/leads/x", "/leads/actions/tag", "/nothing"]
    ),
    authorization=st.none() | texts.map(lambda text: text.encode("latin-1", "replace").decode("latin-1")),
)
def test_raw_bodies_methods_and_headers(app, db_session, data, kind, method, path, authorization):
    headers = (
        {"Authorization": authorization.replace("\n", " ").replace("\r", " ")} if authorization is not None else {}
    )
    answer = Caller(app.test_client(), token_of(app, "staff"))(
        method, path, data=data, content_type=kind, headers=headers
    )
    assert answer.status_code < 500
    if answer.status_code >= 400 and method != "HEAD":
        assert {"message", "code", "fields"} <= set(answer.json)
