"""Reading imports: one, the history, its issues as a page and as a file, the rows to mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.extensions import db
from app.models.imports import Import, ImportFile, ImportIssue, ImportStatus, IssueKind
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.accounts import import_rows as account_rows
from app.services.csv_files import writing
from app.services.csv_files.cells import arm
from app.services.csv_files.reading import MOST_BYTES, TO_MEND, canonical, open_sheet
from app.services.enrollments import import_rows as invitation_rows
from app.services.errors import NotFound
from app.services.leads import import_rows
from app.services.records import import_rows as student_rows
from app.services.test_sessions import import_rows as registration_rows

COLUMNS: Mapping[str, Sequence[Any]] = {
    "leads": import_rows.COLUMNS,
    "accounts": account_rows.COLUMNS,
    "test-registrations": registration_rows.COLUMNS,
    "students": student_rows.COLUMNS,
    "enrollment-invitations": invitation_rows.COLUMNS,
}
REPORT = ("file", "line", "column", "value", "kind", "rule", "fix")
MOST_SAID = 2_000  # signs of what is wrong with a row that is given back: a reader of CSV takes no cell of any length
SPARE = 1024 * 1024  # bytes of quotes and letters that take more room in UTF-8 than in the file


def get(import_id: UUID, actor: Actor, resource: str = "") -> Import:
    """One import, of this resource where one is named. Raises NotFound."""
    statement = select(Import).where(Import.id == import_id, visible(Import, actor))
    job = db.session.scalars(statement.where(Import.resource == resource) if resource else statement).one_or_none()
    if job is None:
        raise NotFound
    return job


def history(resource: str, actor: Actor, *, limit: int = 50) -> list[Import]:
    """The latest imports that the actor may see, newest first."""
    statement = select(Import).where(Import.resource == resource, visible(Import, actor))
    return list(db.session.scalars(statement.order_by(Import.created_at.desc(), Import.id).limit(limit)))


def issues(import_id: UUID, actor: Actor, *, offset: int = 0, limit: int = 50) -> tuple[list[ImportIssue], int]:
    """A page of what is wrong, by line, and how many there are in all. Raises NotFound."""
    get(import_id, actor)
    of_import = ImportIssue.import_id == import_id
    total = db.session.scalar(select(func.count()).select_from(ImportIssue).where(of_import)) or 0
    statement = (
        select(ImportIssue)
        .where(of_import)
        .order_by(ImportIssue.file, ImportIssue.line, ImportIssue.id)
        .offset(offset)
        .limit(limit)
    )
    return list(db.session.scalars(statement)), total


def report(import_id: UUID, actor: Actor) -> Iterator[bytes]:
    """Everything that is wrong, as CSV. Raises NotFound before the first block."""
    job = get(import_id, actor)
    statement = (
        select(
            func.coalesce(func.nullif(ImportIssue.file, ""), literal(job.file_name)).label("file"),
            ImportIssue.line,
            ImportIssue.column,
            ImportIssue.value,
            ImportIssue.kind,
            ImportIssue.rule,
            ImportIssue.fix,
        )
        .where(ImportIssue.import_id == import_id)
        .order_by(ImportIssue.file, ImportIssue.line, ImportIssue.id)
    )
    return writing.export(db.session.connection(), statement, REPORT)


def kinds_to_mend(job: Import) -> list[IssueKind]:
    """The kinds of faults for which rows were not, or would not be, imported; none where rows are not given back."""
    if job.resource not in COLUMNS or job.status not in (ImportStatus.CHECKED, ImportStatus.DONE):
        return []
    kinds = [IssueKind.INVALID] if job.invalid_rows else []
    left_out = exists().where(ImportIssue.import_id == job.id, ImportIssue.kind == IssueKind.DUPLICATE)
    if job.duplicate_rows and db.session.scalar(select(left_out)):
        kinds.append(IssueKind.DUPLICATE)
    return kinds


def rows_to_mend(import_id: UUID, actor: Actor) -> Iterator[bytes]:
    """The rows that are not imported, as CSV like the file: before each what is wrong with it, in a column that is left
    out when the file is uploaded again, and says less where the file would be too large for that. Raises NotFound, before
    the first block, where there are none.
    """
    job = get(import_id, actor)
    kinds = kinds_to_mend(job)
    if not kinds:
        raise NotFound
    content = db.session.get_one(ImportFile, import_id).content
    sheet = open_sheet(content, COLUMNS[job.resource], job.options)
    old = {at for at, cell in enumerate(sheet.header) if canonical(cell) == TO_MEND}  # of the round before

    def given_back() -> Iterator[list[str]]:
        room = MOST_BYTES - len(content) - SPARE
        wrong = _wrong(import_id, kinds)
        line, why = next(wrong, (0, ""))
        for at, cells in sheet.as_written():
            if at == line:
                room -= len(why.encode())
                yield [why if room > 0 else "", *(arm(cell) for place, cell in enumerate(cells) if place not in old)]
                line, why = next(wrong, (0, ""))

    header = [cell for place, cell in enumerate(sheet.header) if place not in old]
    return writing.write([TO_MEND, *header], given_back(), sheet.delimiter)


def _wrong(import_id: UUID, kinds: Sequence[IssueKind]) -> Iterator[tuple[int, str]]:
    """Each line of these kinds with what is wrong with it, in the order of the file."""
    rule = func.concat_ws(" ", ImportIssue.rule, func.nullif(ImportIssue.fix, ""))
    sentence = func.concat_ws(": ", func.nullif(ImportIssue.column, ""), rule)
    statement = (
        select(
            ImportIssue.line,
            func.left(func.string_agg(sentence, aggregate_order_by(literal(" | "), ImportIssue.id)), MOST_SAID),
        )
        .where(ImportIssue.import_id == import_id, ImportIssue.kind.in_(kinds))
        .group_by(ImportIssue.line)
        .order_by(ImportIssue.line)
        .execution_options(yield_per=1_000)
    )
    for row in db.session.execute(statement):
        yield row[0], row[1]


def template(resource: str) -> bytes:
    """An empty file with all columns. Raises NotFound for a resource that cannot be imported."""
    if resource not in COLUMNS:
        raise NotFound
    return b"".join(writing.write([column.name for column in COLUMNS[resource]], []))
