"""Filling a week in the background: asked for, done, called off, refused when something changed meanwhile."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.roster import Roster, RosterStatus, ShiftAssignment
from app.services.alone import alone
from app.services.errors import NotAllowed
from app.services.roster import reading, rosters, solver, solving
from app.services.roster.problem import Week
from tests.concurrency.racing import actor
from tests.conftest import work_off
from tests.factories.roster import assignment, roster
from tests.services.roster.conftest import make_desk


@pytest.fixture
def desk(committed_app):
    with committed_app.app_context():
        made = make_desk()
        made.app, made.admin, made.key = committed_app, actor("admin"), made.week.id
        yield made
        db.session.remove()


def ask(desk) -> str:
    return solving.solve([desk.key], actor=desk.admin).outcomes[0].state


def state(desk) -> Roster:
    db.session.rollback()
    return db.session.get_one(Roster, desk.key, populate_existing=True)


def on_it(desk) -> set[tuple[str, str, str]]:
    """(shift, course, assistant) by their names in the desk."""
    db.session.rollback()
    names = {getattr(desk, name).id: name for name in ("piano", "violin", "ana", "ben", "early", "late")}
    rows = db.session.scalars(select(ShiftAssignment))
    return {(names[row.shift_id], names[row.course_id], names[row.assistant_id]) for row in rows}


ALL = {("early", "violin", "ana"), ("early", "piano", "ben"), ("late", "piano", "ana")}
OTHER = {("early", "violin", "ana"), ("early", "piano", "ben"), ("late", "piano", "ben")}


def test_a_worker_fills_the_week_that_somebody_asked_for(desk):
    assert ask(desk) == "ok"
    assert state(desk).status is RosterStatus.SOLVING
    assert ask(desk) == "unchanged"
    work_off(desk.app)
    found = state(desk)
    assert (found.status, found.objective, found.bound, found.gap) == (RosterStatus.SOLVED, 0, 0, 0)
    assert found.progress == 100
    assert on_it(desk) in (ALL, OTHER)
    assert reading.problem(desk.key).pins == ()


def test_pins_are_kept_and_others_move(desk):
    pinned = assignment(desk.late, desk.piano, desk.ben, pinned=True)
    assignment(desk.early, desk.piano, desk.ana)
    ask(desk)
    assert solving.run(desk.key)
    assert on_it(desk) == OTHER
    assert db.session.get_one(ShiftAssignment, pinned.id).pinned
    assert len(reading.problem(desk.key).pins) == 1


def test_who_stays_keeps_the_same_row(desk):
    ask(desk)
    solving.run(desk.key)
    keys = set(db.session.scalars(select(ShiftAssignment.id)))
    db.session.rollback()
    ask(desk)
    assert solving.run(desk.key)
    assert set(db.session.scalars(select(ShiftAssignment.id))) == keys


def test_called_off_before_it_begins_nothing_is_done(desk):
    ask(desk)
    assert [each.state for each in solving.cancel_solve([desk.key], actor=desk.admin).outcomes] == ["ok"]
    assert [each.state for each in solving.cancel_solve([desk.key], actor=desk.admin).outcomes] == ["unchanged"]
    assert solving.run(desk.key) is False
    assert (state(desk).status, on_it(desk)) == (RosterStatus.DRAFT, set())


def test_called_off_while_it_runs_the_search_stops_and_writes_nothing(desk, monkeypatch):
    """And the one that is asked for afterwards writes."""

    def search(problem, *, seconds, report):
        assert report(0.1, 50.0) is True
        solving.cancel_solve([desk.key], actor=desk.admin)
        assert ask(desk) == "ok"
        assert report(0.2, 40.0) is False
        raise solver.StoppedError

    with monkeypatch.context() as patched:
        patched.setattr(solver, "fill", search)
        ask(desk)
        assert solving.run(desk.key) is False
    assert (state(desk).status, on_it(desk)) == (RosterStatus.SOLVING, set())
    assert solving.run(desk.key)


@pytest.mark.parametrize("change", ["assignment", "pin", "availability", "hours"])
def test_what_somebody_changed_meanwhile_is_not_overwritten(desk, monkeypatch, change):
    first, original = assignment(desk.early, desk.piano, desk.ana), solver.fill

    def search(problem, **options):
        answer = original(problem, **options)
        with db.engine.begin() as connection:
            connection.execute(
                text(
                    {
                        "assignment": "DELETE FROM shift_assignments",
                        "pin": "UPDATE shift_assignments SET pinned = true",
                        "availability": "DELETE FROM availability",
                        "hours": "UPDATE help_desk_assistants SET hours_maximum = 3",
                    }[change]
                )
            )
        return answer

    monkeypatch.setattr(solver, "fill", search)
    ask(desk)
    assert solving.run(desk.key) is False
    found = state(desk)
    assert found.status is RosterStatus.DRAFT
    assert found.message.startswith("Somebody changed the week")
    assert on_it(desk) == (set() if change == "assignment" else {("early", "piano", "ana")})
    assert first is not None


def test_progress_only_grows_and_is_seen_by_others(desk, monkeypatch):
    seen = []

    def search(problem, *, seconds, report):
        for elapsed, gap in ((1.0, 100.0), (2.0, 40.0), (3.0, 90.0)):
            report(elapsed, gap)
            seen.append(state(desk).progress)
        raise solver.StoppedError

    monkeypatch.setattr(solver, "fill", search)
    ask(desk)
    solving.run(desk.key)
    assert seen == [5, 60, 60]


def test_a_fault_ends_it_with_a_message(desk, monkeypatch):
    def broken(*args, **options):
        raise ZeroDivisionError

    monkeypatch.setattr(solver, "fill", broken)
    ask(desk)
    with pytest.raises(ZeroDivisionError):
        solving.run(desk.key)
    found = state(desk)
    assert found.status is RosterStatus.DRAFT
    assert found.message.startswith("Something unexpected")


def test_what_a_killed_worker_left_is_asked_for_again(desk):
    ask(desk)
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
        assert solving.sweep() == 0
        connection.execute(text("ALTER TABLE rosters DISABLE TRIGGER stamps"))
        connection.execute(text("UPDATE rosters SET updated_at = now() - interval '2 minutes'"))
    assert solving.sweep() == 1
    work_off(desk.app)
    assert state(desk).status is RosterStatus.SOLVED


def test_one_worker_at_a_time(desk):
    ask(desk)
    with alone(f"roster:{desk.key}") as first:
        assert first
        assert solving.run(desk.key) is False
    assert solving.run(desk.key)


def test_a_week_that_needs_nobody_and_one_who_may_not(desk):
    empty = roster(desk.week.starts_on.replace(day=16))
    result = solving.solve([empty.id], actor=desk.admin)
    assert str(result.outcomes[0].refusal) == "Say first which shifts need which courses."
    with pytest.raises(NotAllowed):
        solving.solve([desk.key], actor=actor("staff"))
    with pytest.raises(NotAllowed):
        solving.cancel_solve([desk.key], actor=actor("assistant"))


def test_a_week_that_is_being_filled_is_not_deleted(desk):
    ask(desk)
    result = rosters.delete([desk.key], actor=desk.admin)
    assert str(result.outcomes[0].refusal) == "It is being filled. Call that off first."


def test_nobody_who_has_no_place_stays(desk):
    """An assistant who may not be planned any more loses what is not pinned."""
    assignment(desk.late, desk.piano, desk.ben)
    desk.ben.active = False
    db.session.commit()
    ask(desk)
    assert solving.run(desk.key)
    problem = reading.problem(desk.key)
    assert {each.assistant_id for each in problem.present} == {desk.ana.id}
    assert Week(problem, problem.present).minutes(desk.ana.id) <= 4 * 60
