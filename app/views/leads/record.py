"""The list and the record of leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.policies.actor import Actor
from app.services import people, phones, school
from app.services.admissions import ADMISSIONS
from app.services.errors import NotFound, Refusal
from app.services.leads import LEADS, labels, merging, stages, timeline, unmerging
from app.services.leads.records import PossibleDuplicates, duplicates_of
from app.services.listing import Query
from app.views import once, render
from app.views.base import RecordView
from app.views.forms import read_moment
from app.views.leads import events
from app.views.leads.tabs import tabs
from app.views.page import (
    Cell,
    Empty,
    Event,
    FieldGroup,
    Form,
    FormPage,
    Link,
    ListPage,
    Panel,
    RecordPage,
    Row,
    Table,
)
from app.views.page import Column as Head
from app.views.page import Field as FormField
from app.views.security import current_actor, requires


class LeadView(RecordView):
    resource = LEADS
    list_columns = ("name", "phone", "stage", "owner", "follow_up_date", "follow_up_status", "created_at")
    show_groups = (
        (_l("Contact"), ("phone", "email", "guardian_name", "area", "community", "address")),
        (
            _l("Progress"),
            (
                "stage",
                "owner",
                "assigned_teacher",
                "follow_up_date",
                "follow_up_status",
                "contact_attempts",
                "last_contacted_on",
                "next_follow_up_at",
            ),
        ),
        (
            _l("Interest"),
            ("interest", "source", "age", "expected_budget", "walk_in_date", "demo_date", "demo_conducted"),
        ),
    )
    form_groups = (
        (_l("Contact"), ("first_name", "last_name", "phone", "email", "guardian_name", "age")),
        (_l("Interest"), ("interest", "source", "expected_budget", "walk_in_date", "demo_date", "demo_conducted")),
        (
            _l("Progress"),
            ("stage_id", "owner_id", "assigned_teacher_id", "follow_up_date", "follow_up_status", "next_follow_up_at"),
        ),
        (_l("Where they live"), ("area", "community", "address")),
    )
    form_helps = {
        "phone": _l("As you would dial it; it is kept in international form."),
        "follow_up_date": _l("Today or later: when someone should be in touch again."),
        "assigned_teacher_id": _l("Sees this lead, for a trial lesson."),
    }
    description = _l("People who asked about lessons, until they are admitted.")

    def tabs(self, actor: Actor, query: Query) -> list[Link]:
        return tabs("list", actor, query)

    def list_record(self) -> ListPage:
        """The list, with the follow-ups that have passed marked."""
        page = super().list_record()
        places = {column.name: at for at, column in enumerate(page.table.columns)}
        if "follow_up_date" in places and "follow_up_status" in places:
            today = school.today().isoformat()
            done = str(labels.FOLLOW_UP["done"])
            for row in page.table.rows:
                cell = row.cells[places["follow_up_date"]]
                if cell.title < today and row.cells[places["follow_up_status"]].text != done:
                    cell.tone = "danger"
        return page

    def tools(self, actor: Actor, query: Query) -> list[Link]:
        made = super().tools(actor, query)
        if actor.may("add", "Lead imports"):
            made.insert(0, Link(_("Import"), "/lead-imports/new", "upload"))
        return made

    def defaults(self) -> dict[str, Any]:
        actor = current_actor()
        return {
            "follow_up_date": school.today() + timedelta(days=1),
            "source": "phone",
            "follow_up_status": "open",
            "owner_id": actor.id if actor.has(*people.OWNERS) else None,
            "stage_id": db.session.scalar(stages.FIRST),
        }

    @expose("/<pk>")
    @requires("show")
    def show(self, pk: str) -> Any:
        """The record; of a merged lead that only admins still see, notices and bookmarks lead to the one that stayed."""
        try:
            return super().show(pk)
        except NotFound:
            stayed = merging.successor_of(self.key(pk), actor=current_actor())
            if stayed is None:
                raise
            return redirect(self.record_url(stayed))

    def record_page(self, record: Any) -> RecordPage:
        page, actor = super().record_page(record), current_actor()
        page.initials = render.initials(record.first_name, record.last_name)
        page.badge = Cell(record.stage.name, "badge", tone="success" if record.stage.is_onboarded else "info")
        page.subtitle = " · ".join(filter(None, (record.interest, ", ".join(tag.name for tag in record.tags))))
        if record.merged_into_id:
            page.deleted = _("Merged into another lead on %(day)s.", day=render.moment(record.deleted_at))
            undo = self.undo_link(record.id, db.session.get_one(type(record), record.merged_into_id))
            undo.primary = True
            page.actions = [
                undo,
                Link(_("Open the lead that stayed"), f"/leads/{record.merged_into_id}", "arrow-right"),
            ]
        if not record.deleted_at and actor.may("add", ADMISSIONS.name):
            url = f"/admissions/new?lead_id={record.id}"
            page.actions.insert(0, Link(_("Convert to admission"), url, "graduation-cap", primary=True))
        staff = actor.may("add_note", LEADS.name)
        if staff:
            rows, more = timeline.page(record.id, before=read_moment(request.args.get("before", "")))
            page.timeline = self.timeline(rows, record)
            if more:
                page.timeline_more_url = f"/leads/{record.id}?" + urlencode({"before": page.timeline[-1].when_iso})
            page.panels = self.duplicates(record)
        if staff and LEADS.edit_rule(actor, record) is None and not record.deleted_at:
            body = FormField(
                "body", _("Note"), "textarea", placeholder=_("What was said or agreed?"), required=True, wide=True
            )
            fields = [body, FormField(once.FIELD, "", "hidden", once.new_key())]
            page.note = Form(f"/leads/actions/add_note?id={record.id}", [FieldGroup("", fields)], _("Add note"))
        return page

    def timeline(self, rows: Sequence[Any], record: Any) -> list[Event]:
        """The entries; what was merged into this lead, and is so still, has its undo at the latest of its merges."""
        others = timeline.others(rows)
        made = [events.event(row, others) for row in rows]
        standing = {key: other.id for key, other in others.items() if other.merged_into_id == record.id}
        if current_actor().may("merge", LEADS.name):
            for entry, row in zip(made, rows, strict=True):
                gone = standing.pop(row.after.get("from", ""), None) if row.kind == "merged" else None
                entry.action = self.undo_link(gone, record) if gone else None
        return made

    def undo_link(self, gone: Any, kept: Any) -> Link:
        stopped = unmerging.hindrance(gone, kept) or LEADS.edit_rule(current_actor(), kept)
        link = Link(_("Undo the merge"), f"/leads/{gone}/unmerge", "undo-2", method="post")
        link.enabled, link.reason = stopped is None, str(stopped or "")
        return link

    def duplicates(self, record: Any) -> list[Panel]:
        """Others with the same phone or e-mail, so that they can be merged."""
        found = duplicates_of(current_actor(), record.phone, record.email, but=record.id)
        if not found:
            return []
        heads = [Head("name", _("Name")), Head("phone", _("Phone")), Head("email", _("E-mail"))]
        rows = [
            Row(
                str(each.id),
                f"/leads/{each.id}",
                each.name,
                [
                    Cell(each.name, "link", f"/leads/{each.id}"),
                    render.phone(each.phone),
                    Cell(each.email or ""),
                ],
            )
            for each in found
        ]
        return [Panel(_("Same phone or e-mail"), Table(heads, rows, Empty("")))]

    def form_page(self, record: Any, values: Any, refusal: Refusal) -> FormPage:
        page = super().form_page(record, values, refusal)
        if isinstance(refusal, PossibleDuplicates):
            page.form.warnings = [
                Cell(
                    f"{each.name}, {phones.grouped(each.phone)}" + (f", {each.email}" if each.email else ""),
                    "link",
                    f"/leads/{each.id}",
                )
                for each in refusal.leads
            ]
            page.form.accept = FormField(
                "accept_duplicates", _("This is someone else: save all the same"), "checkbox", wide=True
            )
        return page

    def save(self, record: Any, raw: Any) -> Any:
        return super().save(record, {**raw, "accept_duplicates": bool(request.form.get("accept_duplicates"))})

    @expose("/<pk>/unmerge", methods=["POST"])
    @requires("merge")
    def unmerge(self, pk: str) -> Any:
        unmerging.undo_merge([self.key(pk)], actor=current_actor())
        flash(_("The merge is undone."), "success")
        return redirect(f"/leads/{pk}")
