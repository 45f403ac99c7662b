"""Tokens: who gets one, what it is worth, and when it ends."""

from __future__ import annotations

import base64
import threading
from typing import Any

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.history import RowHistory
from app.models.oneroster import OAuthClient, OAuthToken
from app.services import sessions
from app.services.errors import Invalid
from app.services.inputs import parse
from app.services.oneroster.oauth import clients, tokens
from app.services.rate_limits import TooMany
from app.services.transaction import rehearse
from tests.api.oneroster.conftest import BASES, SECRET, TOKEN, program

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def ask(app: Any, db_session: Any, uncounted: None) -> Any:
    client = app.test_client()
    return lambda data, path=TOKEN, **more: client.post(path, data=data, **more)


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def test_a_token_by_header_and_by_body(app, ask):
    made = program("roster")
    for answer in (
        ask(GRANT, headers=basic(made.client_id, SECRET.replace(" ", "+"))),
        ask(GRANT | {"client_id": made.client_id, "client_secret": SECRET}),
    ):
        assert answer.status_code == 200, answer.json
        assert answer.json["token_type"] == "Bearer" and answer.json["expires_in"] == 3600
        assert answer.json["scope"] == "https://purl.imsglobal.org/spec/or/v1p2/scope/roster.readonly"
        assert answer.headers["Cache-Control"] == "no-store"
        headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
        assert app.test_client().get(BASES["1.2"] + "/orgs", headers=headers).status_code == 200
    kept = db.session.query(OAuthToken).all()
    assert len(kept) == 2 and answer.json["access_token"] not in {each.token_hash for each in kept}
    assert made.last_used_at is None or made.last_used_at


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        ("", ["roster-core", "roster"]),
        ("https://purl.imsglobal.org/spec/or/v1p2/scope/roster.readonly", ["roster"]),
        ("https://purl.imsglobal.org/spec/or/v1p1/scope/roster-core.readonly", ["roster-core"]),
        ("roster roster-core.readonly", ["roster-core", "roster"]),
        ("roster-demographics", None),
        ("anything", None),
    ],
)
def test_scopes_that_are_asked_for(ask, scope, granted):
    made = program("roster-core", "roster")
    answer = ask(GRANT | {"client_id": made.client_id, "client_secret": SECRET, "scope": scope})
    if granted is None:
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_scope")
    else:
        assert answer.json["scope"].split() == [tokens.full(each) for each in granted]


def test_who_is_not_known_gets_none_and_all_reasons_read_alike(ask):
    made, off, fresh = program(), program(active=False), program(secret_hash=clients.NO_SECRET)
    answers = [
        ask(GRANT | {"client_id": client_id, "client_secret": secret})
        for client_id, secret in (
            (made.client_id, "wrong"),
            ("nobody", SECRET),
            (off.client_id, SECRET),
            (fresh.client_id, "none"),
            ("nul\0", SECRET),
            (made.client_id, ""),
        )
    ]
    assert {(each.status_code, each.json["error"], each.json["error_description"]) for each in answers} == {
        (401, "invalid_client", "The client is not known, or its secret is wrong.")
    }
    assert answers[0].headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        (GRANT, "invalid_client"),
        (GRANT | {"client_id": ["a", "b"], "client_secret": "x"}, "invalid_request"),
        (GRANT | {"client_id": "a" * 3000, "client_secret": "x"}, "invalid_request"),
    ],
)
def test_what_a_request_must_say(ask, data, error):
    answer = ask(data)
    assert answer.status_code in (400, 401) and answer.json["error"] == error


def test_a_secret_sent_twice_is_refused(ask):
    made = program()
    answer = ask(GRANT | {"client_secret": SECRET}, headers=basic(made.client_id, SECRET))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def works(app: Any, token: str) -> bool:
    answer = app.test_client().get(BASES["1.2"] + "/orgs", headers={"Authorization": f"Bearer {token}"})
    return bool(answer.status_code == 200)


