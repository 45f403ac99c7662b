"""Lists: walking all rows by keyset, filters, and what an address may say."""

from __future__ import annotations

import random
from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.extensions import db
from app.models.leads import Lead
from app.services import filters, listing, school
from app.services.errors import Invalid
from app.services.leads import LEADS
from app.services.listing import Query
from app.services.positions import LAST
from app.services.resource import RESOURCES, Attribute, Kind, Resource
from tests.factories.leads import lead, stage

# As LEADS, with columns that hold NULL and few values besides, so that ties and NULLs are walked over too.
WALKED = Resource(
    name="Leads",
    slug="leads",
    model=Lead,
    singular="Lead",
    plural="Leads",
    title=lambda row: row.first_name,
    attributes=(
        Attribute("first_name", "First name", Kind.TEXT, Lead.first_name, sortable=True),
        Attribute("area", "Area", Kind.TEXT, Lead.area, sortable=True, nullable=True),
        Attribute("age", "Age", Kind.NUMBER, Lead.age, sortable=True, nullable=True),
        Attribute("budget", "Budget", Kind.NUMBER, Lead.expected_budget, sortable=True, nullable=True),
        Attribute("demo_date", "Trial", Kind.DATE, Lead.demo_date, sortable=True, nullable=True),
        Attribute("next_follow_up_at", "Next", Kind.DATETIME, Lead.next_follow_up_at, sortable=True, nullable=True),
        Attribute("demo_conducted", "Held", Kind.BOOL, Lead.demo_conducted, sortable=True),
        Attribute("follow_up_date", "Follow-up", Kind.DATE, Lead.follow_up_date, sortable=True),
        Attribute("created_at", "Entered", Kind.DATETIME, Lead.created_at, sortable=True),
    ),
    title_columns=(Lead.first_name,),
)
SORTS = [sign + each.name for each in WALKED.attributes for sign in ("", "-")]
ROWS = 83


@pytest.fixture
def rows(db_session, actors):
    chance = random.Random(7)
    today = school.today()

    def some(*values):
        return chance.choice((None, *values))

    made = [
        Lead(
            first_name=chance.choice(["Ann", "ann", "Ánn", "Zoë", "Bob"]),
            last_name=f"L{number}",
            phone="+442071838750",
            stage_id=stage().id,
            area=some("North", "south", "Ost"),
            age=some(0, 7, 8),
            expected_budget=some(0, 10.5, 100),
            demo_date=some(today, today + timedelta(days=1)),
            next_follow_up_at=some(school.midnight(today), school.midnight(today) + timedelta(microseconds=1)),
            demo_conducted=chance.random() < 0.5,
            follow_up_date=today + timedelta(days=chance.randrange(3)),
        )
        for number in range(ROWS)
    ]
    db.session.add_all(made)
    db.session.commit()
    return made


def walk(actor, sort: str, size: int, *, backwards: bool) -> list:
    """All ids, page by page, in the order in which the list shows them."""
    query = Query(sort=sort, size=size, before=LAST if backwards else "")
    found: list = []
    for _page in range(ROWS + 2):
        page = listing.fetch(WALKED, actor, query, ("first_name",))
        keys = [row.id for row in page.rows]
        found = keys + found if backwards else found + keys
        assert page.total == ROWS
        if page.first if backwards else page.last:
            return found
        position = {"before": page.start} if backwards else {"after": page.end}
        parameters = dict(Query(sort=sort, size=size).parameters(**position))
        query = Query(sort=sort, size=size, after=parameters.get("after", ""), before=parameters.get("before", ""))
        assert listing.read_query(WALKED, {name: [value] for name, value in parameters.items()}).after == query.after
    raise AssertionError("the walk does not end")


@pytest.mark.parametrize("sort", SORTS)
def test_every_row_is_walked_over_once_in_both_directions(rows, actors, sort):
    actor = actors.admin
    whole = [row.id for row in listing.fetch(WALKED, actor, Query(sort=sort, size=1000), ("first_name",)).rows]
    assert len(set(whole)) == ROWS
    for size in (10, 25):
        assert walk(actor, sort, size, backwards=False) == whole, "forwards"
        assert walk(actor, sort, size, backwards=True) == whole, "backwards"
    opposite = sort[1:] if sort.startswith("-") else f"-{sort}"
    assert [
        row.id for row in listing.fetch(WALKED, actor, Query(sort=opposite, size=1000), ("first_name",)).rows
    ] == whole[::-1]


