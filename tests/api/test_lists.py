from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.api.represent import key_name
from app.extensions import db
from app.models.access import User
from app.models.leads import Lead
from app.services import accounts, school, sessions
from app.services.leads import LEADS
from app.services.resource import RESOURCES
from tests.factories.leads import lead, stage

SORTS = [f"{sign}{each.name}" for each in LEADS.attributes if each.sortable for sign in ("", "-")]
SLUGS = (
    "access-requests",
    "accounts",
    "admissions",
    "allocation-runs",
    "announcements",
    "assistants",
    "attendance",
    "attendance-policies",
    "class-credits",
    "classroom-slots",
    "closures",
    "content-pages",
    "course-plans",
    "courses",
    "deliveries",
    "descriptor-mappings",
    "document-types",
    "downloadable-resources",
    "edfi-push-items",
    "edfi-pushes",
    "edfi-servers",
    "enrollment-documents",
    "enrollment-invitations",
    "enrollments",
    "groups",
    "guardians",
    "instruments",
    "job-runs",
    "lead-stages",
    "leads",
    "oauth-clients",
    "oneroster-exports",
    "oneroster-users",
    "operating-days",
    "organizations",
    "program-extensions",
    "published-shifts",
    "registrations",
    "reschedule-requests",
    "roomallocation",
    "rooms",
    "roster-shifts",
    "rosters",
    "school-associations",
    "shift-assignments",
    "shift-demands",
    "student-guardians",
    "students",
    "tags",
    "terms",
    "test-registrations",
    "test-sessions",
    "test-years",
    "time-slots",
    "venue-availability",
    "venues",
    "waitlist",
)
ACCOUNT_SORTS = ("username", "-username", "last_name", "-last_name", "last_login", "-last_login")
ROWS = 57


def some_leads(**values: Any) -> list[Any]:
    """More than two pages, with many equal values."""
    made = [
        lead(
            last_name=f"Name{at % 3}",
            follow_up_date=school.today() + timedelta(days=at % 4),
            age=at % 2 or None,
            **values,
        )
        for at in range(ROWS)
    ]
    for at, each in enumerate(made):
        moment = db.func.now() - timedelta(hours=at % 5)
        db.session.execute(update(Lead).where(Lead.id == each.id).values(created_at=moment))
    db.session.commit()
    return made


def walk(caller: Any, url: str, way: str = "next") -> list[dict[str, Any]]:
    """The rows of all pages, each page in its order."""
    pages = []
    for _page in range(20):
        body = caller.get(url).json
        pages.append(body["items"])
        if body[way] is None:
            return list(itertools.chain(*(pages if way == "next" else reversed(pages))))
        url = body[way]
    raise AssertionError("no end")


@pytest.mark.parametrize("sort", SORTS)
def test_every_row_is_met_exactly_once_forwards_and_backwards(api, sort):
    made = {str(each.id) for each in some_leads()}
    caller, name = api("staff"), sort.removeprefix("-")
    forwards = walk(caller, f"/leads?sort={sort}&size=25")
    keys = [row["id"] for row in forwards]
    assert len(keys) == ROWS and set(keys) == made
    values = [row[name] for row in forwards]
    assert values == sorted(values, reverse=sort.startswith("-"))
    assert [row["id"] for row in walk(caller, f"/leads?sort={sort}&size=25&before=last", "previous")] == keys


@pytest.mark.parametrize("slug", SLUGS)
def test_every_sort_filter_and_column_of_every_resource_answers(api, slug):
    lead()
    resource, caller = RESOURCES[slug], api("super_admin")
    assert set(SLUGS) == set(RESOURCES), "another one is to be tested here"
    values = {
        "text": "a",
        "email": "a",
        "phone": "1",
        "number": "1",
        "date": "2026-01-01",
        "datetime": "2026-01-01",
        "bool": "1",
        "time": "15:30",
    }
    for attribute in resource.attributes:
        if attribute.sortable:
            assert caller.get(f"/{slug}?sort=-{attribute.name}").status_code == 200
        assert caller.get(f"/{slug}?cols={attribute.name}").status_code == 200
        if attribute.filterable and attribute.kind.value in values:
            operator = {
                "text": "contains",
                "email": "is",
                "phone": "contains",
                "number": "gt",
                "date": "before",
                "datetime": "after",
                "bool": "is",
                "time": "before",
            }
            answer = caller.get(
                f"/{slug}?f={attribute.name}:{operator[attribute.kind.value]}:{values[attribute.kind.value]}"
            )
            assert answer.status_code == 200, (attribute.name, answer.json)
            assert len(answer.json["items"]) == answer.json["total"] or answer.json["next"], attribute.name
        if attribute.nullable and attribute.filterable:
            assert caller.get(f"/{slug}?f={attribute.name}:empty:").status_code == 200


