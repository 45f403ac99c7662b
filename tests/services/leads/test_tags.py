"""Tags."""

from __future__ import annotations

import uuid

import pytest

from app.extensions import db
from app.models.leads import Tag, lead_tags
from app.services.errors import Conflict, Invalid, NotFound
from app.services.leads import actions, tags
from tests.factories.leads import lead


def test_a_name_is_taken_whatever_its_capitals(db_session, actors):
    tags.create({"name": "Fair"}, actor=actors.staff)
    other = tags.create({"name": "Other"}, actor=actors.staff)
    with pytest.raises(Conflict) as refused:
        tags.update(other.id, {"name": "FAIR"}, actor=actors.admin)
    assert "name" in refused.value.fields
    with pytest.raises(Invalid):
        tags.create({"name": "  "}, actor=actors.staff)
    with pytest.raises(NotFound):
        tags.update(uuid.uuid4(), {"name": "x"}, actor=actors.admin)


def test_a_tag_is_put_on_once_and_taken_off_once(db_session, actors):
    made, tag = lead(owner_id=actors.staff.id), tags.create({"name": "Fair"}, actor=actors.staff)
    states = [actions.tag([made.id], actor=actors.staff, tag_id=tag.id).outcomes[0].state for _ in range(2)]
    assert states == ["ok", "unchanged"]
    states = [
        actions.tag([made.id], actor=actors.staff, tag_id=tag.id, remove=True).outcomes[0].state for _ in range(2)
    ]
    assert states == ["ok", "unchanged"]
    with pytest.raises(Invalid):
        actions.tag([made.id], actor=actors.staff, tag_id=uuid.uuid4())


def test_deleting_takes_it_off_all_leads_and_is_kept_in_the_history(db_session, actors):
    made, tag = lead(), tags.create({"name": "Fair"}, actor=actors.staff)
    actions.tag([made.id], actor=actors.admin, tag_id=tag.id)
    tags.delete([tag.id], actor=actors.admin)
    assert db.session.query(Tag).count() == db.session.query(lead_tags).count() == 0
    from app.services import history

    assert history.of_row("tags", tag.id)[0].operation == "delete"
