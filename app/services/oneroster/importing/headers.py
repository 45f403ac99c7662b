"""The header of a file: every column of the standard in its order, then extensions called `metadata.`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from app.services.csv_files.reading import Fault
from app.services.oneroster.importing.archive import fault
from app.services.oneroster.standard import File

EXTENSION_COLUMN = re.compile(r"metadata\.[A-Za-z0-9._-]{1,100}")
MOST_EXTENSIONS = 50
# 1.2.0 had one more column in users.csv, after this one; 1.2.1 took it out again. It is read over.
DROPPED = ("1.2", "users.csv", "resourceSourcedIds", "userMasterIdentifier")


@dataclass(frozen=True)
class Layout:
    """Where in a row of the file each column of the standard stands, and the extensions: place, name without
    `metadata.`.
    """

    width: int
    places: tuple[int, ...]
    extensions: tuple[tuple[int, str], ...]


def layout(file: File, version: str, header: Sequence[str]) -> tuple[Layout | None, list[Fault]]:
    """How to read the rows, and what is wrong with the header. There is no layout when a column is missing or comes
    twice: the rows are not worth reading then.
    """
    expected = file.header
    if len(header) > len(expected) + MOST_EXTENSIONS + 1:
        return None, [fault(file.name, _("The header has far too many columns."), "")]
    wanted = list(expected)
    if (version, file.name) == DROPPED[:2] and DROPPED[2] in header:
        wanted.insert(expected.index(DROPPED[3]) + 1, DROPPED[2])
    fix = _("The header must be: %(header)s.", header=",".join(expected))
    faults = [fault(file.name, rule, fix, name, column=name[:63]) for rule, name in _faults(header, wanted)]
    if not set(expected) <= set(header) or len(set(header)) < len(header):
        return None, faults
    extensions = [(at, name[len("metadata.") :]) for at, name in enumerate(header) if EXTENSION_COLUMN.fullmatch(name)]
    return Layout(len(header), tuple(header.index(name) for name in expected), tuple(extensions)), faults


def _faults(header: Sequence[str], wanted: list[str]) -> Iterator[tuple[str, str]]:
    """Rule and column of everything that is wrong."""
    shown = [name.replace("\0", "\ufffd")[:200] for name in header]
    for name in wanted:
        if name not in header:
            yield _("This column is missing."), name
    for at, name in enumerate(header):
        if name in header[:at]:
            yield _("This column comes twice."), shown[at]
        elif name not in wanted and not EXTENSION_COLUMN.fullmatch(name):
            yield _("The standard has no such column."), shown[at]
    known = [name for name in header if name in wanted]
    if set(known) == set(wanted) and list(header[: len(wanted)]) != wanted and len(known) == len(wanted):
        yield _("The columns are not in the order of the standard."), ""
