"""The assistant's own page: what they can help with, when, and their shifts."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.models.assistants import HelpDeskAssistant
from app.services import inputs
from app.services.assistants import own, records, week
from app.services.assistants.schemas import AvailabilityInput
from app.services.errors import Refusal
from app.views import render
from app.views.assistants import grid
from app.views.assistants.records import active_badge, show_plan, version_field
from app.views.forms import read_moment, shown
from app.views.page import Cell, Fact, FieldGroup, Form, Group, Link
from app.views.page.assistants import WeekFormPage, WeekRecordPage
from app.views.roster import own_shifts
from app.views.security import current_actor, requires

URL = "/me/assistant"


class OwnAssistantView(BaseView):
    route_base = "/me"
    class_permission_name = "My assistant page"
    default_view = "show"

    @expose("/assistant")
    @expose("/assistant/")  # as in notices and mails that were sent before
    @requires("show")
    def show(self) -> Any:
        actor = current_actor()
        found = own.find(actor)
        page = WeekRecordPage(found.student.name, "", URL, "", "", badge=active_badge(found.active))
        page.initials = render.initials(found.student.first_name, found.student.last_name)
        page.groups = [Group("", _facts(found))]
        show_plan(page, records.plan_of(found.id), actor)
        if found.active and actor.may("edit", self.class_permission_name):
            page.week_edit = Link(_("Change my times"), f"{URL}/availability", "pencil")
        return render_template("assistant_own.html", page=page, shifts=own_shifts(actor))

    @expose("/assistant/availability", methods=["GET", "POST"])
    @requires("edit")
    def availability(self) -> Any:
        """When one can, as a form."""
        found = own.find(current_actor())
        if request.method == "GET":
            return self.form(found, week.cells(records.plan_of(found.id).availability), Refusal())
        periods, cells = grid.read(request.form.getlist(grid.NAME))
        try:
            values = inputs.parse(AvailabilityInput, {"availability": periods})
            own.set_availability(
                values["availability"],
                actor=current_actor(),
                version=read_moment(request.form.get("_version", "")),
            )
        except Refusal as refusal:
            shown(refusal)
            return self.form(own.find(current_actor()), cells, refusal), refusal.status
        flash(_("Your times are saved."), "success")
        return redirect(URL)

    def form(self, found: HelpDeskAssistant, cells: Any, refusal: Refusal) -> str:
        errors = [] if refusal.fields or not str(refusal) else [str(refusal)]
        form = Form(f"{URL}/availability", [FieldGroup("", [version_field(found)])], _("Save"), URL, errors)
        page = WeekFormPage(
            _("When I can"),
            form,
            URL,
            _("My help desk"),
            week=grid.draw(cells, refusal.fields.get("availability", ())),
            hint=_("Every half hour in which you usually can."),
        )
        return render_template("assistant_week_form.html", page=page)


def _facts(found: HelpDeskAssistant) -> list[Fact]:
    """What the office has written down."""
    hours = _(
        "%(least)s to %(most)s hours a week",
        least=render.number(found.hours_minimum),
        most=render.number(found.hours_maximum),
    )
    return [
        Fact(_("Planned"), Cell(hours)),
        Fact(_("Hours worked"), Cell(render.number(found.hours_worked), "number")),
        Fact(_("Rate per hour"), Cell(render.money(found.rate), "number")),
    ]
