"""Screens of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.policies import accounts as rules
from app.policies.actor import Actor
from app.services import listing
from app.services.accounts import directory, records
from app.services.accounts.resource import ACCOUNTS
from app.services.errors import Refusal
from app.services.passwords import RULE
from app.views import forms, render
from app.views.base import RecordView
from app.views.groups import told
from app.views.page import Cell, Choice, Fact, Field, FormPage, Group, Link, ListPage, RecordPage
from app.views.security import current_actor

PERSON = ("first_name", "last_name", "email", "phone", "department", "main_portal_id")


class AccountView(RecordView):
    resource = ACCOUNTS
    list_columns = (
        "username",
        "name",
        "email",
        "roles",
        "active",
        "last_login",
    )
    show_groups = (
        (_l("Login"), ("username", "active", "last_login", "created_on")),
        (_l("Access"), ("portal_access", "groups", "roles")),
        (_l("Person"), PERSON),
    )
    form_helps = {
        "password": RULE,
        "email": _l("Notices by mail go there. It also serves to log in."),
        "groups": _l("Groups give access to the portal."),
        "roles": _l("They count from the next page that the person opens."),
    }
    description = _l("Who may log in, and what they may do.")

    @property
    def form_groups(self) -> forms.Groups:  # type: ignore[override]
        """A password only for a new account, groups only for those who may change them."""
        if not request:  # Flask-AppBuilder looks at every attribute when it starts
            return ()
        new = "pk" not in (request.view_args or {})
        login = ("username", "password", "password_again") if new else ("username",)
        access = ("groups", "roles") if rules.may_change_groups(current_actor()) is None else ("roles",)
        return (_l("Login"), login), (_l("Access"), access), (_l("Person"), PERSON)

    def list_record(self) -> ListPage:
        page: ListPage = super().list_record()
        for row in page.table.rows:
            for column, cell in zip(page.table.columns, row.cells, strict=True):
                _dress(column.name, cell)
        return page

    def tools(self, actor: Actor, query: listing.Query) -> list[Link]:
        made = [Link(_("No portal access"), "/accounts/?f=portal_access:is:0&f=active:is:1", "triangle-alert")]
        if actor.may("add", "Account imports"):
            made.append(Link(_("Import"), "/account-imports/new", "upload"))
        return [*made, *super().tools(actor, query)]

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        if not any(group.roles for group in record.groups):
            page.badge = Cell(_("No portal access"), "badge", tone="warning")
        return page

    def facts(self, record: Any) -> list[Group]:
        values = directory.details(record)
        return [
            Group(str(title), [self._fact(name, values[name]) for name in names]) for title, names in self.show_groups
        ]

    def _fact(self, name: str, value: Any) -> Fact:
        attribute = self.resource.by_name[name]
        cell = render.cell(attribute, ", ".join(value) if isinstance(value, list) else value)
        return Fact(str(attribute.label), _dress(name, Cell(cell.text, cell.kind, cell.url, cell.tone, cell.title)))

    def form(self, record: Any, values: Mapping[str, Any]) -> Any:
        return super().form(record, values if record is None else directory.details(record))

    def form_page(self, record: Any, values: Mapping[str, Any], refusal: Refusal) -> FormPage:
        page = super().form_page(record, values, refusal)
        roles = [Choice(name, name) for name in directory.grantable(current_actor())]
        groups = [Choice(each.name, each.name, help=told(each.description)) for each in directory.groups()]
        offered = {"roles": roles, "groups": groups}
        for group in page.form.groups:
            for field in group.fields:
                if field.name in offered:
                    field.choices = offered[field.name]
                    for choice in field.choices:
                        choice.selected = choice.value in (values.get(field.name) or ())
        if record is not None:
            version = request.form.get("_version") or str(records.version_of(record) or "")
            page.form.groups[0].fields.append(Field("_version", "", "hidden", version))
        return page


def _dress(name: str, cell: Cell) -> Cell:
    """Badges for what one looks for: roles, groups, who is inactive, who has no access to the portal."""
    match name:
        case "roles":
            cell.kind = "tags"
        case "groups":
            cell.kind = "tags"
        case "portal_access":
            given = cell.tone == "success"
            cell.text, cell.kind = _("Portal access") if given else _("No portal access"), "badge"
            cell.tone = "success" if given else "warning"
        case "active":
            active = cell.tone == "success"
            cell.text, cell.kind = _("Active") if active else _("Inactive"), "badge"
    return cell
