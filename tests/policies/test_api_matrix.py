"""Every route of the API, for every role: 401 without a token, 403 without the permission, and nothing changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from app.api import openapi
from app.policies.roles import Role
from tests.api.conftest import token_of
from tests.conftest import PEOPLE
from tests.policies import api_routes, routes
from tests.policies.world import changed, checksums, undone

pytestmark = pytest.mark.slow

PREFIX = "/api/v1/"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OF_LOGINS = {
    "SecurityApi.logout",
    "SecurityApi.login",
    "SecurityApi.refresh",
    "MeApi.end_sessions",
    "MeApi.change_password",
}


def rules(app) -> Iterator[tuple]:
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if rule.rule.startswith(PREFIX):
            for name in api_routes.names(rule):
                yield rule, name


def address(app, rule, name, world) -> str:
    keys = {"LeadApi": world.lead.id, "TagApi": world.tag.id, "AccountApi": world.student, "JobRunApi": world.run.id}
    keys |= world.school.keys | world.told.keys | world.portal.keys | world.desk.keys | world.door.keys
    keys |= world.news.keys | world.centre.keys | world.family.keys
    keys |= world.edfi.keys | world.records.keys | world.programs.keys
    known = (
        {
            "pk": keys.get(rule.endpoint.partition(".")[0], world.second_stage_id),
            "name": name,
            "report": "occupancy",
            "filter_id": world.saved.id,
            "import_id": world.imported.id,
            "tag_id": world.tag.id,
            "student_id": world.school.student.id,
            "teacher_id": world.school.teacher_id,
        }
        | world.school.arguments
        | world.told.arguments(rule.endpoint)
        | world.portal.arguments(rule.endpoint)
        | world.door.arguments(rule.endpoint)
        | world.news.arguments(rule.endpoint)
        | world.family.arguments(rule.endpoint)
        | world.centre.arguments(rule.endpoint)
    )
    return app.url_map.bind("localhost").build(
        rule.endpoint, {each: known[each] for each in rule.arguments}, method=next(iter(rule.methods))
    )


def body(world, endpoint, known=None) -> dict:
    """What is sent to a route: of a form and more, the fields that it knows, as it refuses others; all unless they are given."""
    screen = endpoint.replace("Api.", "View.")
    form = world.form(screen)
    full = form | {"ids": [form["id"]], "values": form, "roles": ["Student"]}
    return full if known is None else {name: value for name, value in full.items() if name in known}


@pytest.fixture(scope="module")
def fields_of(app):
    """The fields of the body of a route, as the document has them."""
    with app.test_request_context():
        told = openapi.document()

    def find(rule, name, method) -> set[str]:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule).replace("{name}", name)
        sent = told["paths"][path][method.lower()].get("requestBody", {}).get("content", {}).get("application/json", {})
        schema = sent.get("schema", {})
        if "$ref" in schema:
            schema = told["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return set(schema.get("properties", {}))

    return find


def was_refused(role, answer) -> bool:
    return answer.status_code == (401 if role is routes.VISITOR else 403)


def test_every_route_is_declared(app):
    for rule, name in rules(app):
        api_routes.need(rule.endpoint, name)
    endpoints = {rule.endpoint for rule, _name in rules(app)}
    assert endpoints >= api_routes.PUBLIC_ROUTES | api_routes.SIGNED_IN_ROUTES | set(api_routes.OTHER_ROUTES)
    with pytest.raises(routes.UndeclaredError):
        api_routes.need("LeadApi.something_new")


def test_the_pages_about_the_api_are_for_those_who_are_signed_in(client_of):
    assert client_of("student").get("/api/docs/").status_code == 200
    assert client_of("public").get("/api/docs/").status_code in (302, 401)


@pytest.mark.parametrize("role", list(Role), ids=lambda role: PEOPLE.get(role, "public"))
def test_every_route_as_this_role(app, world, fields_of, role):
    client = app.test_client()
    headers = {}
    if role is not routes.VISITOR:
        headers = {"Authorization": f"Bearer {token_of(app, PEOPLE[role])}"}
    wrong, refused = [], []
    for rule, name in rules(app):
        wanted = api_routes.need(rule.endpoint, name)
        url = address(app, rule, name, world)
        for method in METHODS:
            if method not in rule.methods or rule.endpoint in OF_LOGINS - {"SecurityApi.logout"}:
                continue
            if not api_routes.may(role, wanted):
                refused.append((method, url, rule.endpoint))
            elif rule.endpoint not in OF_LOGINS:
                sent = {}
                if method != "GET":
                    sent = {"json": body(world, rule.endpoint, fields_of(rule, name, method))}
                with undone():
                    answer = client.open(url, method=method, headers=headers, **sent)
                if (
                    answer.status_code == 401
                    or answer.status_code >= 500
                    or (method == "GET" and answer.status_code == 403)
                ):
                    wrong.append(f"{method} {url}: {answer.status_code}, although allowed ({wanted})")
                if answer.status_code == 422 and "There is no " in answer.text:
                    wrong.append(f"{method} {url}: {answer.text}, although the document has it")
    before = checksums()
    for method, url, endpoint in refused:
        sent = {} if method == "GET" else {"json": body(world, endpoint)}
        answer = client.open(url, method=method, headers=headers, **sent)
        if not was_refused(role, answer):
            wrong.append(f"{method} {url}: {answer.status_code}, not refused")
    assert changed(before, checksums()) == [], "a refused request changed something"
    assert wrong == []
