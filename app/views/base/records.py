"""The page of one record, and its row history."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.policies.actor import Actor
from app.services import history as row_history
from app.views import render
from app.views.base import history
from app.views.base.core import ResourceView
from app.views.page import (
    Cell,
    Fact,
    Group,
    HistoryPage,
    Link,
    RecordPage,
)
from app.views.security import current_actor, requires

HISTORY_PAGE = 50


class RecordScreens(ResourceView):
    @expose("/<pk>")
    @requires("show")
    def show(self, pk: str) -> Any:
        return render_template("record.html", page=self.record_page(self.load(pk, deleted=True)))

    def record_page(self, record: Any) -> RecordPage:
        """The page of one record; subclasses add panels and a timeline."""
        resource, actor = self.resource, current_actor()
        title, url = resource.title(record), self.record_url(record.id)
        live = getattr(record, "deleted_at", None) is None
        return RecordPage(
            title=title,
            kind=str(resource.singular),
            url=url,
            list_url=f"/{resource.slug}/",
            list_title=str(resource.plural),
            actions=self.action_links(record, actor) if live else self.restore_links(record, actor),
            edit=self.edit_link(record, actor) if live else None,
            delete=self.delete_link(record, actor) if live else None,
            groups=self.facts(record),
            history_url=f"{url}/history" if self.tells_history(actor) else "",
            deleted=""
            if live
            else _("Deleted on %(day)s. It is in no list, and can be restored.", day=render.moment(record.deleted_at)),
        )

    def tells_history(self, actor: Actor) -> bool:
        return "history" not in self.excluded_routes and actor.may("history", self.resource.name)

    def facts(self, record: Any) -> list[Group]:
        return [
            Group(str(title), [Fact(str(self.resource.by_name[name].label), self.fact(record, name)) for name in names])
            for title, names in self.show_groups
        ]

    def fact(self, record: Any, name: str) -> Cell:
        attribute = self.resource.by_name[name]
        value = getattr(record, name)
        return render.cell(
            attribute, self.related_title(value) if attribute.key is not None and value is not None else value
        )

    def related_title(self, related: Any) -> str:
        return related.name if hasattr(related, "name") else f"{related.first_name} {related.last_name}"

    def edit_link(self, record: Any, actor: Actor) -> Link | None:
        if self.resource.update is None or not actor.may("edit", self.resource.name):
            return None
        return _greyed(
            Link(_("Edit"), f"{self.record_url(record.id)}/edit", "pencil"), self.resource.edit_rule(actor, record)
        )

    def delete_link(self, record: Any, actor: Actor) -> Link | None:
        if self.resource.delete is None or not actor.may("delete", self.resource.name):
            return None
        link = Link(_("Delete"), f"/{self.resource.slug}/delete?id={record.id}", "trash-2", danger=True, dialog=True)
        return _greyed(link, self.resource.edit_rule(actor, record))

    def restore_links(self, record: Any, actor: Actor) -> list[Link]:
        return [
            Link(_("Restore"), f"/{self.resource.slug}/restore?id={record.id}", "undo-2", primary=True, dialog=True)
        ]

    def action_links(self, record: Any, actor: Actor) -> list[Link]:
        """The possible next actions; one that the rule refuses is greyed, with the reason."""
        return [
            _greyed(
                Link(
                    str(action.label),
                    f"/{self.resource.slug}/actions/{action.name}?id={record.id}",
                    action.icon,
                    danger=action.danger,
                    dialog=True,
                ),
                action.rule(actor, record),
            )
            for action in self.resource.actions
            if action.single and actor.may(action.name, self.resource.name)
        ]

    @expose("/<pk>/history")
    @requires("history")
    def history(self, pk: str) -> Any:
        record, resource = self.load(pk, deleted=True), self.resource
        before = request.args.get("before", "")
        rows = row_history.of_row(
            resource.model.__tablename__,
            record.id,
            parts=resource.parts,
            before=int(before) if before.isdecimal() and len(before) < 18 else None,
            limit=HISTORY_PAGE,
        )
        url = self.record_url(record.id)
        more = f"{url}/history?before={rows[-1].id}" if len(rows) == HISTORY_PAGE else ""
        page = HistoryPage(
            _("History of %(title)s", title=resource.title(record)),
            url,
            resource.title(record),
            f"/{resource.slug}/",
            str(resource.plural),
            history.events(resource, rows),
            more,
        )
        return render_template("history.html", page=page)


def _greyed(link: Link, reason: Any) -> Link:
    if reason is not None:
        link.enabled, link.reason = False, str(reason)
    return link
