"""`registrar leads`: the same import as on the screen."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.cli.leads import leads
from app.extensions import db
from app.models.leads import Lead
from app.services import accounts
from app.services.leads.import_rows import NAMES

FILE = "first_name,last_name,phone\nAnna,Smith,020 7946 0018\nOmar,Khan,nobody knows\n"


@pytest.fixture
def run(committed_app, tmp_path, monkeypatch):
    """Run `registrar leads ...` in a directory with a file of one good and one bad row."""
    (tmp_path / "leads.csv").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: committed_app.test_cli_runner().invoke(leads, list(arguments))


@pytest.fixture
def written(committed_app):
    def owners():
        with committed_app.app_context():
            return db.session.scalars(select(Lead.owner_id)).all()

    return owners


def test_a_dry_run_says_what_would_happen(run, written):
    result = run("import", "leads.csv", "--dry-run")
    assert result.stdout == "2 rows: 1 to import, 0 duplicates, 0 unchanged, 1 refused. Read as UTF-8.\n"
    assert (result.exit_code, written()) == (1, [])


def test_good_rows_are_imported_and_bad_ones_reported(run, written, committed_app, tmp_path):
    result = run("import", "leads.csv", "--as", "staff", "--owner", "staff2", "--report", "report.csv")
    assert result.output == "2 rows: 1 imported, 0 duplicates, 0 unchanged, 1 refused. Read as UTF-8.\n"
    with committed_app.app_context():
        staff2 = accounts.find("staff2").id
    assert (result.exit_code, written()) == (1, [staff2])
    assert "leads.csv,3,phone,nobody knows,invalid," in (tmp_path / "report.csv").read_text()


def test_rows_that_are_refused_are_given_back_and_taken_once_mended(run, written, tmp_path):
    (tmp_path / "other.csv").write_text("first_name,last_name,phone,demo_date,colour\nA,B,nobody,31/03/2026,red\n")
    ways = ("--dates", "day_first", "--unknown-columns", "leave_out", "--to-mend", "mend.csv")
    assert run("import", "other.csv", *ways).exit_code == 1
    mend = (tmp_path / "mend.csv").read_text("utf-8-sig")
    assert mend.startswith("to_mend,first_name") and "phone: " in mend
    (tmp_path / "mend.csv").write_text(mend.replace("nobody", "020 7946 0019"))
    assert run("import", "mend.csv", *ways[:4]).output.startswith("1 rows: 1 imported")
    assert written() == [None]


def test_the_first_faults_are_named(run, tmp_path):
    rows = "".join(f"A,B,nobody {number}\n" for number in range(12))
    (tmp_path / "many.csv").write_text("first_name,last_name,phone\n" + rows)
    said = run("import", "many.csv").stderr.splitlines()
    assert said[0].startswith("  line 2, 'phone' 'nobody 0': A phone number has only digits")
    assert said[10] == "  and 2 more: --report FILE writes them all."
    (tmp_path / "columns.csv").write_text("first_name,last_name,phone,colour\n")
    assert run("import", "columns.csv").stderr.startswith("  line 1, 'colour': This column is not known.")


def test_a_file_without_faults_ends_well(run, written, tmp_path):
    (tmp_path / "good.csv").write_text("".join(FILE.splitlines(keepends=True)[:2]))
    assert run("import", "good.csv").exit_code == 0
    assert run("import", "good.csv").output.startswith("1 rows: 0 to import, 0 duplicates, 1 unchanged")
    again = run("import", "good.csv", "--duplicates", "import")
    assert again.output.startswith("1 rows: 1 imported, 1 duplicates")
    assert written() == [None, None]


def test_what_cannot_be_read_imports_nothing(run, written, tmp_path):
    (tmp_path / "bad.csv").write_text("first_name,colour\n")
    result = run("import", "bad.csv")
    assert (result.exit_code, written()) == (1, [])
    assert result.stdout == "Nothing was imported. Line 1: This column is not known.\n"


@pytest.mark.parametrize("arguments", [("--as", "nobody"), ("--owner", "nobody"), ("--owner", "student")])
def test_wrong_accounts_are_refused(run, arguments):
    result = run("import", "leads.csv", *arguments)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")


def test_the_template_has_every_column(run, tmp_path):
    assert run("template", "new.csv").exit_code == 0
    assert (tmp_path / "new.csv").read_text("utf-8-sig") == ",".join(NAMES) + "\n"
