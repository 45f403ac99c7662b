"""Lists kept under a name: one's own, and those that others share."""

from __future__ import annotations

import uuid

import pytest

from app.services import saved_filters
from app.services.errors import Conflict, Invalid, NotFound


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


def test_only_its_owner_deletes_it(db_session, actors):
    made = saved_filters.save("leads", "Ours", "q=a", True, actor=actors.staff)
    for actor, key in ((actors.admin, made.id), (actors.staff, uuid.uuid4())):
        with pytest.raises(NotFound):
            saved_filters.delete(key, actor=actor)
    saved_filters.delete(made.id, actor=actors.staff)
    assert names(actors.staff) == []
