"""Screens of groups and of access to the portal, and that Flask-AppBuilder's own are not there."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.access import Group
from app.services import accounts
from app.services.accounts import directory, groups
from app.views import groups as group_pages

NEW = "purple walruses on ice"


@pytest.fixture
def boss(client_of):
    return client_of("super_admin")


def key(name: str) -> int:
    return db.session.scalars(select(Group.id).where(Group.name == name)).one()


def test_the_form_of_an_account_asks_for_login_then_groups_with_descriptions(boss):
    form = boss.get("/accounts/new").text
    places = [form.index(f'name="{name}"') for name in ("username", "password", "password_again", "groups", "roles")]
    assert places == sorted(places)
    assert places[-1] < form.index('name="first_name"')
    for description in ("Runs the school", "Looks after the installation", "Maintains the installation"):
        assert description in form
    made = boss.post("/accounts/new", data={"username": "noor", "password": NEW, "password_again": NEW})
    assert made.status_code == 302, "everything else is optional"


def test_the_list_warns_of_accounts_without_portal_access(boss, actors):
    accounts.set_groups(actors.staff.id, ["Engineer"], actor=actors.super_admin)
    page = boss.get("/accounts/?q=staff").text
    assert ("Portal access" in page, page.count("No portal access") >= 1, "Department" in page) == (True, True, True)
    without = boss.get("/accounts/?f=portal_access:is:0").text
    assert "staff2@school.example" in without and "staff@school.example" not in without
    within = boss.get("/accounts/?f=portal_access:is:1").text
    assert "staff@school.example" in within and "staff2@school.example" not in within
    assert "No portal access" in boss.get(f"/accounts/{actors.staff2.id}").text
    assert "No portal access" not in boss.get(f"/accounts/{actors.staff.id}").text


def test_what_another_has_changed_is_not_overwritten(boss, actors):
    desk = groups.create({"name": "Desk", "roles": ["Staff", "Coach"]}, actor=actors.super_admin)
    url = f"/groups/{desk.id}/edit"
    form = {"name": "Desk", "description": "Greets", "roles": ["Staff", "Coach"]}
    form["_version"] = re.search(r'name="_version" value="([^"]+)"', boss.get(url).text)[1]
    groups.update(desk.id, {"roles": ["Staff"]}, actor=actors.super_admin)  # another takes a role away meanwhile
    answer = boss.post(url, data=form)
    assert (answer.status_code, "changed this record" in answer.text) == (409, True)
    db.session.refresh(desk)
    assert ([role.name for role in desk.roles], desk.description) == (["Staff"], None)
    form["_version"] = desk.updated_at.isoformat()
    assert boss.post(url, data=form).status_code == 302


def test_the_list_of_all_members_is_found_whatever_the_group_is_called(boss, actors, monkeypatch):
    made = groups.create({"name": "R&D + more"}, actor=actors.super_admin)
    accounts.set_groups(actors.staff.id, ["R&D + more"], actor=actors.super_admin)
    monkeypatch.setattr(group_pages, "MEMBERS", 0)
    link = re.search(r'href="(/accounts/\?f=groups[^"]+)"', boss.get(f"/groups/{made.id}").text)[1]
    page = boss.get(unescape(link)).text
    assert f'href="/accounts/{actors.staff.id}"' in page
    assert f'href="/accounts/{actors.teacher.id}"' not in page


def test_a_group_without_roles_gives_no_access(boss, actors):
    groups.create({"name": "Choir"}, actor=actors.super_admin)
    accounts.set_groups(actors.staff.id, ["Choir"], actor=actors.super_admin)
    assert "No portal access" in boss.get(f"/accounts/{actors.staff.id}").text
    assert "No roles" in boss.get("/groups/").text


def test_saving_an_account_again_changes_nothing(boss, actors):
    accounts.update_account(
        actors.staff.id, {"main_portal_id": "P-1", "phone": "020 7946 0018"}, actor=actors.super_admin
    )
    db.session.execute(text("DELETE FROM user_profiles WHERE user_id = :id"), {"id": actors.teacher.id})
    for actor, old in ((actors.staff, False), (actors.teacher, True)):
        before = directory.details(accounts.find(actor.username))
        data = {name: value for name, value in before.items() if isinstance(value, str)} | {"roles": before["roles"]}
        for _time in range(2):
            assert boss.post(f"/accounts/{actor.id}/edit", data=data).status_code == 302, old
        db.session.expire_all()
        assert directory.details(accounts.find(actor.username)) == before


def test_a_group_is_made_shown_changed_and_deleted(boss, actors):
    answer = boss.post("/groups/new", data={"name": "Front desk", "description": "Greets", "roles": ["Staff", "Coach"]})
    assert answer.status_code == 302, answer.text
    url = answer.location
    page = boss.get(url).text
    assert "Greets" in page and "Coach" in page and "Nobody is in this group" in page
    assert 'value="Coach" checked' in boss.get(f"{url}/edit").text
    boss.post(
        "/groups/actions/add_member", data={"id": key("Front desk"), "user_id": actors.student.id, "_stage": "do"}
    )
    assert f"/accounts/{actors.student.id}" in boss.get(url).text
    boss.post("/accounts/actions/leave", data={"id": actors.student.id, "group_id": key("Front desk"), "_stage": "do"})
    assert boss.post(f"{url}/edit", data={"name": "Desk", "roles": ["Staff"]}).status_code == 302
    assert boss.post("/groups/new", data={"name": "Desk"}).status_code == 409
    boss.post("/groups/delete", data={"id": key("Desk"), "_stage": "do"})
    assert boss.get(url).status_code == 404
    kept = "SELECT operation FROM row_history WHERE table_name = 'ab_group' AND row_id = :id ORDER BY id"
    assert db.session.scalars(text(kept), {"id": url.rpartition("/")[2]}).all() == ["insert", "update", "delete"]


def test_built_in_groups_say_so(boss):
    page = boss.get(f"/groups/{key('Admin')}").text
    assert "This group is built in." in page
    assert boss.post(f"/groups/{key('Admin')}/edit", data={"name": "Other", "roles": ["Admin"]}).status_code == 409


@pytest.mark.parametrize("username", ["admin", "staff", "engineer", "student"])
def test_others_reach_no_group(client_of, actors, username):
    client = client_of(username)
    for path in ("/groups/", "/groups/new", f"/groups/{key('Admin')}", f"/groups/{key('Admin')}/edit"):
        assert client.get(path).status_code == 403
    for path, data in (
        ("/groups/new", {"name": "Mine", "roles": ["Super Admin"]}),
        (f"/groups/{key('Admin')}/edit", {"name": "Admin", "roles": ["Super Admin"]}),
        ("/groups/actions/add_member", {"id": key("Admin"), "user_id": actors.staff.id, "_stage": "do"}),
        ("/accounts/actions/join", {"id": actors.staff.id, "group_id": key("Admin"), "_stage": "do"}),
    ):
        assert client.post(path, data=data).status_code == 403, path
    assert client.get("/lookups/groups").status_code == 403


def test_odd_values_are_refused(boss):
    for data in ({}, {"name": "x" * 101}, {"name": "a\0"}, {"name": "New", "roles": ["King"]}, {"name": " "}):
        assert boss.post("/groups/new", data=data).status_code == 422
    for user_id in ("0", "-1", "99999999999999999999", "x", ""):
        answer = boss.post("/groups/actions/add_member", data={"id": key("Admin"), "user_id": user_id, "_stage": "do"})
        assert answer.status_code == 422, user_id
    assert boss.get("/groups/99999999999").status_code == 404


def test_flask_appbuilders_own_screens_are_absent(app, boss):
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    for stock in ("/users/", "/roles/", "/groups/api/", "/permissions/", "/viewmenus/", "/registeruser/", "/register/"):
        assert not any(rule.startswith(stock) for rule in rules), stock
    for stock in ("/users/list/", "/users/add", "/roles/list/", "/userinfoeditview/form", "/resetmypassword/form"):
        assert boss.get(stock).status_code == 404
        assert boss.post(stock, data={"roles": "1"}).status_code == 404
    for stock in ("/api/v1/security/users/", "/api/v1/security/roles/", "/api/v1/security/groups/"):
        assert boss.get(stock).status_code in (401, 404)
