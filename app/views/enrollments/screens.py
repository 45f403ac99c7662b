"""The screens of invitations, documents and types of documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.models.enrollments import DocumentType, Enrollment, EnrollmentInvitation
from app.policies.actor import Actor
from app.policies.enrollments import is_office
from app.policies.scopes import visible
from app.services.enrollments import DOCUMENT_TYPES, DOCUMENTS, ENROLLMENTS, INVITATIONS, events, invitations, links
from app.services.enrollments.labels import DOCUMENT_STATUS, INVITATION_STATUS
from app.services.errors import Refusal
from app.services.idempotency import ToldOnce
from app.services.listing import Query
from app.services.resource import Action, Option, Outcome
from app.views import render
from app.views.base import RecordView
from app.views.content.sizes import kind, size
from app.views.enrollments import timeline
from app.views.enrollments.family import send
from app.views.enrollments.fields import PROGRAMS, program_choices
from app.views.page import Cell, Fact, FormPage, Group, Link, RecordPage
from app.views.security import current_actor, requires


def status_tabs(options: tuple[Option, ...], base: str, query: Query) -> list[Link]:
    """The states of a list, as filters."""
    chosen = [each.raw for each in query.filters if each.attribute.name == "status" and each.operator == "is"]
    tabs = [Link(_("All"), base, active=not query.filters)]
    for option in options:
        url = render.address(base, [("f", f"status:is:{option.value}")])
        tabs.append(Link(str(option.label), url, active=chosen == [option.value]))
    return tabs


def _sent(invitation: EnrollmentInvitation) -> str:
    link = links.address(invitation)
    return _("The letter is on its way. The link in it, shown only now: %(link)s", link=link)


class InvitationView(RecordView):
    resource = INVITATIONS
    list_columns = ("student", "status", "guardian_email", "coach", "school", "expires_at")
    show_groups = (
        (_l("Student"), ("student_first_name", "student_last_name", "grade_level", "school")),
        (_l("Family"), ("guardian_name", "guardian_email", "message")),
        (_l("Invitation"), ("coach", "created_at", "opened_at", "expires_at")),
    )
    form_groups = (
        (_l("Student"), ("student_first_name", "student_last_name", "grade_level", "program_interests")),
        (_l("Family"), ("guardian_name", "guardian_email", "message")),
        (_l("At the school"), ("school_id", "coach_id")),
    )
    form_helps = {
        "guardian_email": _l("The link goes there."),
        "message": _l("Stands in the letter, in your words."),
        "coach_id": _l("Who leads the family. You, unless you work in the office."),
        "program_interests": _l("What the student would like to do, as far as you know."),
    }
    description = _l("Families that were asked to enroll a student.")

    def tabs(self, actor: Actor, query: Query) -> list[Link]:
        return status_tabs(INVITATION_STATUS, "/enrollment-invitations/", query)

    def tools(self, actor: Actor, query: Query) -> list[Link]:
        made = super().tools(actor, query)
        if actor.may("add", "Enrollment invitation imports"):
            made.insert(0, Link(_("Import"), "/enrollment-invitation-imports/new", "upload"))
        return made

    def defaults(self) -> dict[str, Any]:
        only = list(db.session.scalars(invitations.schools().limit(2)))
        actor = current_actor()
        return {
            "school_id": only[0] if len(only) == 1 else None,
            "coach_id": None if is_office(actor) else actor.id,
        }

    def form_page(self, record: Any, values: Mapping[str, Any], refusal: Refusal) -> FormPage:
        page = super().form_page(record, values, refusal)
        for group in page.form.groups:
            for field in group.fields:
                field.required |= field.name in ("school_id", "coach_id")  # a program may leave out what is clear
                if field.name == PROGRAMS:
                    field.choices = program_choices(values.get(PROGRAMS))
            if not is_office(current_actor()):
                group.fields = [field for field in group.fields if field.name != "coach_id"]
        return page

    def told_when_saved(self, saved: Any, *, new: bool) -> str:
        return ToldOnce(_sent(saved)) if new and links.may_be_shown(current_actor()) else ""

    def told(self, action: Action, outcome: Outcome) -> Outcome:
        if action.name != "resend" or outcome.state != "ok" or not links.may_be_shown(current_actor()):
            return outcome
        return replace(outcome, message=_sent(self.load(outcome.id)), once=True)

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        page.badge = render.badge(INVITATION_STATUS, record.status)
        page.groups[0].facts.append(Fact(_("Programs"), Cell(", ".join(record.program_interests))))
        page.groups = [Group(each.title, [fact for fact in each.facts if fact.cell.text]) for each in page.groups]
        page.timeline = [timeline.event(each) for each in events.of_invitation(record.id)]
        begun = select(Enrollment.id).where(Enrollment.invitation_id == record.id, visible(Enrollment, current_actor()))
        key = db.session.scalar(begun) if current_actor().may("show", ENROLLMENTS.name) else None
        if key is not None:
            page.actions.insert(0, Link(_("Open the enrollment"), f"/enrollments/{key}", "route", primary=True))
        return page


class EnrollmentDocumentView(RecordView):
    """What the office verifies: those that wait first."""

    resource = DOCUMENTS
    list_columns = ("file_name", "document_type", "enrollment", "status", "created_at", "reviewed_at")
    show_groups = (
        ("", ("document_type", "enrollment", "content_type", "size", "created_at", "reviewed_at", "reason")),
    )
    description = _l("What families have sent in.")

    def tabs(self, actor: Actor, query: Query) -> list[Link]:
        return status_tabs(DOCUMENT_STATUS, "/enrollment-documents/", query)

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        page.badge = render.badge(DOCUMENT_STATUS, record.status)
        page.subtitle = _("Another file has replaced it.") if record.replaced_at else ""
        if record.replaced_at is None or record.reviewed_at is not None:
            page.actions.insert(0, Link(_("Download"), f"{page.url}/file", "download", primary=True))
        page.groups[0].facts = [each for each in page.groups[0].facts if each.cell.text]
        return page

    def fact(self, record: Any, name: str) -> Cell:
        if name == "size":
            return Cell(size(record.size))
        if name == "content_type":
            return Cell(kind(record.content_type), title=record.content_type)
        if name == "document_type":
            named = select(DocumentType.name).where(DocumentType.code == record.document_type)
            return Cell(db.session.scalar(named) or record.document_type)
        if name == "enrollment":
            title = ENROLLMENTS.title(record.enrollment)
            return Cell(title, "link", f"/enrollments/{record.enrollment_id}")
        return super().fact(record, name)

    @expose("/<uuid:key>/file")
    @requires("show")
    def file(self, key: UUID) -> Any:
        return send(key)


class DocumentTypeView(RecordView):
    resource = DOCUMENT_TYPES
    list_columns = ("name", "code", "required", "active", "position")
    show_groups = (("", ("name", "code", "description", "required", "active", "position")),)
    form_groups = (("", ("name", "code", "description", "required", "position", "active")),)
    form_helps = {
        "code": _l("Small letters, digits and _. Files refer to it."),
        "required": _l("A family cannot go on without it."),
    }
    description = _l("What families are asked to send in.")

    def defaults(self) -> dict[str, Any]:
        return {"required": True, "active": True, "position": 9}
