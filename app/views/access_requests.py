"""Requests for access: the public page, and the list on which a Super Admin decides."""

from __future__ import annotations

from typing import Any

from flask import redirect, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.policies.actor import NOBODY, Actor
from app.services import access_requests, inputs
from app.services.access_requests import ACCESS_REQUESTS, OFFERED, AccessRequestInput
from app.services.access_requests.resource import LABELS
from app.services.errors import Refusal
from app.services.listing import Query
from app.views import door, render
from app.views.base import RecordView
from app.views.door import DoorPage
from app.views.page import Cell, Field, Link, RecordPage


class AccessRequestView(RecordView):
    resource = ACCESS_REQUESTS
    list_columns = ("name", "email", "requested_role", "reason", "status", "reviewer", "reviewed_at", "created_at")
    show_groups = (
        (_l("Request"), ("name", "email", "requested_role", "reason", "created_at")),
        (_l("Decision"), ("status", "reviewer", "reviewed_at", "review_note", "account")),
    )
    description = _l("Who would like an account. Approving one makes it, and sends a link to set its password.")

    def tabs(self, actor: Actor, query: Query) -> list[Link]:
        here = request.full_path.rstrip("?")
        waiting = "/access-requests/?f=status:is:pending"
        known = ((_("All"), "/access-requests/"), (_("Waiting"), waiting))
        return [Link(label, url, active=here == url) for label, url in known]

    def related_title(self, related: Any) -> str:
        return str(related.username)

    def fact(self, record: Any, name: str) -> Cell:
        if name == "name":
            return Cell(self.resource.title(record))
        cell: Cell = super().fact(record, name)
        if name == "account" and record.account is not None:
            cell.kind, cell.url = "link", f"/accounts/{record.account.id}"
        return cell

    def record_page(self, record: Any) -> RecordPage:
        page: RecordPage = super().record_page(record)
        page.badge = self.fact(record, "status")
        page.initials = render.initials(record.first_name, record.last_name)
        return page


class AccessRequestFormView(BaseView):
    """For everybody: ask for an account. The answer says nothing about who has one."""

    route_base = "/access-request"
    default_view = "ask"

    @expose("", methods=["GET", "POST"])
    def ask(self) -> Any:
        if request.method == "GET":
            return self.page({})
        typed = request.form.to_dict()
        try:
            values = inputs.parse(AccessRequestInput, typed)
            access_requests.submit(
                values, actor=NOBODY, ip_address=request.remote_addr or "", locale=render.reader().locale
            )
        except Refusal as refusal:
            return self.page(typed, refusal), refusal.status
        return redirect("/access-request/sent")

    @expose("/sent")
    def sent(self) -> Any:
        lead = _("A Super Admin of the school looks at it. You get the answer by e-mail.")
        links = [Link(_("Back to the login"), "/login/")]
        return door.show(DoorPage(_("Thank you, your request is here"), lead, links=links))

    def page(self, typed: dict[str, str], refusal: Refusal | None = None) -> str:
        def text(name: str, kind: str = "text", **more: Any) -> Field:
            return Field(name, str(LABELS[name]), kind, typed.get(name, ""), **{"required": True} | more)

        role = text("requested_role", "select", choices=door.choices(OFFERED, typed.get("requested_role", "")))
        role.label = _("What you do at the school")
        fields = [
            text("first_name", autocomplete="given-name", maxlength=64),
            text("last_name", autocomplete="family-name", maxlength=64),
            text("email", "email", autocomplete="email", maxlength=254),
            role,
            text("reason", "textarea", required=False, maxlength=1000),
        ]
        fields[-1].label, fields[-1].help = _("Why you need an account"), _("Who knows you, which classes are yours.")
        form = door.form("/access-request", _("Ask for access"), fields, refusal)
        lead = _("For people of the school. Somebody looks at each request.")
        links = [Link(_("Back to the login"), "/login/")]
        return door.show(DoorPage(_("Ask for access"), lead, form, links=links))
