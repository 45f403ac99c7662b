from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.edfi import EdFiPush, EdFiPushStatus
from app.services.edfi import client, mappings, pushing
from tests.factories.edfi import connection
from tests.services.edfi.server import OdsApi, serve


@pytest.fixture
def ods() -> Iterator[OdsApi]:
    """A server that knows nothing yet; `url` is where it is."""
    api = OdsApi()
    api.url, stop = serve(api)
    yield api
    stop()


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """How long the client waited, without waiting."""
    found: list[float] = []
    monkeypatch.setattr(client, "sleep", found.append)
    return found


@pytest.fixture
def state(db_session, actors, ods, waits):
    """The connection to the server."""
    mappings.add_defaults()
    return connection(ods.url, actor=actors.admin)


@pytest.fixture
def push(state, actors) -> Callable[[], EdFiPush]:
    """Push as the worker would, and tell what came of it."""

    def work() -> EdFiPush:
        result = pushing.push([state.id], actor=actors.admin, queued=False)
        assert result.outcomes[0].refusal is None, result.outcomes[0].refusal
        found = db.session.scalars(select(EdFiPush).where(EdFiPush.status == EdFiPushStatus.QUEUED)).one()
        pushing.run(found.id)
        db.session.expire_all()
        return db.session.get_one(EdFiPush, found.id)

    return work
