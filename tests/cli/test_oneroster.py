"""`registrar oneroster export`: a bundle in a file, or the reasons against it."""

from __future__ import annotations

import zipfile

import pytest

from app.cli.oneroster import oneroster
from app.services import sessions
from tests.factories.oneroster import roster


@pytest.fixture
def run(committed_app, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: committed_app.test_cli_runner().invoke(oneroster, ["export", *arguments])


def test_a_bundle_of_either_version_and_a_delta(run, committed_app, tmp_path):
    with committed_app.app_context():
        roster(sessions.system())
    result = run("all.zip")
    assert result.exit_code == 0, result.output
    assert "users.csv: 5\n" in result.output and "the next delta begins there" in result.output
    assert run("old.zip", "--version", "1.1").exit_code == 0
    assert run("new.zip", "--since", "2999-01-01").exit_code == 0
    with zipfile.ZipFile(tmp_path / "all.zip") as new, zipfile.ZipFile(tmp_path / "old.zip") as old:
        assert "roles.csv" in new.namelist() and "roles.csv" not in old.namelist()
    with zipfile.ZipFile(tmp_path / "new.zip") as delta:
        assert delta.namelist() == ["manifest.csv"]


def test_what_would_be_refused_is_told_and_not_written(run, tmp_path):
    (tmp_path / "kept.zip").write_bytes(b"before")
    result = run("kept.zip")
    assert result.exit_code == 1 and "There is no school yet" in result.output
    assert (tmp_path / "kept.zip").read_bytes() == b"before" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("arguments", [("x.zip", "--since", "soon"), ("nowhere/x.zip",), ("x.zip", "--version", "3")])
def test_what_cannot_be_done_is_one_sentence(run, arguments):
    result = run(*arguments)
    assert result.exit_code in (1, 2) and "Traceback" not in result.output
