from __future__ import annotations

from io import BytesIO

from sqlalchemy import select

from app.extensions import db
from app.models.imports import Import
from app.services import imports
from tests.api.conftest import Caller, token_of
from tests.factories import bundles


def upload(caller, content):
    return caller.post("/oneroster-imports", data={"file": (BytesIO(content), "bundle.zip")})


def test_a_bundle_is_uploaded_checked_and_confirmed(committed_app):
    app = committed_app
    with app.app_context():
        office, other, staff = (
            Caller(app.test_client(), token_of(app, name)) for name in ("admissions", "admin", "staff")
        )
    assert upload(staff, bundles.bundle(bundles.rows())).status_code == 403
    assert office.post("/oneroster-imports", json={}).status_code == 415
    made = upload(office, bundles.bundle(bundles.rows()))
    assert made.status_code == 201, made.json
    url = made.headers["Location"]
    assert office.post(f"{url}/confirm").status_code == 409
    with app.app_context():
        assert imports.check(db.session.scalars(select(Import.id)).one())
    checked = office.get(url).json
    assert (checked["status"], checked["new_rows"], checked["total_rows"]) == ("checked", 18, 18)
    assert {line["file"]: line["new"] for line in checked["sample"]}["users.csv"] == 4
    assert office.get(f"{url}/issues").json["items"] == []
    assert office.get(f"{url}/template.csv").status_code == 404
    assert office.post(f"{url}/undo").status_code == 404
    assert office.post(f"{url}/confirm?remove=perhaps").status_code == 422
    assert office.post(f"{url}/confirm").json["status"] == "confirmed"
    assert office.post(f"{url}/confirm").json["status"] == "confirmed"
    with app.app_context():
        assert imports.carry_out(db.session.scalars(select(Import.id)).one())
    assert other.get(url).json["status"] == "done"
    assert other.get(url.replace("oneroster", "lead")).status_code == 404


def test_faults_name_their_file(committed_app):
    app = committed_app
    with app.app_context():
        office = Caller(app.test_client(), token_of(app, "admissions"))
    files = bundles.rows()
    files["users.csv"][0] |= {"grades": "9"}
    url = upload(office, bundles.bundle(files)).headers["Location"]
    with app.app_context():
        assert imports.check(db.session.scalars(select(Import.id)).one())
    issue = office.get(f"{url}/issues").json["items"][0]
    assert (issue["file"], issue["line"], issue["column"], issue["value"]) == ("users.csv", 2, "grades", "9")
    assert office.post(f"{url}/confirm").status_code == 409
    assert b"users.csv,2,grades,9" in office.get(f"{url}/report.csv").data
