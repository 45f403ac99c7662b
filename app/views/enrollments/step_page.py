"""The page of one step, for the family, and for the office in its place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, jsonify, redirect, render_template, request
from flask_babel import gettext as _

from app.models.enrollments import DocumentStatus, Enrollment, EnrollmentStatus, StepStatus
from app.services.enrollments import documents, progress, steps
from app.services.enrollments.labels import DOCUMENT_STATUS, ENROLLMENT_STATUS, STEPS
from app.services.enrollments.progress import COMPLETE
from app.services.errors import Conflict, Invalid, NotFound, Refusal, WrongState
from app.services.files import Upload
from app.services.rate_limits import TooMany
from app.services.records import leaving
from app.views import forms, render
from app.views.content.sizes import size
from app.views.enrollments import fields
from app.views.page import Field, Form, Link
from app.views.page.enrollments import DocumentLine, StepLine, StepPage
from app.views.security import current_actor

OF_FAMILY = "/me/"  # what the addresses of a family's own pages begin with


def show(enrollment: Enrollment, step: int, base: str, **more: Any) -> str:
    return render_template("enrollment_step.html", page=page_of(enrollment, step, base, **more))


def send(enrollment: Enrollment, step: int, base: str) -> Any:
    """Complete a step with what was posted, or keep it as a draft; refused, it comes back with everything typed, which is
    kept too unless somebody else changed the step meanwhile.
    """
    raw, actor, version = fields.posted(step), current_actor(), _version()
    try:
        if request.form.get("_then") == "draft":
            steps.save_draft(enrollment.id, step, raw, actor=actor, version=version)
            flash(_("Saved. You can come back whenever you like."), "success")
            return redirect(f"{base}/steps/{step}")
        steps.submit(enrollment.id, step, raw, actor=actor, version=version)
    except Invalid as refusal:
        keep(enrollment.id, step, raw)
        return show(enrollment, step, base, refusal=refusal, typed=raw), refusal.status
    except Conflict as refusal:
        said = Conflict(_("Somebody else changed this step meanwhile. Look through what you typed, and send it again."))
        return show(enrollment, step, base, refusal=said, typed=_over(enrollment, step, raw)), refusal.status
    except WrongState as refusal:
        flash(str(refusal), "warning")
        return redirect(f"{base}/steps/{step}")
    flash(_("%(step)s: saved.", step=STEPS[step]), "success")
    return redirect(base)


def _version() -> datetime | None:
    """When the page was made that was sent."""
    return forms.read_moment(request.form.get("_version", ""))


def _over(enrollment: Enrollment, step: int, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, and where it was left empty what somebody else has entered."""
    return progress.steps_of(enrollment.id)[step].data | {name: value for name, value in raw.items() if value}


def keep(enrollment_id: UUID, step: int, raw: Mapping[str, Any]) -> None:
    """What was refused stays where it was typed, and on the server if it can be kept at all."""
    try:
        steps.save_draft(enrollment_id, step, raw, actor=current_actor(), version=_version())
    except Refusal:
        return


def draft(enrollment: Enrollment, step: int) -> Any:
    """What a script saves while somebody types."""
    steps.save_draft(enrollment.id, step, fields.posted(step), actor=current_actor(), version=_version())
    return jsonify(message=_("Saved"))


def upload(enrollment: Enrollment, code: str, base: str) -> Any:
    """Take in the file of one document."""
    sent = request.files.get("file")
    file = Upload(sent.filename, sent.read()) if sent is not None and sent.filename else None
    try:
        documents.upload(enrollment.id, code, file, actor=current_actor())
    except (Invalid, WrongState, TooMany) as refusal:
        fault = refusal if refusal.fields else Refusal(fields={code: [str(refusal)]})
        return show(enrollment, 5, base, refusal=fault), refusal.status
    flash(_("The document is there. The office will look at it."), "success")
    return redirect(f"{base}/steps/5#{code}")


def take_back(enrollment: Enrollment, document_id: UUID, base: str) -> Any:
    """Take a document back. Raises NotFound, also for one of another enrollment."""
    if documents.get(document_id, current_actor()).enrollment_id != enrollment.id:
        raise NotFound
    documents.take_back(document_id, actor=current_actor())
    flash(_("The document is taken back."), "success")
    return redirect(f"{base}/steps/5")


