"""Papers, seat notices and a student's own seats, as screens and over REST."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from app.extensions import db
from app.models.credentials import Letter
from app.models.students import Student
from app.models.test_sessions import TestSessionStatus
from app.services import accounts, own_seats, school
from app.services.timetables import ical
from tests.api.conftest import token_of
from tests.factories import seating


@pytest.fixture
def session(db_session):
    """In ten days; the student with a login sits on 1, somebody else on 2."""
    at = seating.venue(name="Town hall", address="1 Road", city="Town")
    made = seating.session(at, name="Maths", session_date=school.today() + timedelta(days=10), start_time=time(9))
    made.room, made.students = seating.room(at, 5, name="Hall"), seating.registered(made, 2)
    db.session.get_one(Student, made.students[0]).user_id = accounts.find("student").id
    for number, key in enumerate(made.students, 1):
        seating.allocation(made, made.room, key, str(number))
    return made


@pytest.mark.parametrize("paper", ["door-list", "seating-plan", "attendance-register"])
def test_papers_are_printed_by_those_who_look_after_tests(session, client_of, paper):
    url = f"/test-sessions/{session.id}/papers/{paper}.pdf"
    answer = client_of("exam_officer").get(url)
    assert answer.data.startswith(b"%PDF-")
    assert answer.mimetype == "application/pdf"
    assert f"{paper}-{session.code}.pdf" in answer.headers["Content-Disposition"]
    assert client_of("exam_officer").get(f"{url}?room={session.room.id}").status_code == 200
    assert client_of("exam_officer").get(f"{url}?room=x").status_code == 404
    assert client_of("staff").get(url).status_code == 403


def test_all_papers_and_what_there_is_not(session, client_of):
    officer = client_of("exam_officer")
    answer = officer.get(f"/test-sessions/{session.id}/papers.zip")
    assert answer.data.startswith(b"PK")
    assert officer.get(f"/test-sessions/{session.id}/papers/other.pdf").status_code == 404
    assert officer.get(f"/test-sessions/{session.room.id}/papers.zip").status_code == 404


def test_papers_over_rest(session, app):
    client, headers = app.test_client(), {"Authorization": f"Bearer {token_of(app, 'exam_officer')}"}
    url = f"/api/v1/test-sessions/{session.id}/papers"
    assert client.get(f"{url}/door-list.pdf", headers=headers).data.startswith(b"%PDF-")
    assert client.get(f"{url}.zip", headers=headers).data.startswith(b"PK")
    assert client.get(f"{url}/door-list.pdf?room=x", headers=headers).status_code == 404
    assert client.get(f"{url}/door-list.pdf").status_code == 401


def test_seat_notices_are_previewed_and_sent_from_the_page(session, client_of):
    officer = client_of("exam_officer")
    url, form = "/test-sessions/actions/send_seat_notices", {"id": str(session.id)}
    assert "1 student is written to." in officer.post(url, data=form | {"_stage": "preview"}).text
    assert db.session.query(Letter).count() == 0
    officer.post(url, data=form | {"_stage": "do"})
    assert [each.email for each in db.session.query(Letter)] == ["student@school.example"]


def test_a_student_sees_their_own_seat_and_nobody_elses(session, client_of):
    other = db.session.get_one(Student, session.students[1])
    mine = client_of("student").get("/me/seats").text
    for said in ("Maths", "Town hall, 1 Road, Town", "Hall", session.code):
        assert said in mine
    assert '<dd class="own-seat-number">1</dd>' in mine
    assert other.test_number not in mine and "None" not in mine
    assert client_of("staff").get("/me/seats").status_code == 403
    session.status = TestSessionStatus.CANCELLED
    db.session.commit()
    assert "This session does not take place." in client_of("student").get("/me/seats").text


def test_without_a_seat_or_a_test_the_page_says_so(session, client_of):
    db.session.execute(db.text("DELETE FROM room_allocations"))
    db.session.commit()
    assert "Your seat is not known yet." in client_of("student").get("/me/seats").text
    db.session.execute(db.text("DELETE FROM test_registrations"))
    db.session.commit()
    assert "No tests to come" in client_of("student").get("/me/seats").text


def test_the_page_of_a_student_shows_their_tests(session, client_of, app):
    key = session.students[0]
    for who in ("exam_officer", "student"):
        shown = client_of(who).get(f"/students/{key}").text
        assert f"Maths ({session.code})" in shown, who
    client, headers = app.test_client(), {"Authorization": f"Bearer {token_of(app, 'student')}"}
    [test] = client.get(f"/api/v1/students/{key}/overview", headers=headers).json["tests"]
    assert (test["code"], test["seat_number"]) == (session.code, "1")
    [test] = client.get("/api/v1/students/me/seats", headers=headers).json["items"]
    assert test["venue"] == "Town hall"


def calendar(actors) -> str:
    day = school.today()
    entries = own_seats.calendar(day, day + timedelta(days=30), actor=actors.student)
    return ical.calendar("Seats", entries).decode().replace("\r\n ", "")


def test_the_calendar_has_the_seat(session, actors, app):
    with app.test_request_context():
        made = calendar(actors)
        assert made.count("BEGIN:VEVENT") == 1
        assert f"UID:seat-{session.id}-{session.students[0]}@" in made
        assert "SUMMARY:Test: Maths" in made
        assert "Seat 1 in room" in made
        assert "LOCATION:Town hall\\, 1 Road\\, Town" in made
        session.status = TestSessionStatus.CANCELLED
        db.session.commit()
        assert "STATUS:CANCELLED" in calendar(actors)
        db.session.execute(db.text("DELETE FROM room_allocations"))
        assert "VEVENT" not in calendar(actors)
