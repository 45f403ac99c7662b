"""Every number of every report leads to a list that counts the same."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.leads import LeadStage
from app.services import listing, reports, school
from app.services.admissions import actions
from app.services.resource import RESOURCES
from tests.factories.admissions import admission
from tests.factories.classroom import School
from tests.factories.courses import course, slot
from tests.factories.leads import lead, stage

GROUPED = [(name, by) for name, each in reports.REPORTS.items() if each.statement is None for by in each.by or [""]]


@pytest.fixture
def busy(db_session, actors):
    """Two courses of two teachers over three months, with every mark, a class out of use, and leads of all kinds."""
    place = School(actors.admin)
    begun = school.today() - timedelta(days=60)
    member = lead(assigned_teacher_id=actors.teacher.id, owner_id=actors.staff.id, source="web")
    place.admit(lead_id=member.id, starts_on=begun)
    gone = place.admit(lead_id=lead(owner_id=actors.staff.id).id, starts_on=begun)
    both = [
        slot(place.course, actors.teacher.id, 2, "10:00"),
        slot(course([actors.teacher2.id]), actors.teacher2.id, 3, "10:00"),
    ]
    other = [slot(course([actors.teacher.id]), actors.teacher.id, 3, "18:00")]
    for slots in ([both[0]], [both[1]], other):
        admission(slots, actor=actors.admin, starts_on=begun)
    actions.cancel([gone.id], actor=actors.admin)
    slot(place.course, actors.teacher.id, 5, "10:00", active=False)
    for name in ("New", "Contacted", "Trial Scheduled"):
        lead(stage_id=stage(name).id, assigned_teacher_id=actors.teacher.id)
    # More stages than fit into a short address.
    db.session.add_all(LeadStage(name=f"Step {number}", position=50 + number) for number in range(20))
    db.session.execute(
        text("""
            UPDATE attendance a SET status = (ARRAY['present', 'late', 'absent', 'excused'])[1 + n % 5], marked_at = now()
            FROM (SELECT id, row_number() OVER (ORDER BY starts_at, id)::integer AS n FROM attendance) o
            WHERE o.id = a.id AND n % 5 < 4 AND class_date <= :day
        """),
        {"day": school.today()},
    )
    db.session.commit()
    return place


def questions(name, by, place, actor):
    """With each filter that the report has, alone and together."""
    known = {"course_id": str(place.course.id), "teacher_id": str(place.teacher.id)}
    filters = {key: known[key] for key in reports.get(name).filters}
    day = school.today()
    periods = [{}, {"first": str(day - timedelta(days=40)), "last": str(day + timedelta(days=9))}]
    for chosen in ({}, *({key: value} for key, value in filters.items()), filters):
        for period in periods if reports.get(name).period else [{}]:
            yield {"by": by} | chosen | period


def behind(address, actor):
    """The list of an address: its resource, and what it asks. Every part of the address must be understood."""
    parts = urlsplit(address)
    resource = RESOURCES[parts.path.strip("/")]
    return resource, listing.read_query(resource, parse_qs(parts.query), strict=True)


def counted(address, actor):
    resource, query = behind(address, actor)
    return listing.count_rows(resource, listing.conditions(resource, actor, query), 10_000)


def whole(name, row):
    """What the list of a whole row counts."""
    return {
        "funnel": lambda: row["leads"],
        "sources": lambda: row["leads"],
        "occupancy": lambda: row["slots"],
        "attendance": lambda: row["marked"] + row["unmarked"],
    }[name]()


@pytest.mark.parametrize("who", ["admin", "staff", "teacher"])
def test_every_number_leads_to_a_list_that_counts_the_same(busy, actors, client_of, who):
    actor, client, followed, seen = getattr(actors, who), client_of(who), 0, set()
    for name, by in GROUPED:
        report = reports.get(name)
        for raw in questions(name, by, busy, actor):
            rows = report.rows(reports.ask(report, {key: value for key, value in raw.items() if value}), actor)
            for row in rows:
                assert counted(row["url"], actor) == whole(name, row), (name, raw, row)
                for column, url in row.get("urls", {}).items():
                    assert counted(url, actor) == row[column], (name, raw, column, row)
                followed += 1
            if rows:
                seen.add((name, by))
                assert client.get(rows[0]["url"]).status_code == 200
    assert seen == set(GROUPED)
    assert followed > 50


def test_places_are_those_of_the_classes_behind_them(busy, actors):
    report = reports.get("occupancy")
    for by in report.by:
        for row in report.rows(reports.ask(report, {"by": by}), actors.admin):
            resource, query = behind(row["url"], actors.admin)
            columns = ("capacity", "enrolled", "offered")
            found = listing.fetch(resource, actors.admin, query, columns).rows
            assert [sum(getattr(each, name) for each in found) for name in columns] == [row[name] for name in columns]


def test_the_chart_and_the_table_lead_to_the_same_lists(busy, client_of):
    page = client_of("admin").get("/reports/sources").text
    assert page.count("f=source:is:web&amp;f=admitted:is:true") == 1, "in the table"
    assert "f=source:is:web\\u0026f=admitted:is:true" in page, "in the chart"


def test_classes_are_found_by_course_and_teacher(busy, actors, client_of):
    resource = RESOURCES["attendance"]
    for wanted, expected in (
        (f"taught_course:is:{busy.course.id}", "SELECT course_id FROM classroom_slots WHERE id = a.classroom_slot_id"),
        (f"teacher:is:{busy.teacher.id}", "SELECT teacher_id FROM classroom_slots WHERE id = a.classroom_slot_id"),
    ):
        query = listing.read_query(resource, {"f": [wanted], "size": ["100"]}, strict=True)
        key = wanted.rpartition(":")[2]
        statement = f"SELECT count(*) FROM attendance a WHERE deleted_at IS NULL AND ({expected})::text = :key"
        where = listing.conditions(resource, actors.admin, query)
        assert listing.count_rows(resource, where, 10_000) == db.session.scalar(text(statement), {"key": key}) > 0
        other = listing.read_query(resource, {"f": [wanted.replace(":is:", ":isnot:")]}, strict=True)
        where += listing.conditions(resource, actors.admin, other)
        assert listing.count_rows(resource, where, 10_000) == 0
    shown = client_of("admin").get(f"/attendance/?f=taught_course:is:{busy.course.id}&cols=taught_course,teacher")
    assert busy.course.name in shown.text and "Teacher Tester" in shown.text
