"""Enrollment over the API: the six steps of a family, files, and what others are refused."""

from __future__ import annotations

import io

import pytest

from tests.api.conftest import token_of
from tests.factories import enrollments as make


@pytest.fixture(autouse=True)
def uploads(app, tmp_path, monkeypatch):
    monkeypatch.setitem(app.config, "UPLOADS_DIR", str(tmp_path))


@pytest.fixture
def call(app, db_session):
    def send(who, method, path, **more):
        headers = {"Authorization": f"Bearer {token_of(app, who)}"}
        return app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **more)

    return send


def test_a_family_does_its_steps(call, db_session, actors):
    found = make.enrollment()
    base = f"/me/enrollments/{found.id}"
    bad = call("guardian", "PUT", f"{base}/steps/1", json={"program_interests": ["Chess"]})
    assert bad.status_code == 422
    assert set(bad.json["fields"]) == {"program_interests", "contact_method"}
    assert call("guardian", "PUT", f"{base}/steps/1", json=make.program(program_interests="x")).status_code == 422
    done = call("guardian", "PUT", f"{base}/steps/1", json=make.program())
    assert (done.status_code, done.json["current_step"], done.json["progress"]["percent"]) == (200, 2, 16)
    assert call("guardian", "PUT", f"{base}/steps/4", json=make.student_information()).status_code == 409
    draft = call("guardian", "PATCH", f"{base}/steps/2", json={"notes": "Evenings"})
    assert draft.json["steps"][1]["data"] == {"notes": "Evenings"}
    assert [each["id"] for each in call("guardian", "GET", "/me/enrollments").json["items"]] == [str(found.id)]


def test_files_are_sent_read_and_taken_back(call, db_session, actors):
    found = make.enrollment_at(5)
    path = f"/me/enrollments/{found.id}/documents/birth_certificate"
    assert call("guardian", "POST", path, json={}).status_code == 415
    sent = call("guardian", "POST", path, data={"file": (io.BytesIO(make.PDF), "a.pdf")})
    assert sent.status_code == 201
    key = sent.json["id"]
    assert call("guardian", "GET", f"/me/enrollments/documents/{key}/file").data == make.PDF
    assert call("admissions", "GET", f"/enrollment-documents/{key}/file").data == make.PDF
    assert call("coach", "GET", f"/enrollment-documents/{key}/file").status_code == 403
    assert call("guardian", "DELETE", f"/me/enrollments/documents/{key}").status_code == 204
    assert call("guardian", "POST", path.replace("birth_certificate", "poem")).status_code in (404, 415)


def test_the_office_sees_everything_and_acts(call, db_session, actors):
    found = make.enrollment_at(6)
    record = call("admissions", "GET", f"/enrollments/{found.id}").json
    assert len(record["steps"]) == 6
    assert len(record["documents"]) == 4
    assert record["events"][-1]["type"] == "invitation_sent"
    ids = [each["id"] for each in record["documents"]]
    assert call("admissions", "POST", "/enrollment-documents/actions/verify", json={"ids": ids}).json["ok"] == 4
    paid = call(
        "admissions", "POST", f"/enrollments/{found.id}/actions/record_payment", json={**make.payment(), "paid": True}
    )
    assert paid.status_code == 200
    assert call("coach", "GET", f"/enrollments/{found.id}").json["status"] == "enrolled"
    assert call("coach", "POST", f"/enrollments/{found.id}/actions/withdraw", json={"reason": "x"}).status_code == 403


def test_another_familys_enrollment_is_not_there(call, db_session, actors):
    found = make.enrollment()
    found.guardian_id = found.coach_id = actors.admin.id
    db_session.commit()
    for who in ("guardian", "coach"):
        assert call(who, "GET", f"/me/enrollments/{found.id}").status_code in (403, 404)
    assert call("guardian", "PUT", f"/me/enrollments/{found.id}/steps/1", json=make.program()).status_code == 404
    assert call("coach", "GET", f"/enrollments/{found.id}").status_code == 404
