"""The screens of bundle imports."""

from __future__ import annotations

import io
from uuid import UUID

import pytest

from app.extensions import db
from app.services import import_run, imports
from tests.factories import bundles


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch):
    """The test's rows are in a transaction that other connections do not see."""

    def apart(statement, **values):
        return db.session.execute(db.text(statement), values).rowcount

    monkeypatch.setattr(import_run, "apart", apart)
    monkeypatch.setattr(imports, "apart", apart)
    monkeypatch.setattr(import_run.Progress, "at", lambda self, done, total: None)


def uploaded(client, content):
    answer = client.post("/oneroster-imports/new", data={"file": (io.BytesIO(content), "bundle.zip")})
    assert answer.status_code == 302, answer.text
    key = UUID(answer.location.rpartition("/")[2])
    assert "Waiting for the check" in client.get(answer.location).text
    imports.check(key)
    db.session.expire_all()
    return answer.location, key


def carried_out(key):
    assert imports.carry_out(key)
    db.session.execute(db.text("DISCARD TEMP"))  # done by the end of the transaction elsewhere
    db.session.commit()


def test_a_good_bundle(client_of):
    client = client_of("admissions")
    assert "No imports yet" in client.get("/oneroster-imports/").text
    assert "Zip file of the bundle" in client.get("/oneroster-imports/new").text
    url, key = uploaded(client, bundles.bundle(bundles.rows()))
    page = client.get(url).text
    assert "Import 18 changes" in page
    assert "What changes, by file" in page
    assert client.get(f"{url}/status").json["state"] == "checked"
    assert client.post(f"{url}/confirm").status_code == 302
    carried_out(key)
    assert "What changed, by file" in client.get(url).text
    assert "bundle.zip" in client.get("/oneroster-imports/").text
    assert client.get(f"{url}?from=٣").status_code == 200
    assert client.get(f"/lead-imports/{key}").status_code in (403, 404)


def test_a_faulty_bundle(client_of):
    client = client_of("admissions")
    files = bundles.rows()
    files["users.csv"][0] |= {"grades": "9", "email": "<b>x"}
    url, _key = uploaded(client, bundles.bundle(files))
    page = client.get(url).text
    assert "Write 09." in page
    assert "Import 18" not in page
    assert "users.csv,2,grades,9" in client.get(f"{url}/report.csv").text
    assert client.post(f"{url}/confirm").status_code == 409


def test_too_much_would_vanish(client_of):
    client = client_of("admissions")
    many = {"orgs.csv": [{"sourcedId": f"o{number}", "name": "O", "type": "school"} for number in range(9)]}
    _url, key = uploaded(client, bundles.bundle(many))
    client.post(f"{_url}/confirm")
    carried_out(key)
    url, _key = uploaded(client, bundles.bundle({"orgs.csv": many["orgs.csv"][:1]}))
    page = client.get(url).text
    assert "Import, though 8 records vanish" in page
    assert "89 % of what is stored would vanish" in page
    assert client.post(f"{url}/confirm").status_code == 422
    assert client.post(f"{url}/confirm?remove=yes").status_code == 302


def test_who_may(client_of):
    assert client_of("staff").get("/oneroster-imports/").status_code == 403
    client = client_of("admissions")
    assert client.post("/oneroster-imports/new").status_code == 422
    assert client.get("/oneroster-imports/00000000-0000-0000-0000-000000000000").status_code == 404
