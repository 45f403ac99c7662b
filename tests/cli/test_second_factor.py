"""Switching off a lost second factor from the command line."""

from __future__ import annotations

import pytest
from sqlalchemy import func

from app.cli.users import users
from app.extensions import db
from app.models.access import SessionKind
from app.models.credentials import SecondFactor
from app.policies.actor import NOBODY
from app.services import sessions


@pytest.fixture
def run(app, db_session, monkeypatch):
    monkeypatch.setattr("flask.cli.ScriptInfo.load_app", lambda self: app)
    return lambda name: app.test_cli_runner().invoke(users, ["second-factor-off", name])


def test_a_lost_second_factor_is_switched_off(run, actors):
    db.session.add(SecondFactor(user_id=actors.super_admin.id, seed="0" * 40, confirmed_at=func.now()))
    token = sessions.start(actors.super_admin.id, kind=SessionKind.WEB)
    answer = run("super_admin@school.example")
    assert (answer.exit_code, answer.output) == (
        0,
        "super_admin has no second factor any more; its sessions are ended.\n",
    )
    assert sessions.load(token) is NOBODY
    assert run("super_admin").output == "super_admin had no second factor.\n"


@pytest.mark.parametrize("name", ["nobody", "system"])
def test_others_are_refused(run, name):
    assert run(name).exit_code == 1
