import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.csv_files import options, reading
from app.services.csv_files.reading import Fault, Unreadable, open_sheet
from app.services.csv_files.template import Column
from app.services.errors import Invalid

KNOWN = (
    Column("name", "", "", required=True),
    Column("phone", "", "", required=True),
    Column("note", "", ""),
)


@pytest.fixture(autouse=True)
def _sentences(app):
    with app.app_context():
        yield


def read(content):
    if isinstance(content, str):
        content = content.encode()
    return list(open_sheet(content, KNOWN).rows())


def refused(content):
    """The faults of a file that is refused as a whole, as (line, rule)."""
    with pytest.raises(Unreadable) as caught:
        read(content)
    return [(fault.line, fault.rule) for fault in caught.value.faults]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_line_ends_and_encodings(delimiter, end, encoding):
    text = end.join(delimiter.join(row) for row in (["name", "phone"], ["Zoë 🎻", "1"], [], ["سلمى", "2"]))
    assert read(text.encode(encoding)) == [(2, ["Zoë 🎻", "1"]), (4, ["سلمى", "2"])]


def test_windows_1252_is_taken_when_it_is_clearly_that():
    sheet = open_sheet("name,phone\nJosé Müller – “x” €,1\n".encode("cp1252"), KNOWN)
    assert sheet.encoding == "cp1252"
    assert list(sheet.rows()) == [(2, ["José Müller – “x” €", "1"])]


@pytest.mark.parametrize(("content", "line"), [
    ("name,phone\nЖанна,1\n".encode("cp1251"), 2), ("name,phone\nسلمى,1\n".encode("cp1256"), 2),
    ("name,phone\na,1\nx\x81,2\n".encode("latin-1"), 3),
    ("name,phone\nZoë,1\n".encode() + "José,2\n".encode("cp1252"), 3), ("name,phone\na,1\nZoë".encode()[:-1], 3),
    (b"\xff\xfen\x00a\x00m\x00e\x00\n\x00\x00\xd8x\x00", 2), (b"\xef\xbb\xbfname,phone\n\xe9,1\n", 2),
])  # fmt: skip
def test_what_is_not_clear_is_refused_with_its_line(content, line):
    assert refused(content)[0][0] == line


@pytest.mark.parametrize(("content", "line", "word"), [
    (b"", 1, "empty"), (b" \n\n", 1, "empty"), ("name,phone\na,1\nb\0,2\n", 3, "NUL"), ("name,phone\na,1\n".encode("utf-16-le"), 1, "NUL"),
    ('name,phone\na,1\n"b,2\nc,3\n', 3, "not closed"), ('name,phone\na,1\n\n"b"x,2\n', 4, "separator"),
    ('name,phone\n"' + "x" * 200_000 + "\n", 2, "not closed"), ('"name,phone', 1, "not closed"),
])  # fmt: skip
def test_broken_files_are_refused_as_a_whole(content, line, word):
    assert [(at, word in rule) for at, rule in refused(content)] == [(line, True)]


def test_every_fault_of_the_header_is_told_at_once():
    with pytest.raises(Unreadable) as caught:
        read("\nname,NAME,colour,,note\n")
    assert [(fault.line, fault.column) for fault in caught.value.faults] == [
        (2, "name"),
        (2, "colour"),
        (2, ""),
        (2, "phone"),
    ]


@pytest.mark.parametrize("header", ["Name,PHONE", " name , phone ", '"name","phone"', "name,phone,Note"])
def test_headers_are_read_as_people_write_them(header):
    assert read(header + "\na,1" + ("," if "Note" in header else ""))[0][1][:2] == ["a", "1"]


def test_short_long_huge_and_control_rows_are_faults_of_their_own():
    found = read('name,phone\na,1\nb\nc,3,4\n"d\nd",4\n' + "x" * 10_001 + ",5\ny\x0b,6\n,\nz,7")
    assert [(line, cells.rule[:12] if isinstance(cells, Fault) else cells) for line, cells in found] == [
        (2, ["a", "1"]),
        (3, "Cells in the"),
        (4, "Cells in the"),
        (5, ["d\nd", "4"]),
        (7, "The cell has"),
        (8, "The cell has"),
        (10, ["z", "7"]),
    ]


