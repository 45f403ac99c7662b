"""Timetables of children, as their guardians see them."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from icalendar import Calendar

from app.extensions import db
from app.models.student_records import Guardian, StudentGuardian
from app.services import school
from app.services.errors import NotFound
from app.services.records import links
from app.services.timetables import feeds, of_actor, of_student
from tests.factories import courses
from tests.factories.admissions import admission
from tests.factories.edfi import guardian_of
from tests.factories.students import student


@pytest.fixture
def place(db_session, actors):
    return courses.slot(courses.course([actors.teacher], name="Harp"), actors.teacher, 1, "10:00")


@pytest.fixture
def period():
    return school.today(), school.today() + timedelta(days=60)


def child(actors, place, **values):
    """A student in the class, whose guardian has the guardian's account."""
    made = student(**values)
    admission([place], actor=actors.admin, student_id=made.id)
    known = db.session.query(Guardian).filter_by(user_id=actors.guardian.id).one_or_none()
    if known is None:
        guardian_of(made, user_id=actors.guardian.id)
    else:
        db.session.add(StudentGuardian(student_id=made.id, guardian_id=known.id))
        db.session.commit()
    return made


def test_guardians_see_the_classes_of_their_children_by_name(actors, place, period):
    first = child(actors, place, first_name="Ana", last_name="Haddad")
    child(actors, place, first_name="Bo", last_name="Haddad")
    stranger = student(first_name="Cy")
    admission([place], actor=actors.admin, student_id=stranger.id)
    entries = of_actor(*period, actor=actors.guardian)
    assert {each.student for each in entries} == {"Ana Haddad", "Bo Haddad"}
    assert {each.students for each in entries} == {()}, "not who else is in the class"
    assert of_student(first.id, *period, actor=actors.guardian)
    for other in (stranger.id, uuid.uuid4()):
        with pytest.raises(NotFound):
            of_student(other, *period, actor=actors.guardian)


def test_pages_show_them_and_nothing_else(actors, place, period, client_of):
    mine, other = child(actors, place, first_name="Ana", last_name="Haddad"), student()
    family = client_of("guardian")
    for shown in ("/timetable/?show=list", f"/students/{mine.id}/timetable?show=list", "/"):
        assert "Harp" in family.get(shown).text, shown
    [day, *_later] = [each.day for each in of_actor(*period, actor=actors.guardian)]
    for shown in ("/timetable/?show=list", f"/timetable/?day={day}", "/"):
        assert "Ana Haddad" in family.get(shown).text, shown
    assert family.get(f"/students/{other.id}/timetable").status_code == 404
    for hidden in (f"/students/{mine.id}", "/students/", "/attendance/", "/timetable/teachers/1"):
        assert family.get(hidden).status_code == 403, hidden


def test_the_feed_names_the_child(actors, place):
    child(actors, place, first_name="Ana", last_name="Haddad")
    _feed, token = feeds.create("Phone", actor=actors.guardian)
    events = Calendar.from_ical(feeds.read(token, "").content).walk("VEVENT")
    assert {str(each["summary"]) for each in events} == {"Ana Haddad: Harp"}


@pytest.mark.parametrize("end", ["link", "guardian", "student"])
def test_it_ends_with_the_link(actors, place, period, end):
    mine = child(actors, place)
    link = db.session.query(StudentGuardian).filter_by(student_id=mine.id).one()
    if end == "link":
        links.delete_links([link.id], actor=actors.admin)
    elif end == "guardian":
        db.session.get_one(Guardian, link.guardian_id).deleted_at = school.now()
        db.session.commit()
    else:
        mine.deleted_at = school.now()
        db.session.commit()
    assert of_actor(*period, actor=actors.guardian) == []
    with pytest.raises(NotFound):
        of_student(mine.id, *period, actor=actors.guardian)


def test_without_the_role_an_account_shows_nothing(actors, place, period):
    mine = child(actors, place)
    db.session.query(Guardian).filter_by(user_id=actors.guardian.id).update({"user_id": actors.coach.id})
    db.session.commit()
    assert of_actor(*period, actor=actors.coach) == []
    with pytest.raises(NotFound):
        of_student(mine.id, *period, actor=actors.coach)
