"""The routes that every resource gets by being registered: list, record, changes, actions, history, saved filters.

Rows are read through `listing` and the scopes, as the screens read them, and every change is one call of a service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _
from sqlalchemy import inspect, select

from app.api import actions, bodies, filters, lists, schemas
from app.api.once import PARAMETER as ONCE
from app.api.once import once
from app.api.represent import mapping, row
from app.api.routes import BY_NAME, PREFIX, Api, Parameter, allow, route
from app.extensions import db
from app.policies.scopes import visible
from app.services import history as row_history
from app.services import listing
from app.services.errors import Invalid, NotFound
from app.services.resource import Resource
from app.web import current_actor

STAMPS = ("created_at", "created_by_id", "updated_at", "updated_by_id", "deleted_at")
HISTORY_PAGE = 50
LIST_PARAMETERS = tuple(lists.PARAMETERS.values())
IF_MATCH = Parameter(
    "If-Match",
    "The ETag of the record as you know it: refused if somebody changed it since.",
    {"type": "string"},
    place="header",
)


class RecordApi(Api):
    """Base of the API of one resource. `more` are columns that a single record shows beside its attributes."""

    resource: Resource
    more: Sequence[str] = ()
    row_schemas: Mapping[str, Any] = {}  # what `dressed` changes in every row, and
    detail_schemas: Mapping[str, Any] = {}  # what `details` adds to a record, for the document

    def __init__(self) -> None:
        self.class_permission_name = self.resource.name
        self.route_base = f"{PREFIX}/{self.resource.slug}"
        self.exclude_route_methods = self._routes_without_service()
        super().__init__()
        self.base_permissions: list[str] = sorted(
            {*self.base_permissions, *(f"can_{action.name}" for action in self.resource.actions)}
        )

    def _routes_without_service(self) -> set[str]:
        """A resource without a way to write has no route for it."""
        resource = self.resource
        needed = {
            "create": resource.create,
            "change": resource.update,
            "replace": resource.update,
            "remove": resource.delete,
            "restore": resource.restore,
            "perform": resource.actions,
            "undo": any(each.undo for each in resource.actions),
            "perform_on_many": actions.known(resource),
        }
        return {name for name, service in needed.items() if not service}

    # reading

    @route("GET", "", "List records", needs="list", parameters=LIST_PARAMETERS, answer=schemas.page)
    def index(self) -> Any:
        query = lists.read(self.resource, current_actor())
        columns = query.columns or tuple(self.resource.by_name)
        page = listing.fetch(self.resource, current_actor(), query, columns)
        return self.dressed(lists.answer(self.resource, query, page, columns))

    def dressed(self, answer: Any) -> Any:
        """A page as it is sent; subclasses may change its rows."""
        return answer

    @route("GET", "/<pk>", "Read a record", needs="show", answer=schemas.record, others=(404,))
    def show(self, pk: str) -> Any:
        """A deleted record is shown to those who may restore it."""
        key, may_restore = self.key(pk), current_actor().may("restore", self.resource.name)
        return self.answer(self.item(key, deleted=may_restore and self.resource.soft_deleted))

    def key(self, raw: str) -> Any:
        """The typed key of an address. Raises NotFound for one that cannot be a key."""
        try:
            key = actions.key_type(self.resource)(raw)
        except ValueError:
            raise NotFound from None
        if isinstance(key, int) and not 0 < key < 2**31:
            raise NotFound
        return key

    def item(self, key: Any, *, deleted: bool = False) -> dict[str, Any]:
        """The record as JSON, if the actor may see it. Raises NotFound."""
        resource, actor = self.resource, current_actor()
        columns = tuple(resource.by_name)
        for query in (listing.Query(ids=(key,)), *([listing.Query(ids=(key,), deleted=True)] if deleted else [])):
            if rows := listing.fetch(resource, actor, query, columns, count=False).rows:
                return row(resource.attributes, rows[0]) | self.details(key)
        raise NotFound

    def details(self, key: Any) -> dict[str, Any]:
        """What a single record shows beyond its attributes."""
        model = self.resource.model
        columns = [getattr(model, name) for name in self.detail_names()]
        if not columns:
            return {}
        return mapping(db.session.execute(select(*columns).where(model.id == key)).one()._mapping)

    def detail_names(self) -> list[str]:
        known = inspect(self.resource.model).columns
        return [name for name in (*self.more, *STAMPS) if name in known]

    def answer(self, item: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Any:
        """A record with its ETag, which is the moment of its last change."""
        version = item.get("updated_at")
        return item, status, {**(headers or {}), **({"ETag": f'"{version}"'} if version else {})}

    # writing

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

    # actions

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
        action = actions.find(self.resource, name, bulk=True)
        allow(name, self.resource.name)
        return actions.undo(action)

    # history and saved filters

    @route(
        "GET",
        "/<pk>/history",
        "Every change of a record, newest first",
        needs="history",
        parameters=(schemas.BEFORE_NUMBER,),
        answer=schemas.HISTORY,
        others=(404,),
    )
    def history(self, pk: str) -> Any:
        key, model = self.key(pk), self.resource.model
        rule = visible(model, current_actor())
        if self.resource.soft_deleted and current_actor().may("restore", self.resource.name):
            rule = rule | visible(model, current_actor(), deleted=True)
        if db.session.scalar(select(model.id).where(model.id == key, rule)) is None:
            raise NotFound
        rows = row_history.of_row(model.__tablename__, key, before=read_number("before"), limit=HISTORY_PAGE)
        older = f"{self.route_base}/{key}/history?before={rows[-1].id}" if len(rows) == HISTORY_PAGE else None
        return (
            {"items": [mapping(each._mapping) for each in rows], "next": older},
            200,
            lists.link_header({"next": older}),
        )

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
        "DELETE", "/filters/<uuid:filter_id>", "Forget a filter of one's own", needs="list", status=204, others=(404,)
    )
    def delete_filter(self, filter_id: UUID) -> Any:
        filters.delete(filter_id)


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


def read_number(name: str) -> int | None:
    """A position in the query that is a number. Raises Invalid."""
    raw = request.args.get(name, "")
    if not raw:
        return None
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 18):
        raise Invalid(fields={name: [_("This position is not valid.")]})
    return int(raw)
