"""The front page: what each role has to do today."""

from __future__ import annotations

import re
from datetime import time, timedelta

import pytest
from sqlalchemy import event, text

from app.extensions import db
from app.models.enrollments import EnrollmentStatus
from app.models.roster import PublishedShift
from app.models.test_sessions import TestSessionStatus
from app.models.venues import Venue
from app.policies.roles import Role
from app.services import accounts, school, today
from app.services.classroom import requests
from app.services.enrollments import documents, invitations, progress
from app.services.test_sessions import ahead
from tests.factories import assistants, courses, enrollments, roster, seating
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


def statements(client):
    """What a page says to the database, after one that filled what is remembered."""
    said = []
    client.get("/")

    def note(*given):
        said.append(given[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert client.get("/").status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return [statement for statement in said if "SAVEPOINT" not in statement]


def test_at_most_ten_statements(client_of, actors, place):
    place.admit([place.tuesday])
    for _number in range(30):
        lead(owner_id=actors.admin.id, follow_up_date=school.today() - timedelta(days=1))
    pages = statements(client_of("admin"))
    assert len(pages) <= 10, pages


def test_at_most_ten_statements_for_those_who_have_every_kind_of_work(client_of, actors):
    for step in (2, 4, 5, 6):
        enrollments.enrollment_at(step)
    enrollments.invitation()
    seating.registered(session_ahead(), 3)
    for who in ("coach", "admissions", "exam_officer"):
        pages = statements(client_of(who))
        assert len(pages) <= 10, (who, pages)


def test_what_waits_for_a_coach_are_their_own_families(client_of, actors):
    talk, decided = enrollments.enrollment_at(2), enrollments.enrollment_at(4)
    asked = enrollments.enrollment_at(4, student_last_name="Undecided")
    asked.coach_decision = asked.decided_at = None
    db.session.commit()
    sent = enrollments.invitation()
    invitations.revoke([enrollments.invitation().id], actor=actors.coach)
    page = client_of("coach").get("/").text
    waiting = [figure(page, label) for label in ("Families to talk to", "To decide", "Invitations without an answer")]
    assert waiting == ["1", "1", "1"]
    for url in (f"/enrollments/{talk.id}", f"/enrollments/{asked.id}", f"/enrollment-invitations/{sent.id}"):
        assert f'href="{url}"' in page
    assert f'href="/enrollments/{decided.id}"' not in page.partition("Unread notices")[0]
    assert "Enrollments by step" in page
    assert 'href="/enrollment-invitations/new"' in page
    assert "Documents to check" not in page
    person = {"email": "coach2@school.example", "first_name": "Cleo", "last_name": "Second"}
    accounts.create_account(username="coach2", roles=[Role.COACH.value], **person, actor=actors.super_admin)
    other = client_of("coach2").get("/").text
    assert figure(other, "Families to talk to") == "0"
    assert "Nothing waits for you" in other
    for each in (talk, asked):
        assert str(each.id) not in other


def test_what_waits_for_the_enrollment_office(client_of, actors):
    paid = enrollments.enrollment_at(6)
    enrollments.enrollment_at(7)
    page = client_of("admissions").get("/").text
    sent = db.session.scalar(text("SELECT count(*) FROM enrollment_documents WHERE status = 'submitted'"))
    assert figure(page, "Documents to check") == str(sent) != "0"
    assert (figure(page, "Deposits to come"), figure(page, "Records missing")) == ("1", "0")
    assert f'href="/enrollments/{paid.id}"' in page
    assert "Families to talk to" not in page
    for link in re.findall(r'href="(/enrollment[^"?]*\?[^"]*)"', page):
        assert "is not understood" not in client_of("admissions").get(link.replace("&amp;", "&")).text
    for who in ("guardian", "staff", "teacher", "exam_officer"):
        assert "Documents to check" not in client_of(who).get("/").text


def test_what_nobody_can_do_any_more_waits_for_nobody(client_of, actors):
    """A file that another replaced cannot be verified, and a family that withdrew needs no records and no check of its
    papers.
    """
    made, guardian = enrollments.enrollment_at(5), enrollments.actor("guardian")
    kind = progress.types_wanted()[0].code
    for number in range(2):
        content = enrollments.PDF + b"%d" % number
        waits = documents.upload(made.id, kind, enrollments.file(content=content), actor=guardian)
    gone = enrollments.enrollment_at(5)
    documents.upload(gone.id, kind, enrollments.file(), actor=guardian)
    gone.status, gone.records_due_since = EnrollmentStatus.WITHDRAWN, school.now()
    db.session.commit()
    page = client_of("admissions").get("/").text
    assert (figure(page, "Documents to check"), figure(page, "Records missing")) == ("1", "0")
    [link] = re.findall(r'href="(/enrollment-documents/\?[^"]*)"', page)
    listed = client_of("admissions").get(link.replace("&amp;", "&")).text
    assert set(re.findall(r'href="/enrollment-documents/([0-9a-f-]{36})"', listed)) == {str(waits.id)}


def session_ahead(**values):
    return seating.session(seating.venue(), session_date=school.today() + timedelta(days=3), **values)


def test_the_next_tests_of_an_exam_officer_and_what_they_lack(client_of, actors):
    short, waits, done = session_ahead(), session_ahead(), session_ahead(start_time=time(8))
    gone = session_ahead(status=TestSessionStatus.CANCELLED)
    past = seating.session(seating.venue(), session_date=school.today() - timedelta(days=1))
    seating.room(db.session.get_one(Venue, waits.venue_id), 5)
    at = seating.room(db.session.get_one(Venue, done.venue_id), 5)
    seating.registered(short, 1)
    seating.registered(waits, 2)
    seating.allocation(done, at, seating.registered(done, 1)[0], "1")
    page = client_of("exam_officer").get("/").text
    assert (figure(page, "Registered, without a seat"), figure(page, "Past, not completed")) == ("3", "1")
    assert "1 seat too few" in page
    assert "2 without a seat" in page
    assert "Everybody has a seat" in page
    assert page.index(done.code) < page.index(short.code)
    assert gone.code not in page
    assert past.code not in page
    assert "Seats by session" in page
    for who in ("staff", "coach", "assistant"):
        assert "Next tests" not in client_of(who).get("/").text


def test_tests_beyond_those_that_are_shown_count(client_of, actors):
    for _each in range(ahead.MOST + 1):
        seating.registered(session_ahead(), 1)
    page = client_of("exam_officer").get("/").text
    assert figure(page, "Registered, without a seat") == str(ahead.MOST + 1)
    assert f'Next tests</h2><span class="pill ">{ahead.MOST + 1}</span>' in page


def test_an_exam_officer_without_tests(client_of, actors):
    page = client_of("exam_officer").get("/").text
    assert "No tests to come" in page
    assert 'href="/test-sessions/new"' in page
    assert "Seats by session" not in page


def test_the_shifts_of_an_assistant(client_of, actors):
    assert "No shifts to come" in client_of("assistant").get("/").text
    mine, week = assistants.assistant(user_id=actors.assistant.id), roster.roster(published_at=school.now())
    day = school.midnight(school.today() + timedelta(days=2))
    course = courses.course()
    for who, starts in ((mine, 9), (mine, 200), (assistants.assistant(), 12)):
        start = day + timedelta(hours=starts)
        db.session.add(
            PublishedShift(
                roster_id=week.id,
                assistant_id=who.id,
                course_id=course.id,
                starts_at=start,
                ends_at=start + timedelta(minutes=90),
                place="Library",
            )
        )
    db.session.commit()
    page = client_of("assistant").get("/").text
    assert (figure(page, "Shifts left today"), figure(page, "Hours in the next seven days")) == ("0", "1.5")
    assert page.count("Library") == 2
    assert "Your hours by day" in page
    assert 'href="/me/assistant/availability"' in page
    assert "Your next shifts" not in client_of("student").get("/").text


def test_the_side_bar_leads_to_no_record_that_one_does_not_have(client_of, db_session, actors):
    """A Super Admin holds every permission, and is no student and no assistant for it."""
    own = ('href="/me/student"', 'href="/me/assistant"')
    root = client_of("super_admin").get("/").text
    assert not [link for link in own if link in root]
    assert 'href="/operations/"' in root
    assert own[0] in client_of("student").get("/").text
    assert own[1] in client_of("assistant").get("/").text


FOLDED = re.compile(r'data-fold(?: data-kept)? aria-expanded="false"')


def test_what_a_browser_says_of_the_menu_is_only_looked_at(client_of):
    """The section in which one is stays open; what makes no sense folds nothing."""
    staff = client_of("staff")
    for said, folded in (("0.1.99", 2), ("", 0), ("x.-1.1e3.\u0661", 0), ("1" * 4000, 0), ("0", 1)):
        staff.set_cookie("folded", said)
        page = staff.get("/students/")
        assert page.status_code == 200 and len(FOLDED.findall(page.text)) == folded
    staff.set_cookie("folded", "0")
    assert not FOLDED.search(staff.get("/").text)
