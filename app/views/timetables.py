"""Timetables as pages, by week and as a list, and the feed that calendars elsewhere read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Response, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.models.access import WeekStart
from app.policies.roles import Role
from app.services import school, settings
from app.services.errors import NotFound
from app.services.timetables import ClassEntry, feeds, of_actor, of_student, of_teacher, reading
from app.views import render
from app.views.page import Cell, Column, Empty, Link, Row, Table
from app.views.security import current_actor, requires

LISTED = timedelta(days=60)
STATES = {
    "scheduled": (_l("Planned"), "info"),
    "present": (_l("Present"), "success"),
    "late": (_l("Late"), "success"),
    "absent": (_l("Absent"), "danger"),
    "excused": (_l("Excused"), "warning"),
    "marked": (_l("Marked"), "success"),
}


@dataclass(slots=True)
class ClassCard:
    """One class in the week."""

    time: str
    course: str
    lines: list[str]
    badge: Cell
    moved: bool = False


@dataclass(slots=True)
class Day:
    name: str
    date: str
    iso: str
    today: bool
    classes: list[ClassCard] = field(default_factory=list)


@dataclass(slots=True)
class TimetablePage:
    title: str
    period: str
    days: list[Day]
    table: Table | None
    tabs: list[Link]
    steps: list[Link]
    empty: Empty
    settings_url: str = ""


class TimetableView(BaseView):
    route_base = "/timetable"
    class_permission_name = "Timetable"
    default_view = "index"

    @expose("/")
    @requires("show")
    def index(self) -> Any:
        """One's own classes, and those of one's children."""
        actor = current_actor()
        return _page(_("Timetable"), "/timetable/", lambda first, last: of_actor(first, last, actor=actor), own=True)

    @expose("/teachers/<int:teacher_id>")
    @requires("of_teacher")
    def of_teacher(self, teacher_id: int) -> Any:
        if teacher_id >= 2**31:
            raise NotFound
        actor, name = current_actor(), reading.teacher_name(teacher_id)
        return _page(
            _("Timetable of %(name)s", name=name),
            f"/timetable/teachers/{teacher_id}",
            lambda first, last: of_teacher(teacher_id, first, last, actor=actor),
        )


class StudentTimetableView(BaseView):
    route_base = "/students"
    class_permission_name = "Timetable"
    default_view = "of_student"

    @expose("/<uuid:student_id>/timetable")
    @requires("of_student")
    def of_student(self, student_id: UUID) -> Any:
        actor = current_actor()
        name = reading.student_name(student_id, actor=actor)
        return _page(
            _("Timetable of %(name)s", name=name),
            f"/students/{student_id}/timetable",
            lambda first, last: of_student(student_id, first, last, actor=actor),
        )


class CalendarFeedView(BaseView):
    """The address is the key: no login, no cookie."""

    route_base = "/calendar"
    default_view = "show"

    @expose("/<token>.ics")
    def show(self, token: str) -> Any:
        feed = feeds.read(token, request.remote_addr or "")
        response = Response(feed.content, content_type="text/calendar; charset=utf-8")
        response.set_etag(feed.tag)
        response.headers["Cache-Control"] = "private, max-age=300"
        response.headers["Content-Disposition"] = 'inline; filename="timetable.ics"'
        return response.make_conditional(request)


def _page(title: str, url: str, read: Any, *, own: bool = False) -> str:
    listed = request.args.get("show") == "list"
    begin = _begin(request.args.get("day", ""), week=not listed)
    length = LISTED if listed else timedelta(days=7)
    entries = read(begin, begin + length - timedelta(days=1))
    show = "&show=list" if listed else ""
    steps = [
        Link(_("Previous"), f"{url}?day={begin - length}{show}", "chevron-left"),
        Link(_("Today"), f"{url}{show.replace('&', '?')}", "calendar"),
        Link(_("Next"), f"{url}?day={begin + length}{show}", "chevron-right"),
    ]
    tabs = [
        Link(_("Week"), f"{url}?day={begin}", "calendar-days", active=not listed),
        Link(_("List"), f"{url}?day={begin}&show=list", "list", active=listed),
    ]
    period = f"{render.day(begin)} - {render.day(begin + length - timedelta(days=1))}"
    empty = Empty(_("No classes"), _("There are none in these days."))
    page = TimetablePage(
        title,
        period,
        [] if listed else _days(begin, entries),
        _table(entries, empty) if listed else None,
        tabs,
        steps,
        empty,
        "/settings/calendar" if own else "",
    )
    return render_template("timetable.html", page=page)


def _begin(raw: str, *, week: bool) -> date:
    """The day asked for, or the first of its week as the reader counts."""
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        day = school.today()
    day = min(max(day, date(1990, 1, 1)), date(2199, 1, 1))
    if not week:
        return day
    first = 6 if settings.own(current_actor()).week_start is WeekStart.SUNDAY else 0
    return day - timedelta(days=(day.weekday() - first) % 7)


def _days(begin: date, entries: list[ClassEntry]) -> list[Day]:
    days = []
    for number in range(7):
        day = begin + timedelta(days=number)
        cards = [_card(entry) for entry in entries if entry.day == day]
        days.append(Day(render.weekday(day), render.day(day), day.isoformat(), day == school.today(), cards))
    return days


def _time(entry: ClassEntry) -> str:
    """In the school's zone: that is when one has to be there."""
    zone = school.zone()
    return f"{entry.starts_at.astimezone(zone):%H:%M}\u2013{entry.ends_at.astimezone(zone):%H:%M}"


def _card(entry: ClassEntry) -> ClassCard:
    label, tone = STATES[entry.status]
    who = list(entry.students) or [entry.student, entry.teacher]
    return ClassCard(
        _time(entry),
        entry.course,
        [*filter(None, [*who, entry.room])],
        Cell(str(label), "badge", tone=tone),
        entry.moved,
    )


def _table(entries: list[ClassEntry], empty: Empty) -> Table:
    teaches = current_actor().has(Role.TEACHER)
    children = any(entry.student for entry in entries)
    columns = [
        Column("day", _("Day")),
        Column("time", _("Time")),
        *([Column("student", _("Child"))] if children else []),
        Column("course", _("Course")),
        Column("who", _("Students") if teaches else _("With")),
        Column("room", _("Room")),
        Column("state", _("State")),
    ]
    rows = []
    for entry in entries:
        card = _card(entry)
        day = f"{render.weekday(entry.day)}, {render.day(entry.day)}"
        cells = [
            Cell(day),
            Cell(card.time),
            *([Cell(entry.student)] if children else []),
            Cell(entry.course),
            Cell(", ".join(entry.students) or entry.teacher),
            Cell(entry.room),
            card.badge,
        ]
        rows.append(Row(entry.key, "", f"{day} {entry.course}", cells))
    return Table(columns, rows, empty)
