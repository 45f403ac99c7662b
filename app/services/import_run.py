"""What a running import reports: faults, kept on disk until they are stored, and how far it is."""

from __future__ import annotations

import contextvars
import csv
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.models.imports import Import, IssueKind
from app.services.csv_files.encodings import NAMES as ENCODINGS
from app.services.csv_files.reading import SHOWN, Fault, Sheet, Unreadable, open_sheet, too_many_rows
from app.services.csv_files.template import Column

T = TypeVar("T")

IN_MEMORY = 1024 * 1024  # bytes of faults before they go to disk
BLOCK = 64 * 1024
EVERY = 0.5  # seconds between two marks of progress
SAMPLE = 20  # rows
MOST_NAMED = 20  # columns


@dataclass
class Tally:
    """What an import wrote or would write. `unchanged` rows say nothing new; `sample` are the first rows as written."""

    total: int = 0
    new: int = 0
    invalid: int = 0
    duplicate: int = 0
    unchanged: int = 0
    sample: list[dict[str, Any]] = field(default_factory=list)
    message: str = ""


class Issues:
    """Any number of faults in little memory: they outlive the savepoint of a rehearsal, so they cannot wait in a table.

    `most`, if it is set, is how many are noted at most; one more says that there are others.
    """

    def __init__(self, import_id: UUID) -> None:
        self._import_id = import_id
        self.count = 0
        self.most: int | None = None
        self._lock = Lock()  # rows are read in one thread and written in another
        self._file = SpooledTemporaryFile(IN_MEMORY, mode="w+", encoding="utf-8", newline="")  # noqa: SIM115 - closed by __exit__
        self._rows = csv.writer(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._file.close()

    def clear(self) -> None:
        """Begin again: the transaction is tried once more."""
        self.count = 0
        self._file.seek(0)
        self._file.truncate()

    @property
    def full(self) -> bool:
        """Whether it is of no use to look for more."""
        return self.most is not None and self.count > self.most

    def add(self, kind: IssueKind, fault: Fault, record_id: UUID | None = None) -> None:
        with self._lock:
            if self.full:
                return
            if self.count == self.most:
                rule = _("There are more than %(most)s faults; the others are not listed.", most=f"{self.most:,}")
                fault = Fault(fault.line, "", "", rule, _("Mend these first."), fault.file)
            self.count += 1
            where = (self._import_id, fault.file, fault.line, fault.column, fault.value[:SHOWN])
            self._rows.writerow((*where, kind.value, fault.rule, fault.fix, record_id or ""))

    def store(self, *, replace: bool = True) -> None:
        """Make these the issues of the import, instead of those of an earlier step or beside them."""
        if replace:
            db.session.execute(text("DELETE FROM import_issues WHERE import_id = :id"), {"id": self._import_id})
        self._file.seek(0)
        with raw_cursor() as cursor, cursor.copy(_COPY_ISSUES) as copy:
            while block := self._file.read(BLOCK):
                copy.write(block)


_COPY_ISSUES = """
    COPY import_issues (import_id, file, line, "column", value, kind, rule, fix, record_id)
    FROM STDIN (FORMAT csv, FORCE_NOT_NULL (file, "column", value, rule, fix))
"""


class Reader(Protocol):
    """What makes values of the cells of a row, and knows the rows before."""

    def read(self, line: int, cells: list[str]) -> dict[str, Any] | None:
        """The values; None when the row is wrong, and its faults are noted."""

    def repeated(self, line: int, values: dict[str, Any]) -> Fault | None:
        """What is wrong when a row before was about the same."""


def opened(job: Import, content: bytes, columns: Sequence[Column]) -> tuple[Sheet, Tally]:
    """The file, read as whoever uploaded it asked for, and a tally that says how. Raises Unreadable."""
    sheet = open_sheet(content, columns, job.options)
    read = _("Read as %(encoding)s.", encoding=ENCODINGS[sheet.encoding])
    if sheet.left_out:
        names = ", ".join(name[:SHOWN] for name in sheet.left_out[:MOST_NAMED])
        names += ", …" if len(sheet.left_out) > MOST_NAMED else ""
        read += " " + _("Columns left out, as they are not known: %(names)s.", names=names)
    return sheet, Tally(message=read)


def good_rows(
    sheet: Sheet, reader: Reader, issues: Issues, tally: Tally, most: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows that are good in themselves and not twice in the file, with their lines; the others go to `issues`. Raises
    Unreadable when there are more than `most`.
    """
    for line, cells in sheet.rows():
        if tally.total == most:
            raise Unreadable(too_many_rows(line, most))
        tally.total += 1
        if isinstance(cells, Fault):
            issues.add(IssueKind.INVALID, cells)
            values = None
        else:
            values = reader.read(line, cells)
        if values is None:
            tally.invalid += 1
        elif (fault := reader.repeated(line, values)) is not None:
            tally.duplicate += 1
            issues.add(IssueKind.DUPLICATE, fault)
        else:
            yield line, values


def raw_cursor() -> Any:
    """A cursor of the driver on the session's own connection, for COPY."""
    connection: Any = db.session.connection().connection
    return connection.cursor()


def apart(statement: str, **values: Any) -> int:
    """A short transaction on a connection of its own, committed at once: for what other sessions must see while the
    long one is still open, and what must stay when that is rolled back. Returns how many rows changed.
    """
    with db.engine.begin() as connection:
        return connection.execute(text(statement), values).rowcount


def ahead(items: Iterator[T], first: Callable[[T], object] = lambda item: None) -> Iterator[T]:
    """The same items; while one is used, the next is worked out in a thread. A long statement leaves it time: what keeps
    Python itself busy, or asks often, is done `first`, as it would wait for its turn each time.
    """
    context = contextvars.copy_context()  # of the application and of the language

    def following() -> T | None:
        return context.run(lambda: next(items, None))

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(following)
        while (item := future.result()) is not None:
            first(item)
            future = pool.submit(following)
            yield item


class Progress:
    """How many rows are done, shown to whoever waits."""

    def __init__(self, import_id: UUID) -> None:
        self._import_id = import_id
        self._next = 0.0

    def at(self, done: float, total: float) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY
            statement = "UPDATE imports SET done_rows = :done, total_rows = :total WHERE id = :id"
            apart(statement, id=self._import_id, done=int(done), total=int(total))
