"""Races for a week of the help desk: filling, assigning, publishing."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import insert

from app.extensions import db
from app.models.roster import ShiftAssignment
from app.services.roster import assigning, publishing, reading, solver, solving
from tests.concurrency.racing import Meeting, actor, count, meet_after, race, refusals
from tests.services.roster.conftest import make_desk

ON_IT = "SELECT count(*) FROM shift_assignments"
ON_LATE = "SELECT count(*) FROM shift_assignments WHERE shift_id = :id"


@pytest.fixture
def desk(committed_app):
    with committed_app.app_context():
        made = make_desk()
        made.app, made.admin, made.key = committed_app, actor("admin"), made.week.id
        made.place = {"shift_id": made.late.id, "course_id": made.piano.id}
        made.people = [made.ana.id, made.ben.id]
        made.on_early = {"shift_id": made.early.id, "course_id": made.piano.id, "assistant_id": made.ana.id}
        db.session.remove()
        yield made


def test_two_who_ask_at_once_get_one_search(desk, locked, monkeypatch):
    meet_after(monkeypatch, reading, "problem")
    admins = [desk.admin, actor("admin2")]
    results = race(desk.app, *[partial(solving.solve, [desk.key], actor=each) for each in admins])
    states = sorted(each.outcomes[0].state for each in results)
    assert (states == ["ok", "unchanged"]) is locked
    assert count("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'roster.solve'") == 1


def test_two_for_the_last_place(desk, locked, monkeypatch):
    meet_after(monkeypatch, reading, "problem")
    jobs = [partial(assigning.assign, desk.place | {"assistant_id": each}, actor=desk.admin) for each in desk.people]
    results = race(desk.app, *jobs)
    assert (len(refusals(results)), count(ON_IT)) == ((1, 1) if locked else (0, 2))


def test_somebody_assigns_while_the_answer_is_written(desk, locked, monkeypatch):
    """The answer was compared with the week, and is about to be written: a change has to wait until it is."""
    solving.solve([desk.key], actor=desk.admin)
    answer = solver.fill(reading.problem(desk.key))
    db.session.rollback()
    [chosen] = [each.assistant_id for each in answer.assignments if each.shift_id == desk.place["shift_id"]]
    other = desk.place | {"assistant_id": next(each for each in desk.people if each != chosen)}
    compared, assigned = Meeting(), Meeting()
    store = solving.store

    def late(*args):
        compared.wait()
        assigned.wait()
        store(*args)

    def assign():
        compared.wait()
        try:
            return assigning.assign(other, actor=desk.admin)
        finally:
            assigned.wait()

    monkeypatch.setattr(solver, "fill", lambda problem, **options: answer)
    monkeypatch.setattr(solving, "store", late)
    written, refused = race(desk.app, partial(solving.run, desk.key), assign)
    assert written is True
    assert len(refusals([refused])) == locked
    assert (count(ON_LATE, id=desk.place["shift_id"]) == 1) is locked


def test_two_who_publish_at_once_tell_once(desk):
    with db.engine.begin() as connection:
        values = desk.place | {"assistant_id": desk.people[0], "week_minutes": None}
        connection.execute(insert(ShiftAssignment).values(values))
    results = race(desk.app, *[partial(publishing.publish, [desk.key], actor=desk.admin) for _each in range(4)])
    assert sorted(each.outcomes[0].state for each in results) == ["ok"] + ["unchanged"] * 3
    assert count("SELECT count(*) FROM published_shifts") == 1
    assert count("SELECT max(revision) FROM published_shifts") == 0
    assert count("SELECT publication FROM rosters") == 1
