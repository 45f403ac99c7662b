"""The screens of those who write content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.models.content import Announcement, ContentStatus
from app.services import inputs, school
from app.services.content import ANNOUNCEMENTS, DOWNLOADS, PAGES, downloads, files, markdown
from app.services.errors import Refusal
from app.views import forms
from app.views.base import RecordView
from app.views.content.sizes import kind, size
from app.views.page import Cell, Field, FormPage, Link, RecordPage
from app.views.security import current_actor, requires

MARKDOWN = _l("Markdown: blank lines between paragraphs, # before headings, **bold**, - before items, [text](address).")


class _Written(RecordView):
    """What has a body shows it as it reads."""

    def address(self, record: Any) -> str:
        raise NotImplementedError

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        page.badge = _badge(record)
        if _is_public(record):
            page.actions.insert(0, Link(_("Open"), self.address(record), "external-link"))
        return page

    @expose("/<pk>")
    @requires("show")
    def show(self, pk: str) -> Any:
        record = self.load(pk, deleted=True)
        body = Markup(markdown.render(record.body))
        return render_template("content_record.html", page=self.record_page(record), body=body)


class AnnouncementView(_Written):
    resource = ANNOUNCEMENTS
    list_columns = ("title", "publication_date", "category", "status", "featured")
    show_groups = (("", ("publication_date", "category", "featured", "summary")),)
    form_groups = (
        (_l("Announcement"), ("title", "summary", "category", "publication_date", "featured")),
        (_l("Text"), ("body",)),
    )
    form_helps = {
        "body": MARKDOWN,
        "publication_date": _l("Once it is published, everybody sees it from this day on."),
        "featured": _l("Stands out above the others."),
    }
    description = _l("What is new, for everybody.")

    def defaults(self) -> dict[str, Any]:
        return {"publication_date": school.today()}

    def address(self, record: Any) -> str:
        return f"/news/{record.id}"


class ContentPageView(_Written):
    resource = PAGES
    list_columns = ("title", "slug", "status", "created_at")
    show_groups = (("", ("slug",)),)
    form_groups = ((_l("Page"), ("title", "slug")), (_l("Text"), ("body",)))
    form_helps = {"body": MARKDOWN, "slug": _l("The end of its address: /pages/your-text-here")}
    description = _l("Pages that stay, for everybody.")

    def address(self, record: Any) -> str:
        return f"/pages/{record.slug}"


class DownloadableResourceView(RecordView):
    resource = DOWNLOADS
    list_columns = ("title", "category", "file_name", "file_type", "size", "download_count", "status")
    show_groups = (("", ("file_name", "file_type", "size", "download_count", "category", "description")),)
    form_groups = (("", ("title", "description", "category")),)
    description = _l("Files that everybody may download.")

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        page.badge = _badge(record)
        if _is_public(record):
            url = url_for("DownloadsView.send", key=record.id, file_name=record.file_name)
            page.actions.insert(0, Link(_("Download"), url, "download"))
        return page

    def fact(self, record: Any, name: str) -> Cell:
        if name == "size":
            return Cell(size(record.size))
        if name == "file_type":
            return Cell(kind(record.file_type), title=record.file_type)
        return super().fact(record, name)

    def form_page(self, record: Any, values: Mapping[str, Any], refusal: Refusal) -> FormPage:
        page = super().form_page(record, values, refusal)
        most = _("At most %(most)s MB.", most=files.MOST_BYTES // 1024**2)
        known = _("Leave it empty to keep %(name)s.", name=record.file_name) if record is not None else ""
        page.form.multipart = True
        page.form.errors = [
            each for each in page.form.errors if each not in [str(text) for text in refusal.fields.get("file", ())]
        ]
        page.form.groups[0].fields.append(
            Field(
                "file",
                _("File"),
                "file",
                required=record is None,
                accept=files.ACCEPTED,
                errors=[str(each) for each in refusal.fields.get("file", ())],
                help=f"{known} {most}".strip(),
                wide=True,
            )
        )
        return page

    def save(self, record: Any, raw: Mapping[str, Any]) -> Any:
        assert DOWNLOADS.input is not None
        sent = request.files.get("file")
        file = files.Upload(sent.filename, sent.read()) if sent is not None and sent.filename else None
        actor = current_actor()
        if record is None:
            return downloads.create(inputs.parse(DOWNLOADS.input, raw), actor=actor, file=file)
        values = inputs.parse(DOWNLOADS.input, raw, change=True)
        version = forms.read_moment(request.form.get("_version", ""))
        return downloads.update(record.id, values, actor=actor, version=version, file=file)


def _badge(record: Any) -> Cell:
    if record.status is ContentStatus.DRAFT:
        return Cell(_("Draft"), "badge")
    if isinstance(record, Announcement) and record.publication_date > school.today():
        return Cell(_("Published, to come"), "badge", tone="info")
    return Cell(_("Published"), "badge", tone="success")


def _is_public(record: Any) -> bool:
    to_come = isinstance(record, Announcement) and record.publication_date > school.today()
    return record.status is ContentStatus.PUBLISHED and record.deleted_at is None and not to_come
