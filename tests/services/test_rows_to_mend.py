"""The rows of a file that are not imported, given back to be mended and uploaded again."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.extensions import db
from app.models.imports import Import, ImportFile, ImportIssue, ImportStatus, IssueKind
from app.models.leads import Lead
from app.services import accounts, import_reports, imports, sessions
from app.services.csv_files.reading import open_sheet
from app.services.errors import NotFound
from app.services.leads.import_rows import COLUMNS
from tests.factories.records import organization

HEADER = "First name;last_name;phone;Walk-in date;colour"
FILE = "\n".join([
    HEADER,
    "Amina;Haddad;020 7946 0018;31/03/2026;red",
    "Omar;;nobody;31/03/2026;=1+1",
    "Lina;Aziz;020 7946 0019;'=x;blue",
    "Rami;Aziz;020 7946 0020",
    '"Zoë;\nZ";Twice;020 7946 0018;;',
    "Sami;Good;020 7946 0021;4.3.2026;",
]).encode()  # fmt: skip
OPTIONS = {"unknown_columns": "leave_out", "dates": "day_first"}


@pytest.fixture
def staff(committed_app):
    with committed_app.app_context():
        yield sessions.load_by_id(accounts.find("staff").id)
        db.session.remove()


def checked(content, actor, **options):
    job = imports.start("leads", "fair.csv", content, actor=actor, options=OPTIONS | options, queued=False)
    imports.check(job.id)
    return db.session.get_one(Import, job.id, populate_existing=True)


def given_back(job, actor):
    content = b"".join(import_reports.rows_to_mend(job.id, actor))
    return content, list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_rows_come_back_as_they_stand_each_with_what_is_wrong(staff):
    job = checked(FILE, staff)
    assert (job.new_rows, job.invalid_rows, job.duplicate_rows) == (2, 3, 1), job.message
    assert "colour" in job.message
    content, (head, *rows) = given_back(job, staff)
    assert head == ["to_mend", *HEADER.split(";")]
    assert [row[1:] for row in rows] == [
        ["Omar", "", "nobody", "31/03/2026", "'=1+1"],
        ["Lina", "Aziz", "020 7946 0019", "'=x", "blue"],
        ["Rami", "Aziz", "020 7946 0020"],
        ["Zoë;\nZ", "Twice", "020 7946 0018", "", ""],
    ]
    whys = [row[0] for row in rows]
    assert "last_name: This field is required. Fill it in. | phone: " in whys[0]
    assert whys[1].startswith("walk_in_date: Must be a date") and "Keep one of the two lines" in whys[3]

    imports.confirm(job.id, actor=staff, queued=False)
    imports.carry_out(job.id)
    again = checked(content, staff)
    assert (again.new_rows, again.invalid_rows, again.duplicate_rows) == (0, 3, 1), "nothing was lost on the way"
    assert "to_mend" not in again.message
    second, _rows = given_back(again, staff)
    assert second.count(b"to_mend") == 1, "one column of faults, however often"
    mended = second.replace(b"nobody", b"020 7946 0022").replace(b"Omar;;", b"Omar;Khan;")
    mended = mended.replace(b"'=x", b"5/3/2026").replace(b"020 7946 0020", b"020 7946 0020;;")
    last = checked(mended.replace(b"020 7946 0018", b"020 7946 0023"), staff)
    assert (last.new_rows, last.invalid_rows, last.duplicate_rows) == (4, 0, 0)
    imports.confirm(last.id, actor=staff, queued=False)
    imports.carry_out(last.id)
    days = db.session.execute(select(Lead.last_name, Lead.walk_in_date).where(Lead.walk_in_date.is_not(None))).all()
    assert {(name, str(day)) for name, day in days} == {
        ("Haddad", "2026-03-31"), ("Good", "2026-03-04"), ("Khan", "2026-03-31"), ("Aziz", "2026-03-05"),
    }  # fmt: skip


def test_nothing_comes_back_where_nothing_is_left_out(staff):
    good = b"first_name,last_name,phone\nA,B,+442079460018\nC,D,+442079460018\n"
    for job in (
        checked(good, staff, duplicates="import"),
        checked(good.splitlines()[0] + b"\nA,B,+442079460017\n", staff),
        checked(b"nonsense", staff),
    ):
        assert import_reports.kinds_to_mend(job) == []
        with pytest.raises(NotFound):
            import_reports.rows_to_mend(job.id, staff)
    others = sessions.load_by_id(accounts.find("staff2").id)
    job = checked(good, staff)
    assert import_reports.kinds_to_mend(job) == [IssueKind.DUPLICATE]
    with pytest.raises(NotFound):
        import_reports.rows_to_mend(job.id, others)


def test_what_was_left_out_comes_back_also_where_duplicates_are_imported(committed_app):
    """A student's id, and a row that comes twice, are left out all the same."""
    with committed_app.app_context():
        organization()
        office = sessions.load_by_id(accounts.find("admissions").id)
        head = "student_unique_id,first_name,last_name,birth_date,grade_level\n"
        for rows in (
            "X1,Al,Ba,2015-03-31,1\n",
            "X1,Other,Person,2014-03-31,1\n,Cy,Do,2014-01-01,2\n,Cy,Do,2014-01-01,2\n,Al,Ba,2015-03-31,1\n",
        ):
            job = imports.start(
                "students",
                "s.csv",
                (head + rows).encode(),
                actor=office,
                options={"duplicates": "import"},
                queued=False,
            )
            imports.check(job.id)
            imports.confirm(job.id, actor=office, queued=False)
            imports.carry_out(job.id)
        job = db.session.get_one(Import, job.id, populate_existing=True)
        assert (job.new_rows, job.duplicate_rows) == (2, 3), "Al is imported, as was wished"
        _head, *rows = csv.reader(
            io.StringIO(b"".join(import_reports.rows_to_mend(job.id, office)).decode("utf-8-sig"))
        )
        assert [row[2] for row in rows] == ["Other", "Cy"]
        kinds = db.session.execute(
            select(ImportIssue.line, ImportIssue.kind).where(ImportIssue.import_id == job.id)
        ).all()
        assert dict(map(tuple, kinds)) == {2: IssueKind.DUPLICATE, 4: IssueKind.DUPLICATE, 5: IssueKind.ALIKE}
        db.session.remove()


