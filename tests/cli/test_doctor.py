"""`registrar doctor`: what is wrong with this installation, and what to do."""

from __future__ import annotations

import shutil

import pytest
from sqlalchemy import text

from app.cli.doctor import doctor
from app.services.content import downloads
from app.services.content import files as content_files
from app.services.enrollments import documents
from app.services.files import Upload
from tests.conftest import moved
from tests.factories.enrollments import enrollment_at


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


def test_a_directory_that_cannot_be_written_is_told(app, examined, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for setting, title, name in (
        ("UPLOADS_DIR", "Uploads directory", "UPLOADS_DIR"),
        ("INSTANCE_DIR", "Instance directory", "REGISTRAR_INSTANCE"),
    ):
        with monkeypatch.context() as patch:
            patch.setitem(app.config, setting, str(tmp_path / "file" / "below"))
            lines, status = examined()
        assert (lines[title][0], status) == ("FAIL", 1)
        assert name in lines[title][1]
        assert "cannot be written" in lines[title][1]


def test_files_that_are_lost_are_told(app, examined, actors, tmp_path, monkeypatch):
    """Those of families, and those that people download: a backup without them is none."""
    monkeypatch.setitem(app.config, "INSTANCE_DIR", str(tmp_path))
    enrollment_at(6)  # with a document of each type
    made = downloads.create({"title": "Rules"}, actor=actors.admin, file=Upload("rules.pdf", b"%PDF-1.7 a"))
    lines, _status = examined()
    count = len(documents.places()) + 1
    assert lines["Files"] == ("ok", f"{count} documents and downloads are there")
    lost = content_files.place(made.sha256)
    lost.unlink()
    lines, status = examined()
    said = f"1 of {count} are not there, first {lost}; restore UPLOADS_DIR from the backup"
    assert (lines["Files"], status) == (("FAIL", said), 1)
    shutil.rmtree(tmp_path / "uploads")
    assert examined()[0]["Files"][1].startswith(f"{count} of {count} are not there")
