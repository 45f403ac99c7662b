"""Reading imports: one, the history, its issues as a page and as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select

from app.extensions import db
from app.models.imports import Import, ImportIssue
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.accounts import import_rows as account_rows
from app.services.csv_files import writing
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


def template(resource: str) -> bytes:
    """An empty file with all columns. Raises NotFound for a resource that cannot be imported."""
    if resource not in COLUMNS:
        raise NotFound
    return b"".join(writing.write([column.name for column in COLUMNS[resource]], []))
