from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from tests.conftest import clone, make_app, sign_in
from tests.views import stock as stock_application


@pytest.fixture(scope="module")
def stock(server_url: str, template: str) -> Iterator[stock_application.Stock]:
    """Flask-AppBuilder as it comes, with toy tables."""
    with clone(server_url, template) as url, stock_application.running(url) as running:
        yield running


@pytest.fixture(scope="session")
def guarded_app(database_url: str) -> Iterator[Flask]:
    """The application with CSRF protection on, as it is run."""
    application = make_app(database_url, WTF_CSRF_ENABLED=True)
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def guarded(guarded_app: Flask, db_session: Any) -> Callable[[str], FlaskClient]:
    def make(username: str) -> FlaskClient:
        client = guarded_app.test_client()
        return client if username == "public" else sign_in(client, username)

    return make
