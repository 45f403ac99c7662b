"""Profiles and settings broken in every listed way: found, tried, repaired, nothing lost."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.cli.users import users
from app.extensions import db
from app.services import integrity, sessions
from app.services.errors import NotAllowed, NotFound, WrongState
from tests.factories.broken import break_profiles, run
from tests.policies.world import changed, checksums

FOUND = {
    "profile_orphaned": 1,
    "profile_duplicate": 1,
    "profile_missing": 1,
    "profile_blank": 5,
    "portal_id_shared": 0,
    "settings_orphaned": 1,
    "settings_duplicate": 1,
    "settings_missing": 1,
}
SHARE = "UPDATE user_profiles SET main_portal_id = 'SAME' WHERE user_id IN (:one, :two)"


@pytest.fixture
def people(db_session, actors):
    return break_profiles()


@pytest.fixture
def fix(app, people, monkeypatch):
    monkeypatch.setattr("flask.cli.ScriptInfo.load_app", lambda self: app)
    return lambda *options: app.test_cli_runner().invoke(users, ["fix-user-profiles", *options])


def counts():
    return {each.name: integrity.total(each) for each in integrity.PROFILES}


def profile(user_id):
    columns = "phone, department, main_portal_id"
    return tuple(db.session.execute(text(f"SELECT {columns} FROM user_profiles WHERE user_id = {user_id}")).one())


def test_a_dry_run_finds_everything_and_changes_nothing(fix):
    assert counts() == FOUND
    before = checksums()
    answer = fix("--dry-run")
    assert answer.exit_code == 1, "something is left wrong"
    assert changed(before, checksums()) == []
    for told in ("Would be done", "staff", "teacher", "account 999999", "10 left wrong."):
        assert told in answer.output
    assert counts() == FOUND


def test_a_repair_leaves_nothing_and_loses_nothing(fix, people):
    answer = fix()
    assert (answer.exit_code, answer.output.splitlines()[-1]) == (0, "Nothing is wrong.")
    assert set(counts().values()) == {0}
    assert profile(people["teacher"]) == ("+442079460018", "Music", "P-7"), "one of two, with what either said"
    assert profile(people["student"])[2] == "P-9"
    assert profile(people["coach"]) == profile(people["staff"]) == (None, None, None)
    themes = text("SELECT theme FROM user_settings WHERE user_id = :id")
    assert db.session.scalars(themes, {"id": people["teacher"]}).all() == ["light"], "the newest"
    gone = text("SELECT before FROM row_history WHERE table_name = 'user_profiles' AND operation = 'delete'")
    kept = db.session.scalars(gone).all()
    assert {"+442079460019", "+442079460018"} <= {each.get("phone") for each in kept}
    assert {"P-7", "P-8"} <= {each.get("main_portal_id") for each in kept}
    assert db.session.scalar(text("SELECT count(*) FROM ab_user WHERE active")) >= 12, "no account is touched"
    again = checksums()
    assert fix().exit_code == 0
    assert changed(again, checksums()) == [], "done again it changes nothing"


def test_every_repair_is_logged(fix, actors):
    fix()
    log = {each.invariant: (each.rows_before, each.rows_after) for each in integrity.history()}
    expected = FOUND | {"profile_blank": 4}  # one of them is gone with a second profile
    assert log == {name: (found, 0) for name, found in expected.items() if found}
    by = db.session.scalars(text("SELECT DISTINCT actor_id FROM integrity_repairs")).all()
    assert by == [sessions.system().id]


def test_a_portal_id_of_two_accounts_is_left_for_people(fix, people):
    run(SHARE, one=people["staff"], two=people["admin"])
    run(SHARE, one=people["coach"], two=people["guardian"])
    answer = fix()
    assert answer.exit_code == 1
    assert "By people: Find out whose it is" in answer.output
    assert {name: left for name, left in counts().items() if left} == {"portal_id_shared": 3}


def test_blanks_around_a_portal_id_that_another_account_has_stay(fix, people):
    run("UPDATE user_profiles SET main_portal_id = 'P-9' WHERE user_id = :id", id=people["admin"])
    assert fix().exit_code == 1
    assert {name: left for name, left in counts().items() if left} == {"profile_blank": 1, "portal_id_shared": 2}


def test_who_may_repair(people, actors):
    names = ["profile_missing"]
    for username in ("admin", "engineer", "amc_admin", "staff"):
        with pytest.raises(NotAllowed):
            integrity.repair(names, actor=getattr(actors, username))
    with pytest.raises(NotAllowed):
        integrity.try_repair(names, actor=actors.admin)
    with pytest.raises(NotFound):
        integrity.repair(["nothing"], actor=actors.super_admin)
    with pytest.raises(WrongState):
        integrity.repair(["portal_id_shared"], actor=actors.super_admin)
    [done] = integrity.repair(names, actor=actors.super_admin)
    assert (done.before, done.after) == (1, 0)


def test_the_same_definitions_serve_page_command_and_doctor(people):
    from app.services import health

    finding = health.STAGES[-1]["Data"]()
    assert finding.level is health.Level.FAIL
    assert all(f"{name} ({found})" in finding.text for name, found in FOUND.items() if found)
    assert "guard_missing (5)" in finding.text


def test_a_database_in_order_is_told_so(app, db_session, actors, monkeypatch):
    monkeypatch.setattr("flask.cli.ScriptInfo.load_app", lambda self: app)
    answer = app.test_cli_runner().invoke(users, ["fix-user-profiles"])
    assert (answer.exit_code, answer.output) == (0, "Nothing is wrong.\n")
