"""Reading an uploaded CSV strictly: whatever is unclear is a numbered fault, never a guess.

Python's `csv` accepts NUL, unclosed quotes and rows of any length in silence; here nothing of that passes.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.services.csv_files.cells import arm
from app.services.csv_files.encodings import UndecodableError, decode
from app.services.csv_files.options import as_iso
from app.services.csv_files.template import Column
from app.services.errors import Invalid

MOST_BYTES = 32 * 1024 * 1024
MOST_ROWS = 200_000
LONGEST_CELL = 10_000  # characters
TO_MEND = "to_mend"  # the column in which rows that are given back say what is wrong with them
DELIMITERS = ",;\t"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n|\r|\n")
_WORD_BREAK = re.compile(r"[\s_-]+")
SHOWN = 200  # characters of a value that a fault repeats


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: `line` is the physical line on which the row starts, from 1; `file` tells which of several."""

    line: int
    column: str
    value: str
    rule: str
    fix: str
    file: str = ""


class Unreadable(Invalid):
    """The file as a whole cannot be taken: `faults` says why, all at once where that is possible."""

    code = "unreadable_file"

    def __init__(self, *faults: Fault) -> None:
        super().__init__(_("Line %(line)s: %(rule)s", line=faults[0].line, rule=faults[0].rule))
        self.faults = faults


Row = tuple[int, list[str] | Fault]


@dataclass(frozen=True)
class Sheet:
    """A file whose header is understood. `columns` are the known names in the order of the file, and `places` where they
    stand in a row; `left_out` are the headers of the others.
    """

    content: bytes
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    columns: tuple[str, ...]
    places: tuple[int, ...]
    left_out: tuple[str, ...]
    dates: tuple[int, ...]  # which of `columns` hold days that are to be brought into their one form
    order: str  # and how they are written: of options.CHOICES
    has_controls: bool
    likely_rows: int  # lines after the header: right unless cells hold line breaks

    def rows(self) -> Iterator[Row]:
        """Each row that is not blank, with its line: the cells of its known columns, or the fault that makes it useless.

        Raises Unreadable where the rest cannot be trusted: a quote out of place, too many rows.
        """
        whole = len(self.places) == len(self.header)
        for count, (line, cells) in enumerate(self.as_written()):
            if count == MOST_ROWS:
                raise Unreadable(too_many_rows(line, MOST_ROWS))
            if len(cells) != len(self.header):
                yield line, self._wrong_number(line, cells)
                continue
            known = cells if whole else [cells[at] for at in self.places]
            for at in self.dates:
                known[at] = as_iso(known[at], self.order)
            if whole or any(known):
                yield line, self._fault(line, known) or known

    def as_written(self) -> Iterator[tuple[int, list[str]]]:
        """Each row after the header that is not blank, with its line: all its cells, however many. Raises Unreadable for
        a quote out of place.
        """
        reader = _reader(self.content, self.encoding, self.delimiter)
        header, line = True, 1
        try:
            for cells in reader:
                if any(cells):
                    if header:
                        header = False
                    else:
                        yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise Unreadable(broken_quotes(line, str(error))) from error

    def _wrong_number(self, line: int, cells: list[str]) -> Fault:
        rule = _(
            "Cells in the row: %(count)s; in the header: %(expected)s.", count=len(cells), expected=len(self.header)
        )
        fix = _("Give every row as many cells as the header. A cell with the separator in it must be in double quotes.")
        return Fault(line, "", self.delimiter.join(cells)[:SHOWN], rule, fix)

    def _fault(self, line: int, cells: list[str]) -> Fault | None:
        if max(map(len, cells)) > LONGEST_CELL:
            at = next(number for number, cell in enumerate(cells) if len(cell) > LONGEST_CELL)
            return Fault(
                line,
                self.columns[at],
                cells[at][:SHOWN],
                _("The cell has more than %(most)s characters.", most=f"{LONGEST_CELL:,}"),
                _("Shorten it."),
            )
        if self.has_controls:
            for column, cell in zip(self.columns, cells, strict=True):
                if _CONTROL.search(cell):
                    return Fault(
                        line,
                        column,
                        _CONTROL.sub("\ufffd", cell)[:SHOWN],
                        _("The cell has an invisible control character in it."),
                        _("Type the value again."),
                    )
        return None


