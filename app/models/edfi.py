"""Ed-Fi: how our words are mapped to descriptors, where records are sent, and what was sent."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Key, Stamps, choice


class EdFiPushStatus(enum.StrEnum):
    """queued -> running -> done (perhaps with refused records), failed (the server could not be reached) or cancelled."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class EdFiOutcome(enum.StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"  # an association that is no more
    UNCHANGED = "unchanged"  # since it was sent last: counted, not listed
    INVALID = "invalid"  # against our own schema: never sent
    BLOCKED = "blocked"  # what it refers to is invalid or was refused: not sent
    REFUSED = "refused"
    FAILED = "failed"


class DescriptorMapping(Key, Stamps, Base):
    """A value as we keep it, and the descriptor's URI that stands for it: `GradeLevelDescriptor`, `First grade`,
    `uri://ed-fi.org/GradeLevelDescriptor#First grade`.
    """

    __tablename__ = "descriptor_mappings"
    __table_args__ = (
        Index("uq_descriptor_mappings_descriptor_value", "descriptor", func.lower(text("value")), unique=True),
        CheckConstraint("descriptor ~ '^[A-Z][A-Za-z]*Descriptor$'", name="descriptor"),
        CheckConstraint("btrim(value) <> ''", name="value_not_blank"),
        CheckConstraint("uri ~ '^uri://[^#/]+/[A-Za-z]+Descriptor#.+$'", name="uri"),
    )
    descriptor: Mapped[str] = mapped_column(String(80))
    value: Mapped[str] = mapped_column(String(120))
    uri: Mapped[str] = mapped_column(String(306))


class EdFiConnection(Key, Stamps, Base):
    """An Ed-Fi ODS/API that records are pushed to. The secret is kept encrypted with a key made from SECRET_KEY."""

    __tablename__ = "edfi_connections"
    __table_args__ = (
        Index("uq_edfi_connections_name", func.lower(text("name")), unique=True),
        CheckConstraint("btrim(name) <> ''", name="name_not_blank"),
        CheckConstraint("base_url ~ '^https?://'", name="base_url"),
        CheckConstraint("school_year BETWEEN 1900 AND 2199", name="school_year"),
        CheckConstraint("extension ~ '^[A-Za-z][A-Za-z0-9-]*$'", name="extension"),
    )
    name: Mapped[str] = mapped_column(String(120))
    base_url: Mapped[str] = mapped_column(String(500))  # up to and without /data/v3
    token_url: Mapped[str | None] = mapped_column(String(500))  # empty: base_url/oauth/token
    client_id: Mapped[str] = mapped_column(String(255))
    secret: Mapped[str] = mapped_column(Text)
    school_year: Mapped[int | None] = mapped_column(SmallInteger)  # in the address, where the server wants it
    extension: Mapped[str | None] = mapped_column(String(60))  # what the server calls ours; empty: it has none
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    nightly: Mapped[bool] = mapped_column(server_default=text("false"))  # pushed to every night, by itself


class EdFiPush(Key, Stamps, Base):
    """One push of all that changed to one server, and what came of it."""

    __tablename__ = "edfi_pushes"
    __table_args__ = (
        Index("ix_edfi_pushes_connection_id_created_at", "connection_id", "created_at"),
        Index("ix_edfi_pushes_created_at_id", "created_at", "id"),
        Index(
            "uq_edfi_pushes_one_at_a_time",
            "connection_id",
            unique=True,
            postgresql_where=text("status IN ('queued', 'running')"),
        ),
    )
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("edfi_connections.id", ondelete="CASCADE"))
    status: Mapped[EdFiPushStatus] = mapped_column(choice(EdFiPushStatus, "status"), server_default="queued")
    total: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))  # outcome -> how many
    message: Mapped[str] = mapped_column(Text, server_default="")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    connection: Mapped[EdFiConnection] = relationship(lazy="raise_on_sql")


class EdFiPushItem(Base):
    """One record of a push: which, what the server said."""

    __tablename__ = "edfi_push_items"
    __table_args__ = (Index("ix_edfi_push_items_push_id_id", "push_id", "id"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    push_id: Mapped[UUID] = mapped_column(ForeignKey("edfi_pushes.id", ondelete="CASCADE"))
    resource: Mapped[str] = mapped_column(String(80))
    natural_key: Mapped[str] = mapped_column(String(300))
    outcome: Mapped[EdFiOutcome] = mapped_column(choice(EdFiOutcome, "outcome"))
    status_code: Mapped[int | None] = mapped_column(SmallInteger)
    message: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class EdFiRecord(Base):
    """What a server was last sent of a record, as a digest: what has not changed is not sent again."""

    __tablename__ = "edfi_records"
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("edfi_connections.id", ondelete="CASCADE"), primary_key=True)
    resource: Mapped[str] = mapped_column(String(80), primary_key=True)
    natural_key: Mapped[str] = mapped_column(String(300), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    location: Mapped[str | None] = mapped_column(String(500))
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now())
