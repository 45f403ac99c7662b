"""Servers of Ed-Fi, mappings, pushes and their logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import jsonify, render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.models.edfi import EdFiPush, EdFiPushItem
from app.services.edfi.connections import OPEN
from app.services.edfi.labels import OUTCOME, RESOURCE_NAMES, STATUS
from app.services.edfi.resource import CONNECTIONS, ITEMS, MAPPINGS, PUSHES
from app.services.people import name_of
from app.views import render
from app.views.base import RecordView
from app.views.edfi.overview import counts_of, push_table
from app.views.page import Cell, Column, Empty, Fact, Group, Panel, RecordPage, Row, Table
from app.views.security import requires

SHOWN: Final = 20


@dataclass(slots=True)
class PushPage:
    """A push; `percent` while it runs."""

    record: RecordPage
    running: bool
    percent: int
    status_url: str


class DescriptorMappingView(RecordView):
    resource = MAPPINGS
    list_columns = ("descriptor", "value", "uri")
    show_groups = (("", ("descriptor", "value", "uri")),)
    form_groups = (("", ("descriptor", "value", "uri")),)
    form_helps = {
        "value": _l("As it stands in our records; capitals do not matter."),
        "uri": _l("What leaves instead, as uri://ed-fi.org/SexDescriptor#Female."),
    }
    description = _l("Which descriptor of Ed-Fi stands for a value of ours. Others leave in our own namespace.")

    def defaults(self) -> dict[str, Any]:
        given = {name: request.args.get(name, "")[:120] for name in ("descriptor", "value")}
        return {"uri": f"uri://ed-fi.org/{given['descriptor']}#"} | given


class EdFiConnectionView(RecordView):
    resource = CONNECTIONS
    list_columns = ("name", "base_url", "school_year", "active", "nightly", "created_at")
    show_groups = (
        ("", ("name", "active", "nightly")),
        (_l("Server"), ("base_url", "token_url", "client_id", "school_year", "extension")),
    )
    form_groups = (
        ("", ("name", "active", "nightly")),
        (_l("Server"), ("base_url", "token_url", "school_year", "extension")),
        (_l("Login"), ("client_id", "secret")),
    )
    form_helps = {
        "base_url": _l("The part before /data/v3, as https://api.example.org."),
        "token_url": _l("If it is another one than /oauth/token of the server."),
        "school_year": _l("If the server wants it in its addresses: the year in which the school year ends."),
        "extension": _l("What the server calls our program's own properties; empty if it does not know them."),
        "nightly": _l("What changed is pushed by itself, as with Push now. The list of pushes tells what came of it."),
        "secret": _l("It is kept encrypted and never shown. Empty: as it was."),
    }
    description = _l("Servers of Ed-Fi (ODS/API) that records are pushed to.")

    def defaults(self) -> dict[str, Any]:
        return {"active": True}

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        found = db.session.scalars(
            select(EdFiPush)
            .options(*PUSHES.load)
            .where(EdFiPush.connection_id == record.id)
            .order_by(EdFiPush.created_at.desc(), EdFiPush.id)
            .limit(SHOWN)
        )
        table = push_table(found, Empty(_("Nothing was pushed yet")))
        page.panels = [Panel(_("Pushes"), table, f"/edfi-pushes/?f=connection:is:{record.id}")]
        return page


class EdFiPushView(RecordView):
    resource = PUSHES
    list_columns = ("created_at", "connection", "status", "total", "started_at", "finished_at", "message")
    show_groups = (("", ("connection", "status", "created_at", "started_at", "finished_at", "message")),)
    description = _l("What was sent to servers of Ed-Fi, and what became of it.")

    @expose("/<pk>")
    @requires("show")
    def show(self, pk: str) -> Any:
        record = self.load(pk)
        page = PushPage(self.record_page(record), record.status in OPEN, _percent(record), f"/edfi-pushes/{pk}/status")
        return render_template("edfi_push.html", page=page.record, push=page)

    @expose("/<pk>/status")
    @requires("show")
    def status(self, pk: str) -> Any:
        """What the progress bar asks for."""
        record = self.load(pk)
        return jsonify(
            state=record.status.value,
            percent=_percent(record),
            done=sum(record.counts.values()),
            total=record.total,
            message=str(STATUS[record.status.value].label),
            reload=record.status not in OPEN,
        )

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        status = STATUS[record.status.value]
        page.badge, page.subtitle = Cell(str(status.label), "badge", tone=status.tone), record.connection.name
        facts = [
            Fact(str(OUTCOME[name].label), Cell(render.number(count), "number")) for name, count in counts_of(record)
        ]
        if record.created_by_id:
            page.groups[0].facts.append(Fact(_("Asked by"), Cell(name_of(record.created_by_id), "person")))
        page.groups.insert(0, Group(_("Records"), facts))
        page.panels = [_log(record)]
        return page


def _percent(push: EdFiPush) -> int:
    return min(99, 100 * sum(push.counts.values()) // push.total) if push.total else 0


def _log(push: EdFiPush) -> Panel:
    """What went wrong first."""
    wrong = EdFiPushItem.outcome.in_(("refused", "failed", "invalid", "blocked"))
    found = db.session.scalars(
        select(EdFiPushItem)
        .where(EdFiPushItem.push_id == push.id)
        .order_by(wrong.desc(), EdFiPushItem.id.desc())
        .limit(SHOWN)
    ).all()
    heads = [
        Column("resource", _("Resource")),
        Column("record", _("Record")),
        Column("outcome", _("Outcome")),
        Column("message", _("Message")),
    ]
    nothing = Empty(_("Nothing was sent"), _("What has not changed is not sent again."))
    return Panel(_("Log"), Table(heads, _items(found), nothing), f"/edfi-push-items/?f=push:is:{push.id}")


def _items(found: Sequence[EdFiPushItem]) -> list[Row]:
    return [
        Row(
            str(each.id),
            "",
            each.natural_key,
            [
                Cell(str(RESOURCE_NAMES.get(each.resource, each.resource))),
                Cell(each.natural_key),
                Cell(str(OUTCOME[each.outcome.value].label), "badge", tone=OUTCOME[each.outcome.value].tone),
                Cell(f"{each.status_code}: {each.message}" if each.status_code and each.message else each.message),
            ],
        )
        for each in found
    ]


class EdFiPushItemView(RecordView):
    resource = ITEMS
    list_columns = ("number", "push", "resource", "natural_key", "outcome", "status_code", "message")
    show_groups = (("", ("resource", "natural_key", "outcome", "status_code", "message", "created_at")),)
    description = _l("Every record that was sent, refused or kept back. What has not changed is counted only.")
