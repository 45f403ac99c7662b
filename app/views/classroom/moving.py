"""Attendance as records, requests to move a class, and the choice of another place."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.extensions import db
from app.models.admissions import Admission
from app.policies.scopes import visible
from app.services import inputs
from app.services.classroom import ATTENDANCES, REQUESTS, balances, makeups, moving, requests
from app.services.classroom.attributes import REQUEST, STATUS
from app.services.classroom.places import Wish
from app.services.classroom.resource import planned
from app.services.errors import NotFound, Refusal
from app.views import render
from app.views.base import RecordView
from app.views.classroom.places import places_page, read_place, request_page, when
from app.views.forms import shown
from app.views.page import Cell, Fact, Group, Link, RecordPage
from app.views.security import current_actor, requires


class AttendanceView(RecordView):
    resource = ATTENDANCES
    list_columns = ("student", "course", "class_date", "starts_at", "status", "moved", "makeup")
    description = _l("Classes, student by student: planned, marked, moved.")

    def record_page(self, record: Any) -> RecordPage:
        page, actor = super().record_page(record), current_actor()
        slot = record.classroom_slot
        page.badge = render.badge(STATUS, record.status)
        page.subtitle = slot.course.name
        page.initials = render.initials(record.student.first_name, record.student.last_name)
        page.groups = [
            Group(
                "",
                [
                    Fact(_("Student"), _link(record.student.name, "Students", f"/students/{record.student_id}")),
                    Fact(_("Class"), Cell(slot.course.name)),
                    Fact(_("Teacher"), Cell(f"{slot.teacher.first_name} {slot.teacher.last_name}", "person")),
                    Fact(_("When"), Cell(when(record.class_date, slot))),
                    Fact(_("Room"), Cell(slot.room or "")),
                    Fact(
                        _("First planned for"), Cell(render.day(record.original_date) if record.original_date else "")
                    ),
                    Fact(_("Make-up class"), Cell(_("Yes") if record.makeup else _("No"))),
                    Fact(
                        _("Admission"),
                        _link(f"#{record.admission.number}", "Admissions", f"/admissions/{record.admission_id}"),
                    ),
                    Fact(
                        _("Classes that remain"),
                        Cell(str(balances.remaining([record.admission_id])[record.admission_id])),
                    ),
                ],
            )
        ]
        page.actions = [each for each in page.actions if "/actions/move?" not in each.url]
        if actor.may("add", REQUESTS.name) and record.deleted_at is None:
            direct = actor.may("move", ATTENDANCES.name)
            ask = Link(
                _("Move") if direct else _("Ask to move"),
                f"/reschedule-requests/new?attendance_id={record.id}",
                "arrow-right-left",
            )
            reason = planned(record)
            ask.enabled, ask.reason = reason is None, str(reason or "")
            page.actions.insert(0, ask)
        if actor.may("show", "Classroom"):
            page.actions.append(
                Link(_("Register"), f"/classroom/{slot.id}/{record.class_date.isoformat()}", "clipboard-list")
            )
        return page

    @expose("/new", methods=["GET", "POST"])
    @requires("add")
    def add(self) -> Any:
        """A make-up class: for an admission, in one of the places that would be accepted."""
        key = self.key(request.values.get("admission_id", ""))
        admission = (
            db.session.query(Admission).where(Admission.id == key, visible(Admission, current_actor())).one_or_none()
        )
        if admission is None:
            raise NotFound
        refusal = Refusal()
        if request.method == "POST":
            slot_id, day = read_place(request.form.get("place", ""))
            raw = {"admission_id": str(key), "classroom_slot_id": slot_id, "class_date": day}
            try:
                assert self.resource.input is not None
                made = makeups.book(inputs.parse(self.resource.input, raw), actor=current_actor())
                flash(_("The make-up class is booked."), "success")
                return redirect(self.record_url(made.id))
            except Refusal as refused:
                refusal = shown(refused)
        left = balances.of_admissions([key])[key].unplanned
        page = places_page(
            _("Book a make-up class"),
            ngettext("%(num)s class is owed.", "%(num)s classes are owed.", max(left, 0)),
            Wish(key),
            [("admission_id", str(key))],
            [("/attendance/new", _("Book"), True)],
            refusal,
        )
        page.crumbs = [
            ("/admissions/", _("Admissions")),
            (f"/admissions/{key}", f"#{admission.number}"),
            ("", page.title),
        ]
        return render_template("places.html", page=page), refusal.status if str(refusal) else 200

    @expose("/<pk>/move", methods=["POST"])
    @requires("move")
    def move_now(self, pk: str) -> Any:
        """Move a class directly to the place that was chosen."""
        record = self.load(pk)
        slot_id, day = read_place(request.form.get("place", ""))
        action = self.resource.action_by_name["move"]
        assert action.input is not None
        refusal: Refusal | None = None
        try:
            typed = inputs.parse(action.input, {"classroom_slot_id": slot_id, "class_date": day})
            refusal = moving.move([record.id], actor=current_actor(), **typed).outcomes[0].refusal
        except Refusal as refused:
            refusal = refused
        if refusal is None:
            flash(_("The class is moved."), "success")
            return redirect(self.record_url(record.id))
        page = request_page(self.load(pk), shown(refusal))  # read again: what was refused has been rolled back
        return render_template("places.html", page=page), refusal.status

    def new_link(self, actor: Any, *_more: Any) -> None:
        """Make-up classes are booked from the admission."""


class RescheduleRequestView(RecordView):
    resource = REQUESTS
    list_columns = ("student", "course", "from_date", "requested_date", "status", "created_at", "created_by")
    description = _l("Who asks to have a class on another day.")

    def new_link(self, actor: Any, *_more: Any) -> None:
        """One asks from the class."""

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        page.badge = render.badge(REQUEST, record.status)
        page.subtitle = record.from_slot.course.name
        page.initials = render.initials(record.student.first_name, record.student.last_name)
        page.groups = [
            Group(
                "",
                [
                    Fact(_("Student"), _link(record.student.name, "Students", f"/students/{record.student_id}")),
                    Fact(
                        _("Class"),
                        _link(record.from_slot.course.name, ATTENDANCES.name, f"/attendance/{record.attendance_id}"),
                    ),
                    Fact(_("From"), Cell(when(record.from_date, record.from_slot))),
                    Fact(_("To"), Cell(when(record.requested_date, record.requested_slot))),
                    Fact(_("Reason"), Cell(record.reason or "")),
                    Fact(_("Asked"), Cell(render.moment(record.created_at))),
                    Fact(_("Decided"), Cell(render.moment(record.decided_at) if record.decided_at else "")),
                    Fact(_("Answer"), Cell(record.decision_note or "")),
                ],
            )
        ]
        return page

    @expose("/new", methods=["GET", "POST"])
    @requires("add")
    def add(self) -> Any:
        """Choose another place for a class that one may see."""
        raw_key, actor = request.values.get("attendance_id", ""), current_actor()
        key = self.key(raw_key)
        statement = db.session.query(ATTENDANCES.model).where(
            ATTENDANCES.model.id == key, visible(ATTENDANCES.model, actor)
        )
        record = statement.options(*ATTENDANCES.load).one_or_none()
        if record is None:
            raise NotFound
        refusal = Refusal()
        if request.method == "POST":
            slot_id, day = read_place(request.form.get("place", ""))
            raw = {
                "attendance_id": raw_key,
                "requested_slot_id": slot_id,
                "requested_date": day,
                "reason": request.form.get("reason", ""),
            }
            try:
                assert self.resource.input is not None
                made = requests.request(inputs.parse(self.resource.input, raw), actor=actor)
                flash(_("Asked. You are told when it is decided."), "success")
                return redirect(self.record_url(made.id))
            except Refusal as refused:
                refusal = shown(refused)
        return render_template("places.html", page=request_page(record, refusal)), refusal.status if str(
            refusal
        ) else 200


def _link(text: str, resource: str, url: str) -> Cell:
    return Cell(text, "link", url) if current_actor().may("show", resource) else Cell(text)
