"""The list of a resource, its tools and saved filters."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, stream_with_context
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services import exporting, listing, saved_filters, school
from app.services.errors import Invalid
from app.services.resource import Resource
from app.views import render
from app.views.base.core import ResourceView
from app.views.lists import list_page, query_arguments, shown_query
from app.views.page import (
    Link,
)
from app.views.security import current_actor, requires


class ListScreens(ResourceView):
    @expose("/")
    @requires("list")
    def index(self) -> Any:
        return render_template("list.html", page=self.list_record())

    def list_record(self) -> Any:
        resource, actor = self.resource, current_actor()
        query = self.query()
        return list_page(
            resource,
            actor,
            query,
            self.list_columns,
            f"/{resource.slug}/",
            description=str(self.description),
            new=self.new_link(actor),
            tools=self.tools(actor, query),
            bulk=self.bulk_links(actor, query),
            tabs=self.tabs(actor, query),
            record_url=self.record_url,
        )

    @expose("/export.csv")
    @requires("export")
    def export(self) -> Any:
        """Exactly the rows of the list, as CSV. Raises Invalid when a filter would be left out: a file could not say so."""
        query = self.query()
        if query.left_out:
            raise Invalid(_("A filter of this address is not understood."))
        blocks = exporting.export(self.resource, current_actor(), query)
        name = f"{self.resource.slug}-{school.today().isoformat()}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(stream_with_context(blocks), mimetype="text/csv", headers=headers)

    def query(self) -> listing.Query:
        return shown_query(self.resource, current_actor(), request.args.to_dict(flat=False))

    def new_link(self, actor: Actor) -> Link | None:
        allowed = self.resource.create is not None and actor.may("add", self.resource.name)
        return (
            Link(
                _("New %(kind)s", kind=render.inside(self.resource.singular)),
                f"/{self.resource.slug}/new",
                "plus",
                primary=True,
            )
            if allowed
            else None
        )

    def tools(self, actor: Actor, query: listing.Query) -> list[Link]:
        made = []
        if self.resource.exported and actor.may("export", self.resource.name):
            made.append(
                Link(_("Export"), render.address(f"/{self.resource.slug}/export.csv", query.parameters()), "download")
            )
        if self.resource.soft_deleted and actor.may("restore", self.resource.name) and not query.deleted:
            made.append(Link(_("Deleted"), f"/{self.resource.slug}/?deleted=1", "trash-2"))
        return made

    def tabs(self, actor: Actor, query: listing.Query) -> list[Link]:
        return []

    def bulk_links(self, actor: Actor, query: listing.Query) -> list[Link]:
        if query.deleted:
            return [Link(_("Restore"), f"/{self.resource.slug}/restore", "undo-2", method="post", dialog=True)]
        return bulk_links(self.resource, actor)

    @expose("/filters", methods=["POST"])
    @requires("list")
    def save_filter(self) -> Any:
        form = request.form
        query = listing.read_query(self.resource, query_arguments(form.get("query", "")))
        saved = saved_filters.save(
            self.resource.slug,
            form.get("name", ""),
            urlencode(query.parameters()),
            bool(form.get("shared")),
            actor=current_actor(),
        )
        flash(_("Saved as %(name)s.", name=saved.name), "success")
        return redirect(f"/{self.resource.slug}/?{saved.query}")

    @expose("/filters/<uuid:filter_id>/delete", methods=["POST"])
    @requires("list")
    def delete_filter(self, filter_id: UUID) -> Any:
        saved_filters.delete(filter_id, actor=current_actor())
        flash(_("The saved filter is gone."), "success")
        return redirect(f"/{self.resource.slug}/")


def bulk_links(resource: Resource, actor: Actor) -> list[Link]:
    """What can be done to many chosen rows at once."""
    made = [
        Link(
            str(action.label),
            f"/{resource.slug}/actions/{action.name}",
            action.icon,
            danger=action.danger,
            method="post",
            dialog=True,
        )
        for action in resource.actions
        if action.bulk and actor.may(action.name, resource.name)
    ]
    if resource.delete and resource.soft_deleted and actor.may("delete", resource.name):
        made.append(Link(_("Delete"), f"/{resource.slug}/delete", "trash-2", danger=True, method="post", dialog=True))
    return made
