"""One world for all tests of a module, for it has a record of everything: what a test does there, it takes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from tests.conftest import Actors, rolled_back
from tests.policies.world import World, make_world, undone


@pytest.fixture(scope="module")
def db_session(app: Flask) -> Iterator[Any]:
    """As elsewhere, but rolled back when the module is done."""
    with rolled_back(app) as session:
        yield session


@pytest.fixture(scope="module")
def world(db_session: Any) -> World:
    actors = Actors()
    return make_world(actors.admin, actors.staff.id)


@pytest.fixture(autouse=True)
def _taken_back(db_session: Any, world: World) -> Iterator[None]:
    with db.engine.engine.begin() as connection:  # counted outside of the transaction
        connection.execute(text("TRUNCATE rate_limits"))
    with undone():
        yield
