"""How typed words find leads."""

from __future__ import annotations

import pytest

from app.extensions import db
from app.models.leads import Lead
from app.models.students import Student
from app.services import listing, lookups
from app.services.leads import LEADS
from app.services.matching import all_words
from app.services.test_sessions.resource import REGISTRATIONS
from tests.factories import seating
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


DIALLED = [
    "07700900656",
    "07700 900656",
    "07700-900656",
    "(07700) 900656",
    "+44 (0)7700 900656",
    "+44 7700 900656",
    "00447700900656",
    "0044 7700 900656",
    "\u0660\u0667\u0667\u0660\u0660 \u0669\u0660\u0660\u0666\u0665\u0666",
    "7700 900656",
    "900656",
    "07700 90",
    "+44 (0)7700 90",
    "0044 7700 90",
    "07700-90",
]


@pytest.fixture
def dialled(db_session):
    lead(first_name="Ada", last_name="Rao", phone="+447700900656")
    lead(first_name="Bo", last_name="Rao", phone="+447700811111")


@pytest.mark.parametrize("words", DIALLED)
def test_a_number_is_found_the_way_people_dial_it(dialled, actors, words):
    assert found(actors.admin, words) == {"Ada"}
    assert [each.text for each in lookups.find("leads", actors.admin, words)[0]] == ["Ada Rao"]


def test_a_number_stands_beside_other_words(dialled, actors):
    assert found(actors.admin, "rao 07700 900656") == {"Ada"}
    assert found(actors.admin, "07700 900656 rao") == {"Ada"}
    assert found(actors.admin, "nobody 07700 900656") == set()
    assert found(actors.admin, "07700 900657") == set()
    assert found(actors.admin, "0770 90 rao") == set(), "no number has 77090 in it"


def test_a_student_is_found_by_the_number_through_what_is_theirs(db_session, actors):
    called, _other = seating.registered(seating.session(seating.venue()), 2)
    db.session.get(Student, called).phone = "+447700900656"
    db.session.flush()
    query = listing.Query(search="07700 900656")
    page = listing.fetch(REGISTRATIONS, actors.admin, query, ("student",))
    assert [row.student__key for row in page.rows] == [called]


@pytest.mark.parametrize("operator", ["is", "in", "contains"])
@pytest.mark.parametrize("words", DIALLED[:9])
def test_filters_read_a_number_the_way_people_dial_it(dialled, actors, operator, words):
    query = listing.read_query(LEADS, {"f": [f"phone:{operator}:{words}"]}, strict=True)
    assert [row.first_name for row in listing.fetch(LEADS, actors.admin, query, COLUMNS).rows] == ["Ada"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("phone:contains:07700-90", {"Ada"}),
        ("phone:contains:7700", {"Ada", "Bo"}),
        ("phone:contains:+44 (0)77008", {"Bo"}),
        ("phone:isnot:07700 900656", {"Bo"}),
        ("phone:is:none", set()),
        ("phone:contains:none", set()),
    ],
)
def test_filters_of_numbers(dialled, actors, wanted, expected):
    query = listing.read_query(LEADS, {"f": [wanted]}, strict=True)
    assert {row.first_name for row in listing.fetch(LEADS, actors.admin, query, COLUMNS).rows} == expected


def test_a_number_is_looked_for_in_the_index(db_session):
    """Both readings are patterns that trigrams find."""
    [condition] = all_words(Lead.search_text, "07700 900656", 8)
    patterns = sorted(str(each) for each in condition.compile().params.values())
    assert patterns == ["%+447700900656%", "%07700%", "%900656%"]
    assert len(all_words(Lead.search_text, "zoe quinn 2026", 8)) == 3, "words are looked for as before"
