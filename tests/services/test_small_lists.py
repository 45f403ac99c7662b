"""Small tables are sorted by any column, page by page, also where nothing is known or much is the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app.extensions import db
from app.models.courses import TimeSlot
from app.services import listing
from app.services.courses import CLOSURES, SLOTS, TIMES
from app.services.resource import RESOURCES
from app.services.venues import ROOMS, VENUES
from tests.factories import courses, seating

SMALL = [
    (resource.slug, attribute.name)
    for resource in (ROOMS, SLOTS, TIMES, VENUES, CLOSURES)
    for attribute in resource.attributes
]


@pytest.fixture
def rows(db_session, actors):
    venues = [seating.venue(name=f"Hall {number}") for number in range(4)]
    for number in range(8):
        nothing_known = {"grid_rows": None, "grid_columns": None} if number % 2 else {"grid_rows": 9, "grid_columns": 9}
        seating.room(venues[number % 4], 10, name=f"Room {number % 3}", **nothing_known)
        courses.slot(courses.course(name=f"Course {number % 3}"), actors.teacher, number % 6, f"{9 + number:02}:00",
                     room=None if number % 2 else "1")  # fmt: skip
        courses.closure(date(2030, 1, 1 + number), reason="Holiday")
    assert db.session.query(TimeSlot).count() >= 8


def walked(slug: str, sort: str, actor, **start: str) -> list:
    """All keys, three rows at a time."""
    resource, found, query = RESOURCES[slug], [], listing.Query(sort=sort, size=3, **start)
    while True:
        page = listing.fetch(resource, actor, query, (), count=False)
        keys = [row.id for row in page.rows]
        if start:
            found = keys + found
            if page.first:
                return found
            query = listing.read_query(resource, {"sort": [sort], "before": [page.start]}, strict=True)
        else:
            found += keys
            if page.last:
                return found
            query = listing.read_query(resource, {"sort": [sort], "after": [page.end]}, strict=True)
        query = replace(query, size=3)


@pytest.mark.parametrize(("slug", "name"), SMALL)
def test_every_row_is_met_once_by_any_column(rows, actors, slug, name):
    model = RESOURCES[slug].model
    every = {row.id for row in db.session.query(model)}
    up = walked(slug, name, actors.super_admin)
    assert len(up) == len(every) and set(up) == every
    assert walked(slug, f"-{name}", actors.super_admin) == up[::-1]
    assert walked(slug, name, actors.super_admin, before=listing.LAST) == up


def test_a_forged_position_of_a_choice_is_none(rows, actors):
    forged = "WyJub25lIiwgIjAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMCJd"  # ["none", a key]
    query = listing.read_query(RESOURCES["venues"], {"sort": ["status"], "after": [forged]})
    assert query.after == ""


def test_large_tables_are_sorted_by_what_an_index_serves():
    for slug in ("leads", "students", "enrollments", "admissions", "attendance", "accounts", "deliveries"):
        assert not RESOURCES[slug].small
    assert not RESOURCES["leads"].by_name["phone"].sortable
