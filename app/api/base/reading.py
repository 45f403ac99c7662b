"""Lists, records and their history. Rows are read through `listing` and the scopes, as the screens read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, stream_with_context
from sqlalchemy import inspect, select

from app.api import actions, lists, schemas
from app.api.positions import read_number
from app.api.represent import mapping, row
from app.api.routes import PREFIX, Api, route
from app.dialect import PREPARED
from app.extensions import db
from app.policies.scopes import visible
from app.services import exporting, listing, school
from app.services import history as row_history
from app.services.errors import NotFound
from app.services.resource import Resource
from app.web import current_actor

STAMPS = ("created_at", "created_by_id", "updated_at", "updated_by_id", "deleted_at")
HISTORY_PAGE = 50
LIST_PARAMETERS = tuple(lists.PARAMETERS.values())


class Reading(Api):
    """List, record and history of one resource. `more` are columns that a single record shows beside its attributes."""

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
            "export": resource.exported,
            "perform": resource.actions,
            "undo": any(each.undo for each in resource.actions),
            "perform_on_many": actions.known(resource),
        }
        return {name for name, service in needed.items() if not service}

    @route("GET", "", "List records", needs="list", parameters=LIST_PARAMETERS, answer=schemas.page)
    def index(self) -> Any:
        query = lists.read(self.resource, current_actor())
        columns = query.columns or self.resource.single_names
        page = listing.fetch(self.resource, current_actor(), query, columns)
        return self.dressed(lists.answer(self.resource, query, page, columns))

    @route(
        "GET",
        "/export.csv",
        "Export a list as CSV",
        needs="export",
        parameters=tuple(lists.PARAMETERS[name] for name in lists.CONDITIONS),
        answer=schemas.TEXT,
        answer_type="text/csv",
    )
    def export(self) -> Any:
        """Every row of the list, in no particular order."""
        query = lists.read(self.resource, current_actor(), lists.CONDITIONS)
        blocks = exporting.export(self.resource, current_actor(), query)
        name = f"{self.resource.slug}-{school.today().isoformat()}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(stream_with_context(blocks), mimetype="text/csv", headers=headers)

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
        columns = resource.single_names
        for query in (listing.Query(ids=(key,)), *([listing.Query(ids=(key,), deleted=True)] if deleted else [])):
            if rows := listing.fetch(resource, actor, query, columns, count=False).rows:
                return row([resource.by_name[name] for name in columns], rows[0]) | self.details(key)
        raise NotFound

    def details(self, key: Any) -> dict[str, Any]:
        """What a single record shows beyond its attributes."""
        model = self.resource.model
        columns = [getattr(model, name) for name in self.detail_names()]
        if not columns:
            return {}
        statement = select(*columns).where(model.id == key).execution_options(**PREPARED)
        return mapping(db.session.execute(statement).one()._mapping)

    def detail_names(self) -> list[str]:
        known = inspect(self.resource.model).columns
        return [name for name in (*self.more, *STAMPS) if name in known]

    def answer(self, item: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Any:
        """A record with its ETag, which is the moment of its last change."""
        version = item.get("updated_at")
        return item, status, {**(headers or {}), **({"ETag": f'"{version}"'} if version else {})}

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
        parts, before = self.resource.parts, read_number("before")
        rows = row_history.of_row(model.__tablename__, key, parts=parts, before=before, limit=HISTORY_PAGE)
        older = f"{self.route_base}/{key}/history?before={rows[-1].id}" if len(rows) == HISTORY_PAGE else None
        return (
            {"items": [mapping(each._asdict()) for each in rows], "next": older},
            200,
            lists.link_header({"next": older}),
        )
