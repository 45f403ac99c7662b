from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.services.edfi import client, mappings
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
