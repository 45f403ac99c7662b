"""Enrollment over the API: the six steps of a family, files, and what others are refused."""

from __future__ import annotations

import io
from decimal import Decimal
from uuid import UUID

import pytest

from app.models.enrollments import EnrollmentInvitation
from app.services.enrollments import documents, invitations, progress
from app.services.enrollments.schemas import STEP_INPUTS
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


def test_a_draft_of_another_shape_is_refused_and_what_is_kept_can_be_shown(call, client_of, db_session, actors):
    found = make.enrollment_at(4)
    wrong = [
        (1, "program_interests", 5),
        (1, "program_interests", "Music"),
        (1, "program_interests", [5]),
        (1, "program_interests", {"a": 1}),
        (1, "message", ["x"]),
        (4, "races", 1),
        (4, "hispanic_latino_ethnicity", ["x"]),
        (4, "first_name", {}),
        (4, "first_name", 2**60),
        (4, "races", -2.5),
        (4, "first_name", "x" * 1001),
        (4, "races", ["x"] * 51),
        (4, "favourite_colour", "blue"),
        (4, "x\ud800", [{}]),
    ]
    for step, name, value in wrong:
        at = make.enrollment() if step == 1 else found
        answer = call("guardian", "PATCH", f"/me/enrollments/{at.id}/steps/{step}", json={name: value})
        assert (answer.status_code, list(answer.json["fields"])) == (422, [name]), (name, value)
        assert value not in progress.steps_of(at.id)[step].data.values(), "nothing is kept"
    for value in ("x", True, False, 7, -2.5, 1e300):
        single = [name for name in STEP_INPUTS[4].model_fields if name != "races"]
        draft = dict.fromkeys(single, value) | {"races": ["Martian"]}
        answer = call("guardian", "PATCH", f"/me/enrollments/{found.id}/steps/4", json=draft)
        assert answer.status_code == 200, answer.json
        kept = str(Decimal(repr(value))) if isinstance(value, float) else value
        assert answer.json["steps"][3]["data"] == dict.fromkeys(single, kept) | {"races": ["Martian"]}
        for who, page in (("guardian", f"/me/enrollments/{found.id}"), ("coach", f"/enrollments/{found.id}")):
            assert client_of(who).get(page).status_code == 200, (who, value)
        assert call("guardian", "PUT", f"/me/enrollments/{found.id}/steps/4", json=draft).status_code == 422


@pytest.mark.parametrize("value", ["x", True, 7, -2.5, "9999-99-99", "\u0663"])
@pytest.mark.parametrize(("step", "lists"), [(1, {"program_interests"}), (2, set()), (3, set()), (6, set())])
def test_whatever_is_kept_can_be_shown_to_everybody(call, client_of, db_session, actors, step, lists, value):
    found = make.enrollment_at(step)
    draft = {name: ["x"] if name in lists else value for name in STEP_INPUTS[step].model_fields}
    assert call("guardian", "PATCH", f"/me/enrollments/{found.id}/steps/{step}", json=draft).status_code == 200
    record = f"/enrollments/{found.id}"
    actions = ("complete_consultation", "set_shadow_day", "record_payment")
    dialogs = [("admissions", f"/enrollments/actions/{name}?id={found.id}") for name in actions]
    for who, page in (
        ("guardian", f"/me{record}"),
        ("coach", record),
        ("admissions", f"{record}/steps/{step}"),
        *dialogs,
    ):
        assert client_of(who).get(page).status_code == 200, page
    assert call("guardian", "PUT", f"/me{record}/steps/{step}", json=draft).status_code == 422


def test_a_coach_is_told_which_documents_are_there_and_nothing_of_the_files(call, db_session, actors):
    found = make.enrollment_at(6)
    files = {"id", "file_name", "sha256"}
    [seen] = {frozenset(each) for each in call("coach", "GET", f"/enrollments/{found.id}").json["documents"]}
    assert {"document_type", "status"} < seen
    assert not files & seen
    for who, path in (("admissions", "/enrollments"), ("guardian", "/me/enrollments")):
        assert all(files < set(each) for each in call(who, "GET", f"{path}/{found.id}").json["documents"])


@pytest.mark.parametrize("who", ["coach", "admissions"])
def test_no_answer_holds_the_link(app, call, db_session, actors, monkeypatch, who):
    """Answers are kept for repeated requests, and are in every backup."""
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://mail")
    make.hill_school()
    person = {"student_first_name": "Noor", "student_last_name": "Haddad", "guardian_email": "a@home.example"}
    made = call(who, "POST", "/enrollment-invitations", json=person | {"coach_id": actors.coach.id})
    assert made.status_code == 201
    path = f"/enrollment-invitations/{made.json['id']}"
    again = call(who, "POST", f"{path}/actions/resend", json={})
    known = make.token(db_session.get_one(EnrollmentInvitation, UUID(made.json["id"])))
    for answer in (made, again, call(who, "GET", path)):
        assert answer.status_code < 300
        assert "/enroll/" not in answer.text
        assert known not in answer.text


def test_sending_again_too_often_is_refused(call, db_session, actors, monkeypatch):
    monkeypatch.setattr(invitations, "MOST_RESENT", 2)
    found, other = make.invitation(), make.invitation()
    path = f"/enrollment-invitations/{found.id}"
    for _time in range(3):
        assert call("coach", "POST", f"{path}/actions/resend", json={"dry_run": True}).status_code == 200
    assert call("coach", "POST", f"{path}/actions/resend", json={}).status_code == 200
    assert call("coach", "PATCH", path, json={"guardian_email": "new@home.example"}).status_code == 200
    db_session.refresh(found)
    before = make.token(found)
    for answer in (
        call("coach", "POST", f"{path}/actions/resend", json={}),
        call("coach", "PATCH", path, json={"guardian_email": "other@home.example"}),
    ):
        assert (answer.status_code, answer.json["code"]) == (429, "too_many")
        assert "try again tomorrow" in answer.json["message"]
    db_session.refresh(found)
    assert (make.token(found), found.guardian_email) == (before, "new@home.example"), "the link works on"
    assert call("coach", "POST", f"/enrollment-invitations/{other.id}/actions/resend", json={}).status_code == 200


def test_sending_too_many_files_is_refused(call, db_session, actors, monkeypatch):
    monkeypatch.setattr(documents, "MOST_UPLOADS", 1)
    path = f"/me/enrollments/{make.enrollment_at(5).id}/documents/birth_certificate"
    sent = [
        call("guardian", "POST", path, data={"file": (io.BytesIO(make.PDF + each), "a.pdf")}) for each in (b"1", b"2")
    ]
    assert [each.status_code for each in sent] == [201, 429]
    assert (sent[1].json["code"], "try again in an hour" in sent[1].json["message"]) == ("too_many", True)
