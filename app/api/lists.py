"""Lists of records: reading the query strictly, and a page with the ways on and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.api.represent import row
from app.api.routes import PREFIX, Parameter
from app.policies.actor import Actor
from app.services import listing
from app.services.errors import Invalid, NotAllowed
from app.services.listing import MOST_FILTERS, SIZES, Page, Query
from app.services.resource import Resource

LONGEST_SEARCH = 200
MOST_ARGUMENTS = 60
LIST = ("q", "f", "sort", "size", "after", "before", "cols", "deleted")
CONDITIONS = ("q", "f", "deleted")


def read(resource: Resource, actor: Actor, allowed: Sequence[str] = LIST) -> Query:
    """The query of this request. What is not understood is refused, never ignored: a caller who mistypes a filter must
    not get all rows. Raises Invalid, naming the parameter; NotAllowed for deleted records without the permission to
    restore.
    """
    return read_arguments(resource, actor, request.args, allowed)


def read_arguments(
    resource: Resource, actor: Actor, arguments: MultiDict[str, str], allowed: Sequence[str] = LIST
) -> Query:
    """The query that these arguments say. Raises as `read` does."""
    if problems := {name: list(found) for name, found in _problems(resource, arguments, allowed)}:
        raise Invalid(fields=problems)
    query = listing.read_query(resource, arguments.to_dict(flat=False), strict=True)
    if query.deleted and not actor.may("restore", resource.name):
        raise NotAllowed(_("Only those who may restore records see deleted ones."))
    return query


def read_text(resource: Resource, actor: Actor, text: str, field: str) -> Query:
    """The query that a query string says. Raises Invalid at `field`, and NotAllowed as `read` does."""
    try:
        return read_arguments(
            resource, actor, MultiDict(parse_qsl(text.removeprefix("?"), max_num_fields=MOST_ARGUMENTS))
        )
    except Invalid as error:
        raise Invalid(
            fields={field: [sentence for sentences in error.fields.values() for sentence in sentences]}
        ) from error
    except ValueError as error:
        raise Invalid(fields={field: [_("There are too many parameters.")]}) from error


def _problems(resource: Resource, arguments: MultiDict[str, str], allowed: Sequence[str]) -> Any:
    """What `listing.read_query` would pass over in silence."""
    for name in arguments:
        if name not in allowed:
            yield name[:100], [_("There is no such parameter.")]
        elif name != "f" and len(arguments.getlist(name)) > 1:
            yield name, [_("Give this only once.")]
    search = arguments.get("q", "")
    if len(search) > LONGEST_SEARCH or "\0" in search:
        yield "q", [_("At most %(max_length)s characters.", max_length=LONGEST_SEARCH)]
    if len(arguments.getlist("f")) > MOST_FILTERS:
        yield "f", [_("At most %(most)s filters.", most=MOST_FILTERS)]
    if arguments.get("size", "25") not in map(str, SIZES):
        yield "size", [_("The page size is one of %(sizes)s.", sizes=", ".join(map(str, SIZES)))]
    if arguments.get("after") and arguments.get("before"):
        yield "before", [_("Give either after or before.")]
    unknown = [name for name in arguments.get("cols", "").split(",") if name and name not in resource.by_name]
    if unknown:
        yield "cols", [_("There is no column %(name)s.", name=", ".join(unknown)[:100])]
    if arguments.get("deleted", "0") not in {"0", "1"} or (
        arguments.get("deleted") == "1" and not resource.soft_deleted
    ):
        yield "deleted", [_("Must be 0 or 1.")]


def answer(
    resource: Resource, query: Query, page: Page, columns: Sequence[str]
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """A page as JSON and its Link header. `next` and `previous` are null at the ends."""
    attributes = [resource.by_name[name] for name in columns]
    ways = {
        "next": None if page.last or not page.end else address(resource, query, after=page.end),
        "previous": None if page.first or not page.start else address(resource, query, before=page.start),
    }
    body = {
        "items": [row(attributes, found) for found in page.rows],
        "total": min(page.total, page.limit),
        "total_is_exact": page.total <= page.limit,
        **ways,
    }
    return body, 200, link_header(ways)


def address(resource: Resource, query: Query, **position: str) -> str:
    return f"{PREFIX}/{resource.slug}?{urlencode(query.parameters(**position))}"


def link_header(ways: Mapping[str, str | None]) -> dict[str, str]:
    """RFC 8288, for clients that follow links without reading the body."""
    names = {"next": "next", "previous": "prev"}
    links = [f'<{url}>; rel="{names[name]}"' for name, url in ways.items() if url]
    return {"Link": ", ".join(links)} if links else {}


_TEXT = {"type": "string"}
PARAMETERS = {
    "q": Parameter("q", "Words, all of which must occur.", _TEXT | {"maxLength": LONGEST_SEARCH}),
    "f": Parameter(
        "f",
        "A filter, as `attribute:operator:value`. Several must all be met.",
        {"type": "array", "items": _TEXT, "maxItems": MOST_FILTERS},
        many=True,
    ),
    "sort": Parameter("sort", "An attribute; with a minus in front, downwards.", _TEXT),
    "size": Parameter("size", "Rows of a page.", {"type": "integer", "enum": list(SIZES), "default": SIZES[0]}),
    "after": Parameter("after", "A position, from `next`.", _TEXT),
    "before": Parameter("before", "A position, from `previous`; `last` is the last page.", _TEXT),
    "cols": Parameter("cols", "The attributes wanted, separated by commas; all unless given.", _TEXT),
    "deleted": Parameter(
        "deleted",
        "1 lists deleted records instead, for those who may restore them.",
        {"type": "integer", "enum": [0, 1], "default": 0},
    ),
}
