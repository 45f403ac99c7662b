"""Importing accounts on the screen and by REST: upload, faults, confirmation, and who may."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.imports import Import
from app.services import accounts, import_run, import_undo, imports
from tests.api.conftest import token_of

BASE = "/account-imports"
FILE = b"username,email,roles\nnoor,noor@example.org,Staff\nbad name,,\n"


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch):
    def apart(statement, **values):
        return db.session.execute(db.text(statement), values).rowcount

    monkeypatch.setattr(import_run, "apart", apart)
    monkeypatch.setattr(imports, "apart", apart)


def upload(client, content=FILE):
    return client.post(f"{BASE}/new", data={"file": (io.BytesIO(content), "people.csv")})


def test_a_file_goes_all_the_way(client_of, actors):
    client = client_of("admin")
    form = client.get(f"{BASE}/new").text
    assert "main_portal_id" in form and "Owner of rows" not in form
    url = upload(client).location
    import_id = db.session.scalars(select(Import.id)).one()
    assert url == f"{BASE}/{import_id}"
    assert client.get(f"{url}/status").json["state"] == "queued"
    imports.check(import_id)
    page = client.get(url).text
    assert "Make 1 account<" in page and "Letters, digits" in page and "noor@example.org" in page
    assert client.post(f"{url}/confirm").status_code == 302
    imports.carry_out(import_id)
    done = client.get(url).text
    assert f"/accounts/?f=import:is:{import_id}" in done
    listed = client.get(f"/accounts/?f=import:is:{import_id}").text
    assert "noor" in listed and "staff2" not in listed
    assert b"Letters" in client.get(f"{url}/report.csv").data
    assert f"{url}/rows-to-mend.csv" in done
    mend = client.get(f"{url}/rows-to-mend.csv")
    assert mend.mimetype == "text/csv" and mend.data.decode("utf-8-sig").splitlines()[1].endswith(",bad name,,")
    assert "people.csv" in client.get(f"{BASE}/").text
    assert client.post(f"{url}/undo").status_code == 302
    asked = client.get(f"{url}/status").json
    assert (asked["reload"], asked["percent"]) == (False, None)
    assert "Being taken back" in client.get(url).text and "<progress aria-labelledby" in client.get(url).text
    import_undo.take_back(import_id)
    assert "Taken back" in client.get(url).text
    assert not accounts.find("noor").active
    assert client.get(f"{BASE}/template.csv").data.decode("utf-8-sig").startswith("username,email")


def test_an_import_is_reached_by_its_own_pages_only(client_of, actors):
    upload(client_of("admin"))
    import_id = db.session.scalars(select(Import.id)).one()
    imports.check(import_id)
    for client in (client_of("admin"), client_of("staff")):
        for path in ("", "/status", "/report.csv", "/rows-to-mend.csv"):
            assert client.get(f"/lead-imports/{import_id}{path}").status_code == 404
        for action in ("confirm", "undo"):
            assert client.post(f"/lead-imports/{import_id}/{action}").status_code == 404
    staff = client_of("staff")
    for path in (f"{BASE}/", f"{BASE}/new", f"{BASE}/{import_id}"):
        assert staff.get(path).status_code == 403
    assert accounts.find("noor") is None


def test_odd_uploads(client_of):
    client = client_of("super_admin")
    assert client.post(f"{BASE}/new", data={}).status_code == 422
    assert upload(client, b"\0\0").status_code == 302
    guess = client.post(f"{BASE}/new", data={"file": (io.BytesIO(FILE), "people.csv"), "unknown_columns": "guess"})
    assert guess.status_code == 422 and "Choose one from the list." in guess.text
    waiting = upload(client).location
    assert client.get(f"{waiting}/rows-to-mend.csv").status_code == 404, "not checked yet"
    other = FILE.replace(b"roles", b"colour").replace(b"Staff", b"red")
    form = client.get(f"{BASE}/new").text
    assert "Columns that are not known" in form and "Day first" not in form, "no column holds a day"
    left_out = {"file": (io.BytesIO(other), "people.csv"), "unknown_columns": "leave_out"}
    url = client.post(f"{BASE}/new", data=left_out).location
    imports.check(url.rpartition("/")[2])
    assert "Columns left out, as they are not known: colour." in client.get(url).text
    assert client.get(f"{BASE}/00000000-0000-0000-0000-000000000000").status_code == 404


def test_the_same_by_rest(app, actors):
    client = app.test_client()
    headers = {"Authorization": f"Bearer {token_of(app, 'admin')}"}
    api = "/api/v1/account-imports"
    made = client.post(
        api, data={"file": (io.BytesIO(FILE), "people.csv")}, headers=headers, content_type="multipart/form-data"
    )
    assert (made.status_code, made.json["resource"]) == (201, "accounts")
    url = f"{api}/{made.json['id']}"
    imports.check(db.session.scalars(select(Import.id)).one())
    shown = client.get(url, headers=headers).json
    assert (shown["status"], shown["new_rows"], shown["invalid_rows"]) == ("checked", 1, 1)
    [issue] = client.get(f"{url}/issues", headers=headers).json["items"]
    assert (issue["line"], issue["column"]) == (3, "username")
    assert client.post(f"{url}/confirm", headers=headers).json["status"] == "confirmed"
    assert client.get(f"/api/v1/lead-imports/{made.json['id']}", headers=headers).status_code == 404
    staff = {"Authorization": f"Bearer {token_of(app, 'staff')}"}
    assert client.get(url, headers=staff).status_code == 403