@pytest.mark.parametrize("how", ["expired", "revoked", "switched off", "new secret", "changed", "deleted"])
def test_a_token_ends(app, ask, how):
    made, actor = program(), sessions.system()
    own = {"client_id": made.client_id, "client_secret": SECRET}
    token = ask(GRANT | own).json["access_token"]
    assert works(app, token)
    if how == "expired":
        db.session.execute(text("UPDATE oauth_tokens SET expires_at = now()"))
        db.session.commit()
    elif how == "revoked":
        assert ask(own | {"token": token}, "/ims/oneroster/oauth/revoke").status_code == 200
    elif how == "switched off":
        clients.deactivate([made.id], actor=actor)
    elif how == "new secret":
        clients.new_secret([made.id], actor=actor)
    elif how == "changed":
        clients.update(made.id, {"scopes": ["roster"]}, actor=actor)
    else:
        clients.remove([made.id], actor=actor)
    assert not works(app, token)


def test_reading_is_no_change_of_the_client(app, ask):
    """An open form can still be saved."""
    made = program()
    token = ask(GRANT | {"client_id": made.client_id, "client_secret": SECRET}).json["access_token"]
    db.session.execute(text("UPDATE oauth_clients SET updated_at = '2020-01-01'"))
    db.session.refresh(made)
    version, before = made.updated_at, db.session.query(RowHistory).count()
    assert works(app, token)
    db.session.refresh(made)
    assert made.last_used_at is not None and made.updated_at == version
    assert db.session.query(RowHistory).count() == before
    clients.update(made.id, {"name": "Renamed"}, actor=sessions.system(), version=version)
    db.session.refresh(made)
    assert made.updated_at > version


def test_nobody_revokes_a_token_of_another(app, ask):
    made, other = program(), program()
    token = ask(GRANT | {"client_id": made.client_id, "client_secret": SECRET}).json["access_token"]
    answer = ask({"client_id": other.client_id, "client_secret": SECRET, "token": token}, "/ims/oneroster/oauth/revoke")
    assert answer.status_code == 200 and works(app, token)
    assert ask({"client_id": other.client_id}, "/ims/oneroster/oauth/revoke").status_code == 400


def test_attempts_are_limited(ask, monkeypatch):
    monkeypatch.setattr(tokens, "MOST_OF_A_CLIENT", 2)
    made = program()
    answers = [ask(GRANT | {"client_id": made.client_id, "client_secret": "wrong"}) for _ in range(3)]
    assert [each.status_code for each in answers] == [401, 401, 429]
    assert answers[2].headers["Retry-After"]
    assert issubclass(TooMany, Exception)


def test_a_secret_is_told_once_and_kept_as_a_digest(db_session):
    made, actor = program(), sessions.system()
    [outcome] = clients.new_secret([made.id], actor=actor).outcomes
    assert outcome.once and made.client_id in str(outcome.message)
    secret = str(outcome.message).split("secret ")[1].split(".")[0]
    assert made.secret_hash == clients.digest(secret)
    [previewed] = rehearse(clients.new_secret, [made.id], actor=actor).outcomes
    assert not previewed.message


@pytest.mark.parametrize(
    "raw", [{"name": "", "scopes": ["roster"]}, {"name": "x", "scopes": []}, {"name": "x", "scopes": ["all"]}]
)
def test_a_client_needs_a_name_and_known_scopes(db_session, raw):
    with pytest.raises(Invalid):
        parse(clients.OAuthClientInput, raw)


def test_tokens_that_are_over_are_forgotten(ask):
    made = program()
    ask(GRANT | {"client_id": made.client_id, "client_secret": SECRET})
    assert tokens.clean_up() == 0
    db.session.execute(text("UPDATE oauth_tokens SET expires_at = now() - interval '1 second'"))
    assert tokens.clean_up() == 1


def test_tokens_asked_for_at_once_all_work_while_the_client_is_switched_off_behind_them(committed_app):
    """Each of many at the same time gets a token of its own; switched off, none of them is worth anything."""
    with committed_app.app_context():
        made = program()
        own = tokens.Credentials(made.client_id, SECRET, "127.0.0.1")
        found: list[str] = []

        def work() -> None:
            with committed_app.app_context():
                found.append(tokens.issue(own, "").secret)
                db.session.remove()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(found)) == 4 and all(tokens.scopes_of(each) for each in found)
        clients.deactivate([made.id], actor=sessions.system())
        assert not any(tokens.scopes_of(each) for each in found)
        assert db.session.get_one(OAuthClient, made.id).last_used_at is not None
        db.session.remove()
