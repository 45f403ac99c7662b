"""Saved filters of a list."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from flask_babel import gettext as _
from pydantic import BeforeValidator, Field
from werkzeug.datastructures import MultiDict

from app.api import bodies, lists
from app.services import saved_filters
from app.services.errors import Invalid
from app.services.inputs import Input, storable
from app.services.resource import Resource
from app.web import current_actor


class FilterInput(Input):
    """A list's query string under a name."""

    name: Annotated[str, Field(min_length=1, max_length=80), BeforeValidator(storable)]
    query: Annotated[str, Field(max_length=4000), BeforeValidator(storable)]
    shared: bool = False


def listed(resource: Resource) -> dict[str, Any]:
    """One's own and the shared filters, by name."""
    return {"items": [_shown(each) for each in saved_filters.of_list(resource.slug, current_actor())]}


def save(resource: Resource) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Keep a query under a name. Raises Invalid for a query that the list would refuse, Conflict for a name that is taken."""
    values, actor = bodies.read(FilterInput), current_actor()
    try:
        arguments = MultiDict(parse_qsl(values["query"].lstrip("?"), max_num_fields=60))
        query = urlencode(lists.read_arguments(resource, actor, arguments).parameters())
    except Invalid as error:
        raise Invalid(fields={"query": [text for texts in error.fields.values() for text in texts]}) from error
    except ValueError as error:
        raise Invalid(fields={"query": [_("There are too many parameters.")]}) from error
    saved = saved_filters.save(resource.slug, values["name"], query, values.get("shared", False), actor=actor)
    return _shown(saved), 201, {"Location": f"{lists.PREFIX}/{resource.slug}/filters/{saved.id}"}


def delete(filter_id: UUID) -> None:
    """Forget a filter of one's own. Raises NotFound."""
    saved_filters.delete(filter_id, actor=current_actor())


def _shown(saved: Any) -> dict[str, Any]:
    return {
        "id": str(saved.id), "name": saved.name, "query": saved.query, "shared": saved.shared,
        "own": saved.owner_id == current_actor().id,
    }
