from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask_jwt_extended import create_access_token, create_refresh_token
from sqlalchemy import text

from app.extensions import db
from app.models.access import SessionKind
from app.services import accounts, login, sessions
from tests.api.conftest import PREFIX, Caller
from tests.conftest import PASSWORD, make_app, sign_in

READ = "/leads"


@pytest.fixture(autouse=True)
def _no_attempts_before(db_session: Any):
    """The counters of attempts are committed: they outlive a test."""
    with db.engine.engine.begin() as connection:
        connection.execute(text("DELETE FROM rate_limits"))


def log_in(app: Any, username: str = "staff", password: str = PASSWORD) -> Any:
    return app.test_client().post(f"{PREFIX}/security/login", json={"username": username, "password": password})


def caller(app: Any, token: str) -> Caller:
    return Caller(app.test_client(), token)


def test_the_life_of_a_login(app, db_session):
    answer = log_in(app)
    assert answer.status_code == 200 and answer.json["token_type"] == "Bearer" and answer.json["expires_in"] == 3600
    staff, refresher = caller(app, answer.json["access_token"]), caller(app, answer.json["refresh_token"])
    assert staff.get("/me").json["username"] == "staff"
    assert refresher.get("/me").status_code == 401, "a refresh token opens nothing else"
    assert staff.post("/security/refresh").status_code == 401, "an access token refreshes nothing"
    renewed = caller(app, refresher.post("/security/refresh").json["access_token"])
    assert renewed.get(READ).status_code == 200
    assert staff.post("/security/logout").status_code == 204
    for each in (staff, renewed):
        assert each.get(READ).status_code == 401, "every copy is dead"
    assert refresher.post("/security/refresh").status_code == 401


def test_what_clients_of_other_sites_send(app, db_session):
    """As Flask-AppBuilder's own API has it; there, a refresh token is answered when it is asked for."""
    sent = {"username": "staff", "password": PASSWORD, "provider": "db"}
    for refresh in (True, False):
        answer = app.test_client().post(f"{PREFIX}/security/login", json=sent | {"refresh": refresh})
        assert answer.status_code == 200 and ("refresh_token" in answer.json) is refresh
    other = app.test_client().post(f"{PREFIX}/security/login", json=sent | {"provider": "ldap"})
    assert (other.status_code, list(other.json["fields"])) == (422, ["provider"])


def test_by_email_in_any_capitals(app, db_session):
    assert log_in(app, "STAFF@school.example").status_code == 200


def test_every_refused_login_gets_the_same_answer(app, actors):
    accounts.deactivate(actors.coach.id, actor=actors.super_admin)
    answers = [
        log_in(app, "staff", "wrong password 1"),
        log_in(app, "nobody"),
        log_in(app, "coach"),
        log_in(app, "system"),
    ]
    assert {answer.status_code for answer in answers} == {401} and len({answer.data for answer in answers}) == 1
    assert answers[0].json["code"] == "login_refused" and answers[0].headers["WWW-Authenticate"] == "Bearer"


def test_attempts_are_limited(app, db_session):
    for _attempt in range(login.MOST_PER_ACCOUNT_AND_ADDRESS):
        assert log_in(app, "staff", "wrong password 1").status_code == 401
    assert log_in(app).status_code == 401, "not even with the right password"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "staff"},
        {"username": "staff", "password": 5},
        {"username": ["staff"], "password": "x"},
        {"username": "", "password": ""},
        {"username": "a\ud800", "password": "x"},
        {"username": "staff", "password": "a\ud800"},
        {"username": "staff", "password": "a\0"},
        {"username": "x" * 400, "password": "x"},
        {"username": "staff", "password": "x" * 100_000},
    ],
)
def test_a_login_that_is_none(app, db_session, body):
    assert app.test_client().post(f"{PREFIX}/security/login", json=body).status_code == 422


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        "Bearer a b",
        "Basic c3RhZmY6eA==",
        "bearer x",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "x,\t,",
        "Bearer \xe9.\xe9.\xe9",
        "Bearer " + "a" * 5000,
    ],
)
def test_headers_that_are_no_token(app, db_session, header):
    answer = app.test_client().get(PREFIX + READ, headers={"Authorization": header})
    assert answer.status_code == 401 and answer.json["code"] == "unauthorized"