def test_what_is_said_leaves_the_file_fit_to_be_uploaded_again(staff, monkeypatch):
    many = "first_name;last_name;phone;tags\nA;B;nobody;" + "x" * 70
    job = checked(many.encode(), staff)
    monkeypatch.setattr(import_reports, "MOST_SAID", 20)
    _content, (_head, row) = given_back(job, staff)
    assert len(row[0]) == 20, "a reader takes no cell of any length"
    monkeypatch.setattr(import_reports, "MOST_BYTES", import_reports.SPARE)
    _content, (_head, row) = given_back(job, staff)
    assert row[:3] == ["", "A", "B"], "nor a file"


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff", exclude_categories=["Cc"]), max_size=12)
ODD = st.sampled_from(["=1", "'=1", '"', "a;b", "c\nd", "c\rd", "\r"])
ROWS = st.lists(st.lists(CELL | ODD, min_size=1, max_size=5), min_size=1, max_size=6)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_any_row_comes_back_so_that_it_reads_as_before(db_session, actors, rows):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["first_name", "last_name", "phone"], *rows])
    with db.session.begin_nested() as savepoint:
        job = Import(resource="leads", file_name="x.csv", sha256="0" * 64, status=ImportStatus.DONE, invalid_rows=1)
        db.session.add(job)
        db.session.flush()
        db.session.add(ImportFile(import_id=job.id, content=out.getvalue().encode()))
        sheet = open_sheet(out.getvalue().encode(), COLUMNS)
        before = list(sheet.as_written())
        for line, _cells in before:
            db.session.add(ImportIssue(import_id=job.id, line=line, kind=IssueKind.INVALID, rule="no"))
        db.session.flush()
        content = b"".join(import_reports.rows_to_mend(job.id, actors.admin))
        savepoint.rollback()
    after = [cells for _line, cells in open_sheet(content, COLUMNS).as_written()]
    assert [cells[0] for cells in after] == ["no"] * len(before)
    assert [[import_reports.arm(cell) for cell in cells[1:]] for cells in after] == [
        [import_reports.arm(cell) for cell in cells] for _line, cells in before
    ]
