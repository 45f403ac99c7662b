"""OneRoster on the screen and on our own API: exports, and the programs that read the roster."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest

from app.extensions import db
from app.models.oneroster import OAuthClient, OneRosterExport
from app.services import sessions
from app.services.oneroster.oauth.clients import NO_SECRET, digest
from tests.conftest import sign_in, work_off
from tests.factories.oneroster import roster


def test_an_export_is_asked_for_written_and_downloaded(committed_app):
    with committed_app.app_context():
        roster(sessions.system())
        client = sign_in(committed_app.test_client(), "admissions")
        page = client.get("/oneroster-exports/new").text
        assert "OneRoster 1.2" in page
        asked = client.post("/oneroster-exports/new", data={"version": "1.2", "mode": "bulk"})
        assert asked.status_code == 302
        address = asked.headers["Location"]
        waiting = client.get(address).text
        assert "The bundle is being written" in waiting and "/file" not in waiting
        assert client.get(f"{address}/status").json == {"state": "queued", "reload": False}
        assert client.get(f"{address}/file").status_code == 409
        db.session.remove()
    work_off(committed_app)
    done = client.get(address).text
    assert "users.csv" in done and "None" not in re.sub("<[^>]+>", "", done)
    assert client.get(f"{address}/status").json == {"state": "done", "reload": True}
    answer = client.get(f"{address}/file")
    assert answer.mimetype == "application/zip" and answer.headers["Content-Disposition"].endswith('.zip"')
    with zipfile.ZipFile(io.BytesIO(answer.data)) as bundle:
        assert "Zoë" in bundle.read("users.csv").decode()


def test_what_stands_against_a_bundle_is_told(committed_app):
    with committed_app.app_context():
        client = sign_in(committed_app.test_client(), "admin")
        address = client.post("/oneroster-exports/new", data={"version": "1.1", "mode": "bulk"}).headers["Location"]
        db.session.remove()
    work_off(committed_app)
    page = client.get(address).text
    assert "Refused" in page and "There is no school yet" in page and "/file" not in page


@pytest.mark.parametrize(
    "data",
    [
        {"version": "2.0", "mode": "bulk"},
        {"version": "1.2", "mode": "some"},
        {"version": "1.2", "mode": "delta"},
        {"version": "1.2", "mode": "delta", "since": "9999-99-99T00:00"},
        {"version": "1.2", "mode": "delta", "since": "2199-01-01T00:00"},
        {"version": "1\0", "mode": "bulk"},
    ],
)
def test_a_wrong_wish_is_refused_at_the_field(client_of, data):
    answer = client_of("admin").post("/oneroster-exports/new", data=data)
    assert answer.status_code == 422
    assert db.session.query(OneRosterExport).count() == 0


@pytest.mark.parametrize("key", ["x", "0" * 36, "00000000-0000-0000-0000-000000000000"])
def test_unknown_exports_are_not_found(client_of, key):
    client = client_of("admin")
    assert {client.get(f"/oneroster-exports/{key}{end}").status_code for end in ("", "/status", "/file")} == {404}


def test_a_client_is_made_and_its_secret_shown_once(client_of):
    client = client_of("admin")
    asked = client.post("/oauth-clients/new", data={"name": "Platform", "scopes": ["roster"], "active": "1"})
    assert asked.status_code == 302
    made = db.session.query(OAuthClient).one()
    assert made.secret_hash == NO_SECRET
    shown = client.post(
        "/oauth-clients/actions/new_secret", data={"id": str(made.id), "_stage": "do"}, follow_redirects=True
    ).text
    found = re.search(r"secret ([\w-]{43})", shown)
    db.session.expire_all()
    assert found is not None and digest(found[1]) == db.session.query(OAuthClient).one().secret_hash
    for page in (asked.headers["Location"], "/oauth-clients/", f"/oauth-clients/{made.id}/history"):
        assert found[1] not in client.get(page).text


def test_a_client_without_scopes_is_refused(client_of):
    answer = client_of("admin").post("/oauth-clients/new", data={"name": "Platform"})
    assert answer.status_code == 422 and db.session.query(OAuthClient).count() == 0


def test_only_admins_see_clients(client_of):
    statuses: dict[str, Any] = {
        name: client_of(name).get("/oauth-clients/").status_code for name in ("admin", "admissions", "staff", "teacher")
    }
    assert statuses == {"admin": 200, "admissions": 403, "staff": 403, "teacher": 403}
