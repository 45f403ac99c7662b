"""The extensions, made once and bound to an application by `create_app`."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from flask_appbuilder import AppBuilder
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import event
from sqlalchemy.dialects import registry
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import Pool

from app.models.base import Base

registry.register("postgresql.psycopg", "app.dialect", "Dialect")  # what "postgresql+psycopg" in an address means
# What was read stays readable after the commit: a request ends there, and nothing is read twice.
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
migrate = Migrate()
csrf = CSRFProtect()


def new_appbuilder() -> AppBuilder:
    """Flask-AppBuilder keeps views and permissions per application, so every application gets its own."""
    return AppBuilder()


IDLE = 1.0  # seconds


@event.listens_for(Pool, "checkin")
def _note_return(_connection: Any, record: Any) -> None:
    record.info["returned"] = time.monotonic()


@event.listens_for(Pool, "checkout")
def _ping_the_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """A restarted database costs one ping, not an error page. What was in use a moment ago is not asked: a ping for
    every page would be a tenth of its statements.
    """
    if time.monotonic() - record.info.get("returned", time.monotonic()) > IDLE:
        try:
            with connection.cursor() as cursor:
                cursor.execute("")
            connection.rollback()
        except psycopg.Error as error:
            raise DisconnectionError from error
