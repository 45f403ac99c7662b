"""Servers: addresses, the secret, trying whether they let us in."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.extensions import db
from app.services.edfi import connections, pushing, secrets
from app.services.edfi.secrets import UnreadableError
from app.services.errors import Conflict, Invalid
from app.services.transaction import rehearse
from tests.factories.edfi import SECRET, connection

URL = "https://api.state.example"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.state.example", URL),
        ("https://api.state.example/", URL),
        ("https://api.state.example/data/v3/", URL),
        ("https://api.state.example:8443/v7.1/api", "https://api.state.example:8443/v7.1/api"),
        ("http://localhost:8001", "http://localhost:8001"),
        ("http://[::1]:8001", "http://[::1]:8001"),
    ],
)
def test_addresses(db_session, actors, given, kept):
    assert connection(given, actor=actors.admin).base_url == kept


@pytest.mark.parametrize("field", ["base_url", "token_url"])
@pytest.mark.parametrize("local", ["http://localhost:8001", "http://127.0.0.1:8001", "http://[::1]:8001"])
def test_in_production_this_machine_is_no_exception(db_session, actors, app, monkeypatch, field, local):
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://school.example")
    with pytest.raises(Invalid) as refused:
        connection(actor=actors.admin, **{"url": URL, field: local} if field == "token_url" else {"url": local})
    assert field in refused.value.fields


@pytest.mark.parametrize("field", ["base_url", "token_url"])
def test_what_was_entered_before_production_is_not_asked(state, actors, ods, app, monkeypatch, field):
    known = {"base_url": "https://ods.example", "client_id": state.client_id, "secret": SecretStr("given again")}
    if field == "token_url":
        connections.update(state.id, known | {"token_url": f"{ods.url}/oauth/token"}, actor=actors.admin)
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://school.example")
    for action in (connections.try_out, pushing.push):
        [outcome] = action([state.id], actor=actors.admin).outcomes
        assert "https://" in str(outcome.refusal)
    assert ods.requests == []


@pytest.mark.parametrize("field", ["base_url", "token_url"])
@pytest.mark.parametrize(
    "bad",
    [
        "http://api.state.example",
        "http://localhost.state.example",
        "ftp://api.state.example",
        "https://user:pass@api.state.example",
        "https://api.state.example?x=1",
        "https://api.state.example#x",
        "https://",
        "https://api.state.example:99999",
        "https://api state.example",
        "https://api.state.example/a b",
        "https://bücher.example",
        "https://[::1",
        "api.state.example",
        "x" * 501,
    ],
)
def test_addresses_that_are_none_or_not_encrypted(db_session, actors, field, bad):
    with pytest.raises(Invalid) as refused:
        connection(**{"url": URL, field: bad} if field == "token_url" else {"url": bad}, actor=actors.admin)
    assert field in refused.value.fields


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("name", ""),
        ("client_id", "a:b"),
        ("client_id", ""),
        ("secret", ""),
        ("secret", None),
        ("secret", "x\0"),
        ("secret", "x" * 501),
        ("school_year", 1800),
        ("school_year", "soon"),
        ("extension", "9 lives"),
    ],
)
def test_other_fields(db_session, actors, field, bad):
    with pytest.raises(Invalid) as refused:
        connection(URL, actor=actors.admin, **{field: bad})
    assert field in refused.value.fields


def test_a_name_is_taken_once(db_session, actors):
    connection(URL, actor=actors.admin)
    with pytest.raises(Conflict):
        connection(URL, actor=actors.admin, name="STATE")


def test_the_secret_is_encrypted_and_in_no_history(db_session, actors):
    made = connection(URL, actor=actors.admin)
    assert SECRET not in made.secret
    assert connections.server_of(made).secret == SECRET
    assert connections.server_of(made).token_url == f"{URL}/oauth/token"
    connections.update(made.id, {"secret": SecretStr("another")}, actor=actors.admin)
    history = db.session.scalars(
        text("SELECT row_history::text FROM row_history WHERE table_name = 'edfi_connections'")
    )
    assert not any("secret" in row for row in history)
    assert connections.server_of(made).secret == "another"


def test_a_secret_goes_nowhere_else_without_being_given_again(db_session, actors):
    made = connection(URL, actor=actors.admin)
    for change in ({"base_url": "https://evil.example"}, {"token_url": "https://evil.example"}, {"client_id": "other"}):
        with pytest.raises(Invalid) as refused:
            connections.update(made.id, change, actor=actors.admin)
        assert "secret" in refused.value.fields
        db.session.rollback()
    connections.update(made.id, {"name": "Renamed", "secret": None}, actor=actors.admin)
    moved = {"base_url": "https://new.example", "secret": SecretStr("fresh")}
    assert connections.server_of(connections.update(made.id, moved, actor=actors.admin)).secret == "fresh"
    db.session.execute(text("UPDATE edfi_connections SET base_url = 'https://evil.example'"))
    db.session.expire_all()
    with pytest.raises(connections.WrongState):  # written past us, the secret cannot be read
        connections.server_of(made)


def test_encryption(app):
    with app.app_context():
        stored = secrets.encrypt("geheim", "here")
        assert secrets.decrypt(stored, "here") == "geheim"
        assert stored != secrets.encrypt("geheim", "here"), "no two look alike"
        for broken in (stored[:-8] + "AAAAAAA=", "", "!", "AAAA", stored[4:]):
            with pytest.raises(UnreadableError):
                secrets.decrypt(broken, "here")
        with pytest.raises(UnreadableError):
            secrets.decrypt(stored, "there")
        assert secrets.decrypt(secrets.encrypt("ü" * 300, ""), "") == "ü" * 300


def test_trying_out_asks_for_a_token_and_nothing_else(state, ods, actors):
    rehearsed = rehearse(connections.try_out, [state.id], actor=actors.admin)
    assert (rehearsed.outcomes[0].state, ods.requests) == ("ok", [])
    assert connections.try_out([state.id], actor=actors.admin).outcomes[0].message == "It lets us in."
    assert ods.requests == [("POST", "/oauth/token")]


def test_trying_out_tells_why_not(state, ods, actors, waits):
    ods.faults = [("token", 503, {})]
    told = str(connections.try_out([state.id], actor=actors.admin).outcomes[0].refusal)
    assert "503" in told
    connections.update(state.id, {"secret": SecretStr("wrong")}, actor=actors.admin)
    told = str(connections.try_out([state.id], actor=actors.admin).outcomes[0].refusal)
    assert "invalid_client" in told
    assert waits == []
