"""The 41 read operations in both versions: shapes, owners, scopes, and what is refused."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

from app.extensions import db
from app.services.oneroster.rest import reading
from app.services.oneroster.rest.operations import OPERATIONS
from tests.api.oneroster import closed
from tests.api.oneroster.conftest import BASES
from tests.factories.oneroster import rows

NAMES = {operation["operationId"]: operation for operation in closed.OPERATIONS}


@pytest.fixture
def keys(there: Any) -> dict[str, str]:
    """What the parameters of addresses are filled with, by the collection before them."""
    return {
        "academicSessions": "year",
        "classes": "maths-1",
        "courses": "maths",
        "demographics": "pupil",
        "enrollments": "taken",
        "gradingPeriods": "period",
        "orgs": "org-home",
        "schools": "org-other",
        "students": "pupil",
        "teachers": teacher_key(),
        "terms": "term",
        "users": "head",
    }


def teacher_key() -> str:
    return str(rows("users", "role = 'teacher'")[0]["sourcedId"])


def address(path: str, keys: dict[str, str]) -> str:
    parts = path.strip("/").split("/")
    filled = [keys[parts[place - 1]] if each.startswith("{") else each for place, each in enumerate(parts)]
    return "/" + "/".join(filled)


def test_there_are_those_of_the_standard_and_no_others():
    ours = {each.name: each.path.replace("<", "{").replace(">", "}") for each in OPERATIONS}
    assert ours == {name: each["path"] for name, each in NAMES.items()} and len(ours) == 41
    for each in OPERATIONS:
        assert {f"{scope}.readonly" for scope in each.scopes} == set(NAMES[each.name]["scopes"]), each.name


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_every_operation_answers_in_its_shape(reader, keys, version):
    read = reader()
    for operation in closed.OPERATIONS:
        answer = read(address(operation["path"], keys), version)
        assert answer.status_code == 200, (operation["path"], answer.json)
        assert len(answer.json) == 1
        if version == "1.2":
            closed.check(operation["response"], answer.json)
        if operation["collection"]:
            [items] = answer.json.values()
            assert answer.headers["X-Total-Count"] == str(len(items))


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_collections_hold_what_belongs_there(reader, there, keys, version):
    read, teacher = reader(), keys["teachers"]

    def found(path: str) -> set[str]:
        [items] = read(path, version).json.values()
        return {each["sourcedId"] for each in items}

    ours = {f"class_{slot.id}" for slot in there.slots}
    assert found("/schools") == {"org-home", "org-other"} == found("/orgs")
    assert found("/terms") == {"term"} and found("/gradingPeriods") == {"period"}
    assert found("/terms/term/gradingPeriods") == {"period"}
    assert found("/schools/org-home/classes") == ours and found("/schools/org-other/classes") == {"maths-1"}
    assert found(f"/teachers/{teacher}/classes") == ours == found(f"/users/{teacher}/classes")
    assert found("/students/pupil/classes") == {"maths-1"}
    assert found("/terms/term/classes") == {"maths-1"}
    assert found(f"/courses/course_{there.course.id}/classes") == ours
    assert found("/classes/maths-1/students") == {"pupil"} and found("/classes/maths-1/teachers") == set()
    one = f"class_{there.slots[0].id}"
    assert found(f"/classes/{one}/teachers") == {teacher} == found("/schools/org-home/teachers")
    assert found(f"/schools/org-home/classes/{one}/students") == found("/schools/org-home/students")
    assert found(f"/schools/org-other/classes/{one}/students") == set(), "it is not a class of that school"
    assert found("/schools/org-other/classes/maths-1/enrollments") == {"taken"}
    assert found("/schools/org-other/enrollments") == {"taken"}
    assert len(found("/schools/org-home/enrollments")) == 4
    assert found("/schools/org-other/courses") == {"maths"}
    assert "head" not in found("/students") | found("/teachers") and "head" in found("/users")


def test_users_of_each_version(reader, there):
    read = reader()
    new, old = read("/users/head").json["user"], read("/users/head", "1.1").json["user"]
    assert [role["role"] for role in new["roles"]] == ["siteAdministrator"] * 2
    assert new["primaryOrg"]["sourcedId"] == "org-other" and new["pronouns"] == "they"
    assert new["userIds"] == [{"type": "LDAP", "identifier": "head"}, {"type": "Fed", "identifier": "1"}]
    assert new["metadata"] == {"shoe": "44"} and new["enabledUser"] == "true"
    assert old["role"] == "administrator" and "roles" not in old and "primaryOrg" not in old
    assert [org["sourcedId"] for org in old["orgs"]] == ["org-other", "org-home"]
    assert read("/users/parent", "1.1").json["user"]["role"] == "parent"
    assert read("/users/parent").json["user"]["roles"][0]["role"] == "guardian"
    assert read("/users/pupil").json["user"]["agents"][0] == {
        "href": "http://localhost/ims/oneroster/rostering/v1p2/users/parent",
        "sourcedId": "parent",
        "type": "user",
    }


def test_sex_and_birth_date_only_in_demographics(reader, there):
    read = reader()
    [found] = [each for each in read("/demographics").json["demographics"] if "cityOfBirth" in each]
    assert (found["birthDate"], found["sex"], found["white"]) == ("2012-02-29", "other", "true")
    assert "sex" not in read(f"/demographics/{found['sourcedId']}", "1.1").json["demographics"]
    assert "birthDate" not in read(f"/users/{found['sourcedId']}").json["user"]


def test_primary_is_always_told(reader, there):
    found = reader()("/enrollments").json["enrollments"]
    assert {each["primary"] for each in found} == {"true", "false"}


def test_references_lead_to_what_they_name(reader, there):
    read = reader()
    for reference in read("/orgs/org-home").json["org"]["children"]:
        path = reference["href"].removeprefix("http://localhost" + BASES["1.2"])
        assert read(path).json["org"]["parent"]["sourcedId"] == "org-home"


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_key_with_a_slash_is_read_by_its_reference(reader, there, version):
    there.home.sourced_id, there.other.sourced_id = "district/7/school@1", "x/classes/y"
    db.session.commit()
    read = reader()
    for path, key in (("/orgs/x/classes/y", there.other.sourced_id), ("/schools/x%2Fclasses%2Fy", "x/classes/y")):
        [found] = read(path, version).json.values()
        assert found["sourcedId"] == key
        href = found["parent"]["href"]
        assert href.endswith("/orgs/district%2F7%2Fschool%401")
        assert (
            read(href.removeprefix("http://localhost" + BASES[version]), version).json["org"]["name"] == "Home, School"
        )


SLASHED = (
    "organizations",
    "terms",
    "oneroster_users",
    "oneroster_courses",
    "oneroster_classes",
    "oneroster_enrollments",
)
LISTS = (("oneroster_users", "org_ids"), ("oneroster_classes", "term_ids"))


def put_slashes_into_keys() -> None:
    for table in SLASHED:
        db.session.execute(text(f"UPDATE {table} SET sourced_id = '/a//' || sourced_id || '/b/'"))
    for table, column in LISTS:
        items = f"SELECT jsonb_agg('/a//' || item || '/b/') FROM jsonb_array_elements_text({column}) item"
        db.session.execute(text(f"UPDATE {table} SET {column} = ({items}) WHERE {column} <> '[]'"))
    db.session.commit()


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_every_operation_takes_keys_with_slashes(reader, keys, version):
    """An address that a collection ends is that collection's, whatever stands before."""
    read = reader()

    def numbers(keys: dict[str, str]) -> dict[str, Any]:
        answers = {each["path"]: read(address(each["path"], keys), version) for each in closed.OPERATIONS}
        assert {path for path, answer in answers.items() if answer.status_code != 200} == set()
        return {path: (list(each.json), each.headers.get("X-Total-Count")) for path, each in answers.items()}

    before = numbers(keys)
    put_slashes_into_keys()
    assert numbers({name: quote(f"/a//{key}/b/", safe="") for name, key in keys.items()}) == before
    assert read("/users/%2Fa%2F%2Fhead%2Fb%2F", version).json["user"]["sourcedId"] == "/a//head/b/"


