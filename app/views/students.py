"""Students: the list, and one page with everything about a person."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.policies.roles import Role
from app.services.admissions import ADMISSIONS, ENTRIES, labels
from app.services.admissions.overview import MARKS
from app.services.classroom import ATTENDANCES
from app.services.errors import NotFound, Refusal
from app.services.records import giving_out
from app.services.students import STUDENTS, identity, overview, records
from app.views import own_seats, records_of_student, render
from app.views.base import RecordView
from app.views.page import Cell, Column, Empty, Fact, FormPage, Group, Link, Panel, RecordPage, Row, Table
from app.views.page import Field as FormField
from app.views.security import current_actor, requires

TONES = {"present": "success", "late": "success", "absent": "danger", "excused": "warning"}
FRONT_OFFICE = (Role.SUPER_ADMIN, Role.ADMIN, Role.STAFF)


class StudentView(RecordView):
    resource = STUDENTS
    list_columns = ("name", "student_usi", "phone", "email", "guardian_name", "account", "created_at")
    show_groups = (
        (_l("Contact"), ("phone", "email", "guardian_name")),
        (
            _l("Person"),
            (
                "student_usi",
                "test_number",
                "birth_date",
                "birth_city",
                "birth_country",
                "birth_sex_descriptor",
                "school_name",
                "account",
            ),
        ),
    )
    form_groups = (
        (_l("Name"), ("first_name", "middle_name", "last_name", "generation_suffix")),
        (_l("Contact"), ("phone", "email", "guardian_name")),
        (_l("Born"), ("birth_date", "birth_city", "birth_state", "birth_country", "birth_sex_descriptor", "races")),
        (
            _l("For tests"),
            ("identity_type", "identity_number", "school_name", "needs_accessible_room", "accommodation_needs"),
        ),
        (_l("For the office"), ("notes",)),
    )
    form_helps = {
        "notes": _l("Students and guardians never see it."),
        "school_name": _l("The school they come from, if it is another one."),
        "needs_accessible_room": _l("At a test they are given a seat in a room that is accessible."),
        "accommodation_needs": _l("As more time, large print or a reader."),
    }
    description = _l("Everybody who learns here.")

    def related_title(self, related: Any) -> str:
        return str(related.username) if hasattr(related, "username") else super().related_title(related)

    def record_page(self, record: Any) -> RecordPage:
        page, actor = super().record_page(record), current_actor()
        page.initials = render.initials(record.first_name, record.last_name)
        page.subtitle = _("Student number %(number)s", number=record.student_usi)
        if overview.may_see_identity(record, actor):
            page.groups.append(_identity(record))
        if actor.has(*FRONT_OFFICE) and record.notes:
            page.groups.append(Group(_("For the office"), [Fact(_("Notes"), Cell(record.notes))]))
        if actor.may("add", ADMISSIONS.name) and record.deleted_at is None:
            url = f"/admissions/new?student_id={record.id}"
            page.actions.insert(0, Link(_("Admit"), url, "graduation-cap", primary=True))
        if not actor.may("list", STUDENTS.name):
            page.list_title = ""  # a student has no list to go back to
        taught = actor.may("list", "Attendance")  # the exam office has nothing to do with classes
        page.panels = [
            *([_admissions(record, actor), _upcoming(record, actor), _past(record, actor)] if taught else []),
            *own_seats.panel(record.id, actor),
            *_requests(record, actor),
            *_waiting(record, actor),
            *_leads(record, actor),
        ]
        records_of_student.add(page, record, actor)
        return page

    def form_page(self, record: Any, values: Any, refusal: Refusal) -> FormPage:
        page = super().form_page(record, values, refusal)
        if isinstance(refusal, records.SameStudent):
            page.form.warnings = [
                Cell(f"{each.name}, {each.student_usi}", "link", f"/students/{each.id}") for each in refusal.students
            ]
            label = _("This is someone else: save all the same")
            page.form.accept = FormField("accept_duplicates", label, "checkbox", wide=True)
        return page

    def save(self, record: Any, raw: Any) -> Any:
        return super().save(record, {**raw, "accept_duplicates": bool(request.form.get("accept_duplicates"))})

    @expose("/<pk>/personal-data.zip")
    @requires("personal_data")
    def personal_data(self, pk: str) -> Any:
        """Everything that is known of one person, for them."""
        name, content = giving_out.archive(self.load(pk).id, current_actor())
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(content, mimetype="application/zip", headers=headers)


class MyPageView(BaseView):
    """The student's own page, found by their account."""

    route_base = "/me"
    class_permission_name = "My page"
    default_view = "student"

    @expose("/student")
    @requires("show")
    def student(self) -> Any:
        found = records.of_account(current_actor().id)
        if found is None:
            raise NotFound(_("No student belongs to your account yet. Ask the office to link it."))
        return redirect(f"/students/{found}")


def _identity(record: Any) -> Group:
    document = next((each.label for each in identity.TYPES if each.value == record.identity_type), "")
    needs = [_("Accessible room")] if record.needs_accessible_room else []
    needs += [record.accommodation_needs] if record.accommodation_needs else []
    facts = [
        Fact(_("Identity document"), Cell(" ".join(filter(None, (str(document), record.identity_number))))),
        Fact(_("Needs at a test"), Cell("; ".join(needs))),
    ]
    return Group(_("For tests"), facts)


