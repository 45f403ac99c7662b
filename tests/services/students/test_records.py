"""Students: entering them, their possible duplicates, and when one cannot be deleted."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.extensions import db
from app.models.students import Student
from app.services import lookups, school, search
from app.services.admissions import actions as admissions
from app.services.enrollments import deciding
from app.services.errors import Conflict, Invalid, NotFound, WrongState
from app.services.students import records
from tests.factories import courses, enrollments
from tests.factories.admissions import admission
from tests.factories.students import student

TUESDAY, FRIDAY = 1, 4


def name(**more):
    return {"first_name": "Théa", "last_name": "Öz"} | more


def admitted(actors, **values):
    course = courses.course([actors.teacher])
    slots = [
        courses.slot(course, actors.teacher, TUESDAY, "16:00"),
        courses.slot(course, actors.teacher, FRIDAY, "17:00"),
    ]
    return admission(slots, actor=actors.admin, **values)


def test_a_student_gets_a_number_and_a_phone_in_international_form(db_session, actors):
    first = records.create(name(phone="020 7183 8750"), actor=actors.staff)
    second = records.create(name(), actor=actors.staff)
    assert first.phone == "+442071838750"
    assert second.student_usi == first.student_usi + 1
    assert first.created_by_id == actors.staff.id


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"phone": "12"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"birth_date": date(2999, 1, 1)}, "birth_date"),
        ({"birth_date": date(1850, 1, 1)}, "birth_date"),
        ({"first_name": " "}, "first_name"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(db_session, actors, values, field):
    with pytest.raises(Invalid) as refused:
        records.create(name(**values), actor=actors.staff)
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(
    "same",
    [
        {"phone": "+44 20 7183 8750"},
        {"email": "THEA@example.org"},
        {"first_name": "THEA", "last_name": "öz", "birth_date": date(2012, 5, 4)},
    ],
    ids=["phone", "e-mail", "name and birth"],
)
def test_somebody_known_is_pointed_out_once(db_session, actors, same):
    known = student(
        first_name="Théa", last_name="Öz", phone="+442071838750", email="thea@example.org", birth_date=date(2012, 5, 4)
    )
    values = {"first_name": "Somebody", "last_name": "Else"} | same
    with pytest.raises(records.SameStudent) as refused:
        records.create(values, actor=actors.staff)
    assert [each.id for each in refused.value.students] == [known.id]
    assert refused.value.details()["duplicates"][0]["name"] == "Théa Öz"
    made = records.create(values | {"accept_duplicates": True}, actor=actors.staff)
    assert made.id != known.id


@pytest.mark.parametrize(
    "other", [{"first_name": "Théa", "last_name": "Öz"}, {"first_name": "Ann", "birth_date": date(2012, 5, 4)}]
)
def test_half_of_it_is_no_duplicate(db_session, actors, other):
    student(first_name="Théa", last_name="Öz", phone="+442071838750", birth_date=date(2012, 5, 4))
    records.create({"last_name": "Other"} | other, actor=actors.staff)


def test_a_deleted_student_is_no_duplicate(db_session, actors):
    gone = student(phone="+442071838750")
    records.delete([gone.id], actor=actors.admin)
    records.create(name(phone="+442071838750"), actor=actors.staff)


def test_changing_keeps_what_was_not_given(db_session, actors):
    known = student(phone="+442071838750", email="a@example.org")
    changed = records.update(known.id, {"email": None, "phone": "020 7183 8751"}, actor=actors.staff)
    assert (changed.email, changed.phone, changed.last_name) == (None, "+442071838751", known.last_name)


def test_an_old_form_does_not_overwrite(db_session, actors):
    known = student()
    with pytest.raises(Conflict):
        records.update(known.id, {"notes": "x"}, actor=actors.staff, version=known.updated_at - timedelta(seconds=1))


def test_nobody_changes_whom_they_do_not_see(db_session, actors):
    known = student()
    with pytest.raises(NotFound):
        records.update(known.id, {"notes": "x"}, actor=actors.teacher)


def test_who_is_admitted_stays_until_it_is_over(db_session, actors):
    done = admitted(actors)
    key = db.session.scalar(db.select(Student.id).where(Student.first_name + " " + Student.last_name == done.student))
    (outcome,) = records.delete([key], actor=actors.admin).outcomes
    assert isinstance(outcome.refusal, WrongState)
    assert "1" in str(outcome.refusal)
    admissions.cancel([done.id], actor=actors.admin)
    assert records.delete([key], actor=actors.admin).count("ok") == 1


def test_who_is_being_enrolled_stays_until_it_is_over(db_session, actors):
    found = enrollments.enrollment_at(5)
    refused = records.delete([found.student_id], actor=actors.admin).outcomes[0].refusal
    assert isinstance(refused, WrongState) and "1 enrollment is not over" in str(refused)
    deciding.withdraw([found.id], actor=actors.admissions, reason="Moved away")
    assert records.delete([found.student_id], actor=actors.admin).count("ok") == 1


def test_a_deleted_student_is_in_no_choice_and_no_search(db_session, actors):
    kept, gone = student(last_name="Zzyx"), student(last_name="Zzyx")
    records.delete([gone.id], actor=actors.admin)
    found, _more = lookups.find("students", actors.staff, "zzyx")
    assert [each.id for each in found] == [str(kept.id)]
    assert found[0].detail == str(kept.student_usi)
    [(students, page)], _others = search.find("zzyx", 25, actors.staff)
    assert students.slug == "students" and [row.id for row in page.rows] == [kept.id]
    assert records.restore([gone.id], actor=actors.admin).count("ok") == 1
    assert len(lookups.find("students", actors.staff, str(gone.student_usi))[0]) == 1


def test_deleting_twice_says_that_there_is_none(db_session, actors):
    gone = student()
    records.delete([gone.id], actor=actors.admin)
    (outcome,) = records.delete([gone.id], actor=actors.admin).outcomes
    assert isinstance(outcome.refusal, NotFound)


def test_the_day_of_birth_may_be_today(db_session, actors):
    records.create(name(birth_date=school.today()), actor=actors.staff)
