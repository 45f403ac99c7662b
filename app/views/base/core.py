"""What the screens of one resource share: its declaration, addresses, and reading one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from flask import url_for
from flask_appbuilder import BaseView
from sqlalchemy import select

from app.dialect import PREPARED
from app.extensions import db
from app.policies.scopes import visible
from app.services.errors import NotFound
from app.services.resource import Action, Outcome, Resource
from app.views import forms
from app.views.security import current_actor


class ResourceView(BaseView):
    """The declaration of a resource's screens, and how they reach its rows."""

    resource: Resource
    list_columns: Sequence[str] = ()
    show_groups: forms.Groups = ()
    form_groups: forms.Groups = ()
    form_helps: Mapping[str, Any] = {}
    description: Any = ""
    menu_permission = "list"
    default_view = "index"
    excluded_routes: frozenset[str] = frozenset()
    base_permissions: Any = None  # Flask-AppBuilder collects them from the routes

    def __init__(self) -> None:
        self.class_permission_name = self.resource.name
        self.route_base = f"/{self.resource.slug}"
        self.exclude_route_methods = set(self.excluded_routes) | self._routes_without_service()
        super().__init__()
        self.base_permissions = sorted(
            {*self.base_permissions, "can_lookup", *(f"can_{action.name}" for action in self.resource.actions)}
        )

    def _routes_without_service(self) -> set[str]:
        """A resource without a way to write has no route for it."""
        resource = self.resource
        needed = {
            "add": resource.create,
            "edit": resource.update,
            "delete": resource.delete,
            "restore": resource.restore,
            "export": resource.exported,
            "perform": resource.actions,
            "undo": resource.actions,
        }
        return {name for name, service in needed.items() if not service}

    def url(self, endpoint: str, **values: Any) -> str:
        return url_for(f"{self.endpoint}.{endpoint}", **values)

    def record_url(self, pk: Any) -> str:
        return f"/{self.resource.slug}/{pk}"

    def url_after_deletion(self) -> str:
        """Where one goes on when a record is gone."""
        return f"/{self.resource.slug}/"

    def told(self, action: Action, outcome: Outcome) -> Outcome:
        """What the screen says of an action that was done to a record."""
        return outcome

    @cached_property
    def key_type(self) -> Any:
        return self.resource.model.id.type.python_type

    def key(self, raw: str) -> Any:
        """The typed key of an address. Raises NotFound for one that cannot be a key."""
        try:
            key = self.key_type(raw)
        except ValueError:
            raise NotFound from None
        if isinstance(key, int) and not 0 < key < 2**31:
            raise NotFound
        return key

    def load(self, pk: str, *, deleted: bool = False, related: bool = True) -> Any:
        """The record, if the actor may see it, with its related records. Raises NotFound."""
        resource, actor = self.resource, current_actor()
        rule = visible(resource.model, actor)
        if deleted and resource.soft_deleted and actor.may("restore", resource.name):
            rule = rule | visible(resource.model, actor, deleted=True)
        statement = select(resource.model).where(resource.model.id == self.key(pk), rule).execution_options(**PREPARED)
        found = db.session.scalars(statement.options(*resource.load) if related else statement)
        record = found.unique().one_or_none()
        if record is None:
            raise NotFound
        return record
