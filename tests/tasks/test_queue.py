"""Handing work to the queue, inside the transaction of the one who asks."""

import uuid

from sqlalchemy import text

from app.extensions import db
from app.services.queue import defer


def waiting(name):
    statement = text("SELECT args FROM procrastinate_jobs WHERE task_name = :name AND status = 'todo'")
    return db.session.scalars(statement, {"name": name}).all()


def test_a_task_waits_with_its_arguments(db_session):
    key = uuid.uuid4()
    assert defer("test.work", record=key, count=2) is not None
    assert waiting("test.work") == [{"record": str(key), "count": 2}]


def test_a_task_goes_with_the_transaction_that_asked_for_it(db_session):
    savepoint = db.session.begin_nested()
    defer("test.work", count=1)
    assert len(waiting("test.work")) == 1
    savepoint.rollback()
    assert waiting("test.work") == []


def test_a_queueing_lock_keeps_one_waiting_and_the_transaction_sound(db_session):
    assert defer("test.work", queueing_lock="one", count=1) is not None
    assert defer("test.work", queueing_lock="one", count=2) is None
    assert waiting("test.work") == [{"count": 1}]
