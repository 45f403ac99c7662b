"""Accounts from the command line."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.cli.users import users
from app.extensions import db
from app.models.access import SessionKind
from app.services import accounts, passwords, sessions
from app.services.accounts import directory

NEW = "purple walruses on ice"


@pytest.fixture
def run(app, db_session, monkeypatch):
    """Run a command inside the test's transaction."""
    monkeypatch.setattr("flask.cli.ScriptInfo.load_app", lambda self: app)

    def command(*arguments, stdin=None):
        return app.test_cli_runner().invoke(users, arguments, input=stdin)

    return command


def test_the_first_super_admin(run):
    answer = run(
        "create",
        "noor",
        "--role",
        "Super Admin",
        "--email",
        "noor@example.org",
        "--password-stdin",
        stdin=f"{NEW}\n",
    )
    assert (answer.exit_code, answer.output) == (0, "noor is made.\n")
    made = accounts.find("noor@example.org")
    assert directory.details(made)["roles"] == ["Super Admin"]
    assert passwords.verify(made.password, NEW)


def test_the_password_is_asked_for_twice_and_not_shown(run):
    answer = run("create", "noor", "--group", "Engineer", stdin=f"{NEW}\nother\n{NEW}\n{NEW}\n")
    assert answer.exit_code == 0, answer.output
    assert NEW not in answer.output
    assert directory.details(accounts.find("noor"))["groups"] == ["Engineer"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        (("noor", "--password-stdin"), "short\n", "password: At least 12 characters."),
        (("noor", "--password-stdin"), "noornoornoor\n", "password: "),
        (("noor", "--password-stdin"), "", "password: At least 12 characters."),
        (("STAFF", "--no-password"), None, "username: Another account already has this username."),
        (
            ("noor", "--no-password", "--email", "staff@SCHOOL.example"),
            None,
            "email: Another account already",
        ),
        (("noor", "--no-password", "--role", "King"), None, "roles: There is no King."),
        (("n n", "--no-password", "--phone", "12"), None, "phone: "),
    ],
)
def test_what_is_wrong_is_told_with_exit_status_1(run, arguments, stdin, told):
    answer = run("create", *arguments, stdin=stdin)
    assert answer.exit_code == 1
    assert told in answer.output
    assert "Traceback" not in answer.output
    assert accounts.find("noor") is None


def test_the_list(run):
    accounts.deactivate(accounts.find("teacher").id, actor=sessions.system())
    run("create", "noor", "--no-password", "--first-name", "Noor", "--role", "Coach")
    lines = run("list").output.splitlines()
    assert "noor\tactive\tCoach\tNoor\t\tnever" in lines
    assert any(line.startswith("teacher\tinactive\tTeacher\t") for line in lines)
    assert not any(line.startswith("system") for line in lines)
    coaches = run("list", "--role", "Coach").output.splitlines()
    assert [line.split("\t")[0] for line in coaches] == ["coach", "noor"]


def test_roles_are_shown_and_changed(run):
    run("roles", "staff", "--add", "Teacher", "--add", "Coach", "--remove", "Staff")
    assert run("roles", "STAFF@school.example").output == "Coach\nTeacher\n"
    accounts.set_groups(accounts.find("staff").id, ["Engineer"], actor=sessions.system())
    assert "Engineer (through a group)" in run("roles", "staff").output
    refused = run("roles", "super_admin", "--remove", "Super Admin")
    assert refused.exit_code == 1
    assert "last active Super Admin" in refused.output


def test_a_new_password_ends_the_sessions(run):
    token = sessions.start(accounts.find("staff").id, kind=SessionKind.WEB)
    assert run("password", "staff", "--password-stdin", stdin="stafftester12\n").exit_code == 1
    assert sessions.load(token).username == "staff"
    assert run("password", "staff", "--password-stdin", stdin=f"{NEW}\n").exit_code == 0
    assert passwords.verify(accounts.find("staff").password, NEW)
    assert sessions.load(token).id is None


def test_deactivate_and_activate(run):
    assert run("deactivate", "staff").output == "staff is now inactive.\n"
    assert run("deactivate", "staff").output == "staff is already inactive.\n"
    assert run("activate", "staff").output == "staff is now active.\n"
    assert run("deactivate", "super_admin").exit_code == 1


def test_sessions_end(run):
    tokens = [sessions.start(accounts.find("staff").id, kind=kind) for kind in SessionKind]
    assert run("sessions", "end", "staff").output == "2 sessions of staff are ended.\n"
    assert [sessions.load(token, kind).id for token, kind in zip(tokens, SessionKind, strict=True)] == [
        None,
        None,
    ]


@pytest.mark.parametrize(
    "arguments",
    [("roles",), ("password", "--password-stdin"), ("activate",), ("deactivate",), ("sessions", "end")],
)
def test_an_unknown_account(run, arguments):
    answer = run(*arguments, "nobody", stdin=f"{NEW}\n")
    assert answer.exit_code == 1
    assert "There is no account nobody." in answer.output


def test_the_systems_account(run):
    for arguments in (
        ("password", "system", "--password-stdin"),
        ("activate", "system"),
        ("roles", "system", "--add", "Staff"),
    ):
        answer = run(*arguments, stdin=f"{NEW}\n")
        assert answer.exit_code == 1, arguments
        assert "no such record" in answer.output


def test_before_the_first_deployment(run):
    db.session.execute(text("ALTER TABLE ab_user RENAME TO elsewhere"))
    db.session.commit()
    for arguments in (("list",), ("create", "noor", "--no-password"), ("roles", "noor")):
        answer = run(*arguments)
        db.session.rollback()
        assert answer.exit_code == 1
        assert "registrar deploy" in answer.output
