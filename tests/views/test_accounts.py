"""Screens of accounts: what admins and Super Admins may do there, and what a forged request may not."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.access import SessionKind
from app.services import accounts, passwords, sessions
from app.services.accounts import directory
from tests.conftest import PASSWORD

NEW = "purple walruses on ice"


@pytest.fixture
def reader(client_of):
    return client_of("super_admin")


def url(username, what=""):
    return f"/accounts/{accounts.find(username).id}{what}"


def test_the_list_shows_roles_and_who_has_no_portal_access(reader):
    page = reader.get("/accounts/?q=staff2")
    assert page.status_code == 200
    assert "No portal access" in page.text
    assert '<span class="tag">Staff</span>' in page.text
    assert "None" not in page.text


def test_the_systems_account_is_in_no_list_and_has_no_page(reader):
    system = db.session.execute(text("SELECT id FROM ab_user WHERE username = 'system'")).scalar_one()
    assert "registrar.invalid" not in reader.get("/accounts/?q=system").text
    assert reader.get(f"/accounts/{system}").status_code == 404
    assert reader.get(f"/accounts/{system}/edit").status_code == 404


def test_filters_and_sorting(reader):
    for query in (
        "f=roles:contains:Teacher",
        "f=active:is:1",
        "sort=-last_login",
        "sort=last_name",
        "f=last_login:empty:",
    ):
        assert reader.get(f"/accounts/?{query}").status_code == 200, query
    found = reader.get("/accounts/?f=roles:contains:Teacher").text
    assert "teacher2" in found
    assert "staff2" not in found


def test_an_account_is_made_shown_and_changed(reader):
    answer = reader.post(
        "/accounts/new",
        data={
            "username": "noor",
            "password": NEW,
            "password_again": NEW,
            "groups": ["Engineer"],
            "roles": ["Teacher", "Coach"],
            "phone": " ",
            "main_portal_id": "",
            "email": "",
            "first_name": "Noor",
        },
    )
    assert answer.status_code == 302, answer.text
    page = reader.get(answer.location).text
    assert "no-email.invalid" not in page
    assert "Coach" in page
    made = directory.details(accounts.find("noor"))
    assert (made["phone"], made["main_portal_id"], made["email"]) == (None, None, "")
    assert (made["roles"], made["groups"]) == (["Coach", "Teacher"], ["Engineer"])

    form = reader.get(url("noor", "/edit")).text
    assert 'type="password"' not in form
    assert "no-email.invalid" not in form
    version = form.split('name="_version" value="')[1].split('"')[0]
    data = {"username": "noor", "roles": ["Coach"], "department": "Music", "_version": version}
    assert reader.post(url("noor", "/edit"), data=data).status_code == 302
    made = directory.details(accounts.find("noor"))
    assert (made["roles"], made["groups"], made["department"]) == (["Coach"], [], "Music")
    assert reader.post(url("noor", "/edit"), data=data).status_code == 409, "changed by somebody else meanwhile"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"username": "STAFF"}, "already has this username"),
        ({"username": "nn", "email": "Staff@School.example"}, "already has this e-mail address"),
        ({"username": "nn", "password": NEW, "password_again": "other"}, "not the same as above"),
        ({"username": "nn", "password": "short", "password_again": "short"}, "At least 12 characters"),
        ({"username": "nn", "roles": ["Nobody"]}, "There is no Nobody"),
        ({"username": "n n", "phone": "12"}, "too short"),
        ({}, "required"),
    ],
)
def test_a_refused_account_keeps_the_form_but_never_the_password(reader, data, problem):
    answer = reader.post("/accounts/new", data=data | {"department": "Geography"})
    assert answer.status_code in (409, 422)
    assert problem in answer.text
    assert "Geography" in answer.text
    assert NEW not in answer.text


def test_white_space_is_part_of_a_password(reader):
    typed = "  purple walruses on ice "
    reader.post("/accounts/new", data={"username": "noor", "password": typed, "password_again": typed})
    assert passwords.verify(accounts.find("noor").password, typed)


def test_an_admin_makes_staff_but_no_admins(client_of, actors):
    admin = client_of("admin")
    form = admin.get("/accounts/new").text
    assert 'value="Staff"' in form
    assert 'value="Super Admin"' not in form
    assert 'name="groups"' not in form
    assert admin.post("/accounts/new", data={"username": "nn", "roles": ["Staff"]}).status_code == 302
    for forged in ({"roles": ["Admin"]}, {"roles": ["Super Admin"]}, {"roles": ["Staff", "Engineer"]}):
        assert admin.post("/accounts/new", data={"username": "evil"} | forged).status_code == 403
    answer = admin.post("/accounts/new", data={"username": "sneaky", "groups": ["Admin"]})
    assert answer.status_code == 302
    assert directory.details(accounts.find("sneaky"))["groups"] == [], "a field that the form does not offer is ignored"


def test_an_admin_leaves_the_groups_of_an_account_alone(client_of, actors):
    db.session.execute(text("INSERT INTO ab_group (id, name) VALUES (nextval('ab_group_id_seq'), 'Front desk')"))
    accounts.set_groups(actors.staff2.id, ["Front desk"], actor=actors.super_admin)
    answer = client_of("admin").post(
        url("staff2", "/edit"), data={"username": "staff2", "roles": ["Staff"], "department": "Desk"}
    )
    assert answer.status_code == 302
    assert directory.details(accounts.find("staff2"))["groups"] == ["Front desk"]


@pytest.mark.parametrize("target", ["super_admin", "admin2", "admin", "engineer"])
def test_an_admin_touches_no_account_with_more_rights(client_of, actors, target):
    admin, key = client_of("admin"), accounts.find(target).id
    before = directory.details(accounts.find(target)) | {"password": accounts.find(target).password}
    assert admin.get(f"/accounts/{key}").status_code == 200
    assert admin.post(f"/accounts/{key}/edit", data={"username": "evil"}).status_code == 403
    for action, data in (
        ("deactivate", {}),
        ("activate", {}),
        ("reset_password", {"password": NEW, "password_again": NEW}),
    ):
        answer = admin.post(f"/accounts/actions/{action}", data={"id": key, "_stage": "do"} | data)
        assert "Super Admin may change this account" in answer.text
    db.session.expire_all()
    assert directory.details(accounts.find(target)) | {"password": accounts.find(target).password} == before


@pytest.mark.parametrize("username", ["staff", "teacher", "student", "engineer", "public"])
def test_others_reach_no_account_page(client_of, actors, username):
    client, key = client_of(username), actors.staff2.id
    expected = 302 if username == "public" else 403
    for path in (
        "/accounts/",
        f"/accounts/{key}",
        f"/accounts/{key}/edit",
        "/accounts/new",
        f"/accounts/{key}/history",
    ):
        assert client.get(path).status_code == expected, path
    for path in (
        f"/accounts/{key}/edit",
        "/accounts/new",
        "/accounts/actions/deactivate",
        "/accounts/actions/reset_password",
    ):
        answer = client.post(path, data={"id": key, "_stage": "do", "username": "evil", "roles": "Admin"})
        assert answer.status_code == expected, path
    assert accounts.find("evil") is None


def test_a_super_admin_cannot_change_their_own_roles(reader, actors):
    answer = reader.post(
        url("super_admin", "/edit"), data={"username": "super_admin", "roles": ["Super Admin", "Staff"]}
    )
    assert answer.status_code == 403
    assert actors.super_admin.roles == {"Super Admin"}


def test_deactivation_is_previewed_done_and_ends_logins(reader, client_of, actors):
    victim, key = client_of("staff2"), actors.staff2.id
    assert reader.post("/accounts/actions/deactivate", data={"id": key, "_stage": "preview"}).status_code == 200
    assert victim.get("/settings/").status_code == 200, "a preview changes nothing"
    assert reader.post("/accounts/actions/deactivate", data={"id": key, "_stage": "do"}).status_code == 200
    assert "/login/" in victim.get("/settings/").location
    reader.post("/accounts/actions/activate", data={"id": key, "_stage": "do"})
    assert "/login/" in victim.get("/settings/").location, "an ended login stays ended"
    assert accounts.find("staff2").active


def test_deactivating_many_tells_each_outcome(reader, actors):
    ids = [actors.staff.id, actors.super_admin.id, actors.teacher.id, 999999]
    answer = reader.post("/accounts/actions/deactivate", data={"id": ids, "_stage": "do"})
    assert answer.status_code == 200
    assert "Not your own account" in answer.text
    db.session.expire_all()
    states = [accounts.find(name).active for name in ("staff", "super_admin", "teacher")]
    assert states == [False, True, False]


def test_a_reset_password_works_at_once_and_is_never_shown(reader, actors):
    token = sessions.start(actors.staff2.id, kind=SessionKind.API)
    key = actors.staff2.id
    ask = reader.get(f"/accounts/actions/reset_password?id={key}").text
    assert ask.count('type="password"') == 2
    refused = reader.post(
        "/accounts/actions/reset_password",
        data={"id": key, "_stage": "preview", "password": NEW, "password_again": "x"},
    )
    assert NEW not in refused.text
    assert passwords.verify(accounts.find("staff2").password, PASSWORD)
    done = reader.post(
        "/accounts/actions/reset_password",
        data={"id": key, "_stage": "preview", "password": NEW, "password_again": NEW},
    )
    assert NEW not in done.text
    db.session.expire_all()
    assert passwords.verify(accounts.find("staff2").password, NEW)
    assert sessions.load(token, SessionKind.API).id is None


def test_history_never_shows_a_password(reader, actors):
    accounts.set_password(actors.staff2.id, NEW, actor=actors.super_admin)
    accounts.deactivate(actors.staff2.id, actor=actors.super_admin)
    page = reader.get(url("staff2", "/history"))
    assert page.status_code == 200
    assert "scrypt" not in page.text
