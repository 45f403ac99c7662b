"""What everybody may read: announcements, pages and files that are published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, tuple_

from app.extensions import db
from app.models.content import Announcement, ContentPage, DownloadableResource
from app.policies.published import published
from app.services import school
from app.services.errors import NotFound

MOST_FEATURED: Final = 3
MOST_PAGES: Final = 100
MOST_FILES: Final = 500


def news(*, category: str = "", before: UUID | None = None, limit: int = 20) -> Sequence[Announcement]:
    """The published announcements, the newest first, after `before`."""
    position = (Announcement.publication_date, Announcement.id)
    statement = select(Announcement).where(_rule(Announcement))
    if category:
        statement = statement.where(Announcement.category == category)
    if before is not None:
        start = db.session.execute(select(*position).where(Announcement.id == before, _rule(Announcement)))
        last = start.one_or_none()
        if last is None:
            return []
        statement = statement.where(tuple_(*position) < tuple_(*last))
    return db.session.scalars(statement.order_by(*(each.desc() for each in position)).limit(limit)).all()


def featured() -> Sequence[Announcement]:
    """Those that stand out, the newest first."""
    statement = select(Announcement).where(_rule(Announcement), Announcement.featured)
    newest = statement.order_by(Announcement.publication_date.desc(), Announcement.id.desc())
    return db.session.scalars(newest.limit(MOST_FEATURED)).all()


def categories() -> list[str]:
    """What the published announcements are about."""
    statement = select(Announcement.category).where(_rule(Announcement), Announcement.category.is_not(None)).distinct()
    return sorted(filter(None, db.session.scalars(statement)))


def announcement(key: UUID) -> Announcement:
    """One that is published. Raises NotFound."""
    return _one(Announcement, Announcement.id == key)


def pages() -> Sequence[Any]:
    """Address and title of every published page, by title."""
    statement = select(ContentPage.slug, ContentPage.title).where(_rule(ContentPage))
    return db.session.execute(statement.order_by(ContentPage.title, ContentPage.slug).limit(MOST_PAGES)).all()


def page(slug: str) -> ContentPage:
    """One that is published. Raises NotFound."""
    return _one(ContentPage, ContentPage.slug == slug)


def downloads() -> Sequence[DownloadableResource]:
    """Every published file, by category and title."""
    model = DownloadableResource
    statement = select(model).where(_rule(model)).order_by(model.category.nulls_last(), model.title, model.id)
    return db.session.scalars(statement.limit(MOST_FILES)).all()


def download(key: UUID) -> DownloadableResource:
    """One that is published. Raises NotFound."""
    return _one(DownloadableResource, DownloadableResource.id == key)


def _rule(model: type[Any]) -> Any:
    return published(model, school.today())


def _one(model: type[Any], rule: Any) -> Any:
    found = db.session.scalar(select(model).where(rule, _rule(model)))
    if found is None:
        raise NotFound
    return found
