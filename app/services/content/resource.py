"""What announcements, pages and downloads are to people: attributes, input, actions."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from flask_babel import lazy_gettext as _l
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import func

from app.models.content import LONGEST_BODY, Announcement, ContentPage, ContentStatus, DownloadableResource
from app.services import inputs, plain
from app.services.content import downloads
from app.services.content.publishing import publishing, title
from app.services.errors import explain
from app.services.inputs import storable
from app.services.resource import Attribute, Kind, Resource, options_of, register

_REQUIRED = _l("This field is required.")
explain(
    {
        "uq_content_pages_slug": ("slug", _l("Another page has this address.")),
        "ck_content_pages_slug": ("slug", _l("Small letters and digits, with single hyphens between them.")),
        "ck_content_pages_title_not_blank": ("title", _REQUIRED),
        "ck_content_pages_body_not_blank": ("body", _REQUIRED),
        "ck_announcements_title_not_blank": ("title", _REQUIRED),
        "ck_announcements_body_not_blank": ("body", _REQUIRED),
        "ck_announcements_publication_date": ("publication_date", _l("Must be between the years 1900 and 2199.")),
        "ck_downloadable_resources_title_not_blank": ("title", _REQUIRED),
    }
)
STATUSES = options_of(
    ContentStatus,
    {"draft": _l("Draft"), "published": _l("Published")},
    {"draft": "neutral", "published": "success"},
)
LABELS = {
    "title": _l("Title"),
    "summary": _l("Summary"),
    "body": _l("Text"),
    "category": _l("Category"),
    "publication_date": _l("Publication date"),
    "status": _l("Status"),
    "featured": _l("Featured"),
    "slug": _l("Address"),
    "description": _l("Description"),
    "file": _l("File"),
    "file_name": _l("File name"),
    "file_type": _l("Type"),
    "size": _l("Size"),
    "sha256": _l("Digest"),
    "download_count": _l("Downloads"),
    "created_at": _l("Entered"),
}


def _written(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("string_too_short", "string_too_short")
    return value


Body = Annotated[str, Field(min_length=1, max_length=LONGEST_BODY), AfterValidator(_written), BeforeValidator(storable)]


def _text(model: Any, name: str, kind: Kind = Kind.TEXT, **more: Any) -> Attribute:
    column = getattr(model, name)
    return Attribute(name, LABELS[name], kind, column, nullable=column.nullable, **more)


def _status(model: Any) -> Attribute:
    return Attribute("status", LABELS["status"], Kind.CHOICE, model.status, options=STATUSES)


ANNOUNCEMENTS = register(
    Resource(
        name="Announcements",
        slug="announcements",
        model=Announcement,
        singular=_l("Announcement"),
        plural=_l("Announcements"),
        title=title,
        attributes=(
            _text(Announcement, "title"),
            _text(Announcement, "summary"),
            _text(Announcement, "body"),
            _text(Announcement, "category"),
            _text(Announcement, "publication_date", Kind.DATE, sortable=True),
            _status(Announcement),
            _text(Announcement, "featured", Kind.BOOL),
            _text(Announcement, "created_at", Kind.DATETIME, sortable=True),
        ),
        search=func.search_fold(Announcement.title + " " + func.coalesce(Announcement.summary, "")),
        search_help=_l("Title or summary"),
        default_sort="-publication_date",
        input=inputs.of(Announcement, "title", "summary", "category", "publication_date", "featured", body=(Body, ...)),
        labels=LABELS,
        options={"status": STATUSES},
        create=partial(plain.create, Announcement),
        update=partial(plain.update, Announcement),
        delete=partial(plain.delete, Announcement, title=title),
        restore=partial(plain.restore, Announcement, title=title),
        actions=publishing(Announcement),
        icon="megaphone",
        title_columns=(Announcement.title,),
        small=True,
    )
)

PAGES = register(
    Resource(
        name="Content pages",
        slug="content-pages",
        model=ContentPage,
        singular=_l("Page"),
        plural=_l("Pages"),
        title=title,
        attributes=(
            _text(ContentPage, "title"),
            _text(ContentPage, "slug"),
            _text(ContentPage, "body"),
            _status(ContentPage),
            _text(ContentPage, "created_at", Kind.DATETIME, sortable=True),
        ),
        search=func.search_fold(ContentPage.title + " " + ContentPage.slug),
        search_help=_l("Title or address"),
        input=inputs.of(ContentPage, "slug", "title", body=(Body, ...)),
        labels=LABELS,
        options={"status": STATUSES},
        create=partial(plain.create, ContentPage),
        update=partial(plain.update, ContentPage),
        delete=partial(plain.delete, ContentPage, title=title),
        restore=partial(plain.restore, ContentPage, title=title),
        actions=publishing(ContentPage),
        icon="file-text",
        title_columns=(ContentPage.title,),
        small=True,
    )
)

DOWNLOADS = register(
    Resource(
        name="Downloadable resources",
        slug="downloadable-resources",
        model=DownloadableResource,
        singular=_l("Download"),
        plural=_l("Downloads"),
        title=title,
        attributes=(
            _text(DownloadableResource, "title"),
            _text(DownloadableResource, "description"),
            _text(DownloadableResource, "category"),
            _text(DownloadableResource, "file_name"),
            _text(DownloadableResource, "file_type"),
            _text(DownloadableResource, "size", Kind.NUMBER),
            _text(DownloadableResource, "download_count", Kind.NUMBER),
            _status(DownloadableResource),
            _text(DownloadableResource, "created_at", Kind.DATETIME, sortable=True),
        ),
        search=func.search_fold(DownloadableResource.title + " " + DownloadableResource.file_name),
        search_help=_l("Title or file name"),
        input=inputs.of(DownloadableResource, "title", "description", "category"),
        labels=LABELS,
        options={"status": STATUSES},
        create=downloads.create,
        update=downloads.update,
        delete=partial(plain.delete, DownloadableResource, title=title),
        restore=partial(plain.restore, DownloadableResource, title=title),
        actions=publishing(DownloadableResource),
        icon="download",
        title_columns=(DownloadableResource.title,),
        export_columns=(
            "title",
            "category",
            "file_name",
            "file_type",
            "size",
            "download_count",
            "status",
            "created_at",
        ),
        small=True,
    )
)
