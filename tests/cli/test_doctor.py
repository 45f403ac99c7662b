"""`registrar doctor`: what is wrong with this installation, and what to do."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.cli.doctor import doctor
from tests.conftest import moved


@pytest.fixture
def examined(app, monkeypatch):
    """The lines by their titles, and the exit status."""
    monkeypatch.setitem(app.config, "SECRET_KEY", "0123456789abcdef" * 4)

    def run():
        answer = app.test_cli_runner().invoke(doctor)
        lines = {line[6:26].strip(): (line[:4].strip(), line[27:]) for line in answer.output.splitlines()}
        return lines, answer.exit_code

    return run


def test_an_installation_in_order(examined, db_session):
    lines, status = examined()
    assert status == 0
    assert {"ok"} == {lines[title][0] for title in ("Secret key", "Database", "Schema", "Permissions")}
    assert lines["Scheduler"] == (
        "warn",
        "not running, so no daily job starts; keep `registrar scheduler` (or `registrar run`) running",
    )


def test_a_schema_that_is_behind(examined, db_session):
    db_session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    lines, status = examined()
    assert status == 1
    level, told = lines["Schema"]
    assert level == "FAIL"
    assert told.startswith("0001, not ")
    assert told.endswith("run `registrar deploy`")


def test_a_database_that_cannot_be_reached_ends_the_examination(app, examined):
    with moved(app, "postgresql+psycopg://nobody@127.0.0.1:1/none"):
        lines, status = examined()
    assert status == 1
    assert lines["Database"][0] == "FAIL"
    assert "DATABASE_URL" in lines["Database"][1]
    assert "Schema" not in lines
