"""Connections that the server has closed meanwhile."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import extensions
from app.extensions import db
from config import libpq_url


def cut_off() -> None:
    """Use a connection, give it back, and let the server close it."""
    with db.engine.connect() as used:
        process = used.scalar(text("SELECT pg_backend_pid()"))
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
