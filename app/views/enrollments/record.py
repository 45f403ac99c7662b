"""The page of an enrollment for the coach and the office: how far it is, what was entered, documents, what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select

from app.extensions import db
from app.models.enrollments import DocumentStatus, EnrollmentInvitation, EnrollmentStatus
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.enrollments import DOCUMENTS, ENROLLMENTS, INVITATIONS, documents, events, progress
from app.services.enrollments.labels import DOCUMENT_STATUS, ENROLLMENT_STATUS, STEP_STATUS, STEPS
from app.services.enrollments.progress import Progress, WaitsFor
from app.services.enrollments.resource import step_name
from app.services.listing import Query
from app.services.records import monitoring, retrying
from app.views import render
from app.views.base import RecordView
from app.views.enrollments import fields, step_page, timeline
from app.views.enrollments.family import reached
from app.views.enrollments.screens import status_tabs
from app.views.page import Cell, Column, Empty, Fact, Link, Panel, Row, Table
from app.views.page.enrollments import EnrollmentPage, StepSummary
from app.views.security import current_actor, requires

WAITS = {
    WaitsFor.FAMILY: _l("Waits for the family"),
    WaitsFor.COACH: _l("Waits for the coach"),
    WaitsFor.OFFICE: _l("Waits for the office"),
    WaitsFor.NOBODY: "",
}


class EnrollmentView(RecordView):
    resource = ENROLLMENTS
    list_columns = ("student", "status", "current_step", "coach", "guardian", "deposit_paid", "created_at")
    show_groups = (
        (
            _l("Enrollment"),
            (
                "enrollment_code",
                "guardian",
                "coach",
                "school",
                "created_at",
                "coach_decision",
                "decided_at",
                "decision_note",
            ),
        ),
        (_l("Payment"), ("deposit_amount", "deposit_paid", "deposit_paid_on", "enrolled_at")),
    )
    description = _l("Families on their way to the school.")

    def tabs(self, actor: Actor, query: Query) -> list[Link]:
        return [*ways("list", actor), *status_tabs(ENROLLMENT_STATUS, "/enrollments/", query)[1:]]

    @expose("/<pk>")
    @requires("show")
    def show(self, pk: str) -> Any:
        return render_template("enrollment_record.html", page=self.whole_page(self.load(pk)))

    def whole_page(self, record: Any) -> EnrollmentPage:
        actor, steps = current_actor(), progress.steps_of(record.id)
        state, page = progress.of(record, steps), self.record_page(record)
        page.badge = render.badge(ENROLLMENT_STATUS, record.status)
        page.initials = render.initials(record.student_first_name, record.student_last_name)
        page.subtitle = step_name(record.current_step)
        for group in page.groups:
            group.facts = [each for each in group.facts if each.cell.text]
        page.groups[0].facts.append(Fact(_("Invitation"), self._invitation(record, actor)))
        if record.student_id is not None and actor.may("show", "Students"):
            page.groups[0].facts.append(Fact(_("Student"), _student(record, actor)))
        there = progress.documents_of(record.id)
        page.panels = [self._documents(record, there, actor)]
        failed = record.records_due_since is not None
        if tries := monitoring.attempts(record.id):
            page.panels.append(_attempts(tries))
        page.timeline = [timeline.event(each) for each in events.of_invitation(record.invitation_id)]
        missing_ones = failed or (record.status is EnrollmentStatus.ENROLLED and record.student_id is None)
        return EnrollmentPage(
            page,
            state.percent,
            _("%(done)s of %(all)s steps", done=state.done, all=len(steps)),
            _waits(state, there),
            _("The records of this student could not be made yet.") if missing_ones else "",
            [_summary(record, number, steps[number], actor) for number in steps],
        )

    def _invitation(self, record: Any, actor: Actor) -> Cell:
        of_theirs = select(EnrollmentInvitation.id).where(EnrollmentInvitation.id == record.invitation_id)
        seen = db.session.scalar(of_theirs.where(visible(EnrollmentInvitation, actor))) is not None
        linked = seen and actor.may("show", INVITATIONS.name)
        text = _("Open the invitation")
        return Cell(text, "link", f"/enrollment-invitations/{record.invitation_id}") if linked else Cell()

    def _documents(self, record: Any, there: Mapping[str, Any], actor: Actor) -> Panel:
        rows, linked = [], actor.may("show", DOCUMENTS.name)
        for kind in progress.types_wanted():
            found = there.get(kind.code)
            url = f"/enrollment-documents/{found.id}" if found is not None and linked else ""
            name = found.file_name if found is not None and linked else kind.name
            state = render.badge(DOCUMENT_STATUS, found.status) if found is not None else Cell(_("Missing"), "muted")
            if found is None and not kind.required:
                state = Cell(_("Not needed"), "muted")
            when = Cell(render.moment(found.created_at), "datetime") if found is not None else Cell()
            reason = found.reason or "" if found is not None and found.status is DocumentStatus.REJECTED else ""
            file = Cell(name if found is not None else "", "link" if url else "text", url)
            rows.append(Row(kind.code, url, kind.name, [Cell(kind.name), state, file, when, Cell(reason)]))
        heads = [Column("type", _("Document")), Column("status", _("Status")), Column("file", _("File"))]
        heads += [Column("when", _("Sent in")), Column("reason", _("Reason"))]
        more = f"/enrollment-documents/?f=enrollment:is:{record.id}" if linked else ""
        return Panel(
            _("Documents"), Table(heads, rows, Empty(_("No documents are asked for"))), more, _verify(there, actor)
        )

    @expose("/<pk>/steps/<int:step>", methods=["GET", "POST"])
    @requires("edit")
    def step(self, pk: str, step: int) -> Any:
        """A step, filled in by the office in place of the family."""
        found = self.load(pk)
        number, base = reached(found, step), self.record_url(found.id)
        if request.method == "POST":
            return step_page.send(found, number, base)
        return step_page.show(found, number, base)

    @expose("/<pk>/steps/<int:step>/draft", methods=["POST"])
    @requires("edit")
    def draft(self, pk: str, step: int) -> Any:
        found = self.load(pk)
        return step_page.draft(found, reached(found, step))

    @expose("/<pk>/documents/<code>", methods=["POST"])
    @requires("edit")
    def upload(self, pk: str, code: str) -> Any:
        found = self.load(pk)
        return step_page.upload(found, code, self.record_url(found.id))

    @expose("/<pk>/documents/<uuid:document>/remove", methods=["POST"])
    @requires("edit")
    def remove(self, pk: str, document: UUID) -> Any:
        found = self.load(pk)
        return step_page.take_back(found, document, self.record_url(found.id))


def _student(record: Any, actor: Actor) -> Cell:
    """The way to the student, who may be deleted."""
    there = select(Student.id).where(Student.id == record.student_id, visible(Student, actor))
    if db.session.scalar(there) is None:
        return Cell(_("Deleted"), "muted")
    return Cell(f"{record.student_first_name} {record.student_last_name}", "link", f"/students/{record.student_id}")


def ways(here: str, actor: Actor) -> list[Link]:
    """List and board: two ways to see the same enrollments."""
    known = [("list", _("List"), "/enrollments/", "list"), ("board", _("Board"), "/enrollments/board/", "columns-3")]
    return [
        Link(label, url, icon, active=name == here)
        for name, label, url, icon in known
        if actor.may(name, ENROLLMENTS.name)
    ]


def _to_verify(there: Mapping[str, Any]) -> list[Any]:
    return [each for each in there.values() if each.status is DocumentStatus.SUBMITTED]


def _verify(there: Mapping[str, Any], actor: Actor) -> Link | None:
    """All that came in since the last look, in one dialog."""
    waiting = [each for each in _to_verify(there) if documents.why_not_review(actor, each) is None]
    if not waiting or not actor.may("verify", DOCUMENTS.name):
        return None
    query = urlencode([("id", each.id) for each in waiting])
    label = ngettext("Verify %(num)s document", "Verify %(num)s documents", len(waiting))
    return Link(label, f"/enrollment-documents/actions/verify?{query}", "check", dialog=True)


def _waits(state: Progress, there: Mapping[str, Any]) -> str:
    """For whom: the office may have documents to look at while the family goes on."""
    said = [str(WAITS[state.waits_for])]
    if waiting := len(_to_verify(there)):
        said.append(ngettext("%(num)s document to verify", "%(num)s documents to verify", waiting))
    return " · ".join(filter(None, said))


def _summary(record: Any, number: int, step: Any, actor: Actor) -> StepSummary:
    when = render.moment(step.completed_at) if step.completed_at else ""
    state, known = render.badge(STEP_STATUS, step.status), fields.facts(number, step.data)
    made = StepSummary(number, str(STEPS[number]), state, when, known)
    may_edit = actor.may("edit", ENROLLMENTS.name) and progress.why_not_fill(record, number, actor) is None
    if may_edit:
        made.edit = Link(_("Fill in"), f"/enrollments/{record.id}/steps/{number}", "pencil")
    return made


def _attempts(tries: Any) -> Panel:
    rows = []
    for each in tries:
        state = (
            Cell(_("Made"), "badge", tone="success") if each.succeeded else Cell(_("Failed"), "badge", tone="danger")
        )
        why = retrying.reason(each.fields, each.message)
        rows.append(
            Row(
                str(each.id),
                "",
                render.moment(each.at),
                [
                    Cell(render.moment(each.at), "datetime", title=each.at.isoformat()),
                    state,
                    Cell(why),
                    Cell(each.who or ""),
                ],
            )
        )
    heads = [Column("at", _("When")), Column("state", _("Result")), Column("why", _("Why")), Column("who", _("Who"))]
    return Panel(_("Making the student's records"), Table(heads, rows, Empty("")))
