"""Reports: their figures against records made for them, over what the reader may see."""

from __future__ import annotations

import csv
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from app.extensions import db
from app.services import reports, school
from app.services.admissions import actions, money
from app.services.errors import Invalid, NotFound
from tests.factories.admissions import admission
from tests.factories.courses import course, slot
from tests.factories.leads import lead, stage


@pytest.fixture
def pair(db_session, actors):
    made = course([actors.teacher.id], name="Piano")
    return [slot(made, actors.teacher.id, day, "16:00", capacity=4) for day in (1, 4)]


def rows(name, actor, **raw):
    report = reports.get(name)
    return {row["name"]: row for row in report.rows(reports.ask(report, raw), actor)}


def test_the_funnel_counts_who_came_so_far(db_session, actors, pair):
    for name in ("New", "New", "Contacted", "Trial Completed"):
        lead(stage_id=stage(name).id)
    admission(pair, actor=actors.staff, lead_id=lead().id)
    found = rows("funnel", actors.staff)
    assert [found[name]["leads"] for name in ("New", "Contacted", "Trial Scheduled", "Trial Completed")] == [5, 3, 2, 2]
    assert (found["Onboarded"]["leads"], found["Admitted"]["leads"]) == (1, 1)
    assert found["Contacted"]["of_all"] == 60.0
    assert found["Admitted"]["of_previous"] == 100.0
    earlier = {"first": "2020-01-01", "last": "2020-12-31"}
    assert rows("funnel", actors.staff, **earlier)["New"]["leads"] == 0


def test_sources_and_owners(db_session, actors, pair):
    lead(source="web", owner_id=actors.staff.id)
    admission(pair, actor=actors.staff, lead_id=lead(source="web").id)
    assert rows("sources", actors.staff)["Website"]["rate"] == 50.0
    assert rows("sources", actors.staff, by="owner")["Staff Tester"]["leads"] == 1


def test_occupancy_by_course_day_and_teacher(db_session, actors, pair):
    admission(pair, actor=actors.staff)
    assert rows("occupancy", actors.staff)["Piano"]["rate"] == 25.0
    assert rows("occupancy", actors.staff, by="day")["Tuesday"]["enrolled"] == 1
    assert rows("occupancy", actors.staff, by="teacher")["Teacher Tester"]["capacity"] == 8
    assert rows("occupancy", actors.teacher2) == {}


def test_attendance_tells_what_is_not_marked_apart(db_session, actors, pair):
    admission(pair, actor=actors.staff, starts_on=school.today() - timedelta(days=28))
    db_session.execute(
        text(
            "UPDATE attendance SET status = CASE WHEN class_date < :day THEN 'present' ELSE 'absent' END,"
            " marked_at = now() WHERE class_date < :marked"
        ),
        {"day": school.today() - timedelta(days=14), "marked": school.today() - timedelta(days=7)},
    )
    row = rows("attendance", actors.staff, by="course")["Piano"]
    assert (row["there"], row["absent"], row["rate"]) == (4, 2, pytest.approx(66.7))
    assert row["unmarked"] >= 2
    assert rows("attendance", actors.teacher, by="course")["Piano"]["marked"] == 6
    assert rows("attendance", actors.teacher2, by="course") == {}


def test_unpaid_and_running_out(db_session, actors, pair):
    first = admission(pair, actor=actors.staff)
    gone = admission(pair, actor=actors.staff)
    paid = admission(pair, actor=actors.staff)
    actions.cancel([gone.id], actor=actors.admin)
    money.mark_paid([paid.id], actor=actors.admin)
    [row] = reports.get("unpaid").rows(reports.ask(reports.get("unpaid"), {}), actors.staff)
    assert (row["amount"], row["url"]) == (Decimal("285.00"), f"/admissions/{first.id}")
    assert rows("unpaid", actors.teacher) == {}
    assert rows("running_out", actors.staff) == {}
    db_session.execute(
        text("UPDATE attendance SET status = 'present', marked_at = now() WHERE admission_id = :id"), {"id": first.id}
    )
    [row] = rows("running_out", actors.staff).values()
    assert row["remaining"] == 0


