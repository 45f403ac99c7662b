"""Choices for autocomplete, and the search over all records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, jsonify, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.services import listing, lookups, search
from app.services.resource import Resource
from app.views import lists, render
from app.views.page import Empty, Section, Table
from app.views.security import current_actor, refuse_unless, requires

SUGGESTIONS = 6


class LookupView(BaseView):
    route_base = "/lookups"
    default_view = "find"

    @expose("/<name>")
    def find(self, name: str) -> Any:
        """The permission is that of the lookup itself: a visitor is refused before the name is looked at. `all`: also what may
        not be chosen anew, for filters.
        """
        lookup = lookups.LOOKUPS.get(name)
        refused = refuse_unless(*(lookup.permission if lookup else ("show", "Home")))
        if refused is not None:
            return refused
        if lookup is None:
            abort(404)
        words = request.args.get("q", "")[:200].replace("\0", "")
        found, more = lookups.find(name, current_actor(), words, every="all" in request.args)
        return jsonify(results=[{"id": each.id, "text": each.text, "detail": each.detail} for each in found], more=more)


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
            return jsonify([item for resource in self.resources() for item in self.suggestions(resource, words)])
        sections = [self.section(resource, words) for resource in self.resources()] if words else []
        return render_template("search.html", page=SearchPage(_("Search"), words, sections))

    def resources(self) -> list[Resource]:
        return search.resources(current_actor())

    def found(self, resource: Resource, words: str, size: int) -> listing.Page:
        return search.find(resource, words, size, current_actor())

    def suggestions(self, resource: Resource, words: str) -> list[dict[str, str]]:
        if len(words) < 2:
            return []
        return [
            {
                "group": str(resource.plural),
                "title": resource.title(row),
                "detail": " · ".join(filter(None, (row.phone, row.email))),
                "url": f"/{resource.slug}/{row.id}",
            }
            for row in self.found(resource, words, SUGGESTIONS).rows
        ]

    def section(self, resource: Resource, words: str) -> Section:
        names = ("name", "phone", "email")
        query = listing.Query(search=words)
        page = self.found(resource, words, listing.SIZES[0])
        rows = [lists.row(resource, names, found, f"/{resource.slug}/{found.id}") for found in page.rows]
        columns = lists.columns(resource, names, query, f"/{resource.slug}/")
        for column in columns:
            column.sort_url = ""
        more = lists.address(f"/{resource.slug}/", query.parameters()) if not page.last else ""
        shown = render.number(len(rows)) + ("+" if more else "")
        return Section(str(resource.plural), shown, Table(columns, rows, Empty(_("Nothing matches"))), more_url=more)
