"""REST of content: files that are sent with a record, and what everybody may read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.api import schemas
from app.api.base import RecordApi
from app.api.represent import mapping
from app.api.routes import MULTIPART, PREFIX, PUBLIC, Api, Parameter, route
from app.services import inputs
from app.services.content import DOWNLOADS, downloads, files, markdown, public
from app.services.errors import Invalid
from app.web import current_actor

FILE = {"type": "string", "contentMediaType": "application/octet-stream", "description": "At most 20 MB."}
UPLOAD = {
    "type": "object",
    "required": ["title", "file"],
    "properties": {"title": schemas.TEXT, "description": schemas.TEXT, "category": schemas.TEXT, "file": FILE},
}
ONLY_FILE = {"type": "object", "required": ["file"], "properties": {"file": FILE}}
_DAY = {"type": "string", "format": "date"}
NEWS_FIELDS = ("id", "title", "summary", "category", "publication_date", "featured")
FILE_FIELDS = ("id", "title", "description", "category", "file_name", "file_type", "size", "download_count")
_NEWS = {
    "id": schemas.UUID_,
    "title": schemas.TEXT,
    "summary": schemas.null_or(schemas.TEXT),
    "category": schemas.null_or(schemas.TEXT),
    "publication_date": _DAY,
    "featured": schemas.BOOL,
}
_BODY = {"body": schemas.TEXT, "html": {**schemas.TEXT, "description": "The same, safe to show."}}
_FILE = {
    "id": schemas.UUID_,
    "title": schemas.TEXT,
    "description": schemas.null_or(schemas.TEXT),
    "category": schemas.null_or(schemas.TEXT),
    "file_name": schemas.TEXT,
    "file_type": schemas.TEXT,
    "size": schemas.COUNT,
    "download_count": schemas.COUNT,
    "url": schemas.TEXT,
}
MOST = 50


class DownloadableResourceApi(RecordApi):
    resource = DOWNLOADS

    @route(
        "POST",
        "",
        "Upload a file",
        needs="add",
        body=UPLOAD,
        content=MULTIPART,
        status=201,
        answer=schemas.record,
    )
    def create(self) -> Any:
        """It is a draft until it is published."""
        file = _sent()
        assert DOWNLOADS.input is not None
        values = inputs.parse(DOWNLOADS.input, request.form.to_dict())
        made = downloads.create(values, actor=current_actor(), file=file)
        return self.answer(self.item(made.id), 201, {"Location": f"{self.route_base}/{made.id}"})

    @route(
        "PUT",
        "/<pk>/file",
        "Replace the file of a record",
        needs="edit",
        body=ONLY_FILE,
        content=MULTIPART,
        answer=schemas.record,
        others=(404,),
    )
    def put_file(self, pk: str) -> Any:
        key, file = self.key(pk), _sent()
        if file is None:
            raise Invalid(fields={"file": [_("Choose a file.")]})
        downloads.update(key, {}, actor=current_actor(), file=file)
        return self.answer(self.item(key))


class PublicContentApi(Api):
    """What is published, without a token."""

    route_base = f"{PREFIX}/published"
    class_permission_name = "News"

    @route(
        "GET",
        "/announcements",
        "Published announcements, newest first",
        needs=PUBLIC,
        parameters=(
            Parameter("category", "Only those of this category.", schemas.TEXT),
            Parameter("before", "The id after which to go on.", schemas.UUID_),
        ),
        answer=schemas.items(schemas.an_object(**_NEWS)),
    )
    def announcements(self) -> Any:
        category = request.args.get("category", "")[:60].replace("\0", "")
        return {"items": _rows(public.news(category=category, before=_before(), limit=MOST), NEWS_FIELDS)}

    @route(
        "GET",
        "/announcements/<uuid:key>",
        "One published announcement",
        needs=PUBLIC,
        answer=schemas.an_object(**_NEWS, **_BODY),
        others=(404,),
    )
    def announcement(self, key: UUID) -> Any:
        found = public.announcement(key)
        return _rows([found], NEWS_FIELDS)[0] | _body(found)

    @route(
        "GET",
        "/pages",
        "Published pages",
        needs=PUBLIC,
        answer=schemas.items(schemas.an_object(slug=schemas.TEXT, title=schemas.TEXT)),
    )
    def pages(self) -> Any:
        return {"items": _rows(public.pages(), ("slug", "title"))}

    @route(
        "GET",
        "/pages/<slug>",
        "One published page",
        needs=PUBLIC,
        answer=schemas.an_object(slug=schemas.TEXT, title=schemas.TEXT, **_BODY),
        others=(404,),
    )
    def page(self, slug: str) -> Any:
        found = public.page(slug.replace("\0", "/"))
        return _rows([found], ("slug", "title"))[0] | _body(found)

    @route("GET", "/downloads", "Published files", needs=PUBLIC, answer=schemas.items(schemas.an_object(**_FILE)))
    def downloads(self) -> Any:
        found = public.downloads()
        rows = _rows(found, FILE_FIELDS)
        return {"items": [row | {"url": f"/downloads/{row['id']}/{row['file_name']}"} for row in rows]}


def _sent() -> files.Upload | None:
    sent = request.files.get("file")
    return files.Upload(sent.filename, sent.read()) if sent is not None and sent.filename else None


def _before() -> UUID | None:
    raw = request.args.get("before")
    try:
        return UUID(raw) if raw else None
    except ValueError:
        raise Invalid(fields={"before": [_("This is no position.")]}) from None


def _rows(found: Sequence[Any], names: Sequence[str]) -> list[dict[str, Any]]:
    return [mapping({name: getattr(each, name) for name in names}) for each in found]


def _body(found: Any) -> dict[str, Any]:
    return {"body": found.body, "html": markdown.render(found.body)}
