"""Writing to everybody, or to those of some roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import ngettext

from app.services import inputs
from app.services.errors import Conflict, Invalid, Refusal
from app.services.notifications import broadcasts
from app.services.notifications.broadcasts import AUDIENCE, BroadcastInput, BroadcastType
from app.services.notifications.types import SEVERITIES, TYPES
from app.services.transaction import rehearse
from app.views import forms, render
from app.views.page import (
    Cell,
    Choice,
    Column,
    Empty,
    Field,
    FieldGroup,
    Form,
    FormPage,
    Link,
    Row,
    Section,
    Table,
    WorklistPage,
)
from app.views.security import current_actor, requires

PAGE = 25
NAMES = ("key", "type", "title", "body", "severity", "roles", "expires_at")


@dataclass(slots=True)
class BroadcastPage(FormPage):
    """A form that says, once it was looked at, to how many people it goes."""

    note: str = ""


class BroadcastView(BaseView):
    route_base = "/broadcasts"
    class_permission_name = "Broadcasts"
    default_view = "index"

    @expose("/")
    @requires("list")
    def index(self) -> Any:
        rows = broadcasts.sent(before=_key(request.args.get("before", "")), limit=PAGE)
        columns = [
            Column("title", _("Title")),
            Column("whom", _("To")),
            Column("recipients", _("Recipients"), align="end"),
            Column("who", _("By")),
            Column("when", _("When")),
        ]
        empty = Empty(_("Nothing was sent yet."), _("A message goes to everybody, or to those of some roles."))
        table = Table(columns, [_row(event, who) for event, who in rows], empty)
        more = f"/broadcasts/?before={rows[-1][0].id}" if len(rows) == PAGE else ""
        tools = [Link(_("New message"), "/broadcasts/new", "megaphone", primary=True)]
        page = WorklistPage(
            _("Broadcasts"),
            _("What was written to many at once."),
            [Section(_("Sent"), "", table, more_url=more)],
            tools=tools if current_actor().may("send", "Broadcasts") else [],
        )
        return render_template("worklist.html", page=page)

    @expose("/new", methods=["GET", "POST"])
    @requires("send")
    def new(self) -> Any:
        """The first POST shows to how many the message goes; the second, with that number, sends it."""
        if request.method == "GET":
            return _form({"key": str(uuid4())}, Refusal())
        raw, actor = forms.posted(BroadcastInput, NAMES, request.form), current_actor()
        try:
            values = inputs.parse(BroadcastInput, raw)
            would = rehearse(broadcasts.send, values, actor=actor)
            if request.form.get("recipients") != str(would.recipients):
                return _form(raw, Refusal(), would.recipients)
            sent = broadcasts.send(values, actor=actor)
        except (Conflict, Invalid) as refusal:
            return _form(raw, refusal), refusal.status
        flash(ngettext("Sent to %(num)s person.", "Sent to %(num)s people.", sent.recipients), "success")
        return redirect("/broadcasts/")


def _row(event: Any, who: str | None) -> Row:
    told = event.payload
    title = str(told.get("title", ""))
    return Row(
        str(event.id),
        "",
        title,
        [
            Cell(title, title=str(told.get("body", ""))[:300]),
            Cell(", ".join(told.get("roles") or []) or _("Everybody")),
            Cell(render.number(told.get("recipients", 0)), "number"),
            Cell(who or _("Registrar"), "person"),
            Cell(render.moment(event.at), "datetime", title=event.at.isoformat(timespec="seconds")),
        ],
    )


def _form(values: dict[str, Any], refusal: Refusal, recipients: int | None = None) -> str:
    def field(name: str, label: str, kind: str = "text", **more: Any) -> Field:
        errors = [str(text) for text in refusal.fields.get(name, [])]
        return Field(name, label, kind, str(values.get(name) or ""), errors=errors, **more)

    types = [Choice(each.value, str(TYPES[each].label)) for each in BroadcastType]  # type: ignore[index]
    severities = [Choice(value, str(label)) for value, label in SEVERITIES.items()]
    chosen = values.get("roles") or []
    roles = [Choice(role.value, role.value, role.value in chosen) for role in AUDIENCE]
    fields = [
        Field("key", "", "hidden", str(values.get("key") or uuid4())),
        field("type", _("Kind"), "select", choices=types, required=True),
        field("severity", _("Severity"), "select", choices=severities, required=True),
        field("title", _("Title"), required=True, maxlength=200, wide=True),
        field("body", _("Text"), "textarea", maxlength=4000),
        field("roles", _("To"), "relations", choices=roles, help=_("Nobody ticked: everybody.")),
        Field(
            "expires_at",
            _("Shown until"),
            "datetime",
            request.form.get("expires_at", ""),
            errors=[str(text) for text in refusal.fields.get("expires_at", [])],
        ),
    ]
    submit, note = _("Preview"), ""
    if recipients is not None:
        fields.append(Field("recipients", "", "hidden", str(recipients)))
        submit = ngettext("Send to %(num)s person", "Send to %(num)s people", recipients)
        note = ngettext(
            "This will go to %(num)s person. Look at it once more, then send it.",
            "This will go to %(num)s people. Look at it once more, then send it.",
            recipients,
        )
    known = {each.name for each in fields}
    general = [str(text) for name, texts in refusal.fields.items() if name not in known for text in texts]
    if isinstance(refusal, Conflict):
        general.append(str(refusal))
    form = Form("/broadcasts/new", [FieldGroup("", fields)], submit, cancel_url="/broadcasts/", errors=general)
    page = BroadcastPage(_("New message"), form, "/broadcasts/", _("Broadcasts"), note=note)
    return render_template("broadcast.html", page=page)


def _key(raw: str) -> UUID | None:
    try:
        return UUID(raw)
    except ValueError:
        return None
