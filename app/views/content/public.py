"""Pages that everybody may read, signed in or not."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from uuid import UUID

from flask import Response, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from markupsafe import Markup

from app.models.content import Announcement, DownloadableResource
from app.services.content import ANNOUNCEMENTS, PAGES, downloads, files, markdown, public
from app.services.errors import NotFound
from app.services.resource import Resource
from app.views import render
from app.views.content.feed import rss
from app.views.content.sizes import kind, size
from app.views.page import Empty, Link
from app.views.page.content import ArticlePage, DownloadsPage, FileItem, NewsItem, NewsPage
from app.views.security import current_actor
from app.web import send_kept

PER_PAGE = 20
LONGEST_SUMMARY = 220


class NewsView(BaseView):
    route_base = "/news"
    class_permission_name = "News"
    default_view = "index"

    @expose("/")
    def index(self) -> Any:
        category, before = request.args.get("category", "")[:60].replace("\0", ""), _key(request.args.get("before"))
        found = public.news(category=category, before=before, limit=PER_PAGE + 1)
        featured = public.featured() if not category and before is None else []
        shown = {each.id for each in featured}
        page = NewsPage(
            _("News"),
            _nav("/news/"),
            [_item(each) for each in featured],
            [_item(each) for each in found[:PER_PAGE] if each.id not in shown],
            _categories(category),
            _older(found, category),
            "/news/feed.xml",
            Empty(_("Nothing new"), _("What the school announces will stand here.")),
        )
        return render_template("news.html", page=page)

    @expose("/<uuid:key>")
    def show(self, key: UUID) -> Any:
        found = public.announcement(key)
        day = found.publication_date
        page = ArticlePage(
            found.title,
            _nav("/news/"),
            Markup(markdown.render(found.body)),
            found.summary or "",
            render.day(day),
            day.isoformat(),
            found.category or "",
            _edit(ANNOUNCEMENTS, found.id),
        )
        return render_template("article.html", page=page)

    @expose("/feed.xml")
    def feed(self) -> Any:
        response = Response(rss(public.news(limit=PER_PAGE)), content_type="application/rss+xml; charset=utf-8")
        response.add_etag()
        return response.make_conditional(request)


class PagesView(BaseView):
    route_base = "/pages"
    class_permission_name = "Pages"
    default_view = "show"

    @expose("/<slug>")
    def show(self, slug: str) -> Any:
        if "\0" in slug:
            raise NotFound
        found = public.page(slug)
        body = Markup(markdown.render(found.body))
        page = ArticlePage(found.title, _nav(f"/pages/{slug}"), body, edit=_edit(PAGES, found.id))
        return render_template("article.html", page=page)


class DownloadsView(BaseView):
    route_base = "/downloads"
    class_permission_name = "Downloads"
    default_view = "index"

    @expose("/")
    def index(self) -> Any:
        groups = [
            (category, [_file(each) for each in found])
            for category, found in groupby(public.downloads(), lambda each: each.category or "")
        ]
        empty = Empty(_("No files yet"), _("Files that the school offers will stand here."))
        return render_template("downloads.html", page=DownloadsPage(_("Downloads"), _nav("/downloads/"), groups, empty))

    @expose("/<uuid:key>/<path:file_name>")
    def send(self, key: UUID, file_name: str) -> Any:
        """The file itself, under whatever name; what a browser asks for anew or for a part of is counted once."""
        found = public.download(key)
        response = send_kept(files.place(found.sha256), found.file_name, found.file_type, found.sha256, private=False)
        if request.method == "GET" and response.status_code == 200:
            downloads.count(key)
        return response


def _key(raw: str | None) -> UUID | None:
    try:
        return UUID(raw) if raw else None
    except ValueError:
        raise NotFound from None


def _nav(here: str) -> list[Link]:
    """The other public pages."""
    found = [("/news/", _("News")), ("/downloads/", _("Downloads"))]
    found += [(f"/pages/{each.slug}", each.title) for each in public.pages()]
    return [Link(text, url, active=url == here) for url, text in found]


def _categories(chosen: str) -> list[Link]:
    known = public.categories()
    made = [Link(_("All"), "/news/", active=not chosen)]
    made += [Link(each, render.address("/news/", [("category", each)]), active=each == chosen) for each in known]
    return made if known else []


def _older(found: Any, category: str) -> str:
    if len(found) <= PER_PAGE:
        return ""
    chosen = [("category", category)] if category else []
    return render.address("/news/", [*chosen, ("before", str(found[PER_PAGE - 1].id))])


def _item(each: Announcement) -> NewsItem:
    day = each.publication_date
    summary = each.summary or markdown.plain(each.body, LONGEST_SUMMARY)
    return NewsItem(f"/news/{each.id}", each.title, summary, render.day(day), day.isoformat(), each.category or "")


def _file(each: DownloadableResource) -> FileItem:
    facts = f"{kind(each.file_type)}, {size(each.size)}"
    url = url_for("DownloadsView.send", key=each.id, file_name=each.file_name)
    return FileItem(url, each.title, each.description or "", facts, each.file_name)


def _edit(resource: Resource, key: UUID) -> Link | None:
    """For those who write it."""
    may = current_actor().may("show", resource.name)
    return Link(_("Open the record"), f"/{resource.slug}/{key}", "pencil") if may else None