def test_a_row_that_comes_or_goes_meanwhile_moves_no_other(rows, actors):
    """What keyset paging is for: with offsets a row is shown twice or not at all."""
    actor = actors.admin
    first = listing.fetch(WALKED, actor, Query(sort="-created_at", size=25), ("first_name",))
    lead(first_name="New")
    db.session.get(Lead, first.rows[3].id).deleted_at = school.midnight(school.today())
    db.session.commit()
    second = listing.fetch(WALKED, actor, Query(sort="-created_at", size=25, after=first.end), ("first_name",))
    assert not {row.id for row in first.rows} & {row.id for row in second.rows}
    seen = {row.id for row in first.rows} | {row.id for row in second.rows}
    assert seen == {
        row.id for row in listing.fetch(WALKED, actor, Query(sort="-created_at", size=50), ("first_name",)).rows[1:]
    } | {first.rows[3].id}


def test_previous_from_the_second_page_is_the_first(rows, actors):
    first = listing.fetch(WALKED, actors.admin, Query(sort="area", size=10), ("area",))
    second = listing.fetch(WALKED, actors.admin, Query(sort="area", size=10, after=first.end), ("area",))
    back = listing.fetch(WALKED, actors.admin, Query(sort="area", size=10, before=second.start), ("area",))
    assert [row.id for row in back.rows] == [row.id for row in first.rows]
    assert (first.first, second.first, back.first) == (True, False, True)


OPERATORS = [
    (each.name, operator) for each in LEADS.attributes if each.filterable for operator in filters.operators_of(each)
]
VALUES = {
    Kind.NUMBER: "7",
    Kind.DATE: "2026-03-31",
    Kind.DATETIME: "2026-03-31",
    Kind.BOOL: "1",
    Kind.TEXT: "North",
    Kind.EMAIL: "a@b.example",
    Kind.PHONE: "+44",
}


def test_every_filter_that_is_offered_works(rows, actors):
    unknown = []
    for name, operator in OPERATORS:
        attribute = LEADS.by_name[name]
        value = VALUES.get(attribute.kind) or (attribute.options[0].value if attribute.options else "")
        if attribute.kind is Kind.RELATION:
            value = (
                str(stage().id)
                if name == "stage"
                else "00000000-0000-4000-8000-000000000000"
                if name in ("import", "tags")
                else "1"
            )
        value = {"between": f"{value}..{value}", "last": "7", "next": "7"}.get(operator, value)
        value = "" if operator in filters.ALONE else value
        raw = f"{name}:{operator}:{value}"
        query = listing.read_query(LEADS, {"f": [raw]})
        if not query.filters:
            unknown.append(raw)
            continue
        assert listing.read_query(LEADS, dict_of(query.parameters())) == query, "an address says what it means"
        listing.fetch(LEADS, actors.admin, query, ("name",))
    assert unknown == []


def test_days_are_counted_from_the_schools_today(db_session, actors, monkeypatch):
    """And a filter that is kept means other days tomorrow."""
    today = date(2026, 3, 29)  # in London, clocks go forward
    days = [today + timedelta(days=number) for number in (-7, -6, -1, 0, 1, 6, 7)]
    made = {day: lead(follow_up_date=day) for day in days}
    for day, each in made.items():
        each.created_at = school.midnight(day)
    late = lead(follow_up_date=date(2030, 1, 1))
    late.created_at = school.midnight(today + timedelta(days=1)) - timedelta(seconds=1)
    db.session.flush()

    def found(raw: str, of: str = "follow_up_date") -> list[int]:
        query = listing.read_query(LEADS, {"f": [f"{of}:{raw}"]})
        rows = listing.fetch(LEADS, actors.admin, query, ("name",)).rows
        return sorted((day - today).days for day, each in made.items() if each.id in {row.id for row in rows}) + (
            [99] if late.id in {row.id for row in rows} else []
        )

    for now, shift in ((today, 0), (today + timedelta(days=1), 1)):
        monkeypatch.setattr(school, "today", lambda now=now: now)
        assert found("today:") == [shift] and found("last:1") == found("next:1") == [shift]
        assert found("past:") == [-7, -6, -1] + [0] * shift
        assert found("last:7") == ([-6, -1, 0] if not shift else [-1, 0, 1])
        assert found("next:7") == ([0, 1, 6] if not shift else [1, 6, 7])
        assert found("today:", "created_at") == ([0, 99] if not shift else [1]), "the last second counts"
        assert found("last:7", "created_at") == ([-6, -1, 0, 99] if not shift else [-1, 0, 1, 99])
    for wrong in ("last:", "last:0", "next:-1", "next:x", "last:3661", "next:1.5", "last:٣"):
        assert listing.read_query(LEADS, {"f": [f"follow_up_date:{wrong}"]}).filters == ()
    assert listing.read_query(LEADS, {"f": ["created_at:past:"]}).filters == ()


