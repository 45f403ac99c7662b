"""The screens of Ed-Fi, from entering a server to the log of a push."""

from __future__ import annotations

import io
import zipfile
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.access import IdempotencyKey
from app.models.edfi import DescriptorMapping, EdFiConnection, EdFiPush, EdFiPushItem, EdFiPushStatus
from app.services.edfi import pushing
from app.views import once
from tests.conftest import sign_in, work_off
from tests.factories.edfi import SECRET, connection, family, school
from tests.services.edfi.conftest import ods, state, waits

__all__ = ["ods", "state", "waits"]
PAGES = ("/edfi/", "/edfi/problems", "/descriptor-mappings/", "/edfi-servers/", "/edfi-pushes/", "/edfi-push-items/")


@pytest.fixture
def pushed(state, actors):
    """A push of which some records were not taken."""
    place = school()
    family(place).birth_date = None
    family(place).birth_country = "Atlantis"
    db.session.commit()
    pushing.push([state.id], actor=actors.admin, queued=False)
    found = db.session.scalars(select(EdFiPush)).one()
    pushing.run(found.id)
    db.session.expire_all()
    return found


def test_the_whole_way(committed_app, ods):
    """As an admin enter a server, push, and see what became of it."""
    with committed_app.app_context():
        client = sign_in(committed_app.test_client(), "admin")
        student = family(school())
        form = {"name": "State", "base_url": ods.url, "client_id": "key", "secret": SECRET, "active": "1"}
        assert 'name="nightly"' in client.get("/edfi-servers/new").text
        form["nightly"] = "1"
        answer = client.post("/edfi-servers/new", data=form)
        assert answer.status_code == 302
        url = answer.headers["Location"]
        key = url.rpartition("/")[2]
        assert db.session.get_one(EdFiConnection, key).nightly
        asked = {"id": key, "_stage": "do", once.FIELD: str(uuid4())}
        for _again in range(2):
            assert "It lets us in." in client.post("/edfi-servers/actions/try_out", data=asked).text
        assert db.session.scalars(select(IdempotencyKey)).all() == []
        assert len(ods.tokens) == 2, "asked anew each time"
        client.post("/edfi-servers/actions/push", data={"id": key, "_stage": "do"})
        push = db.session.scalars(select(EdFiPush)).one()
        page = f"/edfi-pushes/{push.id}"
        assert "data-progress" in client.get(page).text
        assert client.get(f"{page}/status").json["state"] == "queued"
        db.session.remove()
        work_off(committed_app)
        assert client.get(f"{page}/status").json == {
            "state": "done",
            "percent": 99,
            "done": 6,
            "total": 6,
            "message": "Done",
            "reload": True,
        }
        shown = client.get(page).text
        assert "data-progress" not in shown
        assert student.student_unique_id in shown
        assert "Created: 6" in client.get(url).text
        assert len(ods.of("students")) == 1


def test_every_page_and_no_secret(client_of, pushed, state):
    client, item = client_of("admin"), db.session.scalars(select(EdFiPushItem.id)).first()
    for url in (
        *PAGES,
        f"/edfi-push-items/{item}",
        f"/edfi-servers/{state.id}",
        f"/edfi-servers/{state.id}/edit",
        f"/edfi-pushes/{pushed.id}",
    ):
        page = client.get(url)
        assert page.status_code == 200, url
        assert "None" not in page.text, url
        assert SECRET not in page.text, url
        assert state.secret not in page.text, url


def test_what_went_wrong_is_on_the_page_of_the_push(client_of, pushed):
    page = client_of("admissions").get(f"/edfi-pushes/{pushed.id}").text
    for told in ("birthDate: Required, and empty.", "CountryDescriptor#Atlantis", "Refused", "Waits for another"):
        assert told in page
    rows = client_of("admissions").get(f"/edfi-push-items/export.csv?f=push:is:{pushed.id}").text
    assert len(rows.strip().splitlines()) == 1 + sum(pushed.counts.values())


def test_problems_name_record_and_field(client_of, pushed):
    page = client_of("admissions").get("/edfi/problems").text
    assert "birthDate" in page
    assert 'href="/students/' in page


def test_a_value_without_a_mapping_can_be_mapped_at_once(client_of, pushed):
    client = client_of("admin")
    url = "/descriptor-mappings/new?descriptor=CountryDescriptor&amp;value=Atlantis"
    assert url in client.get("/edfi/").text
    assert 'value="Atlantis"' in client.get(url.replace("&amp;", "&")).text
    values = {"descriptor": "CountryDescriptor", "value": "Atlantis", "uri": "uri://ed-fi.org/CountryDescriptor#AT"}
    assert client.post("/descriptor-mappings/new", data=values).status_code == 302
    client.get("/edfi/")  # says that it is saved
    assert "Atlantis" not in client.get("/edfi/").text


