"""Reading lists: filters, search, sorting and keyset paging over a resource, under the actor's row rule.

A page costs the same whatever the table holds: the position is a key, not an offset, and counting stops at a limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import ScalarSelect, Select, and_, func, literal_column, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.extensions import db
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.errors import Invalid
from app.services.filters import Filter, met, read_filter
from app.services.keysets import among
from app.services.matching import all_words
from app.services.positions import LAST, beyond, position_of, read_position
from app.services.resource import Attribute, Resource

SIZES = (25, 50, 100)
COUNT_LIMIT = 5_000  # so that a list of a million rows costs hardly more than one of a thousand
MOST_AT_ONCE = 10_000  # that an action takes
SEARCH_COUNT_LIMIT = 1_000  # every row that a search counts is read
MOST_FILTERS = 12
MOST_WORDS = 8


@dataclass(frozen=True)
class Query:
    """A list as its address says it. `after` and `before` are positions."""

    search: str = ""
    filters: tuple[Filter, ...] = ()
    sort: str = ""
    size: int = SIZES[0]
    after: str = ""
    before: str = ""
    columns: tuple[str, ...] = ()
    deleted: bool = False
    ids: tuple[UUID, ...] = field(default=())
    left_out: bool = field(default=False, compare=False)  # a filter of the address is not understood

    def parameters(self, **changes: Any) -> list[tuple[str, str]]:
        """The query string of this list, positions left out unless given."""
        query = replace(self, **({"after": "", "before": ""} | changes))
        pairs = [
            ("q", query.search),
            *(("f", str(each)) for each in query.filters),
            ("sort", query.sort),
            ("cols", ",".join(query.columns)),
            ("after", query.after),
            ("before", query.before),
        ]
        if query.size != SIZES[0]:
            pairs.append(("size", str(query.size)))
        if query.deleted:
            pairs.append(("deleted", "1"))
        return [(name, value) for name, value in pairs if value]


@dataclass(frozen=True)
class Page:
    """Some rows of a list. `total` counts up to `limit` + 1."""

    rows: Sequence[Any]
    total: int
    limit: int
    first: bool
    last: bool
    start: str
    end: str


def read_query(resource: Resource, arguments: Mapping[str, Sequence[str]], *, strict: bool = False) -> Query:
    """The query of an address. What is not understood is left out, as an old bookmark deserves, and for filters the
    query says so; `strict`, as for the API, raises Invalid instead.
    """

    def one(name: str) -> str:
        return (arguments.get(name) or [""])[0]

    problems: dict[str, list[Any]] = {}
    filters = []
    given = arguments.get("f") or []
    if len(given) > MOST_FILTERS:
        problems["f"] = [_("At most %(most)s filters.", most=MOST_FILTERS)]
    for raw in given[:MOST_FILTERS]:
        parsed = read_filter(resource, raw)
        if parsed is None:
            problems.setdefault("f", []).append(_("There is no such filter: %(filter)s", filter=raw[:100]))
        else:
            filters.append(parsed)
    sort = one("sort")
    attribute = resource.by_name.get(sort.removeprefix("-"))
    if sort and (attribute is None or not attribute.sortable):
        problems["sort"] = [_("Cannot sort by %(name)s.", name=sort[:60])]
        sort = ""
    size = int(one("size")) if one("size").isdecimal() and len(one("size")) < 4 else SIZES[0]
    if one("size") and size not in SIZES:
        problems["size"] = [_("The page size is one of %(sizes)s.", sizes=", ".join(map(str, SIZES)))]
        size = min((each for each in SIZES if each >= size), default=SIZES[-1])
    columns = tuple(name for name in one("cols").split(",") if name in resource.by_name)
    search = one("q").replace("\0", "")[:200].strip()
    positions = {name: one(name) for name in ("after", "before") if one(name)}
    for name, position in positions.items():
        if read_position(resource, sort or resource.default_sort, position) is None:
            problems[name] = [_("This position is not valid.")]
            positions[name] = ""
    if strict and problems:
        raise Invalid(fields=problems)
    return Query(
        search,
        tuple(filters),
        sort,
        size,
        positions.get("after", ""),
        positions.get("before", ""),
        columns,
        one("deleted") == "1",
        left_out="f" in problems,
    )


def conditions(resource: Resource, actor: Actor, query: Query) -> list[ColumnElement[bool]]:
    """Everything that decides which rows are in the list."""
    found = [visible(resource.model, actor, deleted=query.deleted), *(met(resource, item) for item in query.filters)]
    if query.ids:
        found.append(among(resource.model.id, query.ids))
    if query.search and resource.search is not None:
        words = all_words(resource.search, query.search, MOST_WORDS)
        besides = resource.search_besides(query.search) if resource.search_besides else ()
        found += [or_(and_(*words), among(resource.model.id, besides))] if besides else words
    return found


def from_joined(statement: Select[Any], attributes: Sequence[Attribute]) -> Select[Any]:
    """The statement with the tables that these attributes are shown from."""
    joined = set()
    for attribute in attributes:
        if attribute.join is not None and id(attribute.join[0]) not in joined:
            joined.add(id(attribute.join[0]))
            statement = statement.outerjoin(*attribute.join)
    return statement


def fetch(resource: Resource, actor: Actor, query: Query, columns: Sequence[str], *, count: bool = True) -> Page:
    """One page: rows with `id`, the resource's title columns, and for each column its value and, for a relation, its
    key as `<name>__key`.
    """
    sort_name = query.sort or resource.default_sort
    descending, sort = sort_name.startswith("-"), resource.by_name[sort_name.removeprefix("-")]
    shown = [resource.by_name[name] for name in columns]
    selected = [resource.model.id.label("id"), sort.value.label("__sort"), *resource.title_columns]
    for attribute in shown:
        selected.append(attribute.value.label(attribute.name))
        if attribute.key is not None:
            selected.append(attribute.key.label(f"{attribute.name}__key"))
    where = conditions(resource, actor, query)
    statement = from_joined(select(*selected).select_from(resource.model), [*shown, sort]).where(*where)

    backwards = bool(query.before)
    position = read_position(resource, sort_name, query.before or query.after)
    downwards = descending != backwards
    if position is not None:
        statement = statement.where(beyond(resource, sort, position, downwards))
    order = _order(resource, sort, downwards)
    rows = list(db.session.execute(statement.order_by(*order).limit(query.size + 1)).all())
    more = len(rows) > query.size
    rows = rows[: query.size]
    if backwards:
        rows.reverse()
    limit = (
        SEARCH_COUNT_LIMIT
        if query.search or any(item.operator == "contains" for item in query.filters)
        else COUNT_LIMIT
    )
    total = count_rows(resource, where, limit) if count and (more or position is not None) else len(rows)
    return Page(
        rows,
        total,
        limit,
        first=not more if backwards else not query.after,
        last=not more if not backwards else query.before == LAST,
        start=position_of(rows[0]) if rows else "",
        end=position_of(rows[-1]) if rows else "",
    )


def _order(resource: Resource, sort: Attribute, downwards: bool) -> list[ColumnElement[Any]]:
    by = [sort.value.desc(), resource.model.id.desc()] if downwards else [sort.value.asc(), resource.model.id.asc()]
    if sort.sorts_nulls:
        by[0] = by[0].nulls_first() if downwards else by[0].nulls_last()
    return by


def first(resource: Resource, actor: Actor, query: Query, *columns: Any) -> Select[Any]:
    """The columns of the first rows of a list, as a statement."""
    sort_name = query.sort or resource.default_sort
    sort = resource.by_name[sort_name.removeprefix("-")]
    statement = from_joined(select(*columns).select_from(resource.model), [sort])
    where, order = conditions(resource, actor, query), _order(resource, sort, sort_name.startswith("-"))
    return statement.where(*where).order_by(*order).limit(query.size)


def keys(resource: Resource, actor: Actor, query: Query) -> list[Any]:
    """The keys of all rows of a list. Raises Invalid when there are more than MOST_AT_ONCE."""
    statement = select(resource.model.id).where(*conditions(resource, actor, query)).order_by(resource.model.id)
    found = list(db.session.scalars(statement.limit(MOST_AT_ONCE + 1)))
    if len(found) > MOST_AT_ONCE:
        raise Invalid(_("At most %(most)s at once: narrow the list by a filter.", most=f"{MOST_AT_ONCE:,}"))
    return found


def count_rows(resource: Resource, where: Sequence[ColumnElement[bool]], limit: int) -> int:
    """How many rows, counted up to `limit` + 1."""
    return int(db.session.execute(select(counted(resource.model, where, limit))).scalar_one())


def counted(model: Any, where: Sequence[ColumnElement[bool]], limit: int) -> ScalarSelect[int]:
    """How many rows, counted up to `limit` + 1, as a part of a statement."""
    some = select(literal_column("1")).select_from(model).where(*where).limit(limit + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
