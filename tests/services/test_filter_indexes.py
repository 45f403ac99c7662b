"""Filters by names, addresses and numbers go through the index of the search box, and find what they found without it."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.services import filters, listing
from app.services.leads import LEADS
from app.services.resource import RESOURCES
from tests.factories.leads import lead

pytestmark = pytest.mark.usefixtures("db_session")


def filters_of(resource):
    """Each operator that the index serves, with each attribute whose text is in it."""
    for attribute in resource.attributes:
        if getattr(resource.model, attribute.name, None) is attribute.value and filters._indexed(
            resource, filters.Filter(attribute, "contains", "abc")
        ):
            for operator, value in (("contains", "bcd"), ("is", "abcd"), ("in", "abcd,efgh")):
                yield filters.Filter(attribute, operator, value)


def plan(resource, item) -> str:
    statement = select(resource.model.id).where(filters.met(resource, item))
    made = statement.compile(dialect=db.engine.dialect, compile_kwargs={"literal_binds": True})
    return "\n".join(db.session.scalars(text("EXPLAIN " + str(made).replace("%%", "%").replace(":", "\\:"))))


def test_an_index_finds_them(app):
    db.session.execute(text("SET LOCAL enable_seqscan = off"))
    served = {slug: list(filters_of(resource)) for slug, resource in RESOURCES.items()}
    assert {"leads", "students", "guardians", "accounts", "enrollments"} <= {slug for slug in served if served[slug]}
    for slug, items in served.items():
        for item in items:
            lines = plan(RESOURCES[slug], item)
            assert "Index Cond" in lines, f"{slug}, {item}: {lines}"  # that of the search box, or one of their own


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("first_name:is:zoe", {"Zoë", "ZOE"}),
        ("first_name:is:Jo", {"Jo"}),
        ("first_name:contains:o", {"Zoë", "ZOE", "Jo", "Jo Ann", "50%_off"}),
        ("first_name:is:Ann", set()),
        ("first_name:contains:o an", {"Jo Ann"}),
        ("first_name:is:50%_off", {"50%_off"}),
        ("first_name:contains:0%_o", {"50%_off"}),
        ("first_name:contains:%_%", set()),
        ("first_name:in:jo,ZOË", {"Zoë", "ZOE", "Jo"}),
        ("last_name:is:d'Arc", {"Jo"}),
        ("last_name:is:Ö", {"ZOE"}),
        ("email:is:JO@x.example", {"Jo"}),
        ("email:contains:@X.EX", {"Jo"}),
        ("phone:is:+44 20 7946 0018", {"Zoë"}),
        ("phone:is:020 7946 0018", {"Zoë"}),
        ("phone:contains:7946 0018", {"Zoë"}),
        ("phone:contains:18", {"Zoë"}),
    ],
)
def test_what_is_found_is_what_was_meant(actors, raw, found):
    lead(first_name="Zoë", phone="+442079460018")
    lead(first_name="ZOE", last_name="Ö", phone="+447700900123")
    lead(first_name="Jo", last_name="d'Arc", email="jo@x.example", phone="+447700900124")
    lead(first_name="Jo Ann", last_name="Joan", phone="+447700900125")
    lead(first_name="50%_off", phone="+447700900126")
    query = listing.read_query(LEADS, {"f": [raw]})
    assert query.filters
    rows = listing.fetch(LEADS, actors.admin, query, ("first_name",)).rows
    assert {row.first_name for row in rows} == found
