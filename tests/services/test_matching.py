"""How typed words find leads."""

from __future__ import annotations

import pytest

from app.services import listing, lookups
from app.services.leads import LEADS
from tests.factories.leads import lead

COLUMNS = ("name",)


def found(actor, words: str) -> set[str]:
    return {row.first_name for row in listing.fetch(LEADS, actor, listing.Query(search=words), COLUMNS).rows}


@pytest.fixture
def people(db_session):
    lead(first_name="Zoë", last_name="Quinn", email="zoe.quinn@mail.example")
    lead(first_name="Bo", last_name="Ortiz", email="100%@mail.example")
    lead(first_name="Li", last_name="O'Brien", phone="+4530123456")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("uin", {"Zoë"}),
        ("ZOE qui", {"Zoë"}),
        ("zoë", {"Zoë"}),
        ("bo", {"Bo"}),
        ("o", {"Bo", "Li"}),
        ("ortiz", {"Bo"}),
        ("45", {"Li"}),
        ("rt", set()),
        ("+45", {"Li"}),
        ("o'b", {"Li"}),
        ("%", {"Bo"}),
        ("_", set()),
        ("bo li", set()),
        ("'", {"Li"}),
    ],
)
def test_words_find(people, actors, words, expected):
    assert found(actors.admin, words) == expected


def test_autocomplete_looks_through_the_stored_text(people, actors):
    assert [each.text for each in lookups.find("leads", actors.admin, "quin")[0]] == ["Zoë Quinn"]


def test_counting_a_search_stops_sooner(people, actors, monkeypatch):
    monkeypatch.setattr(listing, "SEARCH_COUNT_LIMIT", 1)
    page = listing.fetch(LEADS, actors.admin, listing.Query(search="mail", size=1), COLUMNS)
    assert (page.total, page.limit) == (2, 1)