def test_files(client_of, pushed):
    answer = client_of("admissions").get("/edfi/export.zip")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    names = zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    assert len(names) == 7
    assert client_of("teacher").get("/edfi/export.zip").status_code == 403


def test_bad_input_comes_back_at_its_field(client_of, state):
    client = client_of("admin")
    for field, bad in (
        ("base_url", "http://evil.example"),
        ("school_year", "9" * 30),
        ("name", "x\0"),
        ("client_id", ""),
    ):
        form = {"name": "N", "base_url": "https://a.example", "client_id": "c", "secret": "s"} | {field: bad}
        answer = client.post("/edfi-servers/new", data=form)
        assert answer.status_code == 422, field
        assert f'id="e-{field}"' in answer.text or "aria-invalid" in answer.text, field
    moved = {"name": "State", "base_url": "https://evil.example", "client_id": "key", "secret": "", "active": "1"}
    answer = client.post(f"/edfi-servers/{state.id}/edit", data=moved)
    assert (answer.status_code, "Give the secret again" in answer.text) == (422, True)
    assert db.session.scalars(select(EdFiConnection.base_url)).all() == [state.base_url]


@pytest.mark.parametrize(
    "url", ["/edfi-pushes/{}", "/edfi-pushes/{}/status", "/edfi-servers/{}", "/edfi-push-items/{}"]
)
def test_what_is_not_there(client_of, url):
    client = client_of("admin")
    for key in (uuid4(), "x", "9" * 40, "%00"):
        assert client.get(url.format(key)).status_code == 404


def test_a_push_can_be_called_off(client_of, state, actors):
    pushing.push([state.id], actor=actors.admin, queued=False)
    found = db.session.scalars(select(EdFiPush)).one()
    client = client_of("admin")
    client.post("/edfi-pushes/actions/cancel", data={"id": found.id, "_stage": "do"})
    db.session.expire_all()
    assert found.status is EdFiPushStatus.CANCELLED


def test_the_rest_of_the_api(app, client_of, pushed, state, actors):
    from tests.api.conftest import Caller, token_of

    api = Caller(app.test_client(), token_of(app, "admin"))
    told = api.get("/edfi").json
    assert {each["resource"]: each["records"] for each in told["resources"]}["students"] == 2
    assert ("CountryDescriptor", "Atlantis") in {(each["descriptor"], each["value"]) for each in told["unmapped"]}
    problems = api.get("/edfi/problems").json
    assert problems["complete"] is True
    assert "birthDate" in {each["field"] for each in problems["items"]}
    assert api.get("/edfi/export.zip").mimetype == "application/zip"
    answer = api.post(
        "/edfi-servers", {"name": "B", "base_url": "https://b.example", "client_id": "c", "secret": "Zz9s"}
    )
    assert answer.status_code == 201
    assert "Zz9s" not in answer.text
    key = answer.json["id"]
    assert "secret" not in api.get(f"/edfi-servers/{key}").json
    assert api.patch(f"/edfi-servers/{key}", {"client_id": "d"}).status_code == 422
    assert api.patch(f"/edfi-servers/{key}", {"client_id": "d", "secret": "x"}).status_code == 200
    assert api.post(f"/edfi-servers/{key}/actions/deactivate").status_code == 200
    assert api.post(f"/edfi-servers/{key}/actions/push").status_code == 409
    assert api.delete(f"/edfi-servers/{key}").status_code == 204
    log = api.get(f"/edfi-push-items?f=push:is:{pushed.id}").json
    assert {each["outcome"] for each in log["items"]} >= {"refused", "invalid", "blocked"}
    assert api.post(f"/edfi-servers/{state.id}/actions/push", {"dry_run": True}).status_code == 200
    assert len(db.session.scalars(select(EdFiPush)).all()) == 1
    uri = {"descriptor": "SexDescriptor", "value": "W", "uri": "uri://x.example/SexDescriptor#W"}
    assert api.post("/descriptor-mappings", uri).status_code == 201
    assert api.post("/descriptor-mappings", uri).status_code == 409
    assert db.session.scalars(select(DescriptorMapping.uri).where(DescriptorMapping.value == "W")).all() == [uri["uri"]]


def test_a_second_server_of_the_same_name(client_of, state, actors):
    with pytest.raises(Exception, match="already"):
        connection("https://c.example", actor=actors.admin)