def _admissions(record: Any, actor: Any) -> Panel:
    rows = []
    for each in overview.admissions(record.id, actor):
        url = f"/admissions/{each.id}" if actor.may("show", ADMISSIONS.name) else ""
        status, paid = each.status.value, each.payment.value if each.payment else ""
        rows.append(
            Row(
                str(each.id),
                url,
                f"#{each.number}",
                [
                    Cell(f"{each.course}, {each.plan}", "link" if url else "text", url),
                    Cell(str(labels.STATUSES[status]), "badge", tone=labels.STATUS_TONES.get(status, "neutral")),
                    Cell(render.day(each.starts_on), "date", title=each.starts_on.isoformat()),
                    Cell(_("%(left)s of %(all)s", left=each.remaining, all=each.purchased)),
                    Cell(render.money(each.total), "number") if paid else Cell(),
                    Cell(str(labels.PAYMENTS[paid]), "badge", tone=labels.PAYMENT_TONES[paid]) if paid else Cell(),
                ],
            )
        )
    heads = [
        Column("course", _("Course")),
        Column("status", _("Status")),
        Column("starts_on", _("First day")),
        Column("remaining", _("Classes left")),
        Column("total", _("Total"), align="end"),
        Column("payment", _("Payment")),
    ]
    return Panel(_("Admissions"), Table(heads, rows, Empty(_("Not admitted to a course yet"))))


def _class_row(each: Any, actor: Any, *, upcoming: bool) -> Row:
    """A class, which leads to where it is moved or marked."""
    url = f"/attendance/{each.id}" if actor.may("show", ATTENDANCES.name) else ""
    day = f"{render.weekday(each.class_date)}, {render.day(each.class_date)}"
    status = each.status.value
    moved = _("Moved") if each.original_date else _("Make-up") if each.makeup else ""
    mark = Cell(str(MARKS[status]), "badge", tone=TONES.get(status, "neutral"))
    return Row(
        str(each.id),
        url,
        render.day(each.class_date),
        [
            Cell(day, "link" if url else "text", url, title=each.class_date.isoformat()),
            Cell(f"{each.start_time:%H:%M}"),
            Cell(each.course),
            Cell(each.teacher, "person"),
            Cell(each.room or "") if upcoming else mark,
            Cell(moved),
        ],
    )


def _heads(last: str) -> list[Column]:
    return [
        Column("day", _("Day")),
        Column("time", _("Time")),
        Column("course", _("Course")),
        Column("teacher", _("Teacher")),
        Column("last", last),
        Column("note", ""),
    ]


def _upcoming(record: Any, actor: Any) -> Panel:
    rows = [_class_row(each, actor, upcoming=True) for each in overview.classes(record.id, actor, upcoming=True)]
    return Panel(_("Next classes"), Table(_heads(_("Room")), rows, Empty(_("No classes are planned"))))


def _past(record: Any, actor: Any) -> Panel:
    rows = [_class_row(each, actor, upcoming=False) for each in overview.classes(record.id, actor, upcoming=False)]
    counts = overview.marks(record.id, actor)
    held = sum(counts.get(mark, 0) for mark in TONES)
    there = counts.get("present", 0) + counts.get("late", 0)
    title = _("Attendance")
    if held:
        title = _(
            "Attendance: %(there)s of %(held)s (%(rate)s%%)", there=there, held=held, rate=round(100 * there / held)
        )
    return Panel(title, Table(_heads(_("Attendance")), rows, Empty(_("No class has been yet"))))


def _requests(record: Any, actor: Any) -> list[Panel]:
    names = {
        "pending": (_("Waiting"), "warning"),
        "approved": (_("Approved"), "success"),
        "rejected": (_("Rejected"), "danger"),
        "withdrawn": (_("Withdrawn"), "neutral"),
    }
    rows = [
        Row(
            str(each.id),
            "",
            render.day(each.from_date),
            [
                Cell(render.day(each.from_date)),
                Cell(render.day(each.requested_date)),
                Cell(names[each.status.value][0], "badge", tone=names[each.status.value][1]),
            ],
        )
        for each in overview.requests(record.id, actor)
    ]
    heads = [Column("from", _("Class of")), Column("to", _("Wished for")), Column("status", _("Status"))]
    return [Panel(_("Asked to move"), Table(heads, rows, Empty("")))] if rows else []


def _waiting(record: Any, actor: Any) -> list[Panel]:
    shown = actor.may("show", ENTRIES.name)
    rows = [
        Row(
            str(each.id),
            url := f"/waitlist/{each.id}" if shown else "",
            each.course,
            [
                Cell(each.course, "link" if shown else "text", url),
                Cell(str(labels.WAITLIST[each.status.value]), "badge"),
            ],
        )
        for each in overview.waiting(record.id, actor)
    ]
    heads = [Column("course", _("Course")), Column("status", _("Status"))]
    return [Panel(_("On the waitlist"), Table(heads, rows, Empty("")))] if rows else []


def _leads(record: Any, actor: Any) -> list[Panel]:
    rows = [
        Row(str(each.id), f"/leads/{each.id}", each.name, [Cell(each.name, "link", f"/leads/{each.id}")])
        for each in overview.leads(record.id, actor)
    ]
    return [Panel(_("Came from"), Table([Column("name", _("Lead"))], rows, Empty("")))] if rows else []
