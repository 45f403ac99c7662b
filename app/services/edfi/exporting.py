"""All documents in the order in which a server learns of them, each checked; and all of them as files."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services import school
from app.services.csv_files import writing
from app.services.edfi import documents, reading, schema
from app.services.edfi.mappings import Descriptors
from app.services.edfi.schema import Problem
from app.services.records import years

EXTENSION: Final = "tsa"  # what the program's own properties are filed under, where nobody says otherwise
MOST_PROBLEMS: Final = 200
PATIENCE: Final = 10.0  # seconds that a page may look for problems
_BLOCK: Final = 256 * 1024

Reference = tuple[str, str]  # resource, natural key


@dataclass(frozen=True)
class Document:
    """One record. `refers` are the documents that a server has to have first; `problems` keep it here."""

    resource: str
    key: str
    body: dict[str, Any]
    link: str
    refers: tuple[Reference, ...]
    problems: tuple[Problem, ...]


def each(actor: Actor, extension: str | None = EXTENSION) -> Iterator[Document]:
    """Every document that the actor may see, whether it is right or not."""
    words, spans = Descriptors(), years.spans()
    for resource in schema.RESOURCES:
        for row in reading.rows(resource, actor):
            body = documents.MAKERS[resource](row, words)
            if resource == "studentSchoolAssociations" and row.school_year is None:
                body["schoolYearTypeReference"] = {"schoolYear": years.of(row.entry_date, spans)}
            more = documents.extension(row, words) if extension and resource == "students" else None
            if more:
                body["_ext"] = {extension: more}
            key, refers = _KEYS[resource](row)
            yield Document(resource, key, body, _link(resource, row), refers, tuple(schema.check(resource, body)))


def _school(row: Any) -> str:
    return str(row.school_id) if row.school_id is not None else f"({row.identifier})"


def hides_associations(document: Document) -> bool:
    """Whether the document is of a school, or of somebody at one, of which the server cannot be told as it is: what it has
    of that school seems to be gone, and is not.
    """
    keys = ((document.resource, document.key), *document.refers)
    unnumbered = any(resource == "schools" and key.startswith("(") for resource, key in keys)
    return unnumbered or (document.resource == "schools" and bool(document.problems))


def _at_school(row: Any) -> tuple[Reference, ...]:
    return ("schools", _school(row)), ("students", row.student_unique_id)


# Resource -> what tells a row apart at the server, and what it refers to there.
_KEYS: Final[dict[str, Any]] = {
    "schools": lambda row: (_school(row), ()),
    "students": lambda row: (row.student_unique_id, ()),
    "studentSchoolAssociations": lambda row: (
        f"{row.student_unique_id}/{_school(row)}/{row.entry_date}",
        _at_school(row),
    ),
    "studentEducationOrganizationAssociations": lambda row: (
        f"{row.student_unique_id}/{_school(row)}",
        _at_school(row),
    ),
    "contacts": lambda row: (row.contact_unique_id, ()),
    "studentContactAssociations": lambda row: (
        f"{row.student_unique_id}/{row.contact_unique_id}",
        (("students", row.student_unique_id), ("contacts", row.contact_unique_id)),
    ),
}


def _link(resource: str, row: Any) -> str:
    """Where the record is mended."""
    if resource == "schools":
        return f"/organizations/{row.id}"
    if resource == "contacts":
        return f"/guardians/{row.id}"
    return f"/students/{row.id if resource == 'students' else row.student_id}"


class Sieve:
    """Tells apart what may leave. What refers to something that stays here stays as well, for a server would refuse it."""

    def __init__(self) -> None:
        self._passed: set[Reference] = set()

    def problems(self, document: Document) -> tuple[Problem, ...]:
        """Why the document may not leave; nothing when it may."""
        missing = next((each for each in document.refers if each not in self._passed), None)
        found = document.problems
        if missing is not None and not found:
            found = (Problem(missing[0], _("It refers to %(key)s, which stays here.", key=missing[1])),)
        if not found:
            self._passed.add((document.resource, document.key))
        return found

    def drop(self, document: Document) -> None:
        """It did not arrive."""
        self._passed.discard((document.resource, document.key))


@dataclass
class Tally:
    """How many documents of each resource were written, and what kept others back."""

    written: dict[str, int] = field(default_factory=lambda: dict.fromkeys(schema.RESOURCES, 0))
    problems: list[tuple[Document, Problem]] = field(default_factory=list)
    complete: bool = True  # everything was looked at


def problems(actor: Actor, most: int = MOST_PROBLEMS, patience: float = PATIENCE) -> Tally:
    """What would keep records from leaving. Looks for so long and so many only."""
    tally, sieve, end = Tally(), Sieve(), time.monotonic() + patience
    for document in each(actor):
        if len(tally.problems) >= most or time.monotonic() > end:
            tally.complete = False
            break
        _count(tally, sieve, document)
    return tally


def _count(tally: Tally, sieve: Sieve, document: Document) -> bool:
    """Whether the document may leave."""
    found = sieve.problems(document)
    if not found:
        tally.written[document.resource] += 1
    tally.problems += [(document, problem) for problem in found]
    return not found


def bundle(tally: Tally, *, actor: Actor, extension: str | None = EXTENSION) -> tuple[str, Iterator[bytes]]:
    """What it may be called, and the blocks of a ZIP archive: a JSON list for each resource, with what is right, and
    problems.csv, with what was left out and why. `tally` is filled meanwhile.
    """
    return f"ed-fi-{school.today().isoformat()}.zip", _blocks(tally, actor, extension)


def _blocks(tally: Tally, actor: Actor, extension: str | None) -> Iterator[bytes]:
    sink, sieve, rest = _Sink(), Sieve(), each(actor, extension)
    document = next(rest, None)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for resource in schema.RESOURCES:
            with archive.open(f"{resource}.json", "w", force_zip64=True) as file:
                separator = "[\n"
                while document is not None and document.resource == resource:
                    if _count(tally, sieve, document):
                        file.write((separator + json.dumps(document.body, ensure_ascii=False)).encode())
                        separator = ",\n"
                    document = next(rest, None)
                    if len(sink.held) > _BLOCK:
                        yield sink.taken()
                file.write(b"[]\n" if separator == "[\n" else b"\n]\n")
        archive.writestr("problems.csv", b"".join(_report(tally)))
    yield sink.taken()


def _report(tally: Tally) -> Iterator[bytes]:
    header = ("resource", "record", "field", "problem")
    rows = ((document.resource, document.key, wrong.field, wrong.message) for document, wrong in tally.problems)
    return writing.write(header, rows)


class _Sink:
    """What an archive is written to: only ever forward, and taken away in between."""

    def __init__(self) -> None:
        self.held = bytearray()

    def write(self, data: bytes) -> int:
        self.held += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        held, self.held = bytes(self.held), bytearray()
        return held
