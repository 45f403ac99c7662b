"""Addresses of lists: whatever is in them, they are read or refused, never a fault of ours."""

from __future__ import annotations

import base64
import json
import uuid

import pytest
from flask import url_for
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule

from app.services.leads import LEADS
from app.services.resource import LOOKUPS, RESOURCES
from tests.conftest import make_app
from tests.factories.leads import lead
from tests.views.test_bad_input import BAD


def position(*parts) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


POSITIONS = [
    position("x", str(uuid.uuid4())),
    position(None, str(uuid.uuid4())),
    position("\ud800", str(uuid.uuid4())),
    position("a\0", str(uuid.uuid4())),
    position(1),
    position(),
    position("2026-01-01", 5),
    position({"a": 1}, []),
    position("0001-01-01T00:00:00+14:00", str(uuid.uuid4())),
    position("9" * 5000, str(uuid.uuid4())),
    "====",
    "é",
    "bnVsbA",
    "W10",
    "IjEi",
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    base64.urlsafe_b64encode(b"[" * 3000).decode(),
]


@pytest.mark.parametrize("slug", ["leads", "accounts"])
def test_made_up_positions_are_ignored(app, client_of, db_session, slug):
    lead()
    client = client_of("super_admin")
    for raw in POSITIONS:
        for sort in [each.name for each in RESOURCES[slug].attributes if each.sortable]:
            answer = client.get(f"/{slug}/", query_string={"after": raw, "sort": sort})
            assert answer.status_code < 500, (raw[:40], sort)
        assert client.get(f"/{slug}/", query_string={"before": raw}).status_code < 500, raw[:40]


words = st.one_of(
    st.sampled_from(list(BAD.values())),
    st.text(max_size=40),
    st.from_regex(r"[a-z_]{1,12}:[a-z]{1,8}:.{0,20}", fullmatch=True),
)
names = st.sampled_from([each.name for each in LEADS.attributes] or ["name"])
operators = st.sampled_from(
    ["is", "isnot", "contains", "in", "between", "before", "after", "gt", "lt", "empty", "notempty", "nope", ""]
)
values = st.one_of(
    words,
    st.sampled_from(
        ["..", "1..", "..1", ",", "1,,2", "2026-01-01..", "0001-01-01..9999-12-31", "9999-12-31", "1", "true", "open"]
    ),
)
filters = st.builds(lambda name, operator, value: f"{name}:{operator}:{value}", names, operators, values)
queries = st.fixed_dictionaries(
    {},
    optional={
        "q": words,
        "f": st.lists(st.one_of(filters, words), max_size=4),
        "sort": st.one_of(words, names),
        "size": words,
        "cols": st.one_of(words, st.lists(names, max_size=3).map(",".join)),
        "after": words,
        "before": words,
        "deleted": words,
    },
)


kept: dict = {}  # one client for all examples


@given(
    query=queries,
    url=st.sampled_from(
        ["/leads/", "/leads/board/", "/leads/export.csv", "/search/", "/lookups/leads", "/leads/worklist/"]
    ),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_address_of_a_list_is_a_fault_of_ours(client_of, db_session, query, url):
    if kept.get("session") is not db_session:
        kept.update(session=db_session, client=client_of("admin"))
    answer = kept["client"].get(url, query_string=query)
    assert answer.status_code in (200, 404, 422), query


@pytest.mark.parametrize("name", sorted(LOOKUPS))
def test_no_key_that_is_left_out_of_choices_is_a_fault_of_ours(client_of, db_session, name):
    for but in ("\0", "x", "-5", "9" * 12, "٣", "{}", "\ud800".encode(errors="surrogatepass")):
        assert client_of("super_admin").get(f"/lookups/{name}", query_string={"but": but}).status_code in (200, 403), (
            but
        )


def test_search_takes_wildcards_as_they_are(client_of, db_session):
    plain, percent, under = lead(last_name="Plain"), lead(last_name="Hundred%"), lead(last_name="Under_score")
    quote, slash = lead(last_name="O'Neill"), lead(last_name="Back\\slash")
    client = client_of("admin")
    for words, wanted in (("%", percent), ("_", under), ("'", quote), ("\\", slash)):
        page = client.get("/leads/", query_string={"q": words}).text
        assert str(wanted.id) in page, words
        assert str(plain.id) not in page, words
        page = client.get("/leads/", query_string={"f": f"last_name:contains:{words}"}).text
        assert str(wanted.id) in page, words
        assert str(plain.id) not in page, words
        found = client.get("/lookups/leads", query_string={"q": words}).json["results"]
        assert [each["id"] for each in found] == [str(wanted.id)], words


def test_no_rule_is_compiled_before_an_address_is_made_of_it(monkeypatch):
    """There are 1,500, and a process is started for every command."""
    compiled = []
    original = Rule._compile_builder
    monkeypatch.setattr(Rule, "_compile_builder", lambda rule, *args: compiled.append(rule) or original(rule, *args))
    app = make_app("postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert len(list(app.url_map.iter_rules())) > 1_000
    assert {rule.endpoint for rule in compiled} == {"static"}, "Flask's own, which it adds itself"
    compiled.clear()
    with app.test_request_context():
        assert url_for("LeadView.show", pk=1, _anchor="notes") == "/leads/1#notes"
        assert url_for("LeadView.show", pk=2, next="/a") == "/leads/2?next=/a"
    assert [rule.endpoint for rule in compiled] == ["LeadView.show"], "once"
