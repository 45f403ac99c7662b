from __future__ import annotations

from io import BytesIO
from typing import Any

from sqlalchemy import func, select

from app.extensions import db
from app.models.imports import Import, ImportStatus
from app.models.leads import Lead
from app.services import import_undo, imports
from tests.api.conftest import Caller, token_of

HEADER = "first_name,last_name,phone,email\n"
GOOD = HEADER + "Amina,Haddad,+442079460018,amina@example.org\nOmar,Haddad,+442079460019,\n"
BAD = GOOD + "Lina,,+442079460020,\nRami,Aziz,none,nobody\n"


def upload(caller: Caller, text: str = GOOD, **form: str) -> Any:
    return caller.post("/lead-imports", data={"file": (BytesIO(text.encode()), "fair.csv"), **form})


def test_a_file_is_uploaded_checked_confirmed_and_taken_back(committed_app):
    """Progress is written on connections of its own: real commits, and the worker's step done here."""
    app = committed_app
    with app.app_context():
        staff, other = (
            Caller(app.test_client(), token_of(app, "staff")),
            Caller(app.test_client(), token_of(app, "staff2")),
        )
    made = upload(staff, BAD)
    assert made.status_code == 201 and made.json["status"] == "queued", made.json
    url = made.headers["Location"]
    assert url == f"/api/v1/lead-imports/{made.json['id']}"
    assert staff.post(f"{url}/confirm").status_code == 409, "not checked yet"
    with app.app_context():
        assert imports.check(db.session.scalars(select(Import.id)).one())
    checked = staff.get(url).json
    assert (checked["status"], checked["new_rows"], checked["invalid_rows"], checked["total_rows"]) == (
        "checked",
        2,
        2,
        4,
    )
    assert len(checked["sample"]) == 2
    issues = staff.get(f"{url}/issues").json
    assert issues["total"] == 3 and {(each["line"], each["column"]) for each in issues["items"]} == {
        (4, "last_name"),
        (5, "phone"),
        (5, "email"),
    }
    assert staff.get(f"{url}/issues?from=2").json["total"] == 3 and staff.get(f"{url}/issues?from=x").status_code == 422
    report = staff.get(f"{url}/report.csv")
    assert report.mimetype == "text/csv" and len(report.data.decode("utf-8-sig").splitlines()) == 4
    mend = staff.get(f"{url}/rows-to-mend.csv")
    assert mend.mimetype == "text/csv" and len(mend.data.decode("utf-8-sig").splitlines()) == 3
    for path in ("", "/issues", "/report.csv", "/rows-to-mend.csv"):
        assert other.get(url + path).status_code == 404, "another's import answers like an unknown one"
    assert other.post(f"{url}/confirm").status_code == 404

    assert staff.post(f"{url}/confirm").json["status"] == "confirmed"
    with app.app_context():
        assert imports.carry_out(db.session.scalars(select(Import.id)).one())
        assert db.session.scalar(select(func.count()).select_from(Lead)) == 2
    assert staff.get(url).json["status"] == "done" == staff.post(f"{url}/confirm").json["status"]
    assert [each["id"] for each in staff.get("/lead-imports").json["items"]] == [made.json["id"]] and other.get(
        "/lead-imports"
    ).json["items"] == []
    assert staff.get(f"/leads?f=import:is:{made.json['id']}").json["total"] == 2
    assert staff.post(f"{url}/undo").json["status"] == "undoing" == staff.post(f"{url}/undo").json["status"]
    with app.app_context():
        assert import_undo.take_back(db.session.scalars(select(Import.id)).one())
    assert staff.get(url).json["status"] == "undone" == staff.post(f"{url}/undo").json["status"]
    assert staff.get("/leads").json["total"] == 0


def test_uploads_that_are_refused(api, actors):
    staff = api("staff")
    assert staff.post("/lead-imports", {"file": "x"}).status_code == 415
    for sent, wrong in (({"duplicates": "skip"}, "file"), ({"duplicate": "import"}, "duplicate")):
        answer = staff("POST", "/lead-imports", data=sent, content_type="multipart/form-data")
        assert (answer.status_code, list(answer.json["fields"])) == (422, [wrong])
    assert list(upload(staff, duplicates="maybe").json["fields"]) == ["duplicates"]
    for owner in ("x", str(actors.teacher.id), str(2**31), "-1"):
        assert list(upload(staff, default_owner_id=owner).json["fields"]) == ["default_owner_id"]
    assert api("teacher").post("/lead-imports", data={}).status_code == 403
    nameless = b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"
    answer = staff.post("/lead-imports", data=nameless, content_type="multipart/form-data; boundary=x")
    assert (answer.status_code, answer.json["message"]) == (422, "A part of the form has no name.")
    too_large = staff("POST", "/lead-imports", data=b"x" * 33_000_000, content_type="multipart/form-data; boundary=x")
    assert too_large.status_code == 413 and too_large.json["code"] == "too_large"
    assert db.session.scalar(select(func.count()).select_from(Import)) == 0


def test_options(api, actors):
    staff = api("staff")
    assert upload(staff, default_owner_id="", duplicates="import").status_code == 201
    assert upload(staff, default_owner_id=str(actors.staff2.id)).status_code == 201
    found = {
        tuple(sorted((name, each.options[name]) for name in ("default_owner_id", "duplicates")))
        for each in db.session.scalars(select(Import))
    }
    assert found == {
        (("default_owner_id", None), ("duplicates", "import")),
        (("default_owner_id", actors.staff2.id), ("duplicates", "skip")),
    }
    assert {each.status for each in db.session.scalars(select(Import))} == {ImportStatus.QUEUED}


def test_the_template_can_be_imported(api):
    answer = api("staff").get("/lead-imports/template.csv")
    assert answer.status_code == 200 and b"first_name" in answer.data
