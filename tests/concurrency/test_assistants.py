"""Races about assistants: two admins, two applicants, and an account made in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.policies.actor import NOBODY
from app.services import accounts, sessions
from app.services.accounts import access
from app.services.assistants import deciding, registering
from app.services.students import assisting
from tests.concurrency.racing import actor, count, meet_after, meet_before, race
from tests.factories.assistants import MORNINGS, application, registration
from tests.factories.students import student

REQUEST = "SELECT count(*) FROM registration_requests WHERE status = :status"
ASSISTANTS = "SELECT count(*) FROM help_desk_assistants"


@pytest.fixture
def desk(committed_app) -> Iterator[Any]:
    with committed_app.app_context():
        yield committed_app


def approving(key: Any, who: str) -> Callable[[], Any]:
    return lambda: deciding.approve([key], actor=actor(who))


def rejecting(key: Any, who: str) -> Callable[[], Any]:
    return lambda: deciding.reject([key], actor=actor(who), reason="No")


def test_two_admins_approve_at_once(desk, locked, monkeypatch):
    """With the locks the second finds it approved. Without them the database refuses the second account."""
    key = registration().id
    meet_after(monkeypatch, deciding, "lock_many")
    results = race(desk, approving(key, "admin"), approving(key, "admin2"))
    states = sorted(each.outcomes[0].state for each in results)
    assert (states == ["ok", "unchanged"]) is locked, states
    assert count(ASSISTANTS) == count(REQUEST, status="approved") == 1
    assert count("SELECT count(*) FROM students WHERE user_id IS NOT NULL") == 1
    assert count("SELECT count(*) FROM registration_availability") == 0


def test_one_approves_while_the_other_rejects(desk, locked, monkeypatch):
    """One of them wins, and even without the locks no request is both: the CHECKs tie everything to the status."""
    key = registration().id
    meet_after(monkeypatch, deciding, "lock_many")
    results = race(desk, approving(key, "admin"), rejecting(key, "admin2"))
    assert sorted(each.outcomes[0].state for each in results) == ["ok", "refused"]
    assert count(ASSISTANTS) == count(REQUEST, status="approved")


def test_the_username_is_taken_in_the_middle_of_an_approval(desk, monkeypatch):
    """After the request was read and before the account is made: the index decides."""
    asked = registration(username="ada")
    key, make = asked.id, accounts.create_account

    def taken_first(**values: Any) -> Any:
        if values["username"] == "ada":
            race(desk, lambda: make(username="Ada", actor=sessions.system()))
        return make(**values)

    monkeypatch.setattr(accounts, "create_account", taken_first)
    (outcome,) = deciding.approve([key], actor=actor("admin")).outcomes
    assert outcome.state == "refused"
    assert "stays pending" in str(outcome.refusal)
    assert count(REQUEST, status="pending") == 1
    assert count(ASSISTANTS) == 0
    assert count("SELECT count(*) FROM registration_availability") == len(MORNINGS)


def test_two_admins_make_the_same_student_an_assistant(desk, locked, monkeypatch):
    """With the locks the second finds it done. Without them the database refuses the second assistant."""
    user = accounts.create_account(username="pupil", roles=["Student"], actor=sessions.system())
    key = student(user_id=user.id).id
    meet_before(monkeypatch, access, "add_role")  # both have found no assistant
    making = [lambda who=who: assisting.make_assistant([key], actor=actor(who)) for who in ("admin", "admin2")]
    results = race(desk, *making)
    assert sorted(each.outcomes[0].state for each in results) == ["ok", "unchanged" if locked else "refused"]
    assert count(ASSISTANTS) == 1


@pytest.mark.parametrize("same", ["username", "email"])
def test_two_apply_at_once_with_the_same(desk, monkeypatch, same):
    """Both find it free. The index lets one of an address in, and nobody learns that; of a name, the approval decides."""
    one = application()
    other = {"username": "grace", "email": "grace@home.example"} | {same: one[same].upper()}
    meet_after(monkeypatch, registering, "_check_username")
    results = race(
        desk,
        lambda: registering.register(one, actor=NOBODY, ip_address="192.0.2.1"),
        lambda: registering.register(one | other, actor=NOBODY, ip_address="192.0.2.2"),
    )
    refused = [each for each in results if each is not None]
    assert refused == []
    assert count(REQUEST, status="pending") == (2 if same == "username" else 1)
    assert count("SELECT count(*) FROM letters") == (0 if same == "username" else 1)
