"""Tags of leads in lists: filters, column, export."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import insert

from app.extensions import db
from app.models.leads import Tag, lead_tags
from app.services import listing
from app.services.leads import LEADS
from tests.factories.leads import lead


@pytest.fixture
def tagged(db_session):
    tags = {name: Tag(name=name) for name in ("open day", "Family")}
    db.session.add_all(tags.values())
    db.session.flush()
    both, one, none = lead(first_name="Both"), lead(first_name="One"), lead(first_name="None")
    for who, tag in ((both, "open day"), (both, "Family"), (one, "Family")):
        db.session.execute(insert(lead_tags).values(lead_id=who.id, tag_id=tags[tag].id))
    db.session.commit()
    return {name: str(tag.id) for name, tag in tags.items()} | {"none": str(none.id)}


def found(actor, *wanted: str) -> list[str]:
    query = listing.read_query(LEADS, {"f": list(wanted), "sort": ["created_at"]}, strict=True)
    return [row.first_name for row in listing.fetch(LEADS, actor, query, ("name",)).rows]


def test_leads_are_found_by_their_tags(tagged, actors):
    open_day, family = tagged["open day"], tagged["Family"]
    assert found(actors.admin, f"tags:is:{open_day}") == ["Both"]
    assert found(actors.admin, f"tags:is:{family}") == ["Both", "One"]
    assert found(actors.admin, f"tags:isnot:{open_day}") == ["One", "None"]
    assert found(actors.admin, f"tags:in:{open_day},{family}") == ["Both", "One"], "each once"
    assert found(actors.admin, f"tags:is:{open_day}", f"tags:is:{family}") == ["Both"], "filters stack"
    assert found(actors.admin, "tags:empty:") == ["None"]
    assert found(actors.admin, "tags:notempty:") == ["Both", "One"]
    assert found(actors.teacher, f"tags:is:{family}") == [], "no lead of theirs"


def test_what_is_no_tag_is_no_filter(tagged, actors, client_of):
    query = listing.read_query(LEADS, {"f": ["tags:is:family", "tags:contains:family", f"tags:gt:{tagged['Family']}"]})
    assert query.filters == ()
    assert client_of("admin").get("/leads/?f=tags:is:family").status_code == 200


def test_the_column_is_there_for_who_chooses_it(tagged, client_of):
    admin = client_of("admin")
    assert "Family, open day" not in admin.get("/leads/").text
    page = admin.get("/leads/?cols=name,tags&sort=last_name").text
    assert page.count("Family") >= 2 and page.count("open day") == 1


def test_the_export_names_them(tagged, client_of):
    url = f"/leads/export.csv?f=tags:is:{tagged['open day']}"
    [row] = csv.DictReader(io.StringIO(client_of("admin").get(url).get_data().decode("utf-8-sig")))
    assert (row["first_name"], row["tags"]) == ("Both", "Family, open day")


def test_a_tag_leads_to_its_leads(tagged, client_of):
    admin = client_of("admin")
    url = f"/leads/?f=tags:is:{tagged['open day']}"
    assert url in admin.get(f"/tags/{tagged['open day']}").text
    page = admin.get(url).text
    assert "Both" in page and "Tags is open day" in page and tagged["none"] not in page


def test_the_api_has_the_filter_and_keeps_its_records(tagged, app, actors):
    from tests.api.conftest import Caller, token_of

    api = Caller(app.test_client(), token_of(app, "admin"))
    [item] = api.get(f"/leads?f=tags:is:{tagged['open day']}").json["items"]
    assert item["first_name"] == "Both" and "tags" not in item
    assert [tag["name"] for tag in api.get(f"/leads/{item['id']}").json["tags"]] == ["Family", "open day"]
    assert api.get("/leads?f=tags:is:family").status_code == 422
    [item] = api.get(f"/leads?f=tags:is:{tagged['open day']}&cols=tags").json["items"]
    assert item["tags"] == "Family, open day"
