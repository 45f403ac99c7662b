"""What a cookie is worth: it is new at each login, and nothing once the login has ended."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.extensions import db
from app.services import accounts, login
from app.views.security import TOKEN
from tests.conftest import PASSWORD, sign_in
from tests.factories.leads import lead


def token_of(client) -> str | None:
    with client.session_transaction() as cookie:
        return cookie.get(TOKEN)


def copied(app, client):
    """Another browser with the same cookie."""
    twin = app.test_client()
    with client.session_transaction() as cookie, twin.session_transaction() as copy:
        copy.update(dict(cookie))
    return twin


def signed_in(client) -> bool:
    return client.get("/inbox/").status_code == 200


def test_a_login_makes_a_new_session_and_keeps_nothing_of_the_old(app, client_of):
    client = client_of("public")
    with client.session_transaction() as cookie:
        cookie[TOKEN], cookie["csrf_token"], cookie["planted"] = "planted", "planted", "planted"
    assert not signed_in(client)
    form = {"username": "STAFF", "password": PASSWORD, "next": "/leads/?q=a"}
    answer = client.post("/login/", data=form)
    assert answer.headers["Location"] == "/leads/?q=a"
    assert signed_in(client)
    with client.session_transaction() as cookie:
        assert "planted" not in dict(cookie).values()
        assert "planted" not in cookie
    first = token_of(client)
    client.post("/login/", data=form)
    assert token_of(client) != first


@pytest.mark.parametrize("username", ["staff", "nobody", "system"])
def test_a_refused_login_tells_nothing(client_of, monkeypatch, username):
    monkeypatch.setattr(login.passwords, "verify", lambda stored, given: False)
    answer = client_of("public").post("/login/", data={"username": username, "password": "wrong"})
    assert answer.status_code == 401
    assert "Wrong name or password, or too many attempts in the last minutes." in answer.text
    assert f'value="{username}"' in answer.text
    assert "wrong" not in answer.text.replace("Wrong name", "")


def test_a_made_up_or_ended_token_is_worth_nothing(app, client_of):
    for token in ("", "x", "a" * 10_000, "é", "\0"):
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie[TOKEN] = token
        assert client.get("/inbox/").status_code == 302, repr(token[:9])


def test_logging_out_ends_every_copy(app, client_of):
    client = client_of("staff")
    twin, other = copied(app, client), client_of("staff")
    assert signed_in(twin)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert not signed_in(client)
    assert not signed_in(twin)
    assert signed_in(other), "another login goes on"


def test_a_new_password_ends_the_other_logins(app, client_of, actors):
    here, elsewhere = client_of("staff"), client_of("staff")
    form = {
        "current_password": PASSWORD,
        "password": "purple walruses on ice",
        "password_again": "purple walruses on ice",
    }
    assert here.post("/settings/password", data=form).status_code == 302
    assert signed_in(here)
    assert not signed_in(elsewhere)


def test_a_reset_password_ends_all_logins(client_of, actors):
    staff = client_of("staff")
    accounts.set_password(actors.staff.id, "purple walruses on ice", actor=actors.admin)
    assert not signed_in(staff)


def test_a_deactivated_account_is_out_at_once_and_stays_out(client_of, actors, db_session):
    staff = client_of("staff")
    assert signed_in(staff)
    accounts.deactivate(actors.staff.id, actor=actors.admin)
    assert not signed_in(staff)
    accounts.activate(actors.staff.id, actor=actors.admin)
    assert not signed_in(staff), "the old cookie does not come back to life"


def test_an_account_switched_off_by_hand_is_out_too(client_of, actors):
    staff = client_of("staff")
    db.session.execute(text("UPDATE ab_user SET active = false WHERE username = 'staff'"))
    db.session.commit()
    assert not signed_in(staff)


def test_a_login_ends_by_itself(client_of, actors):
    staff = client_of("staff")
    db.session.execute(text("UPDATE user_sessions SET expires_at = now() - interval '1 second'"))
    db.session.commit()
    assert not signed_in(staff)


def test_a_role_that_is_taken_away_counts_at_the_next_request(client_of, actors):
    staff, admin = client_of("staff"), client_of("admin2")
    made = lead(owner_id=actors.staff.id)
    assert staff.get(f"/leads/{made.id}").status_code == 200
    accounts.set_roles(actors.staff.id, ["Student"], actor=actors.admin)
    assert staff.get(f"/leads/{made.id}").status_code == 403
    assert (
        staff.post("/leads/actions/add_note", data={"id": str(made.id), "_stage": "do", "body": "x"}).status_code == 403
    )
    assert "/leads/" not in staff.get("/").text
    accounts.set_roles(actors.admin2.id, ["Staff"], actor=actors.super_admin)
    assert admin.get("/accounts/").status_code == 403


def test_a_permission_that_a_role_loses_counts_at_the_next_request(client_of, actors):
    staff = client_of("staff")
    assert staff.get("/leads/export.csv").status_code == 200
    db.session.execute(
        text("""
            DELETE FROM ab_permission_view_role WHERE permission_view_id IN (
                SELECT pv.id FROM ab_permission_view pv JOIN ab_permission p ON p.id = pv.permission_id
                JOIN ab_view_menu v ON v.id = pv.view_menu_id WHERE p.name = 'can_export' AND v.name = 'Leads')
        """)
    )
    db.session.commit()
    assert staff.get("/leads/export.csv").status_code == 403


def test_only_the_session_of_a_browser_opens_the_screens(app, db_session, actors):
    """The token of an API login is none, and the reverse."""
    from app.models.access import SessionKind
    from app.services import sessions

    token = sessions.start(actors.staff.id, kind=SessionKind.API)
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie[TOKEN] = token
    assert not signed_in(client)
    assert signed_in(sign_in(app.test_client(), "staff"))


def test_attempts_are_limited_and_the_right_password_does_not_help_then(client_of, monkeypatch):
    monkeypatch.setattr(login.passwords, "verify", lambda stored, given: given == PASSWORD)
    client = client_of("public")
    for _attempt in range(login.MOST_PER_ACCOUNT_AND_ADDRESS):
        assert client.post("/login/", data={"username": "coach", "password": "wrong"}).status_code == 401
    try:
        assert client.post("/login/", data={"username": "coach", "password": PASSWORD}).status_code == 401
        assert client.post("/login/", data={"username": "staff", "password": PASSWORD}).status_code == 302, (
            "others are not kept out"
        )
    finally:
        with db.engine.engine.begin() as connection:  # counted outside the transaction of the test
            connection.execute(text("DELETE FROM rate_limits"))
