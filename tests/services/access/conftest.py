"""What the tests of access share: no counters of attempts left over, and letters caught instead of sent."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from app.extensions import db
from app.policies.actor import NOBODY
from app.services import inputs
from app.services.access_requests import AccessRequestInput, submit
from app.services.mail import letters

ASKER = {"first_name": "Ada", "last_name": "Byron", "email": "Ada@Example.org", "requested_role": "Staff"}


@pytest.fixture(autouse=True)
def _no_counters(db_session):
    with db.engine.engine.begin() as connection:  # counted outside the transaction of the test
        connection.execute(text("TRUNCATE rate_limits"))


@pytest.fixture
def post(monkeypatch):
    """Send what waits, and return it: address, subject and text of each letter."""
    sent = []

    @contextmanager
    def opened():
        yield lambda message: sent.append(
            (message["To"].addresses[0].addr_spec, message["Subject"], message.get_body(("plain",)).get_content())
        )

    monkeypatch.setattr(letters, "opened", opened)

    def deliver():
        sent.clear()
        letters.deliver()
        return list(sent)

    return deliver


def link_in(body: str) -> str:
    """The path of the link in a letter or a message."""
    return re.search(r"http://localhost(/password/\S+)", body)[1]


def token_in(body: str) -> str:
    return link_in(body).rpartition("/")[2]


def ask(**changed):
    """Ask for access as a visitor; returns the request that waits for this address."""
    from app.models.requests import AccessRequest

    values = inputs.parse(AccessRequestInput, ASKER | changed)
    submit(values, actor=NOBODY, ip_address="203.0.113.7", locale="en")
    waiting = db.session.query(AccessRequest).filter_by(status="pending", email=values["email"])
    return waiting.one_or_none()
