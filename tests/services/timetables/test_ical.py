"""Feeds: RFC 5545 as calendars read it, and addresses that end."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from sqlalchemy import text

from app.extensions import db
from app.services import accounts, school
from app.services.errors import NotFound, WrongState
from app.services.timetables import ClassEntry, feeds, ical
from tests.factories import courses
from tests.factories.admissions import admission
from tests.factories.students import student

START = datetime(2026, 3, 31, 15, 0, tzinfo=UTC)
TRICKY = st.text(
    st.one_of(st.sampled_from(",;:\\\n\t\"'=^ "), st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"])),
    max_size=200,
)


def entry(**values):
    known = {
        "key": "attendance-1",
        "slot_id": uuid.UUID(int=1),
        "day": date(2026, 3, 31),
        "starts_at": START,
        "ends_at": START + timedelta(hours=1),
        "course": "Piano",
        "teacher": "Ada",
        "room": "",
        "status": "scheduled",
        "revision": 3,
        "changed_at": START,
    }
    return ClassEntry(**known | values)


def events(content):
    return list(Calendar.from_ical(content).walk("VEVENT"))


@given(course=TRICKY, teacher=TRICKY, room=TRICKY, name=TRICKY)
def test_any_text_comes_back_as_it_was(app, course, teacher, room, name):
    with app.app_context():
        content = ical.calendar(name, [entry(course=course, teacher=teacher, room=room)])
    calendar = Calendar.from_ical(content)
    [event] = calendar.walk("VEVENT")
    assert str(event["summary"]) == course
    assert str(event["description"]) == f"Teacher: {teacher}"
    assert str(event.get("location", "")) == room
    assert b"\r\nX-WR-CALNAME:" in content
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "course", ["Café, 5; \\ \n 🎻", "עברית וערבית مدرسة", "A" * 300, "a\r\nBEGIN:VEVENT\r\nb\x00\x07"]
)
def test_no_text_breaks_out(app, course):
    with app.app_context():
        content = ical.calendar("x", [entry(course=course)])
    assert len(events(content)) == 1


def test_what_calendars_ask_for(app):
    with app.app_context():
        content = ical.calendar("Classes", [entry(), entry(key="attendance-2", cancelled=True)])
    calendar = Calendar.from_ical(content)
    assert (calendar["version"], calendar["method"]) == ("2.0", "PUBLISH")
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H" in content
    first, second = events(content)
    assert first["uid"] == "attendance-1@localhost"
    assert (first["sequence"], first["status"], second["status"]) == (3, "CONFIRMED", "CANCELLED")
    for line in (b"DTSTART:20260331T150000Z", b"DTEND:20260331T160000Z", b"DTSTAMP:20260331T150000Z"):
        assert line in content


@pytest.fixture
def planned(db_session, actors):
    teacher = accounts.find("teacher")
    slot = courses.slot(courses.course([teacher], name="Piano"), teacher, 1, "16:00", room="Blue")
    learner = student(user_id=actors.student.id, first_name="Sol", last_name="Okoye")
    return admission([slot], actor=actors.admin, student_id=learner.id)


def fetch(client, token, **headers):
    return client.get(f"/calendar/{token}.ics", headers=headers)


def test_a_student_subscribes_and_revokes(app, actors, planned, client_of):
    feed, token = feeds.create("Phone", actor=actors.student)
    client = client_of("public")
    answer = fetch(client, token)
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"].startswith("private")
    assert "Set-Cookie" not in answer.headers
    assert len(events(answer.data)) == 12
    assert fetch(client, token, **{"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert token not in str(db.session.execute(text("SELECT * FROM calendar_feeds")).all())
    for other in (token + "x", token[:-1], "x"):
        assert fetch(client, other).status_code == 404
    with pytest.raises(NotFound):
        feeds.revoke(feed.id, actor=actors.staff)
    feeds.revoke(feed.id, actor=actors.student)
    gone = fetch(client, token)
    assert gone.status_code == 404
    assert "Set-Cookie" not in gone.headers


def test_signed_in_or_not_the_feed_touches_no_cookie(actors, planned, client_of):
    _feed, token = feeds.create("", actor=actors.student)
    assert "Set-Cookie" not in fetch(client_of("staff"), token).headers


def test_a_moved_and_a_cancelled_class_are_updated(actors, planned):
    _feed, token = feeds.create("", actor=actors.student)
    before = {event["uid"]: event for event in events(feeds.read(token, "127.0.0.1").content)}
    keys = list(db.session.scalars(text("SELECT id FROM attendance ORDER BY starts_at LIMIT 2")))
    move = "UPDATE attendance SET starts_at = starts_at + interval '1 hour', ends_at = ends_at + interval '1 hour',"
    db.session.execute(text(f"{move} revision = revision + 1 WHERE id = :id"), {"id": keys[0]})
    db.session.execute(text("UPDATE attendance SET deleted_at = now() WHERE id = :id"), {"id": keys[1]})
    after = {event["uid"]: event for event in events(feeds.read(token, "127.0.0.1").content)}
    assert after.keys() == before.keys(), "the same classes, by the same names"
    moved, cancelled = (f"attendance-{key}@localhost" for key in keys)
    assert after[moved]["sequence"] == before[moved]["sequence"] + 1
    assert after[moved].decoded("dtstart") - before[moved].decoded("dtstart") == timedelta(hours=1)
    assert after[cancelled]["status"] == "CANCELLED"
    assert after[cancelled]["sequence"] > before[cancelled]["sequence"]


def test_a_teacher_sees_each_class_once_with_its_students(actors, planned):
    slot_id = db.session.scalar(text("SELECT classroom_slot_id FROM attendance LIMIT 1"))
    slot = db.session.get(courses.ClassroomSlot, slot_id)
    admission([slot], actor=actors.admin, student_id=student(first_name="Ana", last_name="Lim").id)
    _feed, token = feeds.create("", actor=actors.teacher)
    found = events(feeds.read(token, "127.0.0.1").content)
    assert len(found) == 12
    assert "Students: Ana Lim\\, Sol Okoye" in found[0].to_ical().decode().replace("\r\n ", "")
    twin = student(first_name="Ana", last_name="Lim")
    admission([slot], actor=actors.admin, student_id=twin.id)
    _feed, token = feeds.create("", actor=actors.teacher)
    found = events(feeds.read(token, "127.0.0.1").content)
    assert "Students: Ana Lim\\, Ana Lim\\, Sol Okoye" in found[0].to_ical().decode().replace("\r\n ", "")
    _other, token = feeds.create("", actor=actors.teacher2)
    assert events(feeds.read(token, "127.0.0.1").content) == []


def test_an_inactive_account_has_no_feed(actors, planned):
    _feed, token = feeds.create("", actor=actors.student)
    db.session.execute(text("UPDATE ab_user SET active = false WHERE username = 'student'"))
    with pytest.raises(NotFound):
        feeds.read(token, "127.0.0.1")


def test_there_are_not_too_many_addresses(actors):
    for _number in range(feeds.MOST_FEEDS):
        feeds.create("", actor=actors.student)
    with pytest.raises(WrongState):
        feeds.create("", actor=actors.student)


def test_own_pages_show_own_classes(actors, planned, client_of):
    day = db.session.scalar(text("SELECT min(class_date) FROM attendance"))
    for name, seen in (("student", True), ("teacher", True), ("teacher2", False)):
        for show in ("", "&show=list"):
            page = client_of(name).get(f"/timetable/?day={day}{show}")
            assert page.status_code == 200
            assert ("Piano" in page.text) is seen, (name, show)
    assert "Sol Okoye" in client_of("teacher").get(f"/timetable/?day={day}").text
    assert client_of("student").get("/timetable/?day=9999-99-99").status_code == 200
    learner = db.session.scalar(text("SELECT student_id FROM attendance LIMIT 1"))
    assert "Piano" in client_of("staff").get(f"/students/{learner}/timetable?day={day}").text
    assert client_of("staff").get(f"/students/{uuid.uuid4()}/timetable").status_code == 404
    teacher = actors.teacher.id
    assert "Sol Okoye" in client_of("admin").get(f"/timetable/teachers/{teacher}?day={day}").text
    assert client_of("admin").get(f"/timetable/teachers/{actors.staff.id}").status_code == 404
    assert school.today()
