"""The page record of a list, from a resource and the query in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode

from flask import request, url_for
from flask_babel import gettext as _

from app.policies.actor import Actor
from app.policies.rules import may_remove_filter, may_share_filter
from app.services import listing, saved_filters
from app.services.errors import Invalid
from app.services.listing import SIZES, Page, Query
from app.services.positions import LAST
from app.services.resource import Kind, Resource
from app.views import list_filters, render
from app.views.page import (
    Choice,
    Column,
    Empty,
    Link,
    ListPage,
    Paging,
    Row,
    SavedFilter,
    Table,
)

LONGEST_QUERY = 8_000  # characters


def shown_query(resource: Resource, actor: Actor, arguments: Mapping[str, Sequence[str]]) -> Query:
    """The query of an address, for a screen: deleted records are for those who may restore them."""
    query = listing.read_query(resource, arguments)
    return query if actor.may("restore", resource.name) else replace(query, deleted=False)


def board_query(resource: Resource, arguments: Mapping[str, Sequence[str]]) -> Query:
    """The query of an address, for a board: it has no deleted records, which are restored in the list."""
    return replace(listing.read_query(resource, arguments), deleted=False)


def same_rows(url: str, query: Query) -> str:
    """The address of another view of the rows that a query finds: its search and filters, without the looks of this one."""
    return render.address(url, query.parameters(sort="", columns=(), size=SIZES[0], deleted=False))


def columns(resource: Resource, names: Sequence[str], query: Query, url: str) -> list[Column]:
    """The heads of the columns, with the address that sorts by each."""
    sort = query.sort or resource.default_sort
    made = []
    for name in names:
        attribute = resource.by_name[name]
        key = "last_name" if name == "name" and "last_name" in resource.by_name else name
        sortable = resource.by_name[key].sortable
        current = {key: "asc", f"-{key}": "desc"}.get(sort, "")
        target = f"-{key}" if current == "asc" else key
        made.append(
            Column(
                name,
                titles(resource, render.reader().locale)[name],
                render.address(url, query.parameters(sort=target)) if sortable else "",
                current,
                "end" if attribute.kind is Kind.NUMBER and not attribute.called else "start",
            )
        )
    return made


def row(resource: Resource, names: Sequence[str], found: Any, url: str) -> Row:
    """One row; its first cell links to the record."""
    values = found._mapping
    cells = [
        render.cell(resource.by_name[name], values[name], url=url if position == 0 else "")
        for position, name in enumerate(names)
    ]
    return Row(str(found.id), url, resource.title(found), cells)


@cache
def titles(resource: Resource, _locale: str) -> dict[str, str]:
    """What the attributes are called, in one language."""
    return {each.name: str(each.label) for each in resource.attributes}


def paging(query: Query, page: Page, url: str) -> Paging:
    def at(**position: str) -> str:
        return render.address(url, query.parameters(**position))

    return Paging(
        render.total(page.total, page.limit),
        len(page.rows),
        first_url="" if page.first else at(),
        previous_url="" if page.first or not page.start else at(before=page.start),
        next_url="" if page.last or not page.end else at(after=page.end),
        last_url="" if page.last else at(before=LAST),
        sizes=[
            Choice(render.address(url, query.parameters(size=size)), str(size), size == query.size) for size in SIZES
        ],
    )


def saved(resource: Resource, query: Query, url: str, actor: Actor) -> list[SavedFilter]:
    current = urlencode(query.parameters())
    endpoint = request.endpoint.partition(".")[0] if request.endpoint else ""
    return [
        SavedFilter(
            each.name,
            f"{url}?{each.query}",
            each.query == current,
            each.shared,
            url_for(f"{endpoint}.delete_filter", filter_id=each.id) if may_remove_filter(actor, each) is None else "",
        )
        for each in saved_filters.of_list(resource.slug, actor)
    ]


def empty(resource: Resource, query: Query, url: str, new: Link | None, tools: Sequence[Link]) -> Empty:
    """What an empty list says: what would be here, and how to make the first."""
    if query.search or query.filters:
        return Empty(
            _("Nothing matches"),
            _("No %(kind)s fits this search and these filters.", kind=render.inside(resource.singular)),
            [Link(_("Clear search and filters"), url)],
        )
    if query.deleted:
        return Empty(_("Nothing was deleted"))
    uploads = [each for each in tools if each.url.endswith("/new")]
    text = (
        _("Add the first one: it will be listed here.") if new else _("When there are some, they will be listed here.")
    )
    if new and uploads:
        text = _("Add the first one, or import many from a file.")
    first = [replace(new, primary=True)] if new else []
    return Empty(_("No %(kind)s yet", kind=render.inside(resource.plural)), text, [*first, *uploads])


def list_head(
    resource: Resource,
    actor: Actor,
    query: Query,
    url: str,
    *,
    new: Link | None = None,
    tools: Sequence[Link] = (),
    tabs: Sequence[Link] = (),
) -> ListPage:
    """What stands over the rows of a list or a board: search, filters, saved filters, tools."""
    return ListPage(
        title=str(resource.plural),
        description="",
        url=url,
        table=Table([], [], Empty("")),
        paging=Paging("", 0),
        search=query.search,
        search_placeholder=str(resource.search_help),
        keep=query.parameters(search=""),
        chips=list_filters.chips(query, url, actor),
        filter_fields=list_filters.fields(resource, render.reader().locale),
        filters_key=f"{resource.slug} {url} {render.language()}",
        query=urlencode(query.parameters()),
        tools=list(tools),
        new=new,
        tabs=list(tabs),
    )


def list_page(
    resource: Resource,
    actor: Actor,
    query: Query,
    default_columns: Sequence[str],
    url: str,
    *,
    description: str = "",
    new: Link | None = None,
    tools: Sequence[Link] = (),
    bulk: Sequence[Link] = (),
    tabs: Sequence[Link] = (),
    record_url: Any = None,
) -> ListPage:
    """A whole list page. `record_url(id)` is the address of a row."""
    names = query.columns or tuple(default_columns)
    found = listing.fetch(resource, actor, query, names)
    page = list_head(resource, actor, query, url, new=new, tools=tools, tabs=tabs)
    rows = [row(resource, names, each, record_url(each.id)) for each in found.rows]
    page.description, page.bulk = description, list(bulk)
    nothing = Empty("") if rows else empty(resource, query, url, new, tools)
    page.table = Table(columns(resource, names, query, url), rows, nothing)
    page.paging, page.saved, page.save_url = (
        paging(query, found, url),
        saved(resource, query, url, actor),
        f"{url}filters",
    )
    page.may_share = may_share_filter(actor) is None
    page.column_choices = [
        Choice(name, label, name in names) for name, label in titles(resource, render.reader().locale).items()
    ]
    return page


def query_arguments(raw: str) -> dict[str, list[str]]:
    """The arguments in a query string that was sent. Raises Invalid when it is too large, as what is left of it would be
    another list.
    """
    try:
        if len(raw) < LONGEST_QUERY:
            return parse_qs(raw.lstrip("?"), max_num_fields=60)
    except ValueError:
        pass
    raise Invalid(_("This search has too many or too long filters."))
