"""Paging, sorting, filters and selection."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.services.oneroster.rest import querying
from tests.api.oneroster import closed
from tests.api.oneroster.conftest import BASES
from tests.api.oneroster.test_operations import minor
from tests.factories.oneroster import many_users


def keys(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json
    [items] = answer.json.values()
    return [each["sourcedId"] for each in items]


def links(answer: Any) -> dict[str, str]:
    return {name: address for address, name in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["Link"])}


def test_pages_hold_everything_once_whichever_way_one_goes(reader, there):
    many_users(25)
    read = reader()
    whole = keys(read("/users?limit=1000"))
    assert whole == sorted(whole) and len(whole) == 30
    answer, forward = read("/users?limit=4"), []
    while True:
        forward += keys(answer)
        assert answer.headers["X-Total-Count"] == "30"
        if "next" not in links(answer):
            break
        answer = follow(read, links(answer)["next"])
    assert forward == whole and links(answer).keys() == {"first", "prev", "last"}
    back = follow(read, links(answer)["prev"])
    assert keys(back) == whole[24:28]
    assert keys(follow(read, links(back)["last"])) == whole[28:]
    assert keys(follow(read, links(back)["first"])) == whole[:4]


def follow(read: Any, address: str) -> Any:
    parts = urlsplit(address)
    return read(parts.path.removeprefix(BASES["1.2"]) + "?" + parts.query)


def test_links_keep_the_rest_of_the_query(reader, there):
    many_users(9)
    answer = reader()("/students?limit=2&filter=" + quote("familyName='Family1'") + "&sort=username&orderBy=desc")
    assert answer.headers["X-Total-Count"] == "2"
    assert "filter=familyName" in links(answer)["first"] and "orderBy=desc" in links(answer)["last"]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", ["familyName", "sourcedId", "dateLastModified", "enabledUser"])
def test_any_page_of_any_order_is_the_part_of_the_whole(reader, there, sort, order):
    many_users(20)
    read, query = reader(), f"/users?sort={sort}&orderBy={order}"
    whole = keys(read(f"{query}&limit=100"))
    assert len(whole) == 25
    for offset in range(0, 26, 5):
        assert keys(read(f"{query}&limit=5&offset={offset}")) == whole[offset : offset + 5]


def test_beyond_the_end_there_is_nothing(reader, there):
    answer = reader()("/users?offset=1000")
    assert keys(answer) == [] and answer.headers["X-Total-Count"] == "5"
    assert "next" not in links(answer) and "prev" in links(answer)


FILTERS = [
    ("/users?filter=sourcedId='pupil'", {"pupil"}),
    ("/users?filter=givenName='Given' AND sourcedId!='pupil'", {"parent", "head"}),
    ("/users?filter=sourcedId='pupil' OR sourcedId='head'", {"pupil", "head"}),
    ("/users?filter=username~'USER.P'", {"pupil", "parent"}),
    ("/users?filter=grades~'10,11'", {"pupil"}),
    ("/users?filter=grades='09,10'", {"pupil"}),
    ("/users?filter=grades='10,11'", set()),
    ("/users?filter=agents.sourcedId='pupil'", {"parent"}),
    ("/users?filter=enabledUser='false'", set()),
    ("/users?filter=dateLastModified>'2999-01-01'", set()),
    ("/users?filter=sourcedId>='pupil' AND sourcedId<'q'", {"pupil"}),
    ("/users?filter=familyName='O''Neil'", set()),
    ("/users?filter=middleName='x'", set()),
    ("/classes?filter=school.sourcedId='org-other'", {"maths-1"}),
    ("/classes?filter=terms.sourcedId='term'", {"maths-1"}),
    ("/courses?filter=subjects~'Maths, pure'", set()),
    ("/enrollments?filter=beginDate<='2020-09-01'", {"taken"}),
    ("/enrollments?filter=user.sourcedId='pupil'", {"taken"}),
    ("/orgs?filter=parent.sourcedId='org-home'", {"org-other"}),
    ("/academicSessions?filter=schoolYear='2199'", {"year"}),
    ("/demographics?filter=white='true'", None),
]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_filters(reader, there, version):
    read = reader()
    for path, wanted in FILTERS:
        found = set(keys(read(path, version)))
        assert len(found) == 1 if wanted is None else found == wanted, path


def test_filters_of_one_version(reader, there):
    read = reader()
    assert keys(read("/users?filter=role='parent'", "1.1")) == ["parent"]
    assert keys(read("/users?filter=orgs.sourcedId='org-home' AND role='administrator'", "1.1")) == ["head"]
    assert keys(read("/users?filter=roles.org.sourcedId='org-home' AND primaryOrg.sourcedId='org-other'")) == ["head"]
    assert keys(read("/users?filter=roles.role='guardian'")) == ["parent"]
    assert read("/users?filter=role='parent'").status_code == 400


WRONG = [
    ("filter=nothing='x'", 400, "invalid_filter_field"),
    ("filter=familyName", 400, "invalid_filter_field"),
    ("filter=familyName='x' AND givenName='y' AND email='z'", 400, "invalid_filter_field"),
    ("filter=dateLastModified>'soon'", 400, "invalid_filter_field"),
    ("filter=enabledUser='perhaps'", 400, "invalid_filter_field"),
    ("filter=grades>'09'", 400, "invalid_filter_field"),
    ("filter=familyName='" + "x" * 3000 + "'", 400, "invalid_filter_field"),
    ("filter=familyName='%00'", 422, "invaliddata"),
    ("fields=sourcedId,shoe", 400, "invalid_selection_field"),
    ("sort=shoe", 400, "invalid_selection_field"),
    ("sort=grades", 400, "invalid_selection_field"),
    ("orderBy=up", 422, "invaliddata"),
    ("limit=0", 422, "invaliddata"),
    ("limit=-1", 422, "invaliddata"),
    ("limit=many", 422, "invaliddata"),
    ("limit=%D9%A3", 422, "invaliddata"),
    ("offset=99999999999999999999", 422, "invaliddata"),
    ("offset=-5", 422, "invaliddata"),
]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_what_a_query_may_not_say(reader, there, version):
    read = reader()
    for query, status, code in WRONG:
        answer = read(f"/users?{query}", version)
        assert (answer.status_code, minor(answer, version)) == (status, code), query


def test_selected_fields_are_all_there_is(reader, there):
    read = reader()
    answer = read("/users?fields=sourcedId,%20givenName,roles,password&limit=1")
    [user] = answer.json["users"]
    assert set(user) == {"sourcedId", "givenName", "roles"}
    closed.check("UserDType", user, partly=True)
    assert set(read("/users/pupil?fields=email,username").json["user"]) == {"username"}
    assert read("/users/pupil?fields=shoe").status_code == 400


def test_a_limit_that_is_too_large_is_cut(reader, there, monkeypatch):
    monkeypatch.setattr(querying, "MOST", 3)
    answer = reader()("/users?limit=100000")
    assert len(keys(answer)) == 3 and "limit=3&offset=3" in links(answer)["next"]


@given(
    st.dictionaries(
        st.sampled_from(["limit", "offset", "sort", "orderBy", "filter", "fields"]),
        st.one_of(
            st.text(max_size=40), st.sampled_from(["sourcedId='x'", "grades", "status!='a' OR email~'%'", "1", "desc"])
        ),
        max_size=4,
    ),
    st.sampled_from(["/users", "/classes", "/enrollments", "/orgs", "/demographics"]),
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_is_a_fault_of_ours(everything, query, path):
    answer = everything(path, query_string={name: value.encode("utf-8", "replace") for name, value in query.items()})
    assert answer.status_code in (200, 400, 422)


@pytest.fixture
def everything(reader, there):
    return reader()