def dict_of(pairs):
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def test_a_filter_and_its_opposite_share_the_rows(rows, actors):
    """NULL is not a value that is neither: `isnot` finds it, and so does `empty`."""

    def count(raw: str) -> int:
        return listing.fetch(LEADS, actors.admin, listing.read_query(LEADS, {"f": [raw]}), ("name",)).total

    for name, value in (("area", "North"), ("age", "7")):
        assert count(f"{name}:is:{value}") + count(f"{name}:isnot:{value}") == ROWS
        assert count(f"{name}:empty:") + count(f"{name}:notempty:") == ROWS
        assert 0 < count(f"{name}:is:{value}") < ROWS


def test_texts_are_compared_as_people_do(db_session, actors):
    """`is` finds what `contains` finds; capitals and accents are a matter of who typed it."""
    for interest, email in (("Piano", "Ann@B.example"), ("PIANO", None), ("Pi\u00e1no", "x@b.example"), (None, None)):
        lead(interest=interest, email=email)
    found = {
        raw: listing.fetch(LEADS, actors.admin, listing.read_query(LEADS, {"f": [raw]}), ("name",)).total
        for raw in (
            "interest:contains:piano",
            "interest:is:piano",
            "interest:isnot:pianO",
            "interest:in:violin,PIANO",
            "interest:is:pian",
            "email:is:ANN@b.EXAMPLE",
            "email:in:ann@b.example,X@b.example",
            "email:isnot:ann@B.example",
        )
    }
    assert list(found.values()) == [3, 3, 1, 3, 0, 1, 2, 3], found


def test_the_index_of_addresses_is_used_for_them(db_session):
    """Which is on their lower case."""
    [item] = listing.read_query(LEADS, {"f": ["email:is:A@b.example"]}).filters
    assert str(filters.condition(item)) == "lower(leads.email) = lower(:lower_1)"
    [item] = listing.read_query(LEADS, {"f": ["phone:is:+44"]}).filters
    assert str(filters.condition(item)) == "leads.phone = :phone_1"


@given(
    st.dictionaries(
        st.sampled_from(["q", "f", "sort", "size", "cols", "after", "before", "deleted", "x"]),
        st.lists(st.text(max_size=60), max_size=3),
    )
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_address_is_read_or_refused(app, arguments):
    with app.app_context():
        query = listing.read_query(LEADS, arguments)
        assert query.size in listing.SIZES
        assert listing.read_query(LEADS, dict_of(query.parameters(after=query.after, before=query.before))) == query
        named: set[str] = set()
        try:
            listing.read_query(LEADS, arguments, strict=True)
        except Invalid as refused:
            named = set(refused.fields)
        assert named <= set(arguments)


def test_a_page_costs_the_same_number_of_statements_whatever_it_shows(rows, actors, client_of):
    from sqlalchemy import event

    statements: list[str] = []
    connection = db.session.get_bind()
    event.listen(connection, "before_cursor_execute", lambda _c, _u, statement, *_more: statements.append(statement))
    admin = client_of("admin")
    for url in ("/leads/", "/leads/?size=100", "/leads/?q=ann&sort=-last_name", "/leads/board/"):
        admin.get(url)
        del statements[:]
        assert admin.get(url).status_code == 200
        asked = [each for each in statements if not each.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK"))]
        assert len(asked) <= 10, (url, asked)


@pytest.mark.parametrize("slug", [slug for slug, resource in RESOURCES.items() if resource.told])
def test_what_a_preview_tells_can_be_read(db_session, actors, slug):
    """The database refuses what cannot; of most there is no record here."""
    resource = RESOURCES[slug]
    query = Query(ids=(uuid4(),) if slug != "accounts" else (actors.admin.id,), size=100)
    found = listing.fetch(resource, actors.admin, query, resource.told, count=False).rows
    assert [set(row._mapping) >= set(resource.told) for row in found] == [True] * (slug == "accounts")
