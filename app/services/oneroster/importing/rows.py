"""Reading one file of a bundle, row by row, and everything that is wrong in it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import TextIO

from flask_babel import gettext as _

from app.models.imports import IssueKind
from app.services.csv_files.reading import SHOWN, broken_quotes, too_many_rows
from app.services.import_run import Issues
from app.services.oneroster.importing.archive import DAMAGED, Bundle, fault
from app.services.oneroster.importing.cells import CellError, reader
from app.services.oneroster.importing.headers import Layout, layout
from app.services.oneroster.importing.pairs import PAIRS
from app.services.oneroster.standard import File

BLOCK = 2000  # rows
MOST_ROWS = 2_000_000  # of one file
LONGEST_LINE = 1024 * 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Staged = tuple[int | str | None, ...]  # line, the cells in the order of the standard, extensions as JSON


class FileRows:
    """The rows of one file. `count` tells how many there are, `invalid` in how many something is wrong, `bytes` how far
    the reading is.
    """

    def __init__(self, bundle: Bundle, file: File, issues: Issues) -> None:
        self._bundle, self._file, self._issues = bundle, file, issues
        mode, codes = bundle.modes[file.name], bundle.standard.grades
        self._readers = [reader(file.name, column, mode, codes) for column in file.columns]
        self._pairs = [
            (file.header.index(first), file.header.index(second), check)
            for first, second, check in PAIRS.get(file.name, ())
        ]
        self._line = 1
        self.count = 0
        self.invalid = 0
        self.bytes = 0  # about
        self.has_passwords = False
        self._password = file.header.index("password") if file.name == "users.csv" else None

    def blocks(self) -> Iterator[list[Staged]]:
        """All rows that have a sourcedId, also those in which something is wrong: others may refer to them."""
        block: list[Staged] = []
        try:
            for cells, where in self._cells():
                if self.count == MOST_ROWS:
                    self._note(too_many_rows(self._line, MOST_ROWS).rule, _("Send them in parts, as delta bundles."))
                    break
                if self._issues.full:
                    break
                self.count += 1
                staged = self._staged(cells, where)
                if staged is not None:
                    block.append(staged)
                if len(block) == BLOCK:
                    yield block
                    block = []
        except csv.Error as error:
            broken = broken_quotes(self._line, str(error))
            self._note(broken.rule, broken.fix)
        except UnicodeDecodeError:
            self._note(_("A character here, or somewhat below, is not UTF-8."), _("Save it again as “CSV UTF-8”."))
        except DAMAGED:
            self._note(_("The file is damaged in the zip."), _("Pack the bundle again."))
        if block:
            yield block

    def _cells(self) -> Iterator[tuple[list[str], Layout]]:
        """Each row that is not blank; `_line` is where it starts."""
        where: Layout | None = None
        with self._bundle.open(self._file.name) as stream:
            rows = csv.reader(_bounded(io.TextIOWrapper(stream, "utf-8-sig", newline="")), strict=True)
            for cells in rows:
                if where is None:
                    where, faults = layout(self._file, self._bundle.standard.version, cells)
                    for each in faults:
                        self._issues.add(IssueKind.FILE, each)
                    if where is None:
                        return
                elif cells:
                    yield cells, where
                self._line = rows.line_num + 1
        if self.count == 0:
            self._line = 1
            self._note(_("The file has no rows."), _("Leave it out, and mark it absent in the manifest."))

    def _staged(self, cells: list[str], where: Layout) -> Staged | None:
        if len(cells) != where.width:
            self.invalid += 1
            counts = {"count": len(cells), "expected": where.width}
            rule = _("Cells in the row: %(count)s; in the header: %(expected)s.", **counts)
            self._wrong("", "", CellError(rule, _("Put a cell that has a comma in it in double quotes.")))
            return None
        row = "".join(cells)
        self.bytes += len(row) + len(cells)
        try:
            if not row.isprintable() and _CONTROL.search(row):
                raise CellError("", "")  # told below, cell by cell
            values = [read(cells[place]) for read, place in zip(self._readers, where.places, strict=True)]
            for first, second, check in self._pairs:
                check(values[first], values[second])
        except CellError:
            self.invalid += 1
            values = self._one_by_one(cells, where)
        if values[0] is None:
            return None
        if self._password is not None and values[self._password] is not None:
            self.has_passwords, values[self._password] = True, None
        extras = {name: cells[place] for place, name in where.extensions if cells[place]}
        if extras and _CONTROL.search(row):
            extras = {}
        return (self._line, *values, json.dumps(extras, ensure_ascii=False) if extras else None)

    def _one_by_one(self, cells: list[str], where: Layout) -> list[str | None]:
        """The slow way, for a row in which something is wrong: all of it is told, cell by cell."""
        values: list[str | None] = []
        for column, read, place in zip(self._file.columns, self._readers, where.places, strict=True):
            values.append(None)
            try:
                values[-1] = read(_without_controls(cells[place]))
            except CellError as error:
                self._wrong(column.name, cells[place], error)
        for place, name in where.extensions:
            try:
                _without_controls(cells[place])
            except CellError as error:
                self._wrong(f"metadata.{name}", cells[place], error)
        for first, second, check in self._pairs:
            try:
                check(values[first], values[second])
            except CellError as error:
                self._wrong(self._file.header[second], cells[where.places[second]], error)
        return values

    def _wrong(self, column: str, value: str, error: CellError) -> None:
        shown = _CONTROL.sub("\ufffd", value[:SHOWN])
        found = fault(self._file.name, error.rule, error.fix, shown, self._line, column[:63])
        self._issues.add(IssueKind.INVALID, found)

    def _note(self, rule: str, fix: str) -> None:
        """Something that is wrong with the file rather than with a row."""
        self._issues.add(IssueKind.FILE, fault(self._file.name, rule, fix, line=self._line))


def _without_controls(cell: str) -> str:
    if _CONTROL.search(cell):
        rule = _("The cell has a line break or an invisible control character in it.")
        raise CellError(rule, _("Type the value again, in one line."))
    return cell


def _bounded(lines: TextIO) -> Iterator[str]:
    """The lines; one that goes on and on is a fault before it fills the memory."""
    while line := lines.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise csv.Error("field limit")
        yield line