MISSING = [
    *("/users/none", "/schools/none/classes", "/classes/none/students", "/students/head", "/teachers/pupil"),
    *("/terms/year", "/gradingPeriods/term", "/students/head/classes", "/nothing", "/users/%00", "/users/x/y/z"),
    *("/schools/org-other/classes/none/enrollments", "/users/" + "x" * 3000, "/discovery/odd"),
]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_what_is_not_there_is_an_unknown_object(reader, there, version):
    read = reader()
    for path in MISSING:
        answer = read(path, version)
        assert answer.status_code == 404, path
        assert minor(answer, version) == "unknownobject"


def minor(answer: Any, version: str) -> str:
    """The code minor of an error, after checking its shape."""
    body = answer.json
    if version == "1.1":
        [info] = body["statusInfoSet"]
        assert (info["imsx_codeMajor"], info["imsx_severity"]) == ("failure", "error")
        return str(info["imsx_codeMinor"])
    closed.check("imsx_StatusInfoDType", body)
    return str(body["imsx_CodeMinor"]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"])


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_without_a_token_nobody_reads(app, db_session, there, version):
    for headers in (
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer "},
    ):
        answer = app.test_client().get(BASES[version] + "/users", headers=headers)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"
        assert minor(answer, version) == "unauthorisedrequest"


OPEN = {"oauth.token", "oauth.revoke"}  # these ask for the secret itself


def test_every_route_asks_for_a_token(app, db_session, keys):
    """Whatever else is under the address of the standard; nobody's login opens it."""
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        _blueprint, _dot, name = rule.endpoint.partition(".")
        if not rule.rule.startswith("/ims/") or rule.endpoint in OPEN or name in ("discovery", "unknown"):
            continue
        assert rule.methods is not None and rule.methods <= {"GET", "HEAD", "OPTIONS"}
        path = re.sub(r"<\w+>", "x", rule.rule)
        assert client.get(path).status_code == 401, path


def test_scopes_open_what_they_name_and_nothing_else(reader, keys):
    for scope in ("roster-core", "roster", "roster-demographics"):
        read = reader(scope)
        for operation in closed.OPERATIONS:
            answer = read(address(operation["path"], keys))
            allowed = f"{scope}.readonly" in operation["scopes"]
            assert answer.status_code == (200 if allowed else 403), (scope, operation["path"])
            assert allowed or minor(answer, "1.2") == "forbidden"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written(app, db_session, there, method):
    for version, base in BASES.items():
        answer = getattr(app.test_client(), method)(f"{base}/users/pupil", json={})
        assert answer.status_code == 405 and answer.headers["Allow"] == "GET"
        assert minor(answer, version) == "forbidden"


def test_a_fault_of_ours_has_the_shape_too(reader, there, monkeypatch):
    monkeypatch.setattr(reading, "collection", lambda *_: 1 / 0)
    answer = reader()("/users")
    assert answer.status_code == 500 and minor(answer, "1.2") == "internal_server_error"
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_discovery_names_every_operation_without_a_token(app, version):
    for name in ("onerosterv1p2rostersservice_openapi3_v1p0.json", "imsonerosterv1p2_openapi3_v1p0.json"):
        answer = app.test_client().get(f"{BASES[version]}/discovery/{name}")
        paths = answer.json["paths"]
        assert {each["path"] for each in closed.OPERATIONS} == set(paths)
        assert answer.json["servers"] == [{"url": f"http://localhost{BASES[version]}"}]
        assert {each["get"]["operationId"] for each in paths.values()} == set(NAMES)
