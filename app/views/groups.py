"""Screens of groups: what each is for, which roles it carries, and who is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.policies.groups import BUILT_IN
from app.services.accounts import directory, groups
from app.services.accounts.group_resource import GROUPS
from app.services.errors import Refusal
from app.views import render
from app.views.base import RecordView
from app.views.page import Cell, Choice, Column, Empty, FormPage, Link, ListPage, Panel, RecordPage, Row, Table
from app.views.security import current_actor

MEMBERS = 25


class GroupView(RecordView):
    resource = GROUPS
    list_columns = ("name", "description", "roles", "members", "built_in")
    show_groups = (("", ("name", "description", "roles", "members", "built_in")),)
    form_groups = (("", ("name", "description", "roles")),)
    form_helps = {
        "description": _l("Shown beside the group where it is chosen."),
        "roles": _l("Members have these roles for as long as they are in the group."),
    }
    description = _l("Groups give their members access to the portal, by the roles that they carry.")

    def list_record(self) -> ListPage:
        page: ListPage = super().list_record()
        for row in page.table.rows:
            for column, cell in zip(page.table.columns, row.cells, strict=True):
                _dress(column.name, cell)
        return page

    def fact(self, record: Any, name: str) -> Cell:
        values = {
            "roles": ", ".join(sorted(role.name for role in record.roles)),
            "members": len(record.users),
            "built_in": record.name in BUILT_IN,
        }
        value = values[name] if name in values else getattr(record, name)
        return _dress(name, render.cell(self.resource.by_name[name], value))

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        if record.name in BUILT_IN and page.delete is not None:
            page.delete.enabled, page.delete.reason = False, _("This group is built in.")
        page.panels = [_members(record)]
        return page

    def form(self, record: Any, values: Mapping[str, Any]) -> Any:
        if record is not None:
            values = {**values, "roles": [role.name for role in record.roles]}
        return super().form(record, values)

    def form_page(self, record: Any, values: Mapping[str, Any], refusal: Refusal) -> FormPage:
        page = super().form_page(record, values, refusal)
        chosen = values.get("roles") or ()
        for group in page.form.groups:
            for field in group.fields:
                if field.name == "roles":
                    offered = directory.grantable(current_actor())
                    field.choices = [Choice(name, name, name in chosen) for name in offered]
        return page


def told(description: str | None) -> str:
    """What a group is for, in the language of the reader where it is one of ours."""
    return _(description) if description else ""


def _dress(name: str, cell: Cell) -> Cell:
    if name == "roles" and not cell.text:
        cell.text, cell.kind, cell.tone = _("No roles"), "badge", "warning"
    elif name == "roles":
        cell.kind = "tags"
    elif name == "description":
        cell.text = told(cell.text)
    return cell


def _members(group: Any) -> Panel:
    shown, total = groups.members(group.id, MEMBERS)
    rows = [
        Row(
            str(user.id),
            f"/accounts/{user.id}",
            user.username,
            [
                Cell(user.username, "link", f"/accounts/{user.id}"),
                Cell(directory.title(user)),
                Cell(
                    _("Active") if user.active else _("Inactive"), "badge", tone="success" if user.active else "neutral"
                ),
            ],
        )
        for user in shown
    ]
    heads = [Column("username", _("Username")), Column("name", _("Name")), Column("active", _("Active"))]
    empty = Empty(
        _("Nobody is in this group"),
        "",
        [Link(_("Add a member"), f"/groups/actions/add_member?id={group.id}", "user-check", dialog=True)],
    )
    members = render.address("/accounts/", [("f", f"groups:contains:{group.name}")])
    more = members if total > len(shown) else ""
    return Panel(_("Members (%(count)s)", count=render.number(total)), Table(heads, rows, empty), more)