def page_of(
    enrollment: Enrollment,
    step: int,
    base: str,
    refusal: Refusal | None = None,
    typed: Mapping[str, Any] | None = None,
) -> StepPage:
    actor, known = current_actor(), progress.steps_of(enrollment.id)
    state, refusal = progress.of(enrollment, known), refusal or Refusal()
    why_not = progress.why_not_fill(enrollment, step, actor)
    page = StepPage(
        _("Enrollment of %(name)s", name=f"{enrollment.student_first_name} {enrollment.student_last_name}"),
        enrollment.enrollment_code,
        state.percent,
        _("%(done)s of %(all)s steps", done=state.done, all=len(known)),
        [_line(number, known[number], enrollment, base, step) for number in known],
        f"{step}. {STEPS[step]}",
        str(fields.INTRODUCTIONS[step]),
        badge=render.badge(ENROLLMENT_STATUS, enrollment.status),
    )
    if not base.startswith(OF_FAMILY):
        page.list_url, page.list_title = base, f"{enrollment.student_first_name} {enrollment.student_last_name}"
    data = known[step].data
    if enrollment.status is EnrollmentStatus.ENROLLED:
        page.done = _("Welcome! The enrollment is complete.")
    elif enrollment.status not in progress.OPEN:
        why = leaving.ending(enrollment).get("reason")
        page.waiting = _("This enrollment is closed. Ask the school if you think that this is wrong.")
        page.waiting += " " + _("Reason: %(reason)s", reason=why) if why else ""
    elif step == state.step and state.reason:
        page.waiting = str(state.reason)
    elif why_not is not None:
        page.waiting = str(why_not)
    if why_not is None and step != 5:
        label = _("Save and go on") if known[step].status is not StepStatus.COMPLETED else _("Save the correction")
        errors = [str(refusal)] if str(refusal) and not refusal.fields else []
        shown = data if typed is None else typed
        page.form = Form(f"{base}/steps/{step}", fields.groups(step, shown, refusal), label, errors=errors)
        read = request.form.get("_version") if refusal.fields else None  # after a conflict they have seen what there is
        page.form.groups[0].fields.append(Field("_version", "", "hidden", read or known[step].updated_at.isoformat()))
        if known[step].status is not StepStatus.COMPLETED and not progress.is_sent(known[step]):
            page.draft_url = f"{base}/steps/{step}/draft"
    elif step != 5:
        page.facts = fields.facts(step, data)
    if step == 5:
        _add_documents(page, enrollment, base, why_not is None, refusal)
    if step < enrollment.current_step < COMPLETE:
        page.go_on = Link(_("Go to the next step"), base, "arrow-right", primary=page.form is None)
    return page


def _line(number: int, step: Any, enrollment: Enrollment, base: str, shown: int) -> StepLine:
    done, current = step.status is StepStatus.COMPLETED, enrollment.current_step
    state = "done" if done else "current" if number == current else "next"
    note = _("Completed") if done else _("Now") if number == current else _("To come")
    url = f"{base}/steps/{number}" if number <= current else ""
    return StepLine(number, str(STEPS[number]), state, note, url, number == shown)


def _add_documents(page: StepPage, enrollment: Enrollment, base: str, is_open: bool, refusal: Refusal) -> None:
    there = progress.documents_of(enrollment.id)
    page.accept = documents.ACCEPTED
    page.most = _("PDF or photo, at most %(most)s MB.", most=documents.MOST_BYTES // 1024**2)
    for kind in progress.types_wanted():
        line = DocumentLine(kind.code, kind.name, kind.description or "", kind.required)
        line.errors = [str(each) for each in refusal.fields.get(kind.code, ())]
        found = there.get(kind.code)
        if found is not None:
            line.badge = render.badge(DOCUMENT_STATUS, found.status)
            line.file_name, line.facts = found.file_name, f"{size(found.size)}, {render.moment(found.created_at)}"
            files = f"{OF_FAMILY}enrollments/documents" if base.startswith(OF_FAMILY) else "/enrollment-documents"
            line.file_url, line.reason = f"{files}/{found.id}/file", found.reason or ""
        if is_open and (found is None or found.status is not DocumentStatus.VERIFIED):
            line.upload_url = f"{base}/documents/{kind.code}"
            line.remove_url = f"{base}/documents/{found.id}/remove" if found is not None else ""
        page.documents.append(line)
    if is_open and enrollment.current_step == 5:
        errors = (
            [_("Some documents are missing.")] if refusal.fields.keys() & {each.code for each in page.documents} else []
        )
        page.form = Form(f"{base}/steps/5", [], _("All documents are there: go on"), errors=errors)
