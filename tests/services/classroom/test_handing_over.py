"""A slot that is given to another teacher: the classes that were held stay with whoever held them."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.classroom import Attendance, AttendanceStatus
from app.models.courses import ClassroomSlot, CourseTeacher, SlotTeacher
from app.models.students import Student
from app.policies.scopes import visible
from app.services import filters, reminders, reports, school, today
from app.services.classroom import dashboard, marking, register
from app.services.classroom.resource import ATTENDANCES
from app.services.courses import slots
from app.services.errors import NotAllowed, NotFound
from app.services.students import overview
from app.services.timetables import of_actor, of_student, of_teacher, reading
from tests.factories.admissions import admission
from tests.factories.classroom import School, classes, notices, to_today

PRESENT, LATE = AttendanceStatus.PRESENT, AttendanceStatus.LATE
OLD, NEW = "Teacher Tester", "Teacher2 Tester"


def hand_over(slot_id, account, actors):
    slots.update(slot_id, {"teacher_id": account.id}, actor=actors.admin)
    db.session.commit()
    db.session.expire_all()


@pytest.fixture
def given(actors):
    """A slot in which somebody was marked a week ago and somebody else will be, given to another teacher since."""
    place = School(actors.admin)
    held = to_today(place.first(), 7)
    marking.mark([held.id], actor=actors.teacher, status=PRESENT)
    coming = classes(place.admit([db.session.get_one(ClassroomSlot, held.classroom_slot_id)]).id)[0]
    db.session.add(CourseTeacher(course_id=place.course.id, teacher_id=actors.teacher2.id))
    hand_over(held.classroom_slot_id, actors.teacher2, actors)
    return held, coming


def days_of(row):
    return row.class_date, row.class_date


def rates(actor, **raw):
    report = reports.get("attendance")
    asked = {"by": "teacher", "first": (school.today() - timedelta(days=30)).isoformat()} | raw
    return {row["name"]: row for row in reports.answer(report, reports.ask(report, asked), actor).rows}


def test_the_report_counts_a_class_for_who_held_it(given, actors):
    held, _coming = given
    found = rates(actors.admin)
    assert {name: row["there"] for name, row in found.items()} == {OLD: 1}
    assert rates(actors.admin, teacher_id=str(actors.teacher2.id)) == {}
    # The list behind the number has the same class, whoever is asked for.
    for actor, wanted in ((actors.teacher, [held.id]), (actors.teacher2, [])):
        asked = [filters.read_filter(ATTENDANCES, each) for each in (f"teacher:is:{actor.id}", "status:in:present")]
        rule = [filters.met(ATTENDANCES, item) for item in asked if item is not None]
        assert len(rule) == 2
        assert list(db.session.scalars(db.select(Attendance.id).where(*rule))) == wanted


def test_everybody_reads_who_held_it(given, actors):
    held, coming = given
    for row, name in ((held, OLD), (coming, NEW)):
        assert [each.teacher for each in of_student(row.student_id, *days_of(row), actor=actors.admin)] == [name]
        assert register.read(row.classroom_slot_id, row.class_date, actors.admin).teacher.username == (
            "teacher" if name is OLD else "teacher2"
        )
        shown = dashboard.days(row.class_date, 1, actors.admin).classes
        assert [each.teacher for each in shown if each.slot_id == row.classroom_slot_id] == [name]
    assert [each.teacher for each in overview.classes(held.student_id, actors.admin, upcoming=False)] == [OLD]
    assert [each.teacher for each in overview.classes(coming.student_id, actors.admin, upcoming=True)][:1] == [NEW]


def test_who_handed_it_over_keeps_the_past_and_nothing_else(given, actors):
    held, coming = given
    first, last = held.class_date, coming.class_date
    for actor, row in ((actors.teacher, held), (actors.teacher2, coming)):
        mine = [each.day for each in of_actor(first, last, actor=actor) if each.slot_id == row.classroom_slot_id]
        assert mine == [row.class_date]
    theirs = of_teacher(actors.teacher.id, first, last, actor=actors.admin)
    assert [each.day for each in theirs if each.slot_id == held.classroom_slot_id] == [first]
    shown = set(db.session.scalars(db.select(Attendance.id).where(visible(Attendance, actors.teacher))))
    assert held.id in shown and coming.id not in shown
    seen = set(db.session.scalars(db.select(Student.id).where(visible(Student, actors.teacher))))
    assert held.student_id in seen
    assert register.read(held.classroom_slot_id, held.class_date, actors.teacher).entries
    with pytest.raises(NotFound):
        register.read(coming.classroom_slot_id, coming.class_date, actors.teacher)
    own = dashboard.Choice(teacher_id=actors.teacher.id)
    assert [each.slot_id for each in dashboard.days(first, 1, actors.teacher, own).classes] == [held.classroom_slot_id]
    assert held.classroom_slot_id not in {each.slot_id for each in dashboard.days(last, 1, actors.teacher).classes}


def test_who_comes_after_the_hand_over_is_not_their_student(given, actors):
    held, _coming = given
    later = admission([db.session.get_one(ClassroomSlot, held.classroom_slot_id)], actor=actors.admin)
    db.session.execute(
        text("UPDATE classroom_enrollments SET created_at = now() + interval '1 day' WHERE admission_id = :id"),
        {"id": later.id},
    )
    seen = db.session.scalars(db.select(Student.id).where(visible(Student, actors.teacher)))
    assert later.student_id not in set(seen)


def test_who_held_it_corrects_it_and_who_follows_reads_it(given, actors):
    held, _coming = given
    [refused] = marking.mark([held.id], actor=actors.teacher2, status=LATE).outcomes
    assert isinstance(refused.refusal, NotAllowed)
    with pytest.raises(NotAllowed):
        marking.all_present(held.classroom_slot_id, held.class_date, actor=actors.teacher2)
    assert marking.mark([held.id], actor=actors.teacher, status=LATE).count("ok") == 1
    assert marking.mark([held.id], actor=actors.admin, status=PRESENT).count("ok") == 1
    assert {name: row["there"] for name, row in rates(actors.admin).items()} == {OLD: 1}, "whoever marked it last"
    record = db.session.get(Attendance, held.id, options=ATTENDANCES.load, populate_existing=True)
    assert ATTENDANCES.action_by_name["mark"].rule(actors.teacher2, record) is not None


def test_a_class_that_nobody_marked_is_told_to_who_held_it(given, actors):
    held, _coming = given
    marking.clear([held.id], actor=actors.teacher)
    assert reminders.attendance_missing(school.today())
    told = {each.username for each in notices("attendance_missing")}
    assert "teacher" in told and "teacher2" not in told


def test_a_class_that_nobody_marked_waits_for_who_held_it(given, actors, client_of):
    held, _coming = given
    marking.clear([held.id], actor=actors.teacher)
    for actor, count in ((actors.teacher, 1), (actors.teacher2, 0), (actors.admin, 1)):
        assert today.waiting(actor, "mine")["unmarked"] == count, actor.username
        page = client_of(actor.username).get("/")
        url = re.search(r'href="(/attendance/[?]f=status[^"]*)"', page.text)
        assert url is not None
        listed = client_of(actor.username).get(html.unescape(url[1]))
        assert (f"/attendance/{held.id}" in listed.text) is bool(count), actor.username


def test_a_slot_that_comes_back_has_each_time_its_teacher(given, actors):
    held, coming = given
    hand_over(held.classroom_slot_id, actors.teacher, actors)
    known = db.session.scalars(
        db.select(SlotTeacher)
        .where(SlotTeacher.classroom_slot_id == held.classroom_slot_id)
        .order_by(SlotTeacher.since.nulls_first())
    ).all()
    assert [each.teacher_id for each in known] == [actors.teacher.id, actors.teacher2.id, actors.teacher.id]
    ends = [(each.since, each.until) for each in known]
    assert ends[0][0] is None and ends[0][1] == ends[1][0] and ends[1][1] == ends[2][0] and ends[2][1] is None
    db.session.execute(text("UPDATE classroom_slots SET teacher_id = teacher_id, room = 'A'"))
    assert (
        db.session.scalar(
            db.select(db.func.count())
            .select_from(SlotTeacher)
            .where(SlotTeacher.classroom_slot_id == held.classroom_slot_id)
        )
        == 3
    )
    assert [each.teacher for each in of_student(coming.student_id, *days_of(coming), actor=actors.admin)] == [OLD]


def test_who_taught_once_has_a_timetable(given, actors):
    assert given
    assert reading.teacher_name(actors.teacher.id) == OLD
    with pytest.raises(NotFound):
        reading.teacher_name(actors.staff.id)


def test_no_link_leads_them_to_what_they_may_not_see(given, actors, client_of):
    """Pages of the past name the slot, the admission and others; those that are not theirs any more are names only."""
    held, _coming = given
    marking.clear([held.id], actor=actors.teacher)
    client, day = client_of("teacher"), held.class_date
    register_of = f"/classroom/{held.classroom_slot_id}/{day}"
    pages = [
        "/",
        "/attendance/",
        f"/attendance/{held.id}",
        f"/classroom?date={day}",
        f"/timetable?date={day}",
        register_of,
    ]
    pages += [f"/students/{held.student_id}", "/classroom/week", "/reports/attendance?by=teacher"]
    broken = {}
    for page in pages:
        shown = client.get(page, follow_redirects=True)
        broken[page] = shown.status_code
        for link in set(re.findall(r'href="(/[^"#]*)"', shown.text)):
            answer = client.get(html.unescape(link))
            if answer.status_code >= 400:
                broken[f"{page} -> {link}"] = answer.status_code
    assert {page: status for page, status in broken.items() if status >= 400} == {}
