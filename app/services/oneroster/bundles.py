"""Writing OneRoster bundles: a zip of CSV files, streamed out of the database, with the manifest that strict readers want.

The rules are in the tables of `standard`: every column in its order, every file named in the manifest, no file with a header
only, no line break in a cell. It is a format for programs: nothing is disarmed for spreadsheets.
"""

from __future__ import annotations

import csv
import io
import itertools
import selectors
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import psycopg
from flask import current_app
from psycopg.pq import ExecStatus
from sqlalchemy import Connection, text

from app.extensions import db
from app.services.oneroster import columns
from app.services.oneroster.columns import ExportMode, Version
from app.services.oneroster.standard import MANIFEST, MANIFEST_HEADER, MANIFEST_VERSION, STANDARDS, File

Block = tuple[int, bytes]  # how many lines, and the lines
ROWS: Final = 2000  # read at a time
LEVEL: Final = 1  # of compression: the rows come faster than a better one packs them
SYSTEM_CODE: Final = "registrar"
# What ends a line in some reader. A cell has spaces instead; the line's own end is the last byte.
_BREAKS: Final = bytes.maketrans(b"\r\n\v\f", b"    ")
_ODD_BREAKS: Final = (b"\r", b"\v", b"\f")


@dataclass(frozen=True)
class Wanted:
    """What a bundle is to hold; `since` is the moment at which a delta begins."""

    version: Version
    mode: ExportMode = "bulk"
    since: datetime | None = None


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A connection to which all files show the same moment. After an error it is given up."""
    with db.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            connection.execute(text("SET TRANSACTION READ ONLY"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL work_mem = '64MB'"))  # files are in the order of their keys
            # All of a table is read: a second process pays sooner than the planner thinks
            connection.execute(text("SET LOCAL parallel_setup_cost = 100"))
            connection.execute(text("SET LOCAL parallel_tuple_cost = 0.02"))
            try:
                yield connection
            except BaseException:
                connection.invalidate()  # it may be in the middle of a COPY
                raise


def moment() -> datetime:
    """The moment before which everything is visible to a snapshot that is taken afterwards: rows are dated by the beginning of
    their transaction, also of one that has only read until now. A delta that begins there misses nothing.
    """
    statement = text("""
        SELECT least(now(), min(xact_start)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
    """)
    with db.engine.connect() as connection:
        found: datetime = connection.execute(statement).scalar_one()
        return found


def write(connection: Connection, target: IO[bytes], wanted: Wanted) -> dict[str, int]:
    """Write the bundle and return how many rows each file has; those without are absent from it."""
    counts: dict[str, int] = {}
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=LEVEL) as bundle:
        for file in columns.exported(wanted.version):
            counts[file.name] = _write_file(connection, bundle, file, wanted)
        with bundle.open(_entry(MANIFEST), "w") as out:
            out.write(_manifest(wanted, counts))
    return counts


def _write_file(connection: Connection, bundle: ZipFile, file: File, wanted: Wanted) -> int:
    blocks = _blocks(connection, file, wanted)
    first = next(blocks, None)
    if first is None:
        return 0
    count = 0
    with bundle.open(_entry(file.name), "w", force_zip64=True) as out:
        out.write((",".join(file.header) + "\n").encode())
        for lines, block in itertools.chain([first], blocks):
            out.write(block)
            count += lines
    return count


def _blocks(connection: Connection, file: File, wanted: Wanted) -> Iterator[Block]:
    """The rows as lines of CSV, some thousands at a time."""
    statement = columns.rows(file, wanted.version, wanted.mode)
    parameters = {"since": wanted.since} if wanted.mode == "delta" else None
    rows = _copied(connection, f"COPY ({statement}) TO STDOUT (FORMAT csv)", parameters)
    while block := list(itertools.islice(rows, ROWS)):
        yield len(block), _joined(block)


def _copied(connection: Connection, statement: str, parameters: Mapping[str, Any] | None) -> Iterator[memoryview]:
    """What a COPY sends, row by row, straight from libpq: half a million times through the driver's own reading would cost as
    much as the compression.
    """
    driver = connection.connection.driver_connection
    server = driver.pgconn  # type: ignore[union-attr]
    began = server.exec_(psycopg.ClientCursor(driver).mogrify(statement, parameters).encode())  # type: ignore[arg-type]
    if began.status != ExecStatus.COPY_OUT:
        raise psycopg.errors.error_from_result(began)
    with selectors.DefaultSelector() as readable:
        readable.register(server.socket, selectors.EVENT_READ)
        while (got := server.get_copy_data(1))[0] >= 0:
            if got[0]:
                yield got[1]
            else:
                readable.select()
                server.consume_input()
    ended = server.get_result()
    while server.get_result() is not None:
        pass
    if ended.status != ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(ended)


def _joined(rows: Sequence[memoryview]) -> bytes:
    """The lines of rows. Few have a break in a cell; only then each is looked at by itself."""
    block = b"".join(rows)
    if block.count(b"\n") == len(rows) and not any(odd in block for odd in _ODD_BREAKS):
        return block
    return b"".join(bytes(row[:-1]).translate(_BREAKS) + b"\n" for row in rows)


def _entry(name: str) -> ZipInfo:
    """Always of the same day, so that the same rows are the same bundle to the byte."""
    entry = ZipInfo(name)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _manifest(wanted: Wanted, counts: dict[str, int]) -> bytes:
    rows: list[tuple[str, str]] = [
        MANIFEST_HEADER,
        ("manifest.version", MANIFEST_VERSION),
        ("oneroster.version", wanted.version),
    ]
    for name, file in STANDARDS[wanted.version].files.items():
        rows.append((file.property_name, wanted.mode if counts.get(name) else "absent"))
    rows += [("source.systemName", current_app.config["SCHOOL_NAME"]), ("source.systemCode", SYSTEM_CODE)]
    return _csv(rows)


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(rows)
    return lines.getvalue().encode()
