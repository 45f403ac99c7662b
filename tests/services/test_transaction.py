"""One action is one transaction: committed whole, undone whole, tried again when the database asks for it."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.extensions import db
from app.models.leads import Lead, Tag
from app.services import transaction
from app.services.errors import Busy, Conflict, Invalid, NotFound
from app.services.transaction import lock, lock_many, rehearse, savepoint, transactional
from tests.factories.leads import lead

RAISE = text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$")


def tags() -> int:
    return db.session.query(Tag).count()


@transactional
def add(name: str, *, actor, fail: Exception | None = None) -> Tag:
    tag = Tag(name=name)
    db.session.add(tag)
    db.session.flush()
    if fail is not None:
        raise fail
    return tag


def test_who_acts_is_on_the_row_and_in_its_history(db_session, actors):
    made = add("Fair", actor=actors.staff)
    assert made.created_by_id == actors.staff.id
    row = db.session.execute(
        text("SELECT actor_id, operation FROM row_history WHERE row_id = :id"), {"id": str(made.id)}
    ).one()
    assert tuple(row) == (actors.staff.id, "insert")


def test_the_actor_does_not_outlive_the_transaction(committed_app):
    """Otherwise the next user of the connection would be taken for this one."""
    with committed_app.app_context():
        from tests.concurrency.racing import actor

        add("Fair", actor=actor("staff"))
        db.session.remove()
        assert db.session.scalar(text("SELECT current_actor()")) is None


def test_an_error_takes_everything_back(db_session, actors):
    for error in (Invalid("no"), RuntimeError("x"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            add("Fair", actor=actors.staff, fail=error)
    assert tags() == 0


def test_nested_calls_are_one_transaction(db_session, actors):
    @transactional
    def outer(*, actor):
        add("Inner", actor=actor)
        raise RuntimeError("after the inner one")

    with pytest.raises(RuntimeError):
        outer(actor=actors.staff)
    assert tags() == 0


def test_a_refused_constraint_is_a_refusal_at_its_field(db_session, actors):
    add("Fair", actor=actors.staff)
    with pytest.raises(Conflict) as refused:
        add("FAIR", actor=actors.staff)
    assert "name" in refused.value.fields
    assert tags() == 1


def test_a_fault_of_ours_is_not_dressed_up(db_session, actors):
    with pytest.raises(ProgrammingError):
        transactional(lambda *, actor: db.session.execute(text("SELECT nothing FROM nowhere")))(actor=actors.staff)


@pytest.mark.parametrize("failures", [1, 4])
def test_what_the_database_gave_up_is_tried_again(db_session, actors, monkeypatch, failures):
    waited = []
    monkeypatch.setattr(transaction.time, "sleep", waited.append)
    tries = []

    @transactional
    def work(*, actor):
        tries.append(1)
        add(f"Try {len(tries)}", actor=actor)
        if len(tries) <= failures:
            db.session.execute(RAISE)

    work(actor=actors.staff)
    assert (len(tries), tags(), len(waited)) == (failures + 1, 1, failures)


def test_it_is_not_tried_for_ever(db_session, actors, monkeypatch):
    monkeypatch.setattr(transaction.time, "sleep", lambda _seconds: None)
    tries = []

    @transactional
    def work(*, actor):
        tries.append(1)
        db.session.execute(RAISE)

    with pytest.raises(Busy):
        work(actor=actors.staff)
    assert len(tries) == transaction.MOST_TRIES


def test_a_rehearsal_does_it_for_real_and_leaves_nothing(db_session, actors):
    before = db.session.scalar(text("SELECT count(*) FROM row_history"))
    made = rehearse(add, "Fair", actor=actors.staff)
    assert made.name == "Fair"
    assert tags() == 0
    assert db.session.scalar(text("SELECT count(*) FROM row_history")) == before
    with pytest.raises(Invalid):
        rehearse(add, "Fair", actor=actors.staff, fail=Invalid("no"))
    add("Fair", actor=actors.staff)
    with pytest.raises(Conflict):
        rehearse(add, "Fair", actor=actors.staff)
    assert tags() == 1
    add("Later", actor=actors.staff)
    assert tags() == 2, "after a rehearsal the session commits again"


def test_a_lock_reads_afresh(committed_app):
    """SQLAlchemy would give the values that the session has seen before."""
    with committed_app.app_context():
        made = lead(area="Old")
        with db.engine.begin() as other:
            other.execute(text("UPDATE leads SET area = 'New' WHERE id = :id"), {"id": made.id})
        assert made.area == "Old"
        assert lock(Lead, made.id).area == "New"
        db.session.rollback()


def test_locks_are_taken_in_the_order_of_the_keys(db_session):
    ids = [lead().id for _ in range(5)]
    assert [row.id for row in lock_many(Lead, ids[::-1])] == sorted(ids)
    with pytest.raises(NotFound):
        lock(Lead, uuid.uuid4())


@transactional
def add_each(names: list[str], *, actor) -> list[str]:
    """Which of these names could not be had."""
    refused = []
    for name in names:
        try:
            with savepoint():
                db.session.add(Tag(name=name))
        except Conflict:
            refused.append(name)
    return refused


def test_one_of_many_that_a_constraint_refuses_takes_only_itself_back(db_session, actors):
    before = tags()
    assert add_each(["Fair", "fair", "School"], actor=actors.admin) == ["fair"]
    assert tags() == before + 2


def test_what_must_be_tried_again_as_a_whole_is_no_refusal_of_one(db_session, actors):
    tries = []

    @transactional
    def work(*, actor):
        tries.append(None)
        with savepoint():
            if len(tries) == 1:
                db.session.execute(RAISE)
        return "done"

    assert work(actor=actors.admin) == "done"
    assert len(tries) == 2
