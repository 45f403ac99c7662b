"""The rows of a bundle in temporary tables, one for each file of the standard, as text (lists as JSON). They live as long
as the transaction, or the savepoint of a rehearsal.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from sqlalchemy import text

from app.extensions import db
from app.services.import_run import Issues, Progress, ahead, raw_cursor
from app.services.oneroster.importing.archive import Bundle
from app.services.oneroster.importing.rows import FileRows, Staged
from app.services.oneroster.standard import STANDARDS, Column

EVERY = 10_000  # rows between two looks at the clock


def table(file: str) -> str:
    """The temporary table of a file."""
    return f"stage_{file.removesuffix('.csv').lower()}"


def stage(bundle: Bundle, issues: Issues, progress: Progress) -> dict[str, FileRows]:
    """Read and check every file, row by row; what is good enough to be referred to is staged. Returns what was read."""
    _create()
    whole, before, rows = max(bundle.bytes(), 1), 0, 0
    read: dict[str, FileRows] = {}
    for file in bundle.files():
        source = read[file.name] = FileRows(bundle, file, issues)
        columns = ", ".join(f'"{name}"' for name in file.header)
        statement = f"COPY {table(file.name)} (line, {columns}, ext) FROM STDIN (FORMAT csv)"
        with raw_cursor() as cursor, cursor.copy(statement) as copy:
            for block in ahead(_blocks(source)):
                copy.write(block)
                share = (before + source.bytes) / whole
                progress.at(rows + source.count, (rows + source.count) / share if share else 0)
        before += bundle.zip.getinfo(file.name).file_size
        rows += source.count
        db.session.execute(text(f"ANALYZE {table(file.name)}"))
    return read


def _blocks(source: FileRows) -> Iterator[bytes]:
    for rows in source.blocks():
        yield _encoded(rows)


def _encoded(rows: list[Staged]) -> bytes:
    block = io.StringIO()
    csv.writer(block, lineterminator="\n").writerows(rows)
    return block.getvalue().encode()


def _create() -> None:
    """A table for each file of either version, with the columns of both, so that whatever follows reads the same tables;
    those that are not in the bundle are empty.
    """
    columns: dict[str, dict[str, Column]] = {}
    for standard in STANDARDS.values():
        for file in standard.files.values():
            columns.setdefault(file.name, {}).update({column.name: column for column in file.columns})
    for name, of_file in columns.items():
        typed = ", ".join(f'"{column.name}" {"jsonb" if column.is_list else "text"}' for column in of_file.values())
        db.session.execute(
            text(f"CREATE TEMPORARY TABLE {table(name)} (line integer, {typed}, ext jsonb) ON COMMIT DROP")
        )
