"""`registrar oneroster import`: the same import as on the screen."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.cli.oneroster import oneroster
from app.extensions import db
from app.models.student_records import OneRosterUser
from tests.factories import bundles


@pytest.fixture
def run(committed_app, tmp_path, monkeypatch):
    """Run `registrar oneroster ...` in a directory with a good and a bad bundle."""
    files = bundles.rows()
    (tmp_path / "good.zip").write_bytes(bundles.bundle(files))
    files["users.csv"][0] |= {"grades": "9"}
    (tmp_path / "bad.zip").write_bytes(bundles.bundle(files))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: committed_app.test_cli_runner().invoke(oneroster, list(arguments))


def users(app):
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(OneRosterUser))


def test_a_dry_run_writes_nothing(run, committed_app):
    result = run("import", "good.zip", "--dry-run")
    assert (result.exit_code, users(committed_app)) == (0, 0)
    assert "users.csv: 4 new, 0 changed, 0 unchanged, 0 vanishing" in result.output
    assert result.output.endswith("Nothing was written.\n")


def test_a_bundle_is_imported_and_faults_are_reported(run, committed_app, tmp_path):
    result = run("import", "bad.zip", "--report", "report.csv")
    assert (result.exit_code, users(committed_app)) == (1, 0)
    assert "users.csv,2,grades,9,invalid," in (tmp_path / "report.csv").read_text()
    result = run("import", "good.zip", "--as", "admissions")
    assert (result.exit_code, users(committed_app)) == (0, 4)
    assert result.output.endswith("Imported.\n")


def test_much_vanishes_only_when_asked_for(run, committed_app, tmp_path):
    assert run("import", "good.zip").exit_code == 0
    few = {"orgs.csv": bundles.ORGS, "users.csv": [bundles.USERS[2]], "roles.csv": bundles.ROLES[2:4]}
    many = {"orgs.csv": [{"sourcedId": f"o{number}", "name": "O", "type": "school"} for number in range(9)]}
    (tmp_path / "few.zip").write_bytes(bundles.bundle(few))
    (tmp_path / "many.zip").write_bytes(bundles.bundle(many, mode="bulk"))
    assert run("import", "few.zip").exit_code == 0
    assert run("import", "many.zip").exit_code == 0
    refused = run("import", "few.zip")
    assert (refused.exit_code, "More would vanish than is allowed, from: orgs.csv" in refused.output) == (1, True)
    assert run("import", "few.zip", "--remove").exit_code == 0


def test_what_cannot_be_done(run, tmp_path):
    (tmp_path / "none.zip").write_bytes(b"nothing")
    assert "Nothing was imported. Line 1: This is no zip file" in run("import", "none.zip").output
    assert "no active account nobody" in run("import", "good.zip", "--as", "nobody").output
    assert "You may not import bundles" in run("import", "good.zip", "--as", "staff").output