def test_tokens_that_are_worth_nothing(app, actors):
    session = sessions.start(actors.staff.id, kind=SessionKind.API)
    web = sessions.start(actors.staff.id, kind=SessionKind.WEB)
    staff = str(actors.staff.id)
    worthless = {
        "no session": create_access_token(staff),
        "unknown session": create_access_token(staff, additional_claims={"sid": "x"}),
        "a browser's session": create_access_token(staff, additional_claims={"sid": web}),
        "run out": create_access_token(staff, additional_claims={"sid": session}, expires_delta=timedelta(seconds=-1)),
        "a refresh token": create_refresh_token(staff, additional_claims={"sid": session}),
        "odd session": create_access_token(staff, additional_claims={"sid": {"a": [1]}}),
        "forged": create_access_token(staff, additional_claims={"sid": session})[:-3] + "abc",
    }
    for name, token in worthless.items():
        assert caller(app, token).get(READ).status_code == 401, name
    assert (
        caller(app, create_access_token("whoever", additional_claims={"sid": session})).get("/me").json["id"]
        == actors.staff.id
    )


def test_a_cookie_counts_for_nothing(app, db_session, client_of):
    client = client_of("super_admin")
    assert client.get("/leads/").status_code == 200, "the cookie is good"
    assert client.get(PREFIX + READ).status_code == 401
    assert client.post(f"{PREFIX}/tags", json={"name": "Choir"}).status_code == 401
    assert client.get(f"{PREFIX}{READ}?access_token=x&jwt=x").status_code == 401


def test_csrf_protection_is_for_cookies_only(database_url, app, db_session, api):
    protected = make_app(database_url, WTF_CSRF_ENABLED=True)
    token = api("staff").token
    with_token = Caller(protected.test_client(), token)
    assert with_token.post("/tags", {"name": "Choir"}).status_code == 201, "a token needs no CSRF token"
    cookie = sign_in(protected.test_client(), "staff")
    assert cookie.post("/tags/new", data={"name": "Band"}).status_code == 400, "a form does"
    assert cookie.post(f"{PREFIX}/tags", json={"name": "Band"}).status_code == 401


def test_a_new_password_ends_the_tokens(api, actors):
    staff = api("staff")
    assert staff.get(READ).status_code == 200
    accounts.set_password(actors.staff.id, "another long phrase 8", actor=actors.super_admin)
    assert staff.get(READ).status_code == 401


def test_changing_ones_own_password_ends_the_others(api, app, actors):
    this, other = api("staff"), api("staff")
    wrong = this.post("/me/password", {"current_password": "wrong password 1", "password": "another long phrase 8"})
    assert wrong.status_code == 422 and list(wrong.json["fields"]) == ["current_password"]
    assert this.post("/me/password", {"current_password": PASSWORD, "password": "short"}).status_code == 422
    assert (
        this.post("/me/password", {"current_password": PASSWORD, "password": "another long phrase 8"}).status_code
        == 204
    )
    assert this.get("/me").status_code == 200 and other.get("/me").status_code == 401
    assert log_in(app).status_code == 401 and log_in(app, password="another long phrase 8").status_code == 200


def test_deactivation_ends_the_tokens(api, actors):
    staff = api("staff")
    accounts.deactivate(actors.staff.id, actor=actors.super_admin)
    assert staff.get(READ).status_code == 401
    accounts.activate(actors.staff.id, actor=actors.super_admin)
    assert staff.get(READ).status_code == 401, "a login does not come back to life"


def test_a_changed_role_counts_at_the_next_request(api, actors):
    staff = api("staff")
    assert staff.get("/leads/worklist").status_code == 200 and staff.get("/me").json["roles"] == ["Staff"]
    accounts.set_roles(actors.staff.id, ["Teacher"], actor=actors.super_admin)
    assert staff.get("/leads/worklist").status_code == 403 and staff.get("/leads").json["items"] == []
    accounts.set_roles(actors.staff.id, ["Admin"], actor=actors.super_admin)
    assert staff.get("/accounts").status_code == 200


def test_me(api, actors):
    staff, other = api("staff"), api("staff")
    me = staff.get("/me").json
    assert me["id"] == actors.staff.id and "add" in me["permissions"]["Leads"] and "Accounts" not in me["permissions"]
    assert staff.patch("/me/settings", {"theme": "dark", "time_zone": "Asia/Dubai"}).json["theme"] == "dark"
    assert staff.get("/me/settings").json["time_zone"] == "Asia/Dubai"
    assert (
        staff.patch("/me/settings", {"theme": "pink"}).status_code
        == 422
        == staff.patch("/me/settings", {"time_zone": 5}).status_code
    )
    sessions_now = staff.get("/me/sessions").json["items"]
    assert len(sessions_now) == 2 and [each["current"] for each in sessions_now].count(True) == 1
    assert (
        staff.delete("/me/sessions").json == {"ended": 1}
        and other.get("/me").status_code == 401
        and staff.get("/me").status_code == 200
    )


def test_answers_carry_the_security_headers(api):
    for answer in (api("staff").get(READ), api("public").get(READ), api("staff").get("/nothing")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers
