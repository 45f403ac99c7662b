"""`registrar edfi`."""

from __future__ import annotations

import json
import zipfile

import pytest

from app.cli.edfi import edfi
from app.extensions import db
from app.services import sessions
from tests.factories.edfi import SECRET, connection, family, school
from tests.services.edfi.server import OdsApi, serve


@pytest.fixture
def run(committed_app):
    with committed_app.app_context():
        family(school())
        db.session.remove()
    return lambda *arguments: committed_app.test_cli_runner().invoke(edfi, [str(each) for each in arguments])


def break_one(app) -> None:
    with app.app_context():
        db.session.execute(db.text("UPDATE students SET birth_date = NULL"))
        db.session.commit()
        db.session.remove()


def test_export(run, committed_app, tmp_path):
    path = tmp_path / "out.zip"
    result = run("export", "-o", path)
    assert (result.exit_code, "1 studentSchoolAssociations" in result.output) == (0, True)
    with zipfile.ZipFile(path) as archive:
        assert len(json.loads(archive.read("students.json"))) == 1
    break_one(committed_app)
    result = run("export", "-o", path)
    assert result.exit_code == 2
    assert "birthDate: Required, and empty." in result.output
    assert run("export", "-o", tmp_path / "no" / "where.zip").exit_code == 1


def test_push(run, committed_app):
    api = OdsApi()
    url, stop = serve(api)
    with committed_app.app_context():
        connection(url, actor=sessions.system())
        db.session.remove()
    result = run("push", "state")
    assert (result.output, result.exit_code) == ("6 created\n", 0)
    assert run("push", "State").output == "6 unchanged\n"
    break_one(committed_app)
    result = run("push", "State")
    assert (result.output, result.exit_code) == ("3 blocked, 1 invalid, 2 unchanged\n", 2)
    with committed_app.app_context():
        db.session.execute(db.text("UPDATE edfi_connections SET secret = 'AAAA'"))
        db.session.commit()
        db.session.remove()
    result = run("push", "State")
    assert (result.exit_code, "SECRET_KEY" in result.output) == (1, True)
    stop()
    assert "no server" in run("push", "Nowhere").output
    assert SECRET not in result.output