def test_the_link_header_leads_on(api):
    some_leads()
    answer = api("staff").get("/leads?size=25&f=first_name:is:Asha")
    assert answer.json["total"] == ROWS and answer.json["total_is_exact"] is True and answer.json["previous"] is None
    assert answer.headers["Link"] == f'<{answer.json["next"]}>; rel="next"'
    second = api("staff").get(answer.json["next"])
    assert (
        len(second.json["items"]) == 25
        and 'rel="prev"' in second.headers["Link"]
        and "first_name" in second.json["next"]
    )


def test_filters(api, actors):
    made = lead(owner_id=actors.staff.id, email="amina@example.org", age=9, source="web", last_name="O'Brien 100%")
    other = lead(age=40)
    caller = api("staff")

    def found(*filters: str, **more: str) -> set[str]:
        answer = caller.get("/leads", query_string={"f": list(filters), **more})
        assert answer.status_code == 200, answer.json
        return {row["id"] for row in answer.json["items"]}

    assert (
        found(f"owner:is:{actors.staff.id}")
        == {str(made.id)}
        == found("owner:notempty:")
        == found("email:contains:AMINA@")
    )
    assert found("age:lt:10", "source:is:web") == {str(made.id)} and found("age:between:10..50") == {str(other.id)}
    assert found(f"stage:is:{stage().id}") == {str(made.id), str(other.id)} and found("age:lt:10", "age:gt:10") == set()
    assert found(q="o'brien") == {str(made.id)} == found(q="100%") and found(q="%") == {str(made.id)}, (
        "wildcards are letters"
    )
    assert found(q="amina@example.org") == {str(made.id)}


def test_columns(api):
    lead()
    [row] = api("staff").get("/leads?cols=phone,stage").json["items"]
    assert set(row) == {"id", "phone", "stage", "stage_id"}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ("filter=x", "filter"),
        ("f=password:is:x", "f"),
        ("f=phone", "f"),
        ("f=phone:like:x", "f"),
        ("f=age:is:abc", "f"),
        ("f=stage:is:1", "f"),
        ("f=created_at:before:0001-01-01T00:00:00%2B14:00", "f"),
        ("f=follow_up_date:is:tomorrow", "f"),
        ("f=source:is:nope", "f"),
        ("&".join(["f=age:gt:1"] * 13), "f"),
        ("sort=phone_raw", "sort"),
        ("sort=owner.password", "sort"),
        ("sort=phone", "sort"),
        ("size=10", "size"),
        ("size=20000", "size"),
        ("size=abc", "size"),
        ("size=", "size"),
        ("after=zzz", "after"),
        ("before=zzz", "before"),
        ("after=WzEsIDVd", "after"),
        ("after=WyJcdWQ4MDAiLCAiMDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAwIl0&sort=last_name", "after"),
        ("cols=phone,search_text", "cols"),
        ("q=" + "x" * 201, "q"),
        ("q=%00", "q"),
        ("deleted=yes", "deleted"),
        ("sort=age&sort=phone", "sort"),
    ],
)
def test_what_is_not_understood_is_refused(api, arguments, field):
    answer = api("admin").get(f"/leads?{arguments}")
    assert answer.status_code == 422 and list(answer.json["fields"]) == [field], answer.json


def test_positions_of_another_sort_do_not_break(api):
    some_leads()
    position = api("admin").get("/leads?sort=last_name").json["next"].partition("after=")[2]
    assert api("admin").get(f"/leads?sort=created_at&after={position}").status_code == 422


def test_counting_stops(api, monkeypatch):
    from app.services import listing

    monkeypatch.setattr(listing, "COUNT_LIMIT", 3)
    for _each in range(5):
        lead()
    body = api("admin").get("/leads").json
    assert (body["total"], body["total_is_exact"], len(body["items"])) == (3, False, 5)


