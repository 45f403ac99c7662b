"""Actions on one record and on many, and saved filters of the list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.api import actions, filters, schemas
from app.api.auth import allow
from app.api.base.reading import Reading
from app.api.once import PARAMETER as ONCE
from app.api.routes import BY_NAME, route


class Acting(Reading):
    """What is done to records by name."""

    @route(
        "POST",
        "/<pk>/actions/<name>",
        "Do something to a record",
        needs=BY_NAME,
        variants=actions.on_one,
        answer=schemas.SINGLE,
        parameters=(ONCE,),
        others=(404, 409),
    )
    def perform(self, pk: str, name: str) -> Any:
        action = actions.find(self.resource, name, bulk=False)
        allow(name, self.resource.name)
        return actions.one(action, self.key(pk))

    @route(
        "POST",
        "/actions/<name>",
        "Do something to many records",
        needs=BY_NAME,
        variants=actions.on_many,
        answer=schemas.RESULT,
        parameters=(ONCE,),
        others=(404, 409),
    )
    def perform_on_many(self, name: str) -> Any:
        action = actions.find(self.resource, name, bulk=True)
        allow(name, self.resource.name)
        return actions.many(self.resource, action)

    @route(
        "POST",
        "/actions/<name>/undo",
        "Take back what was done in one go",
        needs=BY_NAME,
        variants=actions.undoing,
        answer=schemas.RESULT,
        others=(404,),
    )
    def undo(self, name: str) -> Any:
        action = actions.find_any(self.resource, name)
        allow(name, self.resource.name)
        return actions.undo(action)


class Filtering(Reading):
    """Lists kept under a name."""

    @route("GET", "/filters", "List saved filters, one's own and the shared ones", needs="list", answer=schemas.FILTERS)
    def saved_filters(self) -> Any:
        return filters.listed(self.resource)

    @route(
        "POST",
        "/filters",
        "Save a filter",
        needs="list",
        body=filters.FilterInput,
        status=201,
        answer=schemas.FILTER,
        others=(409,),
    )
    def save_filter(self) -> Any:
        return filters.save(self.resource)

    @route(
        "DELETE",
        "/filters/<uuid:filter_id>",
        "Forget a filter of one's own, or as an admin a shared one",
        needs="list",
        status=204,
        others=(404,),
    )
    def delete_filter(self, filter_id: UUID) -> Any:
        filters.delete(filter_id)
