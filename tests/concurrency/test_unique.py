"""Races that a unique index decides: each is shown without the index too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.extensions import db
from app.services import saved_filters, school
from app.services.errors import Conflict
from app.services.leads import followups, tags
from app.services.notifications import telling
from tests.concurrency.racing import actor, count, race, refusals
from tests.factories.leads import lead


@pytest.fixture(params=[True, False], ids=["unique", "index-off"])
def unique(request, arena):
    """Whether the index is there. It is made anew afterwards, on the empty tables."""

    def take_off(name: str) -> bool:
        if not request.param:
            with db.engine.begin() as connection:
                dropped.append(
                    connection.execute(
                        text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"), {"name": name}
                    ).scalar_one()
                )
                connection.execute(text(f"DROP INDEX {name}"))
        return bool(request.param)

    dropped: list[str] = []
    yield take_off
    db.session.remove()
    for definition in dropped:
        with db.engine.begin() as connection:
            connection.execute(text("TRUNCATE tags, saved_filters, notifications CASCADE"))
            connection.execute(text(definition))


def test_follow_ups_are_told_once_by_four_schedulers(arena, unique, monkeypatch):
    """The index decides, never a look beforehand. Without it each of the four tells everybody."""
    there = unique("uq_notifications_recipient_type_entity_day")
    if not there:
        decides = "ON CONFLICT (recipient_id, type, entity_id, dedup_day) DO NOTHING"
        assert decides in telling._TELL
        monkeypatch.setattr(telling, "_TELL", telling._TELL.replace(decides, ""))
    staff = actor("staff")
    today = school.today()
    for late in range(20):
        lead(owner_id=staff.id, follow_up_date=today - timedelta(days=late))
    made = race(arena, *[lambda: followups.notify_due(today)] * 4)
    owners = "SELECT count(*) FROM notifications WHERE recipient_id = :id"
    assert count(owners, id=staff.id) == (20 if there else 80)
    if there:
        assert sum(made) == count("SELECT count(*) FROM notifications")
        assert followups.notify_due(today) == 0


def test_two_save_a_filter_under_one_name(arena, unique):
    there = unique("uq_saved_filters_owner_resource_name")
    staff = actor("staff")
    results = race(
        arena,
        *[lambda each=each: saved_filters.save("leads", each, "q=a", False, actor=staff) for each in ("Mine", "MINE")],
    )
    told = refusals(results)
    assert count("SELECT count(*) FROM saved_filters") == (1 if there else 2)
    assert len(told) == (1 if there else 0)
    assert all(isinstance(each, Conflict) and "already have a filter" in str(each) for each in told)


def test_two_add_a_tag_with_one_name(arena, unique):
    there = unique("uq_tags_name")
    staff = actor("staff")
    results = race(
        arena,
        *[lambda each=each: tags.create({"name": each}, actor=staff) for each in ("Fair", "fair", "FAIR")],
    )
    told = refusals(results)
    assert count("SELECT count(*) FROM tags") == (1 if there else 3)
    assert len(told) == (2 if there else 0)
    assert all(isinstance(each, Conflict) and "already a tag" in str(each) for each in told)
