"""Writing CSV: streamed by the database itself, however many rows."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, String, select, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from app.services.csv_files.cells import disarm, disarmed

BLOCK = 64 * 1024
BYTE_ORDER_MARK = "\ufeff".encode()  # without it, Excel takes UTF-8 for the local 8-bit encoding
CRLF = "\r\n"
LONGEST_EXPORT = "15min"  # a slow reader keeps the statement open


def export(connection: Connection, statement: Select[*tuple[Any, ...]], columns: Sequence[str]) -> Iterator[bytes]:
    """Run the statement and yield its columns of these names, in this order, as blocks of CSV with a header.

    Texts are disarmed. Memory does not grow with the rows. The connection is busy until the last block is taken or the
    generator is closed.
    """
    rows = statement.subquery()
    safe = [disarmed(rows.c[name]).label(name) if _is_text(rows.c[name]) else rows.c[name] for name in columns]
    query = select(*safe).compile(dialect=PGDialect_psycopg()).construct_expanded_state()
    connection.execute(text(f"SET LOCAL statement_timeout = '{LONGEST_EXPORT}'"))
    cursor = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY ({query.statement}) TO STDOUT (FORMAT csv, HEADER)", _bound(query)) as copy:  # type: ignore[attr-defined]
        yield from _blocks(copy)


def _is_text(column: Any) -> bool:
    return isinstance(column.type, String)  # Text and Enum are kinds of String


def _bound(query: Any) -> dict[str, Any]:
    """The parameters as psycopg wants them: COPY takes none, so the driver quotes them into the statement."""
    return {
        name: query.processors[name](value) if name in query.processors else value
        for name, value in query.parameters.items()
    }


def _blocks(pieces: Iterable[Any]) -> Iterator[bytes]:
    """Rows joined to blocks: one write per row would cost more than the query."""
    block = bytearray(BYTE_ORDER_MARK)
    for piece in pieces:
        block += piece
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def write(header: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ",") -> Iterator[bytes]:
    """The same kind of CSV from rows that Python has at hand. Texts are disarmed; None is an empty cell."""
    return _blocks(_line(row, delimiter) for row in itertools.chain([header], rows))


def _line(row: Sequence[Any], delimiter: str) -> bytes:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator=CRLF).writerow(  # cells with a part of it are quoted
        [disarm(value) if isinstance(value, str) else value for value in row]
    )
    return line.getvalue().removesuffix(CRLF).encode() + b"\n"
