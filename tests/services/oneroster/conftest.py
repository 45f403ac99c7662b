from __future__ import annotations

import pytest

from app.extensions import db
from app.services import import_run, imports
from app.services.import_run import Progress


@pytest.fixture
def one_connection(monkeypatch):
    """The test's rows are in a transaction that other connections do not see."""

    def apart(statement, **values):
        return db.session.execute(db.text(statement), values).rowcount

    monkeypatch.setattr(import_run, "apart", apart)
    monkeypatch.setattr(imports, "apart", apart)
    monkeypatch.setattr(Progress, "at", lambda self, done, total: None)
