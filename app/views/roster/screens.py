"""Screens of the roster: the weeks, one week as a picture, its parts, and what was published."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import flash, g, jsonify, redirect, render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models.roster import RosterStatus
from app.services import inputs, school
from app.services.errors import Refusal
from app.services.roster import ASSIGNMENTS, DEMANDS, PUBLISHED, ROSTERS, SHIFTS, assigning, rosters
from app.services.roster.schemas import AssignmentInput
from app.views import dialogs, forms
from app.views.base import RecordView
from app.views.page import Cell, RecordPage
from app.views.roster import assign_page, week_page
from app.views.security import current_actor, requires, wants_fragment


class RosterView(RecordView):
    resource = ROSTERS
    list_columns = ("starts_on", "status", "gap", "solved_at", "published_at")
    form_groups = (("", ("starts_on", "copy_from_id")),)
    form_helps = {"copy_from_id": _l("A week whose shifts and demand the new one gets. Nobody is on them yet.")}
    description = _l("Who is at the help desk when. A week is filled from what assistants can and when.")

    def defaults(self) -> dict[str, Any]:
        """The week after the last one, with its shifts."""
        last, monday = rosters.last(), school.today() + timedelta(days=7 - school.today().weekday())
        if last is None:
            return {"starts_on": monday}
        return {"starts_on": max(monday, last.starts_on + timedelta(days=7)), "copy_from_id": last.id}

    @expose("/<pk>")
    @requires("show")
    def show(self, pk: str) -> Any:
        record = self.load(pk)
        page = week_page.page(self.record_page(record), record, current_actor())
        return render_template("roster.html", page=page)

    @expose("/<pk>/status")
    @requires("show")
    def status(self, pk: str) -> Any:
        """What the progress bar asks for."""
        record = self.load(pk)
        solving = record.status is RosterStatus.SOLVING
        return jsonify(
            state="running" if solving else "done",
            percent=record.progress,
            message=_("Looking for the best week…"),
            reload=not solving,
        )


class _Part(RecordView):
    """A part of a week: its page and its forms lead back to the week."""

    from_address = ("roster_id", "shift_id", "day")
    kept = ("roster_id", "shift_id", "day")

    @expose("/delete", methods=["GET", "POST"])
    @requires("delete")
    def delete(self) -> Any:
        """As everywhere; the way back is looked up while there is one."""
        key = request.values.get("id", "").partition(",")[0]  # of several, the first
        g.week_before = rosters.week_of(self.resource.model, self.key(key)) if key else None
        return dialogs.run(self, dialogs.deletion(self.resource))

    def url_after_deletion(self) -> str:
        return f"/rosters/{g.week_before}" if g.week_before else super().url_after_deletion()

    def url_after_saving(self, saved: Any) -> str:
        """The week is what one wants to see."""
        return f"/rosters/{rosters.week_of(self.resource.model, saved.id)}"


class ShiftView(_Part):
    resource = SHIFTS
    list_columns = ("roster", "weekday", "start_time", "end_time", "place")
    show_groups = (("", ("roster", "weekday", "start_time", "end_time", "place")),)
    form_groups = (("", ("roster_id", "day", "start_time", "end_time", "place")),)
    form_helps = {"place": _l("Where the help desk is. Two shifts at the same time need different places.")}
    description = _l("The times at which the help desk is open.")

    def related_title(self, related: Any) -> str:
        return ROSTERS.title(related)

    def record_page(self, record: Any) -> RecordPage:
        page = super().record_page(record)
        page.list_url, page.list_title = f"/rosters/{record.roster_id}", ROSTERS.title(record.roster)
        return page


class DemandView(_Part):
    resource = DEMANDS
    list_columns = ("shift", "course", "tutors_required", "weight")
    show_groups = (("", ("shift", "course", "tutors_required", "weight")),)
    form_groups = (("", ("shift_id", "course_id", "tutors_required", "weight")),)
    form_helps = {"weight": _l("The larger, the worse when somebody is missing. 1 is usual.")}
    description = _l("How many tutors of which course a shift needs.")

    def defaults(self) -> dict[str, Any]:
        return {"tutors_required": 1, "weight": 1}

    def related_title(self, related: Any) -> str:
        return related.name if hasattr(related, "name") else SHIFTS.title(related)


class AssignmentView(RecordView):
    resource = ASSIGNMENTS
    list_columns = ("roster", "weekday", "shift", "course", "assistant", "pinned")
    show_groups = (("", ("shift", "course", "assistant", "pinned")),)
    form_groups = (("", ("shift_id", "course_id", "assistant_id", "pinned")),)
    description = _l("Who is on which shift, and for which course.")

    def fact(self, record: Any, name: str) -> Cell:
        if name == "assistant":
            return Cell(assigning.title(record).rpartition(", ")[0], "person")
        return super().fact(record, name)

    def related_title(self, related: Any) -> str:
        return related.name if hasattr(related, "name") else SHIFTS.title(related)

    @expose("/for/<uuid:shift_id>/<uuid:course_id>", methods=["GET", "POST"])
    @requires("add")
    def choose(self, shift_id: UUID, course_id: UUID) -> Any:
        """Somebody for a place: only those who may take it are offered."""
        refusal = Refusal()
        if request.method == "POST":
            raw = {**request.form, "shift_id": shift_id, "course_id": course_id}
            try:
                made = assigning.assign(inputs.parse(AssignmentInput, raw), actor=current_actor())
                flash(_("%(title)s is saved.", title=assigning.title(made)), "success")
                return redirect(f"/rosters/{made.roster_id}")
            except Refusal as error:
                refusal = forms.shown(error)
        page = assign_page.page(shift_id, course_id, refusal)
        answer = render_template("roster_assign.html", page=page, fragment=wants_fragment())
        return answer, refusal.status if str(refusal) else 200


class PublishedShiftView(RecordView):
    resource = PUBLISHED
    list_columns = ("starts_at", "ends_at", "course", "place", "assistant", "cancelled_at")
    show_groups = (("", ("starts_at", "ends_at", "course", "place", "cancelled_at")),)
    description = _l("Shifts as the assistants were told of them.")
