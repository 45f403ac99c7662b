"""What the school tells everybody: announcements, pages, and files to download."""

from __future__ import annotations

import enum
from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, SoftDelete, Stamps, choice

LIVE = text("deleted_at IS NULL")
LONGEST_BODY = 100_000


class ContentStatus(enum.StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"


class Announcement(Key, Stamps, SoftDelete, Base):
    """Something new. The public sees it when it is published, from its publication date on; the featured ones first."""

    __tablename__ = "announcements"
    __table_args__ = (
        Index("ix_announcements_created_at_id", "created_at", "id", postgresql_where=LIVE),
        Index("ix_announcements_publication_date_id", "publication_date", "id", postgresql_where=LIVE),
        CheckConstraint("btrim(title) <> ''", name="title_not_blank"),
        CheckConstraint("btrim(body) <> ''", name="body_not_blank"),
        CheckConstraint("publication_date BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'", name="publication_date"),
    )
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str | None] = mapped_column(String(500))
    body: Mapped[str] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(String(60))
    publication_date: Mapped[date]
    status: Mapped[ContentStatus] = mapped_column(choice(ContentStatus, "status"), server_default="draft")
    featured: Mapped[bool] = mapped_column(server_default=text("false"))


class ContentPage(Key, Stamps, SoftDelete, Base):
    """A page that stays: `slug` is its address, `body` Markdown."""

    __tablename__ = "content_pages"
    __table_args__ = (
        Index("uq_content_pages_slug", "slug", unique=True, postgresql_where=LIVE),
        Index("ix_content_pages_created_at_id", "created_at", "id", postgresql_where=LIVE),
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug"),
        CheckConstraint("btrim(title) <> ''", name="title_not_blank"),
        CheckConstraint("btrim(body) <> ''", name="body_not_blank"),
    )
    slug: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    status: Mapped[ContentStatus] = mapped_column(choice(ContentStatus, "status"), server_default="draft")


class DownloadableResource(Key, Stamps, SoftDelete, Base):
    """A file for everybody. Its content is in the directory of uploads under its digest; `file_type` is what the
    content is, whatever its name says. Counting a download is no change of the record.
    """

    __tablename__ = "downloadable_resources"
    __table_args__ = (
        Index("ix_downloadable_resources_created_at_id", "created_at", "id", postgresql_where=LIVE),
        Index("ix_downloadable_resources_sha256", "sha256"),
        CheckConstraint("btrim(title) <> ''", name="title_not_blank"),
        CheckConstraint("btrim(file_name) <> ''", name="file_name_not_blank"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("download_count >= 0", name="download_count"),
    )
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(String(500))
    category: Mapped[str | None] = mapped_column(String(60))
    file_name: Mapped[str] = mapped_column(String(200))
    file_type: Mapped[str] = mapped_column(String(127))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[ContentStatus] = mapped_column(choice(ContentStatus, "status"), server_default="draft")
    download_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
