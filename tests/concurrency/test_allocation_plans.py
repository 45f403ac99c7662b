"""Races for the seats of a session: two who allocate everyone, one who seats somebody by hand meanwhile, and the worker."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.test_sessions import AllocationRun, AllocationRunStatus
from app.services import accounts
from app.services.allocation_plans import carrying_out, reading, rules, runs
from app.services.errors import Refusal
from app.services.test_sessions import allocating
from app.services.test_sessions.refusals import DuplicateAllocation
from tests.concurrency.racing import actor, between, count, meet_after, race, take_locks_off
from tests.conftest import work_off
from tests.factories.seating import registered, room, session, venue

SEATED = "SELECT count(*) FROM room_allocations"


@pytest.fixture
def hall(committed_app):
    """Six students for a room with four seats and another with four."""
    with committed_app.app_context():
        made = venue()
        made.rooms = [room(made, 4), room(made, 4)]
        made.session = session(made)
        made.students = registered(made.session, 6)
        made.key, made.admin = made.session.id, actor("admin")
        for each in made.rooms:
            _known = each.id
        yield made
        db.session.remove()


def everyone(hall):
    return runs.allocate_everyone([hall.key], actor=hall.admin).outcomes[0]


def test_two_who_allocate_everyone_do_it_once(hall, committed_app):
    results = race(committed_app, partial(everyone, hall), partial(everyone, hall))
    assert sorted(each.state for each in results) == ["ok", "unchanged"]
    assert count(SEATED) == 6
    assert count("SELECT count(*) FROM allocation_runs") == 1


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "locks-off"])
def test_two_who_undo_the_last_run_do_it_once(hall, committed_app, monkeypatch, locked):
    """The run before it stays. Without the locks both take it back, and both say so."""
    if not locked:
        take_locks_off(monkeypatch)
        monkeypatch.setattr(reading, "lock_rooms", lambda session_id: None)
    everyone(hall)
    registered(hall.session, 1)
    last = runs.allocate_everyone([hall.key], actor=hall.admin).batch_id
    assert count(SEATED) == 7
    db.session.remove()
    meet_after(monkeypatch, rules, "last_run")
    jobs = [
        partial(runs.undo_allocation, [hall.key], actor=each, run_id=last) for each in (hall.admin, actor("admin2"))
    ]
    states = sorted(each.outcomes[0].state for each in race(committed_app, *jobs))
    assert states == (["ok", "unchanged"] if locked else ["ok", "ok"])
    assert count(SEATED) == 6


def by_hand(hall, student_id, room_id, seat):
    values = {"session_id": hall.key, "student_id": student_id, "room_id": room_id, "seat_number": seat}
    return allocating.allocate(values, actor=hall.admin)


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "locks-off"])
def test_somebody_is_seated_by_hand_while_everybody_is(hall, committed_app, monkeypatch, locked):
    """Whoever comes while the plan is made waits for it, and is refused what it gave away. Without the locks they come
    between, and the plan of everybody fails on what has changed since.
    """
    if not locked:
        take_locks_off(monkeypatch)
        monkeypatch.setattr(reading, "lock_rooms", lambda session_id: None)
    seat = partial(by_hand, hall, hall.students[0], hall.rooms[0].id, "1")
    work = between(monkeypatch, carrying_out, "plan_of", seat)
    if not locked:
        with pytest.raises(AssertionError, match="4 of 6 were seated"):
            race(committed_app, partial(everyone, hall), work)
        assert count(SEATED) == 1
        return
    results = race(committed_app, partial(everyone, hall), work)
    assert [type(each) for each in results if isinstance(each, Refusal)] == [DuplicateAllocation]
    assert count(SEATED) == 6


def test_a_large_session_is_done_by_a_worker(hall, committed_app, monkeypatch):
    monkeypatch.setattr(runs, "AT_ONCE", 5)
    outcome = everyone(hall)
    assert "in the background" in outcome.message
    assert count(SEATED) == 0
    again = everyone(hall)
    assert str(again.refusal) == "Seats are being given right now."
    work_off(committed_app)
    assert count(SEATED) == 6
    db.session.expire_all()
    run = db.session.scalars(select(AllocationRun)).one()
    assert (run.status, run.progress) == (AllocationRunStatus.APPLIED, 100)
    assert run.summary["students"] == 6
    assert runs.run(run.id) is False  # a task that is repeated
    runs.undo_allocation([hall.key], actor=hall.admin, run_id=run.id)
    assert count(SEATED) == 0


def test_a_run_that_fails_says_why(hall, committed_app, monkeypatch):
    monkeypatch.setattr(runs, "AT_ONCE", 5)
    registered(hall.session, 4)
    everyone(hall)
    work_off(committed_app)
    db.session.rollback()
    run = db.session.scalars(select(AllocationRun)).one()
    assert run.status is AllocationRunStatus.FAILED
    assert run.message == "10 students need a seat; 8 are free in this venue."
    assert count(SEATED) == 0


def _deactivated(user):
    accounts.deactivate(user, actor=actor("super_admin"))


def _only_a_student(user):
    accounts.set_roles(user, ["Student"], actor=actor("super_admin"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_deactivated, "The account that asked for it is not active any more."),
        (_only_a_student, "Only an exam officer or an admin may do this."),
    ],
    ids=["deactivated", "no-role"],
)
def test_a_run_is_not_done_for_who_may_not_ask_any_more(hall, committed_app, monkeypatch, change, sentence):
    """It waited, and the account was closed meanwhile."""
    monkeypatch.setattr(runs, "AT_ONCE", 5)
    officer = actor("exam_officer")
    runs.allocate_everyone([hall.key], actor=officer)
    change(officer.id)
    work_off(committed_app)
    db.session.rollback()
    run = db.session.scalars(select(AllocationRun)).one()
    assert (run.status, run.message) == (AllocationRunStatus.FAILED, sentence)
    assert count(SEATED) == 0


def test_a_run_is_done_though_the_account_that_asked_is_gone(hall, committed_app, monkeypatch):
    """Then in the system's name, into which nobody can log in."""
    monkeypatch.setattr(runs, "AT_ONCE", 5)
    everyone(hall)
    with db.engine.begin() as connection:  # as its foreign key does
        connection.execute(text("UPDATE allocation_runs SET created_by_id = NULL"))
    work_off(committed_app)
    assert count(SEATED) == 6


def test_a_run_of_a_killed_worker_is_taken_up_again(hall, committed_app, monkeypatch):
    monkeypatch.setattr(runs, "AT_ONCE", 5)
    everyone(hall)
    with db.engine.begin() as connection:  # its task was lost with it
        connection.execute(text("DELETE FROM procrastinate_jobs"))
        connection.execute(text("ALTER TABLE allocation_runs DISABLE TRIGGER stamps"))
        long_ago = "UPDATE allocation_runs SET status = 'running', updated_at = now() - interval '5 minutes'"
        connection.execute(text(long_ago))
    db.session.rollback()
    assert runs.sweep() == 1
    work_off(committed_app)
    assert count(SEATED) == 6
