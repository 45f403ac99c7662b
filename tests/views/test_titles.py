"""Titles, dialogs and histories name people and days, as their reader has them, and no keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.classroom import ClassCredit
from app.models.notifications import NotificationDelivery, NotificationType
from app.models.roster import PublishedShift
from app.models.students import Student
from app.services import listing, lookups, school
from app.services.classroom import ledger
from app.services.notifications import Notice, notify
from app.services.resource import RESOURCES
from app.services.transaction import transactional
from tests.factories import edfi, roster, seating
from tests.factories.assistants import assistant
from tests.factories.classroom import School
from tests.factories.courses import course
from tests.factories.enrollments import invitation

LATE = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)  # the next day, in Tokyo
KEY = re.compile(r">[^<]*\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


def of_row(slug: str, actors) -> str:
    """The title of the only row of a list, made from that row alone."""
    [row] = listing.fetch(RESOURCES[slug], actors.super_admin, listing.Query(), ()).rows
    return RESOURCES[slug].title(row)


def heading(page: str) -> str:
    return re.sub("<[^>]*>", "", re.search(r"<h1.*?</h1>", page, re.DOTALL)[0]).strip()


@pytest.fixture
def reader(client_of, actors):
    """An admin in Tokyo."""
    client = client_of("super_admin")
    look = {"time_zone": "Asia/Tokyo", "time_format": "24h", "theme": "dark", "locale": ""}
    assert client.post("/settings/", data=look).status_code == 302
    return client


@transactional
def delivery(to) -> NotificationDelivery:
    notify(NotificationType.LEAD_ASSIGNED, "leads", [Notice(to.id, school_key(), "A lead", "", "/leads/1")])
    made = db.session.query(NotificationDelivery).one()
    made.created_at = LATE
    return made


def school_key():
    return db.session.scalar(text("SELECT gen_random_uuid()"))


def test_an_e_mail_names_who_gets_it_and_the_day(reader, actors):
    made = delivery(actors.staff)
    assert heading(reader.get(f"/deliveries/{made.id}").text) == "E-mail to Staff Tester, Nov 22, 2026"
    assert "E-mail to Staff Tester, Nov 22, 2026" in reader.get("/deliveries/").text
    dialog = reader.get(f"/deliveries/actions/retry?id={made.id}").text
    assert "Staff Tester" in dialog and str(made.id)[:8] not in re.sub("<[^>]*>", "", dialog)


def test_a_credit_names_whose_it_is(reader, actors):
    admitted = School(actors.admin).admit()
    ledger.grant({"admission_id": admitted.id, "classes": 1, "note": "A present"}, actor=actors.admin)
    made = db.session.query(ClassCredit).one()
    who = db.session.get(Student, made_student(admitted.id))
    day = made.at.astimezone(school.zone())
    wanted = f"{who.first_name} {who.last_name}, +1, "
    title = heading(reader.get(f"/class-credits/{made.id}").text)
    assert title.startswith(wanted) and title.endswith(str(day.year)) and f"{day:%Y-%m}" not in title
    assert of_row("class-credits", actors).startswith(wanted)


def made_student(admission_id):
    return db.session.scalar(text("SELECT student_id FROM admissions WHERE id = :id"), {"id": admission_id})


@pytest.fixture
def shift(db_session):
    week, who, what = roster.roster(), assistant(), course(name="Algebra")
    made = PublishedShift(
        roster_id=week.id,
        shift_id=roster.shift(week, 0, "09:00", "11:00").id,
        assistant_id=who.id,
        course_id=what.id,
        starts_at=LATE,
        ends_at=LATE + timedelta(hours=2),
    )
    db.session.add(made)
    db.session.commit()
    return made


def name_of(student_id) -> str:
    who = db.session.get(Student, student_id)
    return f"{who.first_name} {who.last_name}"


def test_a_published_shift_names_its_assistant(reader, shift, actors):
    who = db.session.scalar(text("SELECT student_id FROM help_desk_assistants"))
    wanted = f"{name_of(who)}, Nov 22, 2026"
    assert heading(reader.get(f"/published-shifts/{shift.id}").text) == wanted
    assert of_row("published-shifts", actors).startswith(f"{name_of(who)}, Nov 2")


def test_what_is_deleted_is_named(client_of, actors):
    pupil, place = edfi.pupil(), edfi.school(school_id=990_002, identifier="named")
    edfi.guardian_of(pupil)
    at, link = edfi.at_school(pupil, place), db.session.scalar(text("SELECT id FROM student_guardians"))
    client = client_of("admissions")
    for slug, key in (("school-associations", at.id), ("student-guardians", link)):
        dialog = client.get(f"/{slug}/delete?id={key}").text
        shown = re.sub("<[^>]*>", "", dialog)
        assert name_of(pupil.id) in shown and str(key)[:8] not in shown, slug


def test_histories_name_what_a_row_refers_to(reader, actors, shift):
    venue = seating.venue(name="Hall of maps")
    test = seating.session(venue)
    [who] = seating.registered(test, 1)
    seat = seating.allocation(test, seating.room(venue, 9), who, "1")
    extension = edfi.extension(edfi.pupil(), invitation_id=invitation().id, referring_coach_id=actors.coach.id)
    for slug, key, names in (
        ("roomallocation", seat.id, ("Hall of maps", name_of(who))),
        ("published-shifts", shift.id, ("Algebra",)),
        ("program-extensions", extension.id, ("Coach Tester",)),
    ):
        page = reader.get(f"/{slug}/{key}/history").text
        assert not KEY.search(page), (slug, KEY.search(page))
        for name in names:
            assert name in page, (slug, name)


def test_a_request_names_its_class(reader, actors):
    assert RESOURCES["reschedule-requests"].relations["attendance_id"] == "classes"
    place = School(actors.admin)
    row = place.first()
    wanted = f"{name_of(row.student_id)}, {row.class_date.isoformat()}"
    assert lookups.label("classes", actors.admin, row.id) == wanted
    assert lookups.label("classes", actors.teacher2, row.id) == "", "no class of theirs"
    found = reader.get(f"/lookups/classes?q={name_of(row.student_id).split()[1]}").json["results"]
    assert found and all(each["text"].startswith(name_of(row.student_id)) for each in found)