@pytest.mark.parametrize(
    "raw",
    [
        {"first": "x"},
        {"first": "2026-02-01", "last": "2026-01-01"},
        {"first": "1900-01-01"},
        {"by": "colour"},
        {"course_id": "7"},
    ],
)
def test_a_question_that_makes_no_sense_is_told_at_its_field(app, db_session, raw):
    with pytest.raises(Invalid) as refused:
        reports.ask(reports.get("attendance"), raw)
    assert refused.value.fields


def test_there_are_no_other_reports(app, db_session):
    with pytest.raises(NotFound):
        reports.get("secrets")


@pytest.mark.parametrize("name", reports.REPORTS)
def test_screen_csv_and_rest_tell_the_same(client_of, db_session, actors, pair, name):
    admission(pair, actor=actors.staff, lead_id=lead(first_name="=1+1").id)
    staff = client_of("staff")
    assert staff.get(f"/reports/{name}").status_code == 200
    assert staff.get(f"/reports/{name}?first=x&by=x").status_code in (200, 422)
    answer = staff.get(f"/reports/{name}.csv")
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert b"\n=1+1" not in answer.data
    assert client_of("coach").get(f"/reports/{name}").status_code == 403


@pytest.mark.parametrize("report", ["funnel", "sources", "attendance"])
def test_a_period_beyond_all_calendars(client_of, report):
    answer = client_of("admin").get(f"/reports/{report}?first=9999-01-01&last=9999-12-31")
    assert answer.status_code == 422 or "Must be between 2000 and 2199" in answer.text
    assert client_of("admin").get(f"/reports/{report}.csv?first=9999-01-01&last=9999-12-31").status_code < 500


def owing(first, more):
    """As many more admissions, each of which owes 10, beside the one there is."""
    db.session.execute(text("ALTER TABLE admissions DISABLE TRIGGER USER"))
    db.session.execute(
        text("""
            WITH made AS (
                INSERT INTO admissions (student_id, course_id, plan_id, status, starts_on, ends_on, base_classes, price)
                SELECT student_id, course_id, plan_id, 'active', starts_on, ends_on, 2, 10
                FROM admissions, generate_series(1, :more) WHERE id = :id RETURNING id
            ) INSERT INTO admission_payments (admission_id, amount) SELECT id, 10 FROM made
        """),
        {"id": first.id, "more": more},
    )
    db.session.commit()


@pytest.mark.parametrize(("report", "figure"), [("unpaid", "6,285.00"), ("running_out", "600")])
def test_what_a_page_leaves_out_is_counted_summed_and_in_the_csv(db_session, actors, pair, client_of, report, figure):
    owing(admission(pair, actor=actors.staff), 600)
    staff = client_of("staff")
    shown = staff.get(f"/reports/{report}").text
    count = 601 if report == "unpaid" else 600
    assert f'<span class="figure-value">{figure}</span>' in shown
    assert f"These are the first 500 of {count}." in shown
    assert shown.count('<th scope="row">') == 500
    answer = staff.get(f"/reports/{report}.csv")
    assert len(answer.text.splitlines()) == 1 + count
    course_id = pair[0].course_id
    assert "first 500 of" in staff.get(f"/reports/{report}?course_id={course_id}").text
    other = course([actors.teacher.id], name="Flute").id
    assert "first 500 of" not in staff.get(f"/reports/{report}?course_id={other}").text


def test_the_csv_has_what_the_page_has_in_its_order(db_session, actors, pair, client_of):
    for _each in range(3):
        admission(pair, actor=actors.staff)
    report = reports.get("unpaid")
    found = report.rows(reports.ask(report, {}), actors.staff)
    wanted = [[str(row[each.name]) for each in report.columns] for row in found]
    lines = client_of("staff").get("/reports/unpaid.csv").data.decode("utf-8-sig").splitlines()
    assert list(csv.reader(lines))[1:] == wanted


def test_a_report_links_to_no_record_that_its_reader_may_not_open(db_session, actors, pair, client_of):
    made = admission(pair, actor=actors.staff)
    db_session.execute(text("UPDATE attendance SET status = 'present', marked_at = now()"))
    db_session.commit()
    for name, opens in (("teacher", False), ("staff", True), ("admin", True)):
        client = client_of(name)
        page = client.get("/reports/running_out").text
        assert "Piano" in page
        assert (f'href="/admissions/{made.id}"' in page) is opens
        assert (client.get(f"/admissions/{made.id}").status_code == 200) is opens
