"""The classes of a day and of a week, and their registers."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import ngettext

from app.models.classroom import AttendanceStatus
from app.policies.actor import Actor
from app.policies.roles import Role
from app.services import lookups, school
from app.services.classroom import dashboard, marking
from app.services.classroom.dashboard import Choice, ClassOfDay, Days, SchoolDay
from app.services.errors import Invalid, NotFound, Refusal
from app.services.resource import Result
from app.views import render
from app.views.admissions.slots import bar
from app.views.classroom import registers
from app.views.page import Field, Link
from app.views.page.classroom import ClassCard, DayBoard, DaysPage, Line
from app.views.security import current_actor, requires, wants_fragment

YEARS = range(2000, 2200)


class ClassroomView(BaseView):
    route_base = "/classroom"
    class_permission_name = "Classroom"
    default_view = "index"

    @expose("/")
    @requires("list")
    def index(self) -> Any:
        """The classes of a day."""
        day, choice = read_day(request.args.get("day", "")) or school.today(), read_choice()
        found = dashboard.days(day, 1, current_actor(), choice)
        return render_template("classroom_day.html", page=days_page("/classroom/", day, 1, found, choice))

    @expose("/week")
    @requires("list")
    def week(self) -> Any:
        day, choice = read_day(request.args.get("day", "")) or school.today(), read_choice()
        found = dashboard.week(day, current_actor(), choice)
        return render_template("classroom_week.html", page=days_page("/classroom/week", day, 7, found, choice))

    @expose("/<uuid:slot_id>/<day>")
    @requires("show")
    def register(self, slot_id: UUID, day: str) -> Any:
        return render_template("register.html", page=registers.page(slot_id, known_day(day), current_actor()))

    @expose("/<uuid:slot_id>/<day>/mark", methods=["POST"])
    @requires("mark")
    def mark(self, slot_id: UUID, day: str) -> Any:
        """One student, or all who are still planned. A script gets the register back, a form its page."""
        when, actor, error = known_day(day), current_actor(), None
        try:
            result = _mark(slot_id, when, request.form.get("mark", ""), actor)
            error = next((each.refusal for each in result.outcomes if each.refusal is not None), None)
        except Refusal as refusal:
            if not wants_fragment() or isinstance(refusal, NotFound):
                raise
            error = refusal
        if isinstance(error, NotFound):
            raise error
        if wants_fragment():
            made = registers.page(slot_id, when, actor)
            made.error = str(error or "")
            return render_template("register_rows.html", page=made), error.status if error else 200
        if error is not None:
            flash(str(error), "danger")
        return redirect(url_for("ClassroomView.register", slot_id=slot_id, day=day))


def _mark(slot_id: UUID, day: date, raw: str, actor: Actor) -> Result:
    """What the pressed button means: "all", or "<class>:<mark>". Raises Invalid."""
    if raw == "all":
        return marking.all_present(slot_id, day, actor=actor)
    key, _colon, status = raw.partition(":")
    try:
        attendance_id, to = UUID(key), AttendanceStatus(status)
    except ValueError:
        raise Invalid(_("Choose a student and a mark.")) from None
    if to is AttendanceStatus.SCHEDULED:
        return marking.clear([attendance_id], actor=actor)
    return marking.mark([attendance_id], actor=actor, status=to)


def read_day(raw: str) -> date | None:
    """A day of an address, or None when it is none."""
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def known_day(raw: str) -> date:
    """Raises NotFound."""
    day = read_day(raw)
    if day is None or raw != day.isoformat():
        raise NotFound
    return day


def read_choice() -> Choice:
    """The filters of the address; what is no key is ignored."""
    return Choice(
        lookups.key_of_choice("teachers", request.args.get("teacher", "") or None),
        lookups.key_of_choice("courses", request.args.get("course", "") or None),
    )


def days_page(action: str, day: date, count: int, found: Days, choice: Choice) -> DaysPage:
    actor, today = current_actor(), school.today()
    boards = [_board(each, found, today, choice) for each in found.days]
    first = found.days[0].day
    weekly = count == 7
    title = _("Week from %(day)s", day=render.day(first)) if weekly else f"{render.weekday(day)}, {render.day(day)}"
    step = timedelta(days=count)
    closed = next(
        (each for each in found.days if each.closure and any(c.open for c in found.classes if c.day == each.day)), None
    )
    return DaysPage(
        title,
        _("Press a class to open its register."),
        boards,
        [
            Link(_("Day"), _address("/classroom/", day, choice), "calendar", active=not weekly),
            Link(_("Week"), _address("/classroom/week", day, choice), "calendar-days", active=weekly),
        ],
        Link(
            _("Previous week") if weekly else _("Previous day"), _address(action, first - step, choice), "chevron-left"
        ),
        Link(_("Today"), _address(action, today, choice)),
        Link(_("Next week") if weekly else _("Next day"), _address(action, first + step, choice), "chevron-right"),
        day.isoformat(),
        action,
        _filters(actor, choice),
        _("There are more classes than are shown here: choose a teacher or a course.") if found.more else "",
        Link(_("Closures"), "/closures/", "calendar-x") if closed and actor.may("apply", "Closures") else None,
    )


def _address(path: str, day: date, choice: Choice) -> str:
    pairs = {"day": day.isoformat(), "teacher": choice.teacher_id, "course": choice.course_id}
    return f"{path}?" + urlencode({name: value for name, value in pairs.items() if value})


def _filters(actor: Actor, choice: Choice) -> list[Field]:
    """Teachers see their own classes: they have nobody to choose."""
    made = []
    for name, lookup, label, value in (
        ("teacher", "teachers", _("Teacher"), choice.teacher_id),
        ("course", "courses", _("Course"), choice.course_id),
    ):
        office = actor.has(Role.SUPER_ADMIN, Role.ADMIN, Role.STAFF)
        if actor.may(*lookups.get(lookup).permission) and (office or name != "teacher"):
            chosen = lookups.label(lookup, actor, value) if value is not None else ""
            made.append(
                Field(
                    name,
                    label,
                    "relation",
                    str(value or ""),
                    chosen,
                    lookup_url=url_for("LookupView.find", name=lookup),
                    placeholder=_("All"),
                )
            )
    return made


def _board(each: SchoolDay, found: Days, today: date, choice: Choice) -> DayBoard:
    classes = [one for one in found.classes if one.day == each.day]
    marked = marking.is_open(each.day)
    lines = [
        Line(f"{start:%H:%M}", [_card(one, marked) for one in same])
        for start, same in groupby(classes, key=lambda one: one.start)
    ]
    closed = ""
    if not each.open:
        closed = _("Closed: %(reason)s", reason=each.closure) if each.closure else _("Closed on this day of the week")
    return DayBoard(
        f"{render.weekday(each.day)}, {render.day(each.day)}",
        each.day.isoformat(),
        _address("/classroom/", each.day, choice),
        lines,
        closed,
        each.day == today,
        ngettext("%(num)s class", "%(num)s classes", len(classes)) if classes else "",
    )


def _card(one: ClassOfDay, marked: bool) -> ClassCard:
    """`marked` says whether the register of that day can be marked."""
    marks, tone = "", ""
    if marked and one.planned:
        marks = _("%(marked)s of %(planned)s marked", marked=one.marked, planned=one.planned)
        tone = "warning" if one.open else "success"
    return ClassCard(
        f"/classroom/{one.slot_id}/{one.day.isoformat()}",
        f"{one.start:%H:%M}\N{EN DASH}{one.end:%H:%M}",
        one.course,
        one.teacher,
        one.room or "",
        bar(one.taken, 0, one.capacity),
        marks,
        tone,
        ngettext("%(num)s visitor", "%(num)s visitors", one.visitors) if one.visitors else "",
    )
