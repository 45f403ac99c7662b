"""What assistants can help with and when: changed by admins, and by themselves."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.extensions import db
from app.services.assistants import ASSISTANTS, own, records
from app.services.errors import Conflict, Invalid, NotFound, WrongState
from tests.factories.assistants import MORNINGS, assistant, period
from tests.factories.courses import course

pytestmark = pytest.mark.usefixtures("db_session")
AFTERNOON = period(4, "14:00", "18:00")


def changes_of(table: str) -> list[str]:
    rows = text("SELECT operation FROM row_history WHERE table_name = :table ORDER BY id")
    return list(db.session.scalars(rows, {"table": table}))


def test_only_what_differs_is_written(actors):
    stays, goes, comes = course(), course(), course()
    found = assistant(courses=[stays, goes])
    before = {table: len(changes_of(table)) for table in ("course_capabilities", "availability")}
    values = {"course_ids": [stays.id, comes.id], "availability": [MORNINGS[0], AFTERNOON]}
    records.update_plan(found.id, values, actor=actors.admin)
    plan = records.plan_of(found.id)
    assert {each.id for each in plan.courses} == {stays.id, comes.id}
    assert plan.availability == [MORNINGS[0], AFTERNOON]
    for table, count in before.items():
        assert sorted(changes_of(table)[count:]) == ["delete", "insert"]
    records.update_plan(found.id, {"availability": [AFTERNOON]}, actor=actors.admin)
    assert len(records.plan_of(found.id).courses) == 2, "what is not given stays"


def test_who_read_an_older_state_is_refused(actors):
    found = assistant()
    version = found.updated_at
    records.update_plan(found.id, {"availability": []}, actor=actors.admin, version=version)
    stale = version - timedelta(seconds=1)
    with pytest.raises(Conflict):
        records.update_plan(found.id, {"availability": [AFTERNOON]}, actor=actors.admin, version=stale)
    assert records.plan_of(found.id).availability == []


def test_a_course_that_is_not_offered_cannot_be_added_but_may_stay(actors):
    idle = course(active=False)
    having, other = assistant(courses=[idle]), assistant()
    records.update_plan(having.id, {"course_ids": [idle.id]}, actor=actors.admin)
    for wrong in (idle.id, uuid4()):
        with pytest.raises(Invalid):
            records.update_plan(other.id, {"course_ids": [wrong]}, actor=actors.admin)


def test_another_s_record_does_not_exist(actors):
    found = assistant()
    for actor in (actors.staff, actors.assistant, actors.student):
        with pytest.raises(NotFound):
            records.update_plan(found.id, {"availability": []}, actor=actor)
    assert records.plan_of(found.id).availability == list(MORNINGS)


def test_one_s_own_times(actors):
    mine, other = assistant(actors.assistant.id), assistant()
    own.set_availability([AFTERNOON], actor=actors.assistant)
    assert records.plan_of(mine.id).availability == [AFTERNOON]
    assert records.plan_of(other.id).availability == list(MORNINGS)
    assert own.find(actors.assistant).id == mine.id


def test_who_is_no_assistant_has_no_times(actors):
    with pytest.raises(NotFound):
        own.set_availability([AFTERNOON], actor=actors.assistant)


def test_who_is_not_active_changes_nothing(actors):
    mine = assistant(actors.assistant.id, active=False)
    with pytest.raises(WrongState):
        own.set_availability([AFTERNOON], actor=actors.assistant)
    db.session.expire_all()
    assert records.plan_of(mine.id).availability == list(MORNINGS)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"rate": -1}, "rate"),
        ({"hours_minimum": 30, "hours_maximum": 20}, "hours_minimum"),
        ({"hours_maximum": 169}, "hours_maximum"),
    ],
)
def test_what_the_office_writes_down_is_within_limits(actors, values, field):
    found = assistant()
    with pytest.raises(Invalid) as refused:
        ASSISTANTS.update(found.id, values, actor=actors.admin)
    assert list(refused.value.fields) == [field]


def test_switching_an_assistant_off_and_on(actors):
    found = assistant()
    actions = ASSISTANTS.action_by_name
    for name, state in (("deactivate", "ok"), ("deactivate", "unchanged"), ("activate", "ok")):
        (outcome,) = actions[name].run([found.id], actor=actors.admin).outcomes
        assert outcome.state == state
        assert outcome.title == records.title(found)
