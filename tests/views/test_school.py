"""The pages of students, courses and the week, as those see them whom they concern."""

from __future__ import annotations

import re

import pytest

from app.services import accounts
from app.services.admissions import waitlist
from tests.factories import courses
from tests.factories.admissions import admission
from tests.factories.leads import lead
from tests.factories.students import student

TUESDAY, FRIDAY = 1, 4


@pytest.fixture
def learner(db_session, actors):
    """A student with an account, in two classes of the teacher."""
    course = courses.course([actors.teacher], name="Oud I")
    slots = [courses.slot(course, actors.teacher, day, "16:00", room="Hall") for day in (TUESDAY, FRIDAY)]
    made = student(user_id=actors.student.id, notes="Owes us a cello")
    admission(slots, actor=actors.admin, student_id=made.id)
    return made


def test_students_find_their_own_page_without_what_is_for_the_office(client_of, learner):
    client = client_of("student")
    answer = client.get("/me/student", follow_redirects=True)
    assert answer.status_code == 200
    assert answer.request.path == f"/students/{learner.id}"
    assert "Oud I" in answer.text and "24 of 24" in answer.text and "Unpaid" in answer.text
    assert "Owes us" not in answer.text
    assert 'href="/students/"' not in answer.text, "a list that they may not open"


def test_their_classes_lead_to_where_they_ask_to_move_one(client_of, learner):
    client = client_of("student")
    next_classes = client.get(f"/students/{learner.id}").text.partition("Next classes")[2]
    [first, *_others] = re.findall(r'href="(/attendance/[^"]+)"', next_classes)
    assert "Ask to move" in client.get(first).text


def test_without_a_student_the_page_says_so(client_of, db_session):
    answer = client_of("student").get("/me/student")
    assert answer.status_code == 404
    assert "Ask the office" in answer.text


def test_teachers_see_their_students_without_money_and_notes(client_of, learner):
    answer = client_of("teacher").get(f"/students/{learner.id}")
    assert answer.status_code == 200
    assert "Oud I" in answer.text
    assert "Unpaid" not in answer.text and "Owes us" not in answer.text
    money = r"\b285\b"  # not as a part of a key
    assert not re.search(money, answer.text)
    assert re.search(money, client_of("staff").get(f"/students/{learner.id}").text)
    assert client_of("teacher2").get(f"/students/{learner.id}").status_code == 404


def test_the_office_sees_everything(client_of, learner):
    answer = client_of("staff").get(f"/students/{learner.id}")
    assert all(each in answer.text for each in ("Owes us a cello", "Unpaid", "Oud I", "24 of 24", ">285.00<"))
    assert client_of("student").get(f"/students/{student().id}").status_code == 404


def test_students_read_where_they_wait_and_the_office_opens_it(client_of, learner, actors):
    full = courses.slot(courses.course([actors.teacher], name="Ney"), actors.teacher, 2, "16:00", capacity=1)
    admission([full], actor=actors.admin)
    entry = waitlist.join({"student_id": learner.id, "classroom_slot_id": full.id}, actor=actors.admin)
    page = client_of("student").get(f"/students/{learner.id}").text
    assert "On the waitlist" in page and "Ney" in page
    assert f"/waitlist/{entry.id}" not in page
    assert f'href="/waitlist/{entry.id}"' in client_of("staff").get(f"/students/{learner.id}").text


def test_of_several_times_the_free_one_goes_and_the_used_one_is_named(client_of, learner):
    used, free = courses.time_slot(TUESDAY, "16:00"), courses.time_slot(TUESDAY, "05:00")
    admin, form = client_of("admin"), {"id": [str(used.id), str(free.id)]}
    preview = admin.post("/time-slots/delete", data=form | {"_stage": "preview"})
    assert preview.status_code == 200
    assert "16:00" in preview.text and "05:00" in preview.text
    assert admin.post("/time-slots/delete", data=form | {"_stage": "do"}).status_code == 200
    assert admin.get(f"/time-slots/{free.id}").status_code == 404
    assert admin.get(f"/time-slots/{used.id}").status_code == 200


@pytest.mark.parametrize("value", ["09:00:20", "09:00+02:00"])
def test_a_time_of_the_week_is_typed_in_hours_and_minutes(client_of, value):
    admin, form = client_of("admin"), {"day": "2", "start_time": "08:00", "active": "1"}
    refused = admin.post("/time-slots/new", data=form | {"end_time": value})
    assert refused.status_code == 422
    assert "in hours and minutes, as 16:30." in refused.text
    assert admin.post("/time-slots/new", data=form | {"end_time": "09:00:00"}).status_code == 302


def test_the_enrollment_office_sees_the_person_alone(client_of, learner):
    answer = client_of("admissions").get(f"/students/{learner.id}")
    assert answer.status_code == 200
    assert "Owes us" not in answer.text and "Oud I" not in answer.text


def test_a_page_names_the_lead(client_of, db_session, actors):
    course = courses.course([actors.teacher])
    slots = [courses.slot(course, actors.teacher, day, "16:00") for day in (TUESDAY, FRIDAY)]
    came = lead(last_name="Comesfrom")
    made = admission(slots, actor=actors.admin, lead_id=came.id)
    page = client_of("staff").get(f"/students/{made.student_id}")
    assert f"/leads/{came.id}" in page.text


def test_the_list_of_slots_names_days_and_is_searched(client_of, learner):
    answer = client_of("staff").get("/classroom-slots/?q=oud+teacher")
    assert "Tuesday" in answer.text and "Friday" in answer.text and "1 of 8" in answer.text
    assert "Friday" not in client_of("staff").get("/classroom-slots/?q=oud&f=weekday:is:1").text.split("<tbody>")[1]
    assert "Oud I" not in client_of("staff").get("/classroom-slots/?q=zither").text


def test_closing_a_day_says_how_many_classes_lie_on_it(client_of, learner):
    from app.extensions import db
    from app.models.courses import OperatingDay

    day = db.session.query(OperatingDay).filter_by(day=TUESDAY).one()
    answer = client_of("admin").post(f"/operating-days/{day.id}/edit", data={}, follow_redirects=True)
    assert "1 classroom slot in use lies on this day" in answer.text


def test_a_course_shows_its_week_and_its_teachers(client_of, learner, actors):
    from app.extensions import db
    from app.models.courses import Course

    course = db.session.query(Course).filter_by(name="Oud I").one()
    page = client_of("admin").get(f"/courses/{course.id}").text
    assert all(each in page for each in ("Tuesday 16:00", "1 of 8", "Teacher Tester", "Running admissions"))
    form = client_of("admin").get(f"/courses/{course.id}/edit").text
    assert "Teacher Tester" in form
    data = {"code": course.code, "name": "Oud II", "difficulty": "beginner", "active": "1"}
    posted = {**data, "teacher_ids": [str(actors.teacher.id), str(accounts.find("teacher2").id)]}
    assert client_of("admin").post(f"/courses/{course.id}/edit", data=posted).status_code == 302
    assert "Teacher2 Tester" in client_of("admin").get(f"/courses/{course.id}").text
