"""Connections that the server has closed meanwhile, and what stays prepared on one."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DataError, OperationalError

from app import extensions
from app.dialect import PREPARED
from app.extensions import db
from app.models.leads import Tag
from config import libpq_url


def cut_off() -> None:
    """Use a connection, give it back, and let the server close it."""
    with db.engine.connect() as used:
        process = used.scalar(text("SELECT pg_backend_pid()"))
    end(process)


def end(process: int) -> None:
    with psycopg.connect(libpq_url(db.engine.url.render_as_string(hide_password=False)), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [process])


def test_a_connection_that_lay_idle_is_tried_first(committed_app, monkeypatch):
    monkeypatch.setattr(extensions, "IDLE", -1.0)
    with committed_app.app_context():
        cut_off()
        with db.engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1


def test_one_that_was_in_use_a_moment_ago_is_not(committed_app, monkeypatch):
    monkeypatch.setattr(extensions, "IDLE", 3600.0)
    with committed_app.app_context():
        cut_off()
        with db.engine.connect() as connection, pytest.raises(OperationalError):
            connection.scalar(text("SELECT 1"))


def test_one_that_is_lost_in_a_transaction_is_not_given_to_anybody_else(committed_app):
    with committed_app.app_context():
        lost = db.engine.connect()
        end(lost.scalar(text("SELECT pg_backend_pid()")))
        with pytest.raises(OperationalError):
            lost.rollback()
        lost.close()
        with db.engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1


def asked(connection, statement, times: int = 1) -> int:
    """How many statements are prepared after this one was asked so often, each time in a transaction that is undone."""
    for _time in range(times):
        connection.execute(statement)
        connection.rollback()
    found = connection.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
    connection.rollback()
    return found


@pytest.fixture
def connection(committed_app):
    with committed_app.app_context(), db.engine.connect() as opened:
        opened.detach()
        yield opened


def test_a_statement_that_is_marked_is_planned_once_for_a_connection(connection):
    marked = select(Tag.name).where(Tag.name == "rare").execution_options(**PREPARED)
    assert asked(connection, marked, times=10) == 1
    plans = connection.execute(text("SELECT generic_plans, custom_plans FROM pg_prepared_statements")).one()
    assert sum(plans) == 10 and plans.generic_plans > 0


def test_any_other_is_planned_for_its_values(connection):
    assert asked(connection, select(Tag.name).where(Tag.name == "rare"), times=10) == 0


def test_rows_that_are_inserted_one_by_one_are_prepared_when_they_are_many(connection):
    one = insert(Tag).values(name="often")
    assert asked(connection, one, times=5) == 0
    assert asked(connection, one) == 1


def test_after_an_error_nothing_that_was_prepared_is_relied_upon(connection):
    marked = select(Tag.name).execution_options(**PREPARED)
    assert asked(connection, marked) == 1
    with pytest.raises(DataError):
        connection.execute(text("SELECT 1 / 0"))
    connection.rollback()
    assert asked(connection, text("SELECT 1")) == 0
    assert asked(connection, marked) == 1


def test_rows_are_streamed_whether_or_not_the_statement_is_marked(connection):
    streamed = text("SELECT generate_series(1, 3)").execution_options(stream_results=True, **PREPARED)
    assert connection.scalars(streamed).all() == [1, 2, 3]
