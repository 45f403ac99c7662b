"""Lists kept under a name: one's own, and those that others share."""

from __future__ import annotations

import uuid

import pytest

from app.services import saved_filters
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound


def names(actor):
    return [each.name for each in saved_filters.of_list("leads", actor)]


def test_one_sees_ones_own_and_the_shared(db_session, actors):
    saved_filters.save("leads", "Mine", "q=a", False, actor=actors.staff)
    saved_filters.save("leads", "Ours", "q=b", True, actor=actors.staff)
    saved_filters.save("tags", "Other list", "q=c", True, actor=actors.staff)
    assert names(actors.staff) == ["Mine", "Ours"]
    assert names(actors.staff2) == ["Ours"]


def test_a_name_is_taken_once_by_each(db_session, actors):
    saved_filters.save("leads", "Mine", "q=a", False, actor=actors.staff)
    saved_filters.save("leads", "Mine", "q=a", False, actor=actors.staff2)
    with pytest.raises(Conflict) as refused:
        saved_filters.save("leads", " MINE ", "q=b", False, actor=actors.staff)
    assert "already have a filter" in str(refused.value)


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\0b", "\ud800"])
def test_names_that_cannot_be_kept(db_session, actors, name):
    with pytest.raises(Invalid):
        saved_filters.save("leads", name, "q=a", False, actor=actors.staff)


def test_its_owner_deletes_it_and_an_admin_what_is_shared(db_session, actors):
    private = saved_filters.save("leads", "Mine", "q=a", False, actor=actors.staff)
    shared = [saved_filters.save("leads", name, "q=a", True, actor=actors.staff) for name in ("Ours", "Everybody's")]
    for actor, key in (
        (actors.admin, private.id),
        (actors.staff2, shared[0].id),
        (actors.staff2, private.id),
        (actors.staff, uuid.uuid4()),
    ):
        with pytest.raises(NotFound):
            saved_filters.delete(key, actor=actor)
    saved_filters.delete(private.id, actor=actors.staff)
    saved_filters.delete(shared[0].id, actor=actors.staff)
    saved_filters.delete(shared[1].id, actor=actors.admin)
    assert names(actors.staff) == []


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("super_admin", True),
        ("admin", True),
        ("staff", True),
        ("admissions", True),
        ("exam_officer", True),
        ("coach", False),
        ("teacher", False),
        ("student", False),
        ("guardian", False),
        ("assistant", False),
        ("engineer", False),
    ],
)
def test_the_office_shares_filters(db_session, actors, role, allowed):
    actor = getattr(actors, role)
    saved_filters.save("attendance", "Mine", "q=a", False, actor=actor)
    if allowed:
        saved_filters.save("attendance", "Ours", "q=a", True, actor=actor)
    else:
        with pytest.raises(NotAllowed):
            saved_filters.save("attendance", "Ours", "q=a", True, actor=actor)


def test_ones_own_filters_are_not_hidden_by_what_others_share(db_session, actors):
    for number in range(51):
        saved_filters.save("leads", f"A{number:02}", "q=a", True, actor=actors.staff)
    saved_filters.save("leads", "Mine", "q=a", False, actor=actors.admin)
    assert names(actors.admin) == ["Mine", *(f"A{number:02}" for number in range(49))]


def test_a_query_that_is_too_long_is_refused_and_not_cut(db_session, actors):
    with pytest.raises(Invalid) as refused:
        saved_filters.save("leads", "Long", "q=" + "a" * 3_999, False, actor=actors.staff)
    assert list(refused.value.fields) == ["query"]
    assert saved_filters.save("leads", "Long", "q=" + "a" * 3_998, False, actor=actors.staff).query[-1] == "a"


def test_the_screen_offers_what_one_may(db_session, actors, client_of):
    shared = saved_filters.save("leads", "Ours", "q=a", True, actor=actors.staff)
    gone = f"/leads/filters/{shared.id}/delete"
    for role, share, remove in (("staff", 1, 1), ("staff2", 1, 0), ("teacher", 0, 0), ("admin", 1, 1)):
        page = client_of(role).get("/leads/").text
        assert (page.count('name="shared"'), page.count(gone)) == (share, remove), role
    form = {"name": "Everybody's", "query": "q=a", "shared": "1"}
    assert client_of("teacher").post("/leads/filters", data=form).status_code == 403
    assert client_of("staff2").post(gone).status_code == 404
    assert client_of("admin").post(gone).status_code == 302


@pytest.mark.parametrize("query", ["q=" + "a" * 9_000, "&".join(["f=area:is:x"] * 100)], ids=len)
def test_a_search_that_is_not_read_whole_is_refused(db_session, client_of, query):
    """It would be another list: everything, in the worst case."""
    staff = client_of("staff")
    assert staff.post("/leads/filters", data={"name": "Huge", "query": query}).status_code == 422
    assert staff.post("/leads/actions/change_stage", data={"_all": "1", "_query": query}).status_code == 422
