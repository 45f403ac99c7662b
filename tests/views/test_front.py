"""The front page: what each role has to do today."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from app.extensions import db
from app.services import school, today
from app.services.classroom import requests
from tests.factories import courses
from tests.factories.classroom import School, classes, day_after, to_today
from tests.factories.leads import lead


@pytest.fixture
def place(actors):
    return School(actors.admin)


def figure(page: str, label: str) -> str:
    """The number on the card with this label."""
    found = re.search(rf'figure-label">{label}</span><span class="figure-value">([^<]*)<', page)
    assert found, f"no figure {label}"
    return found[1].strip()


def test_the_classes_of_today_for_those_who_give_or_look_after_them(client_of, place):
    row = to_today(classes(place.admit([place.tuesday], account="student").id)[0])
    link = f'href="/classroom/{row.classroom_slot_id}/{row.class_date}"'
    for who, title in (("staff", "Classes today"), ("admin", "Classes today"), ("teacher", "Your classes today")):
        page = client_of(who).get("/").text
        assert title in page
        assert link in page
    assert link not in client_of("teacher2").get("/").text
    assert "Classes today" not in client_of("student").get("/").text


def test_a_closed_day_says_why(client_of, place):
    courses.closure(school.today(), reason="Snow")
    page = client_of("staff").get("/").text
    assert "No classes today" in page
    assert "Closed: Snow" in page


def test_a_students_next_classes(client_of, place):
    place.admit([place.tuesday], account="student")
    page = client_of("student").get("/").text
    assert "Your next classes" in page
    assert place.course.name in page
    assert "Your next classes" not in client_of("teacher").get("/").text


def test_what_waits_for_an_admin(client_of, actors, place):
    row = classes(place.admit([place.tuesday], account="student").id)[0]
    requests.request(
        {"attendance_id": row.id, "requested_slot_id": place.friday.id, "requested_date": day_after(4), "reason": "x"},
        actor=actors.student,
    )
    to_today(classes(place.admit([place.friday]).id)[0], days_ago=1)
    counts = today.waiting(actors.admin, "all")
    assert (counts["requests"], counts["unpaid"], counts["unmarked"]) == (1, 2, 1)
    page = client_of("admin").get("/").text
    assert (figure(page, "Requests to move"), figure(page, "Open payments")) == ("1", "2")
    assert figure(client_of("teacher").get("/").text, "Classes not marked") == "1"
    assert today.waiting(actors.student, "mine") == {}
    db.session.execute(text("UPDATE admissions SET status = 'cancelled'"))
    assert today.waiting(actors.admin, "all")["unpaid"] == 0


def test_follow_ups_are_counted_once_and_shown_in_part(client_of, actors):
    for number in range(10):
        lead(first_name=f"Late{number}", owner_id=actors.staff.id, follow_up_date=school.today() - timedelta(days=1))
    counts = today.waiting(actors.staff, "mine")
    assert (counts["overdue"], counts["today"]) == (10, 0)
    page = client_of("staff").get("/").text
    assert figure(page, "Overdue") == "10"
    assert len(set(re.findall(r"Late\d", page))) == 8


def test_at_most_ten_statements(client_of, actors, place):
    place.admit([place.tuesday])
    for _number in range(30):
        lead(owner_id=actors.admin.id, follow_up_date=school.today() - timedelta(days=1))
    admin, said = client_of("admin"), []
    admin.get("/")

    def note(*given):
        said.append(given[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert admin.get("/").status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    pages = [statement for statement in said if "SAVEPOINT" not in statement]
    assert len(pages) <= 10, pages


def test_the_side_bar_leads_to_no_record_that_one_does_not_have(client_of, db_session, actors):
    """A Super Admin holds every permission, and is no student and no assistant for it."""
    own = ('href="/me/student"', 'href="/me/assistant"')
    root = client_of("super_admin").get("/").text
    assert not [link for link in own if link in root]
    assert 'href="/operations/"' in root
    assert own[0] in client_of("student").get("/").text
    assert own[1] in client_of("assistant").get("/").text
