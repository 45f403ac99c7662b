"""The screens of the classroom."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import event

from app.extensions import db
from app.models.classroom import Attendance, AttendanceStatus
from app.services import school
from app.services.classroom import ledger, makeups, marking, moving
from app.services.settings import update as set_settings
from tests.factories import courses
from tests.factories.classroom import School, balance, classes, count, day_after, notices, to_today


@pytest.fixture
def place(actors):
    return School(actors.admin)


@pytest.fixture
def row(place):
    return classes(place.admit([place.tuesday], account="student").id)[0]


def register_of(row) -> str:
    return f"/classroom/{row.classroom_slot_id}/{row.class_date.isoformat()}"


def test_the_day_and_the_week_show_the_classes(client_of, place, row):
    for who, seen in (("staff", True), ("teacher", True), ("teacher2", False)):
        for path in ("/classroom/", "/classroom/week"):
            page = client_of(who).get(f"{path}?day={row.class_date}").text
            assert (register_of(row) in page) == seen
    assert client_of("student").get("/classroom/").status_code == 403
    assert client_of("staff").get("/classroom/?day=9999-12-31&teacher=x&course=y").status_code == 200
    assert (
        place.course.name in client_of("staff").get(f"/classroom/?day={row.class_date}&course={place.course.id}").text
    )


def test_a_closed_day_says_so(client_of, row):
    courses.closure(row.class_date, reason="Snow")
    page = client_of("admin").get(f"/classroom/?day={row.class_date}").text
    assert "Closed: Snow" in page
    assert "still planned" in page


def test_the_dashboard_asks_the_database_a_few_times(client_of, place, row, app):
    for number in range(4):
        courses.slot(place.course, place.teacher, 1, f"{8 + number:02d}:00")
    said: list[str] = []

    def note(_connection, _cursor, statement, *_more):
        said.append(statement)

    client = client_of("staff")
    client.get("/classroom/")
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        for path in ("/classroom/", "/classroom/week"):
            said.clear()
            assert client.get(f"{path}?day={row.class_date}").status_code == 200
            assert len([each for each in said if "SAVEPOINT" not in each]) <= 10
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_teacher_marks_with_and_without_scripts(client_of, row):
    row = to_today(row)
    client = client_of("teacher")
    page = client.get(register_of(row)).text
    assert f'value="{row.id}:present"' in page
    answer = client.post(f"{register_of(row)}/mark", data={"mark": f"{row.id}:late"})
    assert answer.status_code == 302
    fragment = client.post(f"{register_of(row)}/mark", data={"mark": f"{row.id}:present"}, headers={"X-Fragment": "1"})
    assert fragment.status_code == 200
    assert "<html" not in fragment.text
    assert re.search(rf'value="{row.id}:present"[^>]*aria-pressed="true"', fragment.text)
    assert "Late" in fragment.text  # the history
    client.post(f"{register_of(row)}/mark", data={"mark": f"{row.id}:scheduled"})
    client.post(f"{register_of(row)}/mark", data={"mark": "all"})
    db.session.expire_all()
    assert db.session.get_one(Attendance, row.id).status is AttendanceStatus.PRESENT
    assert balance(row.admission_id).remaining == balance(row.admission_id).purchased - 1


@pytest.mark.parametrize("mark", ["", "all:x", "x:present", "00000000-0000-0000-0000-000000000000:present"])
def test_a_mark_that_means_nothing(client_of, row, mark):
    row = to_today(row)
    assert client_of("teacher").post(f"{register_of(row)}/mark", data={"mark": mark}).status_code in (404, 422)


def test_staff_read_the_register_and_others_do_not_see_it(client_of, row):
    row = to_today(row)
    page = client_of("staff").get(register_of(row)).text
    assert "Only the teacher of this class" in page
    assert 'name="mark"' not in page
    assert client_of("staff").post(f"{register_of(row)}/mark", data={"mark": "all"}).status_code == 403
    assert client_of("teacher2").get(register_of(row)).status_code == 404
    for day in ("2026-13-01", "x", "99999-01-01", str(row.class_date + timedelta(days=1))):
        assert client_of("staff").get(f"/classroom/{row.classroom_slot_id}/{day}").status_code == 404


def test_a_class_to_come_cannot_be_marked_yet(client_of, row):
    page = client_of("teacher").get(register_of(row)).text
    assert "from its day on" in page
    assert client_of("teacher").post(f"{register_of(row)}/mark", data={"mark": f"{row.id}:present"}).status_code == 302
    assert count("SELECT count(*) FROM attendance WHERE status <> 'scheduled'") == 0


def test_a_student_asks_and_an_admin_moves(client_of, place, row):
    student = client_of("student")
    assert str(row.id) in student.get("/attendance/").text
    record = student.get(f"/attendance/{row.id}").text
    assert f"/reschedule-requests/new?attendance_id={row.id}" in record
    page = student.get(f"/reschedule-requests/new?attendance_id={row.id}").text
    value = f"{place.friday.id}:{day_after(4)}"
    assert value in page
    form = {"attendance_id": str(row.id), "place": value, "reason": "Exam"}
    answer = student.post("/reschedule-requests/new", data=form)
    assert answer.status_code == 302
    assert student.post("/reschedule-requests/new", data=form).location == answer.location
    assert "Exam" in client_of("admin").get(answer.location).text
    assert student.post(f"/attendance/{row.id}/move", data=form).status_code == 403
    moved = client_of("admin").post(f"/attendance/{row.id}/move", data=form)
    assert moved.location == f"/attendance/{row.id}"
    assert count("SELECT revision FROM attendance WHERE id = :id", id=row.id) == 1


@pytest.mark.parametrize("chosen", ["", "x", "x:y", "00000000-0000-0000-0000-000000000000:2026-01-01"])
def test_a_place_that_is_none(client_of, row, chosen):
    form = {"attendance_id": str(row.id), "place": chosen}
    assert client_of("student").post("/reschedule-requests/new", data=form).status_code in (409, 422)
    assert client_of("admin").post(f"/attendance/{row.id}/move", data=form).status_code in (409, 422)


def test_day_and_time_are_the_schools_whatever_the_readers_zone(client_of, place, row, actors):
    late = courses.slot(place.course, place.teacher, 2, "20:00")
    set_settings({"time_zone": "Asia/Tokyo"}, actor=actors.student)
    student, day = client_of("student"), day_after(2)
    page = re.sub(r"\s+", " ", student.get(f"/reschedule-requests/new?attendance_id={row.id}").text)
    assert re.search(rf'value="{late.id}:{day}".*?Wednesday, [^<]*{day.day}[^<]*, 20:00', page)
    moving.move([row.id], actor=actors.admin, classroom_slot_id=late.id, class_date=day)
    assert re.search(rf"Wednesday, [^<]*{day.day}[^<]*, 20:00", student.get(f"/attendance/{row.id}").text)


@pytest.mark.parametrize(
    ("zone", "start", "day"),
    [("Asia/Tokyo", "06:00", date(1, 1, 1)), ("America/New_York", "20:00", date(9999, 12, 31))],
)
def test_a_day_at_the_end_of_time_is_refused(client_of, row, place, app, monkeypatch, zone, start, day):
    monkeypatch.setitem(app.config, "SCHOOL_TIME_ZONE", zone)
    far = courses.slot(place.course, place.teacher, day.weekday(), start)
    form = {"attendance_id": str(row.id), "place": f"{far.id}:{day.isoformat()}"}
    for who, url in (("student", "/reschedule-requests/new"), ("admin", f"/attendance/{row.id}/move")):
        answer = client_of(who).post(url, data=form)
        assert answer.status_code == 422
        assert "between the years 2000 and 2199" in answer.text
    form = {"admission_id": str(row.admission_id), "place": f"{far.id}:{day.isoformat()}"}
    assert client_of("admin").post("/attendance/new", data=form).status_code == 422


def test_who_hears_of_a_cancelled_class_can_open_the_link(client_of, place, actors):
    made = place.admit([place.tuesday], account="student")
    ledger.grant({"admission_id": made.id, "classes": 1, "note": "Sick teacher"}, actor=actors.admin)
    values = {"admission_id": made.id, "classroom_slot_id": place.friday.id, "class_date": day_after(4)}
    makeups.cancel([makeups.book(values, actor=actors.admin).id], actor=actors.admin)
    told = notices("class_cancelled")
    assert [each.username for each in told] == ["student", "teacher"]
    for each in told:
        assert client_of(each.username).get(each.link).status_code == 200


def test_others_classes_are_not_found(client_of, place, row):
    other = classes(place.admit([place.tuesday]).id)[0]
    student = client_of("student")
    for path in (
        f"/attendance/{other.id}",
        f"/reschedule-requests/new?attendance_id={other.id}",
        "/reschedule-requests/new",
    ):
        assert student.get(path).status_code == 404


def test_an_admin_books_a_make_up_class(client_of, actors, place):
    admitted = place.admit([place.tuesday])
    rows = classes(admitted.id)
    marked = to_today(rows[0])
    marking.mark([marked.id], actor=actors.teacher, status=AttendanceStatus.EXCUSED)
    admin = client_of("admin")
    page = admin.get(f"/attendance/new?admission_id={admitted.id}").text
    assert "1 class is owed" in page
    form = {"admission_id": str(admitted.id), "place": f"{place.friday.id}:{day_after(4)}"}
    answer = admin.post("/attendance/new", data=form)
    assert answer.status_code == 302
    assert (
        admin.post(
            "/attendance/new", data={**form, "place": f"{place.friday.id}:{day_after(4, day_after(4))}"}
        ).status_code
        == 409
    )
    assert "Cancel make-up class" in admin.get(answer.location).text
    assert admin.get("/attendance/new").status_code == 404


def test_lists_export_and_policies(client_of, row):
    for who, path in (
        ("staff", "/attendance/"),
        ("staff", f"/attendance/?f=status:is:scheduled&f=class_date:is:{row.class_date}"),
        ("staff", "/attendance/?f=moved:is:0&sort=class_date"),
        ("teacher", "/reschedule-requests/"),
        ("admin", "/class-credits/"),
        ("admin", "/class-credits/new"),
        ("admin", "/attendance-policies/"),
    ):
        assert client_of(who).get(path).status_code == 200, path
    lines = client_of("staff").get("/attendance/export.csv").text.splitlines()
    assert len(lines) == count("SELECT count(*) FROM attendance") + 1
    assert client_of("student").get("/attendance/export.csv").status_code == 403


def test_a_closure_is_applied_from_its_page(client_of, row):
    closure = courses.closure(row.class_date, reason="Snow")
    admin = client_of("admin")
    page = admin.get(f"/closures/{closure.id}").text
    assert "Apply to classes" in page
    form = {"id": str(closure.id), "_stage": "do", "remedy": "move"}
    answer = admin.post("/closures/actions/apply", data=form)
    assert "1 class gets another day" in answer.text
    assert (
        count("SELECT count(*) FROM attendance WHERE class_date = :day AND deleted_at IS NULL", day=row.class_date) == 0
    )


def test_today_is_the_first_day_shown(client_of):
    assert school.today().isoformat() in client_of("staff").get("/classroom/").text


def test_what_keeps_no_history_offers_none(client_of, actors, place):
    """A Super Admin holds also the permissions of pages that there are not."""
    admission = place.admit([place.tuesday])
    made = ledger.grant({"admission_id": admission.id, "classes": 1, "note": "Sorry"}, actor=actors.admin)
    root = client_of("super_admin")
    page = root.get(f"/class-credits/{made.id}").text
    assert "Sorry" in page
    assert "/history" not in page
    assert root.get(f"/class-credits/{made.id}/history").status_code == 404
    assert f"/admissions/{admission.id}/history" in root.get(f"/admissions/{admission.id}").text
