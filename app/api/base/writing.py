"""Making, changing, deleting and restoring records; every change is one call of a service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy import inspect

from app.api import bodies, schemas
from app.api.base.reading import Reading
from app.api.once import PARAMETER as ONCE
from app.api.once import once
from app.api.routes import Parameter, route
from app.services.errors import Invalid, NotFound
from app.web import current_actor

IF_MATCH = Parameter(
    "If-Match",
    "The ETag of the record as you know it: refused if somebody changed it since.",
    {"type": "string"},
    place="header",
)


class Writing(Reading):
    """What changes one record."""

    @route(
        "POST",
        "",
        "Make a record",
        needs="add",
        body=schemas.input_of,
        status=201,
        answer=schemas.record,
        parameters=(ONCE,),
        others=(409,),
    )
    def create(self) -> Any:
        resource = self.resource
        assert resource.create is not None
        assert resource.input is not None
        values = bodies.read(resource.input)

        def work() -> Any:
            made = resource.create(values, actor=current_actor())  # type: ignore[misc]
            return self.answer(self.item(made.id), 201, {"Location": f"{self.route_base}/{made.id}"})

        return once(work)

    @route(
        "PATCH",
        "/<pk>",
        "Change fields of a record",
        needs="edit",
        body=schemas.change_of,
        answer=schemas.record,
        parameters=(IF_MATCH,),
        others=(404, 409),
    )
    def change(self, pk: str) -> Any:
        """Fields that are not given stay as they are."""
        assert self.resource.input is not None
        key = self.key(pk)
        return self.write(key, bodies.read(self.resource.input, change=True))

    @route(
        "PUT",
        "/<pk>",
        "Replace a record",
        needs="edit",
        body=schemas.input_of,
        answer=schemas.record,
        parameters=(IF_MATCH,),
        others=(404, 409),
    )
    def replace(self, pk: str) -> Any:
        """Fields that may be empty and are not given are emptied."""
        assert self.resource.input is not None
        key = self.key(pk)
        known = inspect(self.resource.model).columns
        emptied = {name: None for name in self.resource.input.model_fields if name in known and known[name].nullable}
        return self.write(key, emptied | bodies.read(self.resource.input))

    def write(self, key: Any, values: Mapping[str, Any]) -> Any:
        assert self.resource.update is not None
        self.resource.update(key, values, actor=current_actor(), version=read_version())
        return self.answer(self.item(key))

    @route(
        "DELETE",
        "/<pk>",
        "Delete a record",
        needs="delete",
        status=204,
        parameters=schemas.delete_parameters,
        others=(404, 409),
    )
    def remove(self, pk: str) -> Any:
        resource = self.resource
        assert resource.delete is not None
        values = (
            bodies.typed(resource.delete_input, request.args.to_dict()) if resource.delete_input is not None else {}
        )
        outcomes = resource.delete([self.key(pk)], actor=current_actor(), **values).outcomes
        raise_refusal(outcomes)

    @route("POST", "/<pk>/restore", "Restore a deleted record", needs="restore", answer=schemas.record, others=(404,))
    def restore(self, pk: str) -> Any:
        assert self.resource.restore is not None
        key = self.key(pk)
        raise_refusal(self.resource.restore([key], actor=current_actor()).outcomes)
        return self.answer(self.item(key))


def raise_refusal(outcomes: Sequence[Any]) -> None:
    """Raises the refusal of a single record, or NotFound when there was none to do it to."""
    if not outcomes:
        raise NotFound
    if outcomes[0].refusal is not None:
        raise outcomes[0].refusal


def read_version() -> datetime | None:
    """The moment in the If-Match header. Raises Invalid."""
    raw = request.headers.get("If-Match", "*").removeprefix("W/").strip('"')
    if raw == "*":
        return None
    try:
        version = datetime.fromisoformat(raw)
    except ValueError:
        version = None
    if version is None or version.tzinfo is None:
        raise Invalid(fields={"If-Match": [_("This is not an ETag of a record.")]})
    return version