def test_too_many_rows_and_bytes(monkeypatch):
    monkeypatch.setattr(reading, "MOST_ROWS", 2)
    assert len(read("name,phone\na,1\nb,2\n\n")) == 2
    assert "more than 2 rows" in refused("name,phone\na,1\nb,2\nc,3\n")[0][1]
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    assert "larger" in refused("name,phone\na,1\n")[0][1]


LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
CELL = st.text(LETTERS, max_size=20) | st.sampled_from(['"', "a,b", "a\nb", "a\r\nb", ";", "\t"])


@given(
    st.lists(st.tuples(CELL, CELL), max_size=8),
    st.sampled_from(",;\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_proper_writer_wrote_is_read_exactly(rows, delimiter, encoding):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("name", "phone"), *rows])
    assert [cells for _, cells in read(out.getvalue().encode(encoding))] == [list(row) for row in rows if any(row)]


@settings(max_examples=500)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read_or_refused(junk, with_header):
    try:
        rows = read((b"name,phone\n" if with_header else b"") + junk)
    except Unreadable as error:
        assert error.faults
        assert all(fault.line >= 1 and fault.rule and fault.fix for fault in error.faults)
    else:
        assert all(isinstance(cells, Fault) or len(cells) >= 2 for _, cells in rows)


def test_unknown_columns_are_left_out_only_where_that_is_asked_for():
    content = b"colour,name,,phone,To Mend,shape\nred,a,x,1,why,\nblue,,,,,\n,b,,2,,round\nc\n"
    assert [line for line, _rule in refused(content)] == [1, 1, 1], "colour, the nameless one, shape; not what we add"
    sheet = open_sheet(content, KNOWN, {"unknown_columns": "leave_out"})
    assert sheet.columns == ("name", "phone") and sheet.left_out == ("colour", "Column 3", "shape")
    rows = list(sheet.rows())
    assert rows[:2] == [(2, ["a", "1"]), (4, ["b", "2"])], "a row of which nothing is known is none"
    assert isinstance(rows[2][1], Fault) and "6" in rows[2][1].rule
    assert [(fault.line, fault.column) for fault in faults_of(b"name,name,x\n", {"unknown_columns": "leave_out"})] == [
        (1, "name"),
        (1, "phone"),
    ], "what is twice or missing is told all the same"


def faults_of(content, options):
    with pytest.raises(Unreadable) as caught:
        open_sheet(content, KNOWN, options)
    return caught.value.faults


@pytest.mark.parametrize(("order", "cells"), [
    ("iso", ["2026-03-31", "31/03/2026", "4/3/2026", "30.2.2026", "31-03-2026", "1/2-2026", "tomorrow"]),
    ("day_first", ["2026-03-31", "2026-03-31", "2026-03-04", "30.2.2026", "2026-03-31", "1/2-2026", "tomorrow"]),
    ("month_first", ["2026-03-31", "31/03/2026", "2026-04-03", "30.2.2026", "31-03-2026", "1/2-2026", "tomorrow"]),
])  # fmt: skip
def test_days_are_read_in_the_order_that_was_said(order, cells):
    columns = [Column("name", "", "", required=True), Column("day", "", "", is_day=True)]
    lines = ["31/03/2026,2026-03-31", *(f"x,{cell}" for cell in ("31/03/2026", " 4/3/2026 ", "30.2.2026"))]
    lines += [f"x,{cell}" for cell in ("31-03-2026", "1/2-2026", "tomorrow")]
    content = "\n".join(["name,day", *lines]).encode()
    read = [row for _line, row in open_sheet(content, columns, {"dates": order}).rows()]
    assert [row[1].strip() for row in read] == cells and read[0][0] == "31/03/2026", "only in columns of days"


def test_only_what_is_offered_may_be_asked_for():
    assert options.check({"dates": "day_first", "other": 1}) == {"dates": "day_first", "unknown_columns": "refuse"}
    with pytest.raises(Invalid) as caught:
        options.check({"dates": "guess", "unknown_columns": ""})
    assert set(caught.value.fields) == {"dates", "unknown_columns"}
