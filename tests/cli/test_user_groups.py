"""Groups from the command line, and that `user` is still what `users` is."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from sqlalchemy import text

from app.cli import COMMANDS, main
from app.cli.users import users
from app.extensions import db
from app.services import accounts, deployment, passwords
from app.services.accounts import directory


@pytest.fixture
def run(app, db_session, monkeypatch):
    monkeypatch.setattr("flask.cli.ScriptInfo.load_app", lambda self: app)
    monkeypatch.setattr(deployment, "_alone", nullcontext)
    return lambda *arguments: app.test_cli_runner().invoke(users, arguments)


def test_user_and_users_are_the_same():
    assert COMMANDS["user"] == COMMANDS["users"]
    assert {"create", "setup-groups", "assign-superuser-groups", "fix-user-profiles"} <= set(users.commands)
    assert main.get_command(None, "users") is main.get_command(None, "user")


def test_groups_are_set_up_again_and_again(run):
    db.session.execute(text("DELETE FROM ab_group WHERE name = 'Engineer'"))
    db.session.commit()
    first, again = run("setup-groups"), run("setup-groups")
    assert (first.exit_code, first.output) == (0, "group Engineer added\ngroup Engineer carries Engineer\n")
    assert (again.exit_code, again.output) == (0, "Nothing to do: groups and roles are as this version has them.\n")


def test_test_users_are_for_development(run, app, monkeypatch):
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://school.example")
    refused = run("setup-groups", "--create-test-users")
    assert refused.exit_code == 1
    assert "for development" in refused.output
    assert accounts.find("test_admin") is None
    monkeypatch.setitem(app.config, "PUBLIC_URL", "http://localhost:8080")
    made = run("setup-groups", "--create-test-users")
    assert made.exit_code == 0, made.output
    for name, group in (("test_admin", "Admin"), ("test_amc_admin", "AMC Admin"), ("test_engineer", "Engineer")):
        account = accounts.find(name)
        assert directory.details(account)["groups"] == [group]
        secret = made.output.split(f"{name} is made, with the password ")[1].split()[0]
        assert passwords.verify(account.password, secret)
    assert "is made" not in run("setup-groups", "--create-test-users").output


def test_super_admins_join_the_group_admin(run):
    first = run("assign-superuser-groups")
    assert (first.exit_code, "super_admin is in the group Admin now." in first.output) == (0, True)
    assert run("assign-superuser-groups").output == "Every Super Admin is in the group Admin.\n"
    assert "Admin (through a group)" in run("roles", "super_admin").output