def test_export_is_the_list(api, actors):
    made = lead(owner_id=actors.staff.id, first_name="=cmd()")
    lead()
    answer = api("staff").get(f"/leads/export.csv?f=owner:is:{actors.staff.id}")
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert len(lines) == 2 and made.phone in lines[1] and not lines[1].startswith("=")
    assert api("staff").get("/leads/export.csv?size=25").status_code == 422


def test_board_worklist_and_figures(api, actors):
    mine = lead(owner_id=actors.staff.id, follow_up_date=school.today())
    lead(follow_up_date=school.today())
    caller = api("staff")
    columns = caller.get("/leads/board").json["items"]
    assert columns[0]["title"] == "New" and columns[0]["total"] == 2
    assert columns[0]["moves"] == [column["id"] for column in columns[1:]]
    assert caller.get("/leads/board?sort=age").status_code == 422
    assert {column["active"] for column in columns} == {True}
    today = caller.get("/leads/worklist?section=today").json
    assert [row["id"] for row in today["items"]] == [str(mine.id)]
    assert caller.get("/leads/worklist?section=today&whose=all").json["total"] == 2
    assert caller.get("/leads/worklist?section=never").status_code == 422
    assert sum(each["total"] for each in caller.get("/leads/figures").json["by_stage"]) == 2


def test_saved_filters(api):
    staff, other = api("staff"), api("staff2")
    made = staff.post("/leads/filters", {"name": "Mine", "query": "q=amina&size=50", "shared": False})
    assert made.status_code == 201 and made.json["own"] is True
    assert [each["name"] for each in staff.get("/leads/filters").json["items"]] == ["Mine"] and other.get(
        "/leads/filters"
    ).json["items"] == []
    assert staff.post("/leads/filters", {"name": "mine", "query": ""}).status_code == 409
    assert list(staff.post("/leads/filters", {"name": "Odd", "query": "f=nope:is:1"}).json["fields"]) == ["query"]
    assert other.delete(f"/leads/filters/{made.json['id']}").status_code == 404
    assert staff.delete(f"/leads/filters/{made.json['id']}").status_code == 204


def test_lookups_and_search(api, actors):
    made = lead(last_name="Zephyr")
    caller = api("staff")
    assert [each["id"] for each in caller.get("/lookups/staff?q=staff").json["items"]] == [
        actors.staff.id,
        actors.staff2.id,
    ]
    assert {"New", "Contacted"} <= {each["text"] for each in caller.get("/lookups/lead-stages").json["items"]}
    assert caller.get("/lookups/nothing").status_code == 404
    assert api("student").get("/lookups/staff").status_code == 403
    [found] = caller.get("/search?q=zeph").json["items"]
    assert found["href"] == f"/api/v1/leads/{made.id}" and caller.get(found["href"]).json["last_name"] == "Zephyr"
    assert caller.get("/search?q=z").json["items"] == []


@pytest.mark.parametrize("sort", ACCOUNT_SORTS)
def test_accounts_are_met_exactly_once_also_where_nothing_is_known(api, actors, sort):
    system = sessions.system()
    for at in range(40):
        accounts.create_account(
            username=f"u{at}", last_name=f"L{at % 3}", first_name="F", phone=f"+4477009001{at:02d}", actor=system
        )
    db.session.execute(update(User).where(User.username.like("u1%")).values(last_login=datetime(2026, 1, 1)))
    db.session.commit()
    everybody = {each.id for each in db.session.scalars(select(User).where(User.username != "system"))}
    keys = [row["id"] for row in walk(api("super_admin"), f"/accounts?sort={sort}&size=25")]
    assert len(keys) == len(everybody) and set(keys) == everybody
    assert [
        row["id"] for row in walk(api("super_admin"), f"/accounts?sort={sort}&size=25&before=last", "previous")
    ] == keys
    answer = api("super_admin").get("/accounts?f=phone:contains:0900110&cols=username").json
    assert (len(answer["items"]), answer["total"]) == (1, 1)


def test_every_value_has_a_name():
    """A relation's key is written under its own name; a subquery has none unless it is given one."""
    names = {
        f"{each.slug}.{one.name}": key_name(one)
        for each in RESOURCES.values()
        for one in each.attributes
        if one.key is not None
    }
    assert {place: name for place, name in names.items() if name == "None" or not name.isidentifier()} == {}
    assert names["accounts.import"] == "import_id"
