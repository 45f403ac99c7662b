"""What everybody may read: news, pages, files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.views.page.common import Empty, Link


@dataclass(slots=True)
class NewsItem:
    url: str
    title: str
    summary: str
    day: str
    iso: str
    category: str = ""


@dataclass(slots=True)
class PublicPage:
    """`nav` leads to what else there is."""

    title: str
    nav: list[Link] = field(default_factory=list)


@dataclass(slots=True)
class NewsPage(PublicPage):
    featured: list[NewsItem] = field(default_factory=list)
    items: list[NewsItem] = field(default_factory=list)
    categories: list[Link] = field(default_factory=list)
    older_url: str = ""
    feed_url: str = ""
    empty: Empty | None = None


@dataclass(slots=True)
class ArticlePage(PublicPage):
    """One announcement, or one page. `body` is markup."""

    body: Any = ""
    summary: str = ""
    day: str = ""
    iso: str = ""
    category: str = ""
    edit: Link | None = None


@dataclass(slots=True)
class FileItem:
    url: str
    title: str
    description: str
    facts: str  # "PDF, 1.2 MB"
    file_name: str


@dataclass(slots=True)
class DownloadsPage(PublicPage):
    groups: list[tuple[str, list[FileItem]]] = field(default_factory=list)
    empty: Empty | None = None
