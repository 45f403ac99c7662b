"""The list and the record of admissions."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.models.access import User
from app.models.admissions import AdmissionPayment
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import people
from app.services.admissions import ADMISSIONS, labels, overview
from app.services.admissions.attributes import STATUSES
from app.services.classroom import places
from app.views import render
from app.views.admissions import form, slots
from app.views.base import RecordView
from app.views.page import Cell, Change, Column, Empty, Event, Fact, Link, Panel, RecordPage, Row, Table
from app.views.security import current_actor, requires

ICONS = {
    "created": "plus",
    "status_changed": "arrow-right-left",
    "payment_changed": "circle-check",
    "discount_changed": "tag",
    "extra_classes_added": "plus",
    "renewed": "rotate-ccw",
    "classes_moved": "calendar-clock",
    "deleted": "trash-2",
    "restored": "undo-2",
}
MOST_EVENTS = 50


class AdmissionView(RecordView):
    resource = ADMISSIONS
    list_columns = ("number", "student", "course", "plan", "status", "payment", "starts_on", "remaining", "total")
    show_groups = (
        (_l("Admission"), ("student", "course", "plan", "status", "starts_on", "ends_on")),
        (_l("Classes"), ("final_classes", "extra_classes")),
        (_l("Price"), ("price", "discount_type", "discount_value", "total")),
        ("", ("notes",)),
    )
    form_groups = (("", ("notes",)),)
    description = _l("Who takes which course, from when, and whether it is paid.")

    @expose("/new", methods=["GET", "POST"])
    @requires("add")
    def add(self) -> Any:
        return form.answer(current_actor())

    @expose("/slots")
    @requires("add")
    def slots(self) -> Any:
        """The times of a course with their occupancy, for the form."""
        course_id = form.course_of(request.args.get("course_id"))
        days = slots.days(course_id, request.args.getlist("slots"))
        return render_template("admission_slots.html", days=days, hint=_("Nobody teaches this course yet."))

    def record_page(self, record: Any) -> RecordPage:
        page, actor = super().record_page(record), current_actor()
        page.initials = render.initials(record.student.first_name, record.student.last_name)
        page.title = f"{record.student.name}, {record.course.name}"
        page.badge = render.badge(STATUSES, record.status)
        page.subtitle = f"#{record.number}"
        page.actions += _planning_links(record, actor)
        page.panels = [self.slots_panel(record), self.classes_panel(record)]
        if actor.may("add", ADMISSIONS.name):
            page.timeline = [_event(row) for row in overview.events(record.id, MOST_EVENTS)]
        balance, payment = overview.balance(record.id), self.payment(record)
        page.groups[1].facts += [_fact(name, value) for name, value in balance]
        page.groups[2].facts += payment
        page.groups = [group for group in page.groups if any(fact.cell.text for fact in group.facts)]
        return page

    def fact(self, record: Any, name: str) -> Cell:
        made = super().fact(record, name)
        urls = {"student": f"/students/{record.student_id}", "course": f"/courses/{record.course_id}"}
        if name in urls:
            return Cell(made.text, "link", urls[name])
        return made

    def payment(self, record: Any) -> list[Fact]:
        """What is paid, for those who may see money."""
        statement = select(AdmissionPayment, people.full_name(User)).outerjoin(
            User, User.id == AdmissionPayment.confirmed_by_id
        )
        row = db.session.execute(
            statement.where(AdmissionPayment.admission_id == record.id, visible(AdmissionPayment, current_actor()))
        ).one_or_none()
        if row is None:
            return []
        payment, who = row
        status = payment.status.value
        facts = [_fact(_("Payment"), labels.PAYMENTS[status], "badge", labels.PAYMENT_TONES[status])]
        if payment.paid_at:
            facts.append(_fact(_("Paid on"), render.moment(payment.paid_at)))
            facts.append(_fact(_("Confirmed by"), who or ""))
        if payment.note:
            facts.append(_fact(_("Note"), payment.note))
        return facts

    def slots_panel(self, record: Any) -> Panel:
        rows = [
            Row(
                str(slot.id),
                "",
                slot.title,
                [
                    Cell(slot.title),
                    Cell(slot.room or ""),
                    Cell(slots.bar(slot.enrolled, slot.offered, slot.capacity).text),
                ],
            )
            for slot in overview.slots(record.id)
        ]
        heads = [Column("title", _("Weekly slot")), Column("room", _("Room")), Column("taken", _("Places taken"))]
        return Panel(_("Weekly slots"), Table(heads, rows, Empty(_("No slots"))))

    def classes_panel(self, record: Any) -> Panel:
        rows = []
        for each in overview.classes(record.id):
            tone = {"present": "success", "late": "success", "absent": "danger", "excused": "warning"}
            rows.append(
                Row(
                    str(each.id),
                    "",
                    render.day(each.class_date),
                    [
                        Cell(render.day(each.class_date), "date", title=each.class_date.isoformat()),
                        Cell(render.weekday(each.class_date)),
                        Cell(f"{each.start_time:%H:%M}"),
                        Cell(str(overview.MARKS[each.status]), "badge", tone=tone.get(each.status, "neutral")),
                        Cell(_("Moved") if each.original_date else _("Make-up") if each.makeup else ""),
                    ],
                )
            )
        heads = [
            Column("day", _("Day")),
            Column("weekday", ""),
            Column("time", _("Time")),
            Column("status", _("Attendance")),
            Column("note", ""),
        ]
        return Panel(_("Classes"), Table(heads, rows, Empty(_("No classes are planned"))))


def _planning_links(record: Any, actor: Actor) -> list[Link]:
    """Booking a make-up class, greyed where no class can be planned, and giving classes, for this admission."""
    made = []
    if actor.may("add", "Attendance"):
        against = " ".join(each.message for each in places.standing(record))
        url = f"/attendance/new?admission_id={record.id}"
        made.append(Link(_("Make-up class"), url, "calendar-plus", enabled=not against, reason=against))
    if actor.may("add", "Class credits"):
        made.append(Link(_("Give classes"), f"/class-credits/new?admission_id={record.id}", "award"))
    return made


def _fact(label: str, value: Any, kind: str = "text", tone: str = "") -> Fact:
    return Fact(label, Cell(str(value), kind, tone=tone))


def _event(row: Any) -> Event:
    names = sorted({*(row.before or {}), *(row.after or {})})
    changes = [
        Change(
            str(labels.LABELS.get(name, name.replace("_", " ").capitalize())),
            render.plain((row.before or {}).get(name)),
            render.plain((row.after or {}).get(name)),
        )
        for name in names
        if (row.after or {}).get(name) is not None or (row.before or {}).get(name) is not None
    ]
    return Event(
        render.moment(row.at),
        row.at.isoformat(),
        row.who or _("Registrar"),
        str(labels.EVENTS[row.type.value]),
        ICONS.get(row.type.value, "pencil"),
        changes=[] if row.type.value == "created" else changes,
    )
