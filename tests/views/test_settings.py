"""One's own settings, password and logins."""

from __future__ import annotations

import pytest

from app.extensions import db
from app.models.access import SessionKind
from app.services import passwords, sessions, settings
from app.services.accounts import find
from tests.conftest import PASSWORD

NEW = "purple walruses on ice"


def test_settings_are_shown_and_saved(client_of, actors):
    client = client_of("staff")
    page = client.get("/settings/")
    assert page.status_code == 200
    assert "Europe/Paris" in page.text
    answer = client.post(
        "/settings/", data={"time_zone": "Europe/Paris", "time_format": "12h", "theme": "dark", "locale": ""}
    )
    assert answer.status_code == 302
    assert (actors.staff.time_zone, actors.staff.time_format, actors.staff.theme) == (
        "Europe/Paris",
        "12h",
        "dark",
    )
    assert actors.staff.locale is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("locale", "xx"),
        ("theme", "pink"),
        ("time_format", ""),
        ("week_start", "wed"),
    ],
)
def test_wrong_settings_are_refused_at_their_field(client_of, actors, name, value):
    answer = client_of("staff").post("/settings/", data={name: value})
    assert answer.status_code == 422
    assert "Choose one from the list." in answer.text


def test_nobody_changes_anothers_settings(client_of, actors):
    client_of("staff").post("/settings/", data={"user_id": actors.admin.id, "theme": "dark"})
    assert actors.admin.theme == "system"
    assert actors.staff.theme == "dark"


def test_an_old_account_without_settings_gets_them_when_it_saves(client_of, actors):
    db.session.delete(settings.own(actors.teacher))
    db.session.commit()
    client = client_of("teacher")
    assert client.get("/settings/").status_code == 200
    assert client.post("/settings/", data={"theme": "light"}).status_code == 302
    assert actors.teacher.theme == "light"


def test_the_menu_changes_the_colours_and_returns(client_of, actors):
    client = client_of("staff")
    answer = client.post(
        "/settings/look", data={"theme": "dark"}, headers={"Referer": "http://localhost/inbox/?show=unread"}
    )
    assert answer.location == "/inbox/?show=unread"
    elsewhere = client.post("/settings/look", data={"theme": "dark"}, headers={"Referer": "http://evil.example/inbox/"})
    assert elsewhere.location == "/"
    assert actors.staff.theme == "dark"


def test_the_password_changes_and_other_logins_end(client_of, actors):
    client, other = client_of("staff"), client_of("staff")
    answer = client.post(
        "/settings/password", data={"current_password": PASSWORD, "password": NEW, "password_again": NEW}
    )
    assert answer.status_code == 302
    assert passwords.verify(find("staff").password, NEW)
    assert client.get("/settings/").status_code == 200
    assert "/login/" in other.get("/settings/").location


@pytest.mark.parametrize(
    ("current", "new", "again", "problem"),
    [
        ("wrong", NEW, NEW, "not your current password"),
        (PASSWORD, NEW, NEW + "x", "not the same as above"),
        (PASSWORD, "short", "short", "At least 12 characters"),
        (PASSWORD, "staff tester 1", "staff tester 1", "mostly a name"),
    ],
)
def test_a_wrong_password_change_is_refused(client_of, actors, current, new, again, problem):
    data = {"current_password": current, "password": new, "password_again": again}
    answer = client_of("staff").post("/settings/password", data=data)
    assert answer.status_code == 422
    assert problem in answer.text
    assert new not in answer.text
    assert passwords.verify(find("staff").password, PASSWORD)


def test_own_logins_are_listed_and_ended_elsewhere(client_of, actors):
    client, other = client_of("staff"), client_of("staff")
    stranger = sessions.start(actors.admin.id, kind=SessionKind.WEB, ip_address="203.0.113.9")
    page = client.get("/settings/sessions")
    assert page.status_code == 200
    assert page.text.count("This one") == 1
    assert "203.0.113.9" not in page.text
    assert client.post("/settings/sessions/end").status_code == 302
    assert client.get("/settings/sessions").status_code == 200
    assert "/login/" in other.get("/settings/").location
    assert sessions.load(stranger).username == "admin"


@pytest.mark.parametrize(
    ("user_agent", "shown"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox, Linux"),
        ("registrar-client/2", "registrar-client/2"),
    ],
)
def test_a_login_is_shown_by_its_device(client_of, actors, user_agent, shown):
    sessions.start(actors.staff.id, kind=SessionKind.WEB, user_agent=user_agent)
    assert f">{shown}<" in client_of("staff").get("/settings/sessions").text
