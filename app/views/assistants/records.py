"""Applications and assistants: lists, records, and the week of an assistant as a form."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models.assistants import RegistrationStatus
from app.policies.actor import Actor
from app.services import inputs, people
from app.services.assistants import ASSISTANTS, REGISTRATIONS, records, week
from app.services.assistants.resource import STATUS
from app.services.assistants.schemas import PlanInput
from app.services.errors import Refusal
from app.services.listing import Query
from app.services.students.records import duplicates_of
from app.views import render
from app.views.assistants import grid
from app.views.base import RecordView
from app.views.forms import read_moment, shown
from app.views.page import Cell, Fact, Field, FieldGroup, Form, Link
from app.views.page.assistants import WeekFormPage, WeekRecordPage
from app.views.security import current_actor, requires


class RegistrationView(RecordView):
    resource = REGISTRATIONS
    list_columns = ("name", "status", "username", "email", "degree", "created_at")
    show_groups = (
        (_l("Applicant"), ("username", "email", "phone", "degree", "created_at")),
        (_l("Decision"), ("processed_at", "processed_by", "rejection_reason")),
    )
    description = _l("Students who want to be help desk assistants.")

    @expose("/<pk>")
    @requires("show")
    def show(self, pk: str) -> Any:
        return render_template("assistant_record.html", page=self.record_page(self.load(pk)))

    def tabs(self, actor: Actor, query: Query) -> list[Link]:
        """The states, as filters."""
        chosen = [each.raw for each in query.filters if each.attribute.name == "status" and each.operator == "is"]
        tabs = [Link(_("All"), "/registrations/", active=not query.filters)]
        for option in STATUS:
            url = render.address("/registrations/", [("f", f"status:is:{option.value}")])
            tabs.append(Link(str(option.label), url, active=chosen == [option.value]))
        return tabs

    def record_page(self, record: Any) -> WeekRecordPage:
        page = week_page(super().record_page(record))
        page.badge = render.badge(STATUS, record.status)
        page.initials = render.initials(record.first_name, record.last_name)
        if record.status is not RegistrationStatus.PENDING:
            _decided(page, record)
            return page
        page.groups = page.groups[:1]
        show_plan(page, records.plan_of_registration(record.id), current_actor())
        names = ("first_name", "last_name", "phone", "email")
        found = duplicates_of({name: getattr(record, name) for name in names} | {"birth_date": None}, current_actor())
        if found:
            page.warning = _("A student with the same phone or e-mail exists. Approving makes another one.")
            page.similar = [(each.name, f"/students/{each.id}") for each in found]
        return page

    def fact(self, record: Any, name: str) -> Cell:
        if name == "processed_by":
            return Cell(people.name_of(record.processed_by_id), "person")
        return super().fact(record, name)


def _decided(page: WeekRecordPage, record: Any) -> None:
    """What was decided; what was staged is gone."""
    page.groups[1].facts = [each for each in page.groups[1].facts if each.cell.text]
    if record.assistant_id is not None:
        link = Cell(page.title, "link", f"/assistants/{record.assistant_id}")
        page.groups[1].facts.append(Fact(_("Assistant"), link))


class AssistantView(RecordView):
    resource = ASSISTANTS
    list_columns = ("student", "active", "rate", "hours_minimum", "hours_maximum", "hours_worked", "created_at")
    show_groups = (("", ("rate", "hours_minimum", "hours_maximum", "hours_worked", "created_at")),)
    form_groups = (("", ("rate", "hours_minimum", "hours_maximum", "active")),)
    description = _l("Students who help at the desk.")

    def record_page(self, record: Any) -> WeekRecordPage:
        page, actor = week_page(super().record_page(record)), current_actor()
        page.initials = render.initials(record.student.first_name, record.student.last_name)
        page.badge = active_badge(record.active)
        page.groups[0].facts.insert(0, Fact(_("Student"), _student_cell(record, actor)))
        show_plan(page, records.plan_of(record.id), actor)
        if actor.may("edit", ASSISTANTS.name):
            page.week_edit = Link(_("Change"), f"{page.url}/plan", "pencil")
        return page

    @expose("/<pk>")
    @requires("show")
    def show(self, pk: str) -> Any:
        return render_template("assistant_record.html", page=self.record_page(self.load(pk)))

    @expose("/<pk>/plan", methods=["GET", "POST"])
    @requires("edit")
    def plan(self, pk: str) -> Any:
        """What an assistant can help with, and when, as a form."""
        record = self.load(pk)
        if request.method == "GET":
            known = records.plan_of(record.id)
            chosen = [str(each.id) for each in known.courses]
            return self.plan_form(record, chosen, week.cells(known.availability), Refusal())
        periods, cells = grid.read(request.form.getlist(grid.NAME))
        chosen = request.form.getlist("course_ids")
        try:
            records.update_plan(
                record.id,
                inputs.parse(PlanInput, {"course_ids": chosen, "availability": periods}),
                actor=current_actor(),
                version=read_moment(request.form.get("_version", "")),
            )
        except Refusal as refusal:
            shown(refusal)
            return self.plan_form(self.load(pk), chosen, cells, refusal), refusal.status
        flash(_("%(title)s is saved.", title=self.resource.title(record)), "success")
        return redirect(self.record_url(record.id))

    def plan_form(self, record: Any, chosen: list[str], cells: Any, refusal: Refusal) -> str:
        offered = {each.id: each for each in (*records.courses_offered(), *records.plan_of(record.id).courses)}
        courses = grid.course_field(offered.values(), chosen, refusal.fields.get("course_ids", ()))
        courses.required = False
        url, title = self.record_url(record.id), self.resource.title(record)
        form = Form(
            f"{url}/plan",
            [FieldGroup(_("Courses"), [courses, version_field(record)])],
            _("Save"),
            url,
            errors=[] if refusal.fields or not str(refusal) else [str(refusal)],
        )
        page = WeekFormPage(
            _("Courses and times of %(title)s", title=title),
            form,
            f"/{self.resource.slug}/",
            str(self.resource.plural),
            url,
            title,
            week=grid.draw(cells, refusal.fields.get("availability", ())),
            hint=_("Every half hour in which they usually can."),
        )
        return render_template("assistant_week_form.html", page=page)


def version_field(record: Any) -> Field:
    """When the record was read, so that nobody writes over another's change."""
    return Field("_version", "", "hidden", request.form.get("_version") or record.updated_at.isoformat())


def active_badge(active: bool) -> Cell:
    return Cell(_("Active"), "badge", tone="success") if active else Cell(_("Not active"), "badge")


def _student_cell(record: Any, actor: Actor) -> Cell:
    name = record.student.name
    return Cell(name, "link", f"/students/{record.student_id}") if actor.may("show", "Students") else Cell(name)


def week_page(page: Any) -> WeekRecordPage:
    """The page of a record, with room for a week."""
    return WeekRecordPage(**{name: getattr(page, name) for name in page.__slots__})


def show_plan(page: WeekRecordPage, plan: Any, actor: Actor) -> None:
    """Put courses and week on the page of an applicant or assistant."""
    linked = actor.may("show", "Courses")
    page.courses = [(each.name, f"/courses/{each.id}" if linked else "") for each in plan.courses]
    page.week, page.week_title = grid.draw(week.cells(plan.availability)), _("Courses and times")
