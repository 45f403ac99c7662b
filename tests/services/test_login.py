"""Logging in: who may, how often one may try, and that a refusal tells nothing."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.access import SessionKind
from app.services import accounts, login, passwords, rate_limits, sessions
from tests.conftest import PASSWORD

ADDRESS = "203.0.113.1"


@pytest.fixture(autouse=True)
def _empty(db_session):
    with db.engine.engine.begin() as connection:
        connection.execute(text("TRUNCATE rate_limits"))


def attempt(name="staff", password=PASSWORD, address=ADDRESS, kind=SessionKind.WEB):
    return login.log_in(name, password, kind=kind, ip_address=address, user_agent="Browser/1")


def refused(*args, **kwargs):
    with pytest.raises(login.LoginRefused) as refusal:
        attempt(*args, **kwargs)
    return refusal.value


@pytest.mark.parametrize("name", ["staff", "STAFF", " staff ", "staff@school.example", "Staff@School.Example"])
def test_by_username_or_address_in_any_capitals(name):
    actor, token = attempt(name)
    assert (actor.username, actor.roles) == ("staff", {"Staff"})
    assert sessions.load(token) == actor


def test_a_login_is_noted(actors):
    before = accounts.find("staff").login_count or 0
    actor, _token = attempt()
    row = db.session.execute(
        text("SELECT login_count, now() AT TIME ZONE 'UTC' - last_login AS ago FROM ab_user WHERE id = :id"),
        {"id": actor.id},
    ).one()
    assert row.login_count == before + 1
    assert abs(row.ago.total_seconds()) < 5


def test_every_login_has_a_session_of_its_own():
    first, second = attempt()[1], attempt()[1]
    assert first != second
    sessions.end(sessions.load(first).session_id)
    assert sessions.load(second).id is not None


def test_a_token_of_the_page_is_none_of_the_api():
    _actor, token = attempt()
    assert sessions.load(token, SessionKind.API).id is None


@pytest.fixture
def refusals(actors, monkeypatch):
    """Every reason to refuse, made to happen."""
    accounts.deactivate(actors.teacher.id, actor=actors.super_admin)
    accounts.create_account(username="nopassword", actor=actors.super_admin)
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "verify", lambda hashed, given: False)
        for _attempt in range(login.MOST_PER_ACCOUNT_AND_ADDRESS):
            refused("student", "wrong")
    return {
        "wrong password": ("staff", "wrong"),
        "empty password": ("staff", ""),
        "unknown": ("nobody", PASSWORD),
        "empty name": ("", PASSWORD),
        "unstorable": ("sta\0ff\ud800", "\0\ud800"),
        "inactive": ("teacher", PASSWORD),
        "no password yet": ("nopassword", ""),
        "system": ("system", ""),
        "blocked, right password": ("student", PASSWORD),
        "huge": ("x" * 1_000_000, "y" * 1_000_000),
    }


def test_every_refusal_is_the_same_after_the_same_work(refusals, monkeypatch):
    real, hashed = passwords.check_password_hash, []
    monkeypatch.setattr(
        passwords,
        "check_password_hash",
        lambda kept, given: hashed.append(kept.split("$")[0]) or real(kept, given),
    )
    answers = set()
    for reason, (name, password) in refusals.items():
        hashed.clear()
        refusal = refused(name, password)
        assert hashed == [passwords.METHOD], reason
        answers.add((str(refusal), refusal.status, refusal.code, str(refusal.fields)))
    assert len(answers) == 1


def test_every_refusal_makes_the_same_statements(refusals):
    """So that neither time nor load tells an existing account from one that is not."""
    from sqlalchemy import event

    statements = []
    engine = db.engine.engine

    def note(_connection, _cursor, statement, *_rest):
        statements.append(statement.split()[0])

    event.listen(engine, "before_cursor_execute", note)
    try:
        found = set()
        for name, password in refusals.values():
            statements.clear()
            refused(name, password)
            found.add(tuple(statements))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(found) == 1


@pytest.fixture
def cheap(monkeypatch):
    """Passwords compared without the work, where only the counting matters."""
    monkeypatch.setattr(passwords, "verify", lambda hashed, given: bool(hashed) and given == PASSWORD)


def test_too_many_attempts_block_one_address_for_one_period(cheap):
    for _attempt in range(login.MOST_PER_ACCOUNT_AND_ADDRESS):
        refused("staff", "wrong")
    refused("staff", PASSWORD)
    refused("staff@school.example", PASSWORD)
    attempt("staff", PASSWORD, address="203.0.113.2")
    attempt("student", PASSWORD)
    with db.engine.engine.begin() as connection:
        connection.execute(text("UPDATE rate_limits SET expires_at = now()"))
    attempt("staff", PASSWORD)


def test_an_account_attacked_from_everywhere_is_blocked_too(cheap):
    for number in range(login.MOST_PER_ACCOUNT):
        refused("staff", "wrong", address=f"198.51.100.{number}")
    refused("staff", PASSWORD, address="203.0.113.2")


def test_one_address_keeps_nobody_out_everywhere(cheap):
    for _attempt in range(login.MOST_PER_ACCOUNT + 1):
        refused("staff", "wrong")
    attempt("staff", PASSWORD, address="203.0.113.2")


def test_an_address_that_tries_many_names_is_blocked(cheap):
    for number in range(login.MOST_PER_ADDRESS):
        refused(f"nobody{number}", "wrong")
    refused("staff", PASSWORD)
    attempt("staff", PASSWORD, address="203.0.113.2")


def test_a_whole_school_logs_in_from_one_address(cheap):
    for _morning in range(login.MOST_PER_ADDRESS + 5):
        attempt("staff", PASSWORD)


def test_page_and_api_count_together(cheap):
    for number in range(login.MOST_PER_ACCOUNT_AND_ADDRESS):
        refused("staff", "wrong", kind=SessionKind.API if number % 2 else SessionKind.WEB)
    refused("staff", PASSWORD, kind=SessionKind.API)
    refused("staff", PASSWORD, kind=SessionKind.WEB)


@pytest.mark.parametrize("change", ["password = 'another'", "active = false"])
def test_a_login_does_not_outlive_what_happens_meanwhile(monkeypatch, change):
    """The account changes between the comparison of the password and the start of the session."""
    real = passwords.verify

    def verify(hashed, given):
        matches = real(hashed, given)
        db.session.execute(text(f"UPDATE ab_user SET {change} WHERE username = 'staff'"))
        return matches

    monkeypatch.setattr(passwords, "verify", verify)
    refused("staff", PASSWORD)


def test_the_log_has_neither_secrets_nor_personal_data(caplog):
    with caplog.at_level(logging.INFO, logger="app.services.login"):
        attempt("staff@school.example")
        refused("staff@school.example", "my wrong secret")
        refused("someone typed a password here", PASSWORD)
    assert len(caplog.records) == 3
    assert "accepted" in caplog.messages[0]
    assert "wrong password" in caplog.messages[1]
    assert "unknown name" in caplog.messages[2]
    told = " ".join(caplog.messages)
    for secret in ("school.example", "secret", "typed", PASSWORD, ADDRESS):
        assert secret not in told


def test_a_refused_login_leaves_the_counter_behind_only():
    refused("staff", "wrong")
    assert rate_limits.clean_up() == 0
    assert db.session.execute(text("SELECT count(*) FROM user_sessions")).scalar_one() == 0
