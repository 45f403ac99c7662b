"""Fixtures: calling the API as one of the test accounts."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token
from werkzeug.test import TestResponse

from app.models.access import SessionKind
from app.services import accounts, sessions

PREFIX = "/api/v1"
# Only where it is asked for: making up what it would send takes half a minute in each process, before anything is chosen.
collect_ignore = [] if "FUZZ_EXAMPLES" in os.environ else ["test_schemathesis.py"]


@dataclass
class Caller:
    """Sends requests with a bearer token; paths are below /api/v1."""

    client: FlaskClient
    token: str

    def __call__(
        self, method: str, path: str, json: Any = None, *, headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = path if path.startswith(PREFIX) else PREFIX + path
        body = {} if json is None else {"json": json}
        return self.client.open(url, method=method, headers=sent | (headers or {}), **body, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> TestResponse:
        return self("POST", path, {} if json is None and "data" not in more else json, **more)

    def patch(self, path: str, json: Any, **more: Any) -> TestResponse:
        return self("PATCH", path, json, **more)

    def put(self, path: str, json: Any = None, **more: Any) -> TestResponse:
        return self("PUT", path, json, **more)

    def delete(self, path: str, **more: Any) -> TestResponse:
        return self("DELETE", path, **more)


def token_of(app: Flask, username: str) -> str:
    """An access token of a new session, without the login route. Needs an application context."""
    user = accounts.find(username)
    assert user is not None
    session = sessions.start(user.id, kind=SessionKind.API)
    return create_access_token(str(user.id), additional_claims={"sid": session})


@pytest.fixture
def api(app: Flask, db_session: Any) -> Callable[[str], Caller]:
    """Make a caller: `api("staff")`; "public" has no token."""

    def make(username: str) -> Caller:
        return Caller(app.test_client(), "" if username == "public" else token_of(app, username))

    return make
