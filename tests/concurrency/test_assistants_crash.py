"""Crashes while assistants are let in: nothing remains of what was begun, and what is repeated succeeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.policies.actor import NOBODY
from app.services.assistants import deciding, registering
from app.services.mail import letters
from tests.concurrency.crashing import crash_everywhere
from tests.concurrency.racing import actor
from tests.factories.assistants import PASSWORD, application, registration


def work_of(what: str) -> Callable[[], Any]:
    """One transaction, and what it returns when it succeeds: "ok"."""
    key, admin, form = registration().id, actor("admin"), application()
    staged = form | {"locale": "en", "password_hash": "hashed"}
    works: dict[str, Callable[[], Any]] = {
        "approval": lambda: deciding.approve([key], actor=admin).outcomes[0].state,
        "rejection": lambda: deciding.reject([key], actor=admin, reason="No").outcomes[0].state,
        "registration": lambda: registering._stage(staged, PASSWORD, actor=NOBODY) or "ok",
    }
    return works[what]


@pytest.mark.parametrize(
    "what", ["approval", *(pytest.param(what, marks=pytest.mark.fault) for what in ("rejection", "registration"))]
)
def test_a_crash_between_any_two_statements_leaves_nothing(committed_app, server_url, what, monkeypatch):
    """What is asked for when the transaction has ended is not of it: `test_letters` has the crash there."""
    monkeypatch.setattr(letters, "request_delivery", lambda: 0)
    with committed_app.app_context():
        result, tables = crash_everywhere(server_url, work_of(what))
        assert result == "ok"
        assert "registration_requests" in tables
