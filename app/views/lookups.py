"""Choices for autocomplete, and the search over all records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, jsonify, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.services import listing, lookups, phones, search
from app.services.resource import Resource
from app.views import lists, render
from app.views.page import Cell, Column, Empty, Row, Section, Table
from app.views.security import current_actor, refuse_unless, requires

SUGGESTIONS = 4  # of each kind
LISTED = 10


class LookupView(BaseView):
    route_base = "/lookups"
    default_view = "find"

    @expose("/<name>")
    def find(self, name: str) -> Any:
        """The permission is that of the lookup itself: a visitor is refused before the name is looked at. `all`: also what may
        not be chosen anew, for filters; `but`: the key of one that is not offered.
        """
        lookup = lookups.LOOKUPS.get(name)
        refused = refuse_unless(*(lookup.permission if lookup else ("show", "Home")))
        if refused is not None:
            return refused
        if lookup is None:
            abort(404)
        words = request.args.get("q", "")[:200].replace("\0", "")
        found, more = lookups.find(
            name, current_actor(), words, every="all" in request.args, but=request.args.get("but", "")
        )
        results = [{"id": each.id, "text": each.text, "detail": phones.grouped(each.detail)} for each in found]
        return jsonify(results=results, more=more)


@dataclass
class SearchPage:
    title: str
    query: str
    sections: list[Section]


class SearchView(BaseView):
    route_base = "/search"
    class_permission_name = "Search"
    default_view = "index"

    @expose("/")
    @requires("list")
    def index(self) -> Any:
        words = request.args.get("q", "")[:200].replace("\0", "").strip()
        if request.accept_mimetypes.best == "application/json":
            return jsonify(_suggestions(words))
        found, others = search.find(words, LISTED, current_actor()) if words else ([], [])
        sections = [_section(resource, page, words) for resource, page in found]
        sections += [
            Section(str(each.plural), "", Table([], [], Empty("")), more_url=_all(each, words)) for each in others
        ]
        return render_template("search.html", page=SearchPage(_("Search"), words, sections))


def _suggestions(words: str) -> list[dict[str, str]]:
    if len(words) < 2:
        return []
    return [
        {
            "group": str(resource.plural),
            "title": resource.title(row),
            "detail": " · ".join(filter(None, (cell.text for cell in _details(resource, row)))),
            "url": f"/{resource.slug}/{row.id}",
        }
        for resource, page in search.find(words, SUGGESTIONS, current_actor())[0]
        for row in page.rows
    ]


def _section(resource: Resource, page: listing.Page, words: str) -> Section:
    """The records of one kind: what each is called, and its details."""
    query, url = listing.Query(search=words), f"/{resource.slug}/"
    columns = lists.columns(resource, search.SEARCHED[resource.slug], query, url)
    for column in columns:
        column.sort_url = ""
    rows = [
        Row(
            str(row.id),
            f"{url}{row.id}",
            resource.title(row),
            [Cell(resource.title(row), "link", f"{url}{row.id}"), *_details(resource, row)],
        )
        for row in page.rows
    ]
    more = "" if page.last else _all(resource, words)
    shown = render.number(len(rows)) + ("+" if more else "")
    table = Table([Column("title", str(resource.singular)), *columns], rows, Empty(_("Nothing matches")))
    return Section(str(resource.plural), shown, table, more_url=more)


def _all(resource: Resource, words: str) -> str:
    """The address of the list of everything of one kind that is found."""
    return render.address(f"/{resource.slug}/", listing.Query(search=words).parameters())


def _details(resource: Resource, row: Any) -> list[Cell]:
    names = search.SEARCHED[resource.slug]
    return [render.cell(resource.by_name[name], row._mapping[name]) for name in names]
