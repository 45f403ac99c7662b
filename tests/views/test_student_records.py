"""The screens and the API of student records."""

from __future__ import annotations

import io
import zipfile

import pytest
from sqlalchemy import text

from app.extensions import db
from app.services.records import creation
from tests.factories.records import STUDENT, enrollment

TERM = {"title": "A", "type": "term", "end_date": "2026-01-01", "school_year": "2026"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def one(db_session, actors):
    made = enrollment()
    creation.create_records(made, actor=actors.guardian)
    return made


def test_the_page_of_a_student_has_the_records(client_of, one):
    page = client_of("admissions").get(f"/students/{one.student_id}").text
    for shown in (one.enrollment_code.replace("ENROLL", "STU"), "First grade", "Maj Ångström", "zoe.angstrom."):
        assert shown in page
    assert "At schools" not in client_of("staff").get(f"/students/{one.student_id}").text


def test_the_roster_has_people_and_their_agents(client_of, one):
    client = client_of("admissions")
    key = db.session.scalar(text("SELECT id FROM oneroster_users WHERE role = 'guardian'"))
    assert "Zoë Ångström" in client.get(f"/oneroster-users/{key}").text
    assert "Zoë" in client.get("/oneroster-users/?q=zoe").text


def test_a_failure_is_shown_and_retried(client_of, db_session, actors):
    made = enrollment(student=STUDENT | {"last_name": ""})
    creation.create_records(made, actor=actors.guardian)
    client = client_of("admissions")
    assert "last_name is missing" in client.get("/record-creation/").text
    assert "1 still cannot be made" in client.post("/record-creation/retry", follow_redirects=True).text
    db_session.execute(text('UPDATE enrollment_steps SET data = data || \'{"last_name": "Ek"}\' WHERE step = 4'))
    db_session.commit()
    assert "1 set of records made" in client.post("/record-creation/retry", follow_redirects=True).text


@pytest.mark.parametrize("name", ["staff", "coach", "guardian", "teacher", "student"])
def test_nobody_else_sees_them(client_of, one, name):
    client = client_of(name)
    addresses = (
        "/record-creation/",
        "/guardians/",
        "/oneroster-users/",
        f"/students/{one.student_id}/personal-data.zip",
    )
    for url in addresses:
        assert client.get(url, headers=JSON).status_code in (403, 404), url
    assert client.post("/record-creation/retry", headers=JSON).status_code == 403


def test_personal_data_is_a_zip(client_of, one):
    answer = client_of("admissions").get(f"/students/{one.student_id}/personal-data.zip")
    assert answer.mimetype == "application/zip" and answer.headers["Cache-Control"] == "no-store"
    assert zipfile.ZipFile(io.BytesIO(answer.data)).namelist() == ["data.json"]


@pytest.mark.parametrize(
    ("url", "values", "told"),
    [
        ("/organizations/new", {"name": "A", "identifier": "B", "type": "x"}, "Choose one"),
        ("/organizations/new", {"name": "A", "identifier": "B", "type": "school", "school_id": "9" * 30}, "at most"),
        ("/organizations/new", {"name": "A", "identifier": "B", "type": "school", "grades": "99"}, "Choose one"),
        ("/organizations/new", {"name": "a\0", "identifier": "B", "type": "school"}, "cannot be stored"),
        ("/organizations/new", {"name": "A", "identifier": "B", "type": "school", "parent_id": "x"}, "Choose one"),
        ("/terms/new", TERM | {"start_date": "2026-09-01"}, "after"),
        ("/terms/new", TERM | {"start_date": "soon", "school_year": "99999"}, "date"),
        ("/guardians/new", {"first_name": "A", "last_name": "B", "phone": "1"}, "too short"),
        ("/guardians/new", {"first_name": "A", "last_name": "B", "user_id": "99999999999999"}, "Choose one"),
        ("/school-associations/new", {"entry_grade_level_descriptor": "14"}, "required"),
        ("/student-guardians/new", {"student_id": "x", "guardian_id": "x"}, "Choose one"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_the_field(client_of, db_session, url, values, told):
    answer = client_of("admissions").post(url, data=values)
    assert answer.status_code == 422 and told in answer.text


def test_a_merge_has_a_preview_and_an_undo(client_of, one):
    from tests.factories.students import student

    into, client = student(), client_of("admissions")
    gone = db.session.execute(
        text("SELECT first_name || ' ' || last_name AS name, phone FROM students WHERE id = :id"),
        {"id": one.student_id},
    ).one()
    url, data = f"/students/actions/merge?id={one.student_id}", {"id": str(one.student_id), "into_id": str(into.id)}
    assert client.post(url, data=data | {"_stage": "preview"}).status_code == 200
    assert db.session.scalar(text("SELECT count(*) FROM student_merges")) == 0
    done = client.post(url, data=data | {"_stage": "do"})
    assert "Undo" in done.text
    assert f'data-to="/students/{into.id}"' in done.text, "who may not restore has no page of the duplicate"
    page = client.get(f"/students/{into.id}").text
    panel = page[page.index("Merged into this student") :]
    assert gone.name in panel and (gone.phone or "") in panel
    assert f"/students/actions/undo_merge?id={into.id}" in page
    merge = db.session.scalar(text("SELECT id FROM student_merges"))
    assert client.post(f"/students/actions/merge/undo?batch={merge}", data={"batch": str(merge)}).status_code == 200
    assert db.session.scalar(text("SELECT undone_at IS NOT NULL FROM student_merges"))
    assert client.post(url, data=data | {"into_id": "x", "_stage": "do"}).status_code == 422