def open_sheet(content: bytes, known: Sequence[Column], options: Mapping[str, Any] | None = None) -> Sheet:
    """Find out how the file is written and check its header. `options`: what options.check gives, also of other things.
    Raises Unreadable.
    """
    if len(content) > MOST_BYTES:
        raise Unreadable(Fault(1, "", "", _("The file is larger than 32 MB."), _("Split it into several files.")))
    try:
        text, encoding = decode(content)
    except UndecodableError as error:
        raise Unreadable(Fault(error.line, "", "", error.rule, error.fix)) from error
    if not text.strip():
        raise Unreadable(Fault(1, "", "", _("The file is empty."), _("Start from the template.")))
    if "\0" in text:
        rule, fix = (
            _("The file has a NUL character in it: it is damaged or no CSV file."),
            _("Save it again as “CSV UTF-8”."),
        )
        raise Unreadable(Fault(line_of(text, text.index("\0")), "", "", rule, fix))
    names = [column.name for column in known]
    delimiter, header, line = _header(content, encoding, names)
    columns = tuple(canonical(cell) for cell in header)
    strict = (options or {}).get("unknown_columns") != "leave_out"
    faults = list(_header_faults(line, header, columns, known, strict))
    if faults:
        raise Unreadable(*faults)
    places = tuple(at for at, column in enumerate(columns) if column in names)
    kept = tuple(columns[at] for at in places)
    order = (options or {}).get("dates", "iso")
    days = {column.name for column in known if column.is_day and order != "iso"}
    return Sheet(
        content,
        encoding,
        delimiter,
        tuple(header),
        kept,
        places,
        tuple(_named(header, at) for at, column in enumerate(columns) if column not in (*names, TO_MEND)),
        tuple(at for at, column in enumerate(kept) if column in days),
        order,
        bool(_CONTROL.search(text)),
        text.count("\n", 0, -1) or text.count("\r", 0, -1),
    )


def _named(header: list[str], at: int) -> str:
    return header[at].strip() or _("Column %(number)s", number=at + 1)


def canonical(cell: str) -> str:
    """A header as a column name: "First Name" is first_name."""
    return _WORD_BREAK.sub("_", arm(cell).strip().casefold())


def line_of(text: str, position: int) -> int:
    """The line, from 1, of a position in the text."""
    return sum(1 for _match in _LINE_END.finditer(text, 0, position)) + 1


def _reader(content: bytes, encoding: str, delimiter: str) -> Any:
    lines = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
    return csv.reader(lines, delimiter=delimiter, strict=True)


def _header(content: bytes, encoding: str, known: Sequence[str]) -> tuple[str, list[str], int]:
    """The separator that makes most columns known, the header it gives, and its line."""
    best: tuple[int, str, list[str], int] | None = None
    broken: csv.Error | None = None
    for delimiter in DELIMITERS:
        reader = _reader(content, encoding, delimiter)
        line = 1
        try:
            for cells in reader:
                if any(cells):
                    break
                line = reader.line_num + 1
        except csv.Error as error:
            broken = error
            continue
        score = len({canonical(cell) for cell in cells}.intersection(known))
        if best is None or score > best[0]:
            best = score, delimiter, cells, line
    if best is None:
        raise Unreadable(broken_quotes(1, str(broken))) from broken
    return best[1:]


def _header_faults(
    line: int, header: list[str], columns: tuple[str, ...], known: Sequence[Column], strict: bool
) -> Iterator[Fault]:
    names = [column.name for column in known]
    for number, (cell, column) in enumerate(zip(header, columns, strict=True), start=1):
        shown = cell[:SHOWN]
        if column not in (*names, TO_MEND):
            if not strict:
                continue
            if not column:
                rule, fix = _("Column %(number)s has no name.", number=number), _("Name it, or remove the column.")
                yield Fault(line, "", "", rule, fix)
            else:
                fix = _(
                    "Remove it, use one of: %(names)s, or upload the file again and have unknown columns left out.",
                    names=", ".join(names),
                )
                yield Fault(line, shown[:63], shown, _("This column is not known."), fix)
        elif column in columns[: number - 1]:
            yield Fault(line, column, shown, _("This column comes twice."), _("Keep one of them."))
    for each in known:
        if each.required and each.name not in columns:
            yield Fault(line, each.name, "", _("This column is missing."), _("Add it; the template has all columns."))


def broken_quotes(line: int, error: str) -> Fault:
    if "unexpected end" in error or "field limit" in error:
        rule, fix = _("A double quote is opened here and not closed, or a cell is far too long."), _("Close the quote.")
    else:
        rule, fix = (
            _("A closing double quote is not followed by a separator."),
            _("Put the whole cell in double quotes."),
        )
    return Fault(line, "", "", rule, fix + " " + _("Write a quote inside of a cell twice."))


def too_many_rows(line: int, most: int) -> Fault:
    return Fault(
        line,
        "",
        "",
        _("The file has more than %(most)s rows.", most=f"{most:,}"),
        _("Split it into several files."),
    )
