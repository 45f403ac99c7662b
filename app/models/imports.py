"""Imports of files: the file, what its check found, what it wrote."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, Stamps, account_key, choice


class ImportStatus(enum.StrEnum):
    """queued -> checking -> checked -> confirmed -> importing -> done -> undoing -> undone; a file that cannot be read at
    all is failed, and one that cannot be taken back is done again.
    """

    QUEUED = "queued"
    CHECKING = "checking"
    CHECKED = "checked"
    CONFIRMED = "confirmed"
    IMPORTING = "importing"
    DONE = "done"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


class IssueKind(enum.StrEnum):
    FILE = "file"
    INVALID = "invalid"
    DUPLICATE = "duplicate"  # a row that is left out: there is one like it
    ALIKE = "alike"  # a row that is imported all the same
    KEPT = "kept"  # a record, or what it holds, that was left alone


class Import(Key, Stamps, Base):
    """One file and what became of it."""

    __tablename__ = "imports"
    __table_args__ = (Index("ix_imports_resource_created_at", "resource", "created_at"),)
    resource: Mapped[str] = mapped_column(String(63))
    file_name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[ImportStatus] = mapped_column(choice(ImportStatus, "status"), server_default="queued")
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    total_rows: Mapped[int] = mapped_column(server_default=text("0"))
    done_rows: Mapped[int] = mapped_column(server_default=text("0"))
    new_rows: Mapped[int] = mapped_column(server_default=text("0"))
    invalid_rows: Mapped[int] = mapped_column(server_default=text("0"))
    duplicate_rows: Mapped[int] = mapped_column(server_default=text("0"))
    unchanged_rows: Mapped[int] = mapped_column(server_default=text("0"))
    sample: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    message: Mapped[str] = mapped_column(Text, server_default="")
    checked_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = account_key()
    undone_by_id: Mapped[int | None] = account_key()  # who asked for it to be taken back


class ImportFile(Base):
    """The content of a file, in the database so that any worker on any machine can read it; apart, so that changing the
    row of its import does not touch it.
    """

    __tablename__ = "import_files"
    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportIssue(Base):
    """One thing wrong with one row: where, which rule, and how to mend it."""

    __tablename__ = "import_issues"
    __table_args__ = (Index("ix_import_issues_import_id_file_line", "import_id", "file", "line", "id"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
    file: Mapped[str] = mapped_column(String(255), server_default="")  # of several in one; empty: the import's own
    line: Mapped[int] = mapped_column(Integer)
    column: Mapped[str] = mapped_column(String(63), server_default="")
    value: Mapped[str] = mapped_column(Text, server_default="")
    kind: Mapped[IssueKind] = mapped_column(choice(IssueKind, "kind"))
    rule: Mapped[str] = mapped_column(Text)
    fix: Mapped[str] = mapped_column(Text, server_default="")
    record_id: Mapped[UUID | None]  # the record that a duplicate is one of, or that was kept
