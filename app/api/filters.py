"""Saved filters of a list."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BeforeValidator, Field

from app.api import bodies, lists
from app.services import saved_filters
from app.services.inputs import Input, storable
from app.services.resource import Resource
from app.web import current_actor


class FilterInput(Input):
    """A list's query string under a name."""

    name: Annotated[str, Field(min_length=1, max_length=80), BeforeValidator(storable)]
    query: Annotated[str, Field(max_length=4000), BeforeValidator(storable)]
    shared: bool = False


def listed(resource: Resource) -> dict[str, Any]:
    """One's own filters, then the shared ones, by name."""
    return {"items": [_shown(each) for each in saved_filters.of_list(resource.slug, current_actor())]}


def save(resource: Resource) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Keep a query under a name. Raises Invalid for a query that the list would refuse, Conflict for a name that is
    taken.
    """
    values, actor = bodies.read(FilterInput), current_actor()
    query = urlencode(lists.read_text(resource, actor, values["query"], "query").parameters())
    saved = saved_filters.save(resource.slug, values["name"], query, values.get("shared", False), actor=actor)
    return _shown(saved), 201, {"Location": f"{lists.PREFIX}/{resource.slug}/filters/{saved.id}"}


def delete(filter_id: UUID) -> None:
    """Forget a filter of one's own; admins also what others share. Raises NotFound."""
    saved_filters.delete(filter_id, actor=current_actor())


def _shown(saved: Any) -> dict[str, Any]:
    return {
        "id": str(saved.id),
        "name": saved.name,
        "query": saved.query,
        "shared": saved.shared,
        "own": saved.owner_id == current_actor().id,
    }
