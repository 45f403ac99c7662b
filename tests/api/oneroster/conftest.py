"""Fixtures: a small roster, and programs that read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.extensions import db
from app.models.oneroster import OAuthClient
from app.services import sessions
from app.services.oneroster.oauth import clients
from tests.factories.oneroster import roster

BASES = {"1.1": "/ims/oneroster/v1p1", "1.2": "/ims/oneroster/rostering/v1p2"}
TOKEN = "/ims/oneroster/oauth/token"
SECRET = "a secret of the tests"
ALL = ("roster-core", "roster", "roster-demographics")


def program(*scopes: str, **values: Any) -> OAuthClient:
    """A client whose secret is SECRET."""
    made = clients.create({"name": "Test", "scopes": list(scopes or ALL)}, actor=sessions.system())
    for name, value in ({"secret_hash": clients.digest(SECRET)} | values).items():
        setattr(made, name, value)
    db.session.commit()
    return made


@dataclass
class Reader:
    """Sends requests with a bearer token; paths are below a version's base."""

    client: FlaskClient
    token: str

    def __call__(self, path: str, version: str = "1.2", **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.get(BASES[version] + path, headers=headers, **more)


@pytest.fixture
def uncounted(app: Flask) -> None:
    """Attempts are counted outside the transaction of a test."""
    with app.app_context(), db.engine.engine.begin() as connection:
        connection.execute(text("DELETE FROM rate_limits"))


@pytest.fixture
def reader(app: Flask, db_session: Any, uncounted: None) -> Callable[..., Reader]:
    """Make a reader with these scopes, or all."""

    def make(*scopes: str) -> Reader:
        made, client = program(*scopes), app.test_client()
        answer = client.post(
            TOKEN,
            data={"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": SECRET},
        )
        return Reader(client, answer.json["access_token"])

    return make


@pytest.fixture
def there(db_session: Any) -> Any:
    return roster(sessions.system())
