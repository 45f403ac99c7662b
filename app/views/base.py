"""The screens that every resource gets by declaring its columns: list, record, form, actions, history, export.

Flask-AppBuilder registers the views and their permissions. Its own data paths (`ModelView`) are not used: they read whole tables into choices,
ignore row rules in actions and related fields, and commit by themselves. Here every row is read through `listing` and `scopes`, and every change
is one call of a service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import history as row_history
from app.services import inputs, listing, saved_filters
from app.services.errors import Invalid, NotAllowed, NotFound, Refusal
from app.services.resource import Resource
from app.views import dialogs, forms, render
from app.views.lists import address, list_page
from app.views.page import (
    Cell,
    Change,
    Choice,
    Event,
    Fact,
    Field,
    Form,
    FormPage,
    Group,
    HistoryPage,
    Link,
    RecordPage,
)
from app.views.security import current_actor, refuse_unless, requires

HISTORY_PAGE = 50


class RecordView(BaseView):  # type: ignore[misc]
    """Base of the screens of one resource. Subclasses declare; they do not decide."""

    resource: Resource
    list_columns: Sequence[str] = ()
    show_groups: forms.Groups = ()
    form_groups: forms.Groups = ()
    form_helps: Mapping[str, Any] = {}
    description: Any = ""
    menu_permission = "list"
    default_view = "index"
    excluded_routes: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.class_permission_name = self.resource.name
        self.route_base = f"/{self.resource.slug}"
        self.exclude_route_methods = set(self.excluded_routes) | self._routes_without_service()
        super().__init__()
        self.base_permissions = sorted({*self.base_permissions, "can_lookup", *(f"can_{action.name}" for action in self.resource.actions)})

    def _routes_without_service(self) -> set[str]:
        """A resource without a way to write has no route for it."""
        resource = self.resource
        needed = {"add": resource.create, "edit": resource.update, "delete": resource.delete, "restore": resource.restore,
                  "perform": resource.actions, "undo": resource.actions}
        return {name for name, service in needed.items() if not service}

    # addresses

    def url(self, endpoint: str, **values: Any) -> str:
        return url_for(f"{self.endpoint}.{endpoint}", **values)

    def record_url(self, pk: Any) -> str:
        return f"/{self.resource.slug}/{pk}"

    # rows

    def key(self, raw: str) -> Any:
        """The typed key of an address. Raises NotFound for one that cannot be a key."""
        try:
            key = self.resource.model.id.type.python_type(raw)
        except ValueError:
            raise NotFound from None
        if isinstance(key, int) and not 0 < key < 2**31:
            raise NotFound
        return key

    def load(self, pk: str, *, deleted: bool = False) -> Any:
        """The record, if the actor may see it. Raises NotFound."""
        resource, actor = self.resource, current_actor()
        rule = visible(resource.model, actor)
        if deleted and resource.soft_deleted and actor.may("restore", resource.name):
            rule = rule | visible(resource.model, actor, deleted=True)
        record = db.session.scalars(select(resource.model).where(resource.model.id == self.key(pk), rule).options(*resource.load)).one_or_none()
        if record is None:
            raise NotFound
        return record

    # list

    @expose("/")
    @requires("list")
    def index(self) -> Any:
        return render_template("list.html", page=self.list_record())

    def list_record(self) -> Any:
        resource, actor = self.resource, current_actor()
        query = self.query()
        return list_page(
            resource, actor, query, self.list_columns, f"/{resource.slug}/", description=str(self.description), new=self.new_link(actor),
            tools=self.tools(actor, query), bulk=self.bulk_links(actor, query), tabs=self.tabs(actor, query), record_url=self.record_url,
        )

    def query(self) -> listing.Query:
        query = listing.read_query(self.resource, request.args.to_dict(flat=False))
        return query if current_actor().may("restore", self.resource.name) else replace(query, deleted=False)

    def new_link(self, actor: Actor) -> Link | None:
        allowed = self.resource.create is not None and actor.may("add", self.resource.name)
        return Link(_("New %(kind)s", kind=str(self.resource.singular).lower()), f"/{self.resource.slug}/new", "plus", primary=True) if allowed else None

    def tools(self, actor: Actor, query: listing.Query) -> list[Link]:
        made = []
        if actor.may("export", self.resource.name):
            made.append(Link(_("Export"), address(f"/{self.resource.slug}/export.csv", query.parameters()), "download"))
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
        query = listing.read_query(self.resource, _query_arguments(form.get("query", "")))
        saved = saved_filters.save(self.resource.slug, form.get("name", ""), urlencode(query.parameters()), bool(form.get("shared")),
                                   actor=current_actor())
        flash(_("Saved as %(name)s.", name=saved.name), "success")
        return redirect(f"/{self.resource.slug}/?{saved.query}")

    @expose("/filters/<uuid:filter_id>/delete", methods=["POST"])
    @requires("list")
    def delete_filter(self, filter_id: UUID) -> Any:
        saved_filters.delete(filter_id, actor=current_actor())
        flash(_("The saved filter is gone."), "success")
        return redirect(f"/{self.resource.slug}/")

    # record

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
            title=title, kind=str(resource.singular), url=url, list_url=f"/{resource.slug}/", list_title=str(resource.plural),
            actions=self.action_links(record, actor) if live else self.restore_links(record, actor), edit=self.edit_link(record, actor) if live else None,
            delete=self.delete_link(record, actor) if live else None, groups=self.facts(record),
            history_url=f"{url}/history" if actor.may("history", resource.name) else "",
            deleted="" if live else _("Deleted on %(day)s. It is in no list, and can be restored.", day=render.moment(record.deleted_at)),
        )

    def facts(self, record: Any) -> list[Group]:
        return [Group(str(title), [Fact(str(self.resource.by_name[name].label), self.fact(record, name)) for name in names])
                for title, names in self.show_groups]

    def fact(self, record: Any, name: str) -> Cell:
        attribute = self.resource.by_name[name]
        value = getattr(record, name)
        return render.cell(attribute, self.related_title(value) if attribute.key is not None and value is not None else value)

    def related_title(self, related: Any) -> str:
        return related.name if hasattr(related, "name") else f"{related.first_name} {related.last_name}"

    def edit_link(self, record: Any, actor: Actor) -> Link | None:
        if self.resource.update is None or not actor.may("edit", self.resource.name):
            return None
        return _greyed(Link(_("Edit"), f"{self.record_url(record.id)}/edit", "pencil"), self.resource.edit_rule(actor, record))

    def delete_link(self, record: Any, actor: Actor) -> Link | None:
        if self.resource.delete is None or not actor.may("delete", self.resource.name):
            return None
        link = Link(_("Delete"), f"/{self.resource.slug}/delete?id={record.id}", "trash-2", danger=True, dialog=True)
        return _greyed(link, self.resource.edit_rule(actor, record))

    def restore_links(self, record: Any, actor: Actor) -> list[Link]:
        return [Link(_("Restore"), f"/{self.resource.slug}/restore?id={record.id}", "undo-2", primary=True, dialog=True)]

    def action_links(self, record: Any, actor: Actor) -> list[Link]:
        """The possible next actions; one that the rule refuses is greyed, with the reason."""
        return [
            _greyed(Link(str(action.label), f"/{self.resource.slug}/actions/{action.name}?id={record.id}", action.icon, danger=action.danger, dialog=True),
                    action.rule(actor, record))
            for action in self.resource.actions if action.single and actor.may(action.name, self.resource.name)
        ]

    @expose("/<pk>/history")
    @requires("history")
    def history(self, pk: str) -> Any:
        record, resource = self.load(pk, deleted=True), self.resource
        before = request.args.get("before", "")
        rows = row_history.of_row(resource.model.__tablename__, record.id, before=int(before) if before.isdecimal() and len(before) < 18 else None,
                                  limit=HISTORY_PAGE)
        url = self.record_url(record.id)
        more = f"{url}/history?before={rows[-1].id}" if len(rows) == HISTORY_PAGE else ""
        page = HistoryPage(_("History of %(title)s", title=resource.title(record)), url, resource.title(record), f"/{resource.slug}/", str(resource.plural),
                           [self.history_event(row) for row in rows], more)
        return render_template("history.html", page=page)

    def history_event(self, row: Any) -> Event:
        names = sorted({*(row.before or {}), *(row.after or {})} - {"id"})
        changes = [Change(str(self.resource.labels.get(name, name.replace("_", " "))), render.plain((row.before or {}).get(name)),
                          render.plain((row.after or {}).get(name))) for name in names]
        titles = {"insert": _("Made"), "update": _("Changed"), "delete": _("Deleted")}
        icons = {"insert": "plus", "update": "pencil", "delete": "trash-2"}
        return Event(render.moment(row.at), row.at.isoformat(), row.who or _("Registrar"), titles[row.operation], icons[row.operation], changes=changes)

    # forms

    @expose("/new", methods=["GET", "POST"])
    @requires("add")
    def add(self) -> Any:
        return self.form(None, self.defaults())

    @expose("/<pk>/edit", methods=["GET", "POST"])
    @requires("edit")
    def edit(self, pk: str) -> Any:
        record, actor = self.load(pk), current_actor()
        reason = self.resource.edit_rule(actor, record)
        if reason is not None:
            raise NotAllowed(reason)
        return self.form(record, {name: getattr(record, name) for _title, names in self.form_groups for name in names if hasattr(record, name)})

    def defaults(self) -> dict[str, Any]:
        """What a new form holds."""
        return {}

    def form(self, record: Any, values: Mapping[str, Any]) -> Any:
        """Show the form, or save what was posted; refused, it comes back with everything that was typed."""
        if request.method == "GET":
            return render_template("form.html", page=self.form_page(record, values, Refusal()))
        names = [name for _title, names in self.form_groups for name in names]
        assert self.resource.input is not None
        raw = forms.posted(self.resource.input, names, request.form)
        try:
            saved = self.save(record, raw)
        except Refusal as refusal:
            if not isinstance(refusal, Invalid) and refusal.status not in (409, 422):
                raise
            return render_template("form.html", page=self.form_page(record, raw, refusal)), refusal.status
        flash(_("%(title)s is saved.", title=self.resource.title(saved)), "success")
        return redirect(f"/{self.resource.slug}/new" if request.form.get("_then") == "add" else self.record_url(saved.id))

    def save(self, record: Any, raw: Mapping[str, Any]) -> Any:
        resource, actor = self.resource, current_actor()
        assert resource.input is not None
        if record is None:
            assert resource.create is not None
            return resource.create(inputs.parse(resource.input, raw), actor=actor)
        assert resource.update is not None
        return resource.update(record.id, inputs.parse(resource.input, raw, change=True), actor=actor, version=forms.read_moment(request.form.get("_version", "")))

    def form_page(self, record: Any, values: Mapping[str, Any], refusal: Refusal) -> FormPage:
        resource = self.resource
        assert resource.input is not None
        listed = {name for _title, names in self.form_groups for name in names}
        general = [str(each) for name, texts in refusal.fields.items() if name not in listed for each in texts]
        if str(refusal) and not refusal.fields:
            general.append(str(refusal))
        url = self.record_url(record.id) if record is not None else ""
        form = Form(
            url=f"{url}/edit" if url else f"/{resource.slug}/new", submit=_("Save"), cancel_url=url or f"/{resource.slug}/", errors=general,
            groups=forms.groups(resource, resource.input, self.form_groups, values, refusal.fields, current_actor(), self.form_helps),
            more_submits=[] if url else [Choice("add", _("Save and add another"))],
        )
        if url and hasattr(record, "updated_at"):
            form.groups[0].fields.append(Field("_version", "", "hidden", request.form.get("_version") or record.updated_at.isoformat()))
        title = _("Edit %(title)s", title=resource.title(record)) if url else _("New %(kind)s", kind=str(resource.singular).lower())
        return FormPage(title, form, f"/{resource.slug}/", str(resource.plural), url, resource.title(record) if url else "")

    # actions

    @expose("/actions/<name>", methods=["GET", "POST"])
    def perform(self, name: str) -> Any:
        """Ask for what the action needs, show what it would do, do it. Only a confirmed POST changes anything."""
        action = self.resource.action_by_name.get(name)
        if action is None:
            raise NotFound
        refused = refuse_unless(name, self.resource.name)
        return refused if refused is not None else dialogs.run(self, action)

    @expose("/actions/<name>/undo", methods=["POST"])
    def undo(self, name: str) -> Any:
        action = self.resource.action_by_name.get(name)
        if action is None or action.undo is None:
            raise NotFound
        refused = refuse_unless(name, self.resource.name)
        return refused if refused is not None else dialogs.undo(self, action)

    @expose("/delete", methods=["GET", "POST"])
    @requires("delete")
    def delete(self) -> Any:
        return dialogs.run(self, dialogs.deletion(self.resource))

    @expose("/restore", methods=["GET", "POST"])
    @requires("restore")
    def restore(self) -> Any:
        return dialogs.run(self, dialogs.restoration(self.resource))


def bulk_links(resource: Resource, actor: Actor) -> list[Link]:
    """What can be done to many chosen rows at once."""
    made = [
        Link(str(action.label), f"/{resource.slug}/actions/{action.name}", action.icon, danger=action.danger, method="post", dialog=True)
        for action in resource.actions if action.bulk and actor.may(action.name, resource.name)
    ]
    if resource.delete and resource.soft_deleted and actor.may("delete", resource.name):
        made.append(Link(_("Delete"), f"/{resource.slug}/delete", "trash-2", danger=True, method="post", dialog=True))
    return made


def _greyed(link: Link, reason: Any) -> Link:
    if reason is not None:
        link.enabled, link.reason = False, str(reason)
    return link


def _query_arguments(raw: str) -> dict[str, list[str]]:
    """The arguments in a saved query string, of bounded size."""
    return parse_qs(raw.lstrip("?"), max_num_fields=60) if len(raw) < 8000 else {}

