"""What the front page says about classes, requests and money."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask_babel import gettext as _

from app.policies.actor import Actor
from app.policies.roles import Role
from app.services import school, timetables, today
from app.services.classroom import dashboard
from app.services.classroom.dashboard import Choice, ClassOfDay
from app.services.timetables import ClassEntry
from app.views import render
from app.views.enrollments import family
from app.views.page import Cell, Column, Empty, Figure, Row, Section, Table

MOST: Final = 8
AHEAD: Final = timedelta(days=14)


def figures(counts: dict[str, int], actor: Actor) -> list[Figure]:
    """What waits, each a way to it."""
    unmarked = [("f", "status:is:scheduled"), ("f", f"class_date:before:{school.today()}")]
    if not actor.is_admin:
        unmarked.append(("f", f"teacher:is:{actor.id}"))
    known = {
        "unmarked": (_("Classes not marked"), render.address("/attendance/", unmarked)),
        "requests": (_("Requests to move"), "/reschedule-requests/?f=status:is:pending"),
        "unpaid": (_("Open payments"), "/reports/unpaid"),
    }
    return [
        Figure(label, render.total(counts[name], today.COUNT_LIMIT), url, "warning" if counts[name] else "success")
        for name, (label, url) in known.items()
        if name in counts
    ]


def sections(actor: Actor) -> list[Section]:
    """One's classes: those of today that one gives or looks after, those of the next days that one takes."""
    made = []
    if actor.may("list", "Classroom"):
        made.append(_classes_of_today(actor))
    if actor.has(Role.GUARDIAN) and (enrollments := family.section(actor)) is not None:
        made.append(enrollments)
    if actor.has(Role.STUDENT, Role.GUARDIAN):
        made.append(_next_classes(actor))
    return made


def _classes_of_today(actor: Actor) -> Section:
    """A teacher who also works in the office sees their own first of all."""
    day = school.today()
    own = Choice(teacher_id=actor.id) if actor.has(Role.TEACHER) else Choice()
    found = dashboard.days(day, 1, actor, own)
    columns = [
        Column("time", _("Time")),
        Column("course", _("Course")),
        Column("teacher", _("Teacher")),
        Column("places", _("Places")),
        Column("marked", _("Marked")),
    ]
    closed = next((each.closure for each in found.days if each.closure), "")
    empty = Empty(
        _("No classes today"),
        _("Closed: %(reason)s", reason=closed) if closed else _("The classes of the day will stand here."),
    )
    total = f"{len(found.classes)}+" if found.more else str(len(found.classes))
    rows = [_class_row(one) for one in _not_over(found.classes)[:MOST]]
    title = _("Your classes today") if own.teacher_id else _("Classes today")
    return Section(title, total, Table(columns, rows, empty), more_url="/classroom/" if rows else "")


def _not_over(classes: list[ClassOfDay]) -> list[ClassOfDay]:
    """Those that are still to be held or marked come first."""
    now = school.now().time()
    return sorted(classes, key=lambda one: (one.end <= now and not one.open, one.start))


def _class_row(one: ClassOfDay) -> Row:
    url = f"/classroom/{one.slot_id}/{one.day}"
    span = f"{one.start:%H:%M}\N{EN DASH}{one.end:%H:%M}"
    marked = Cell("")
    if one.planned:
        text = _("%(marked)s of %(planned)s", marked=one.marked, planned=one.planned)
        over = one.end <= school.now().time()
        marked = Cell(text, "badge", tone="success" if not one.open else "warning" if over else "neutral")
    return Row(
        f"{one.slot_id}-{one.day}",
        url,
        f"{one.course}, {span}",
        [
            Cell(span),
            Cell(one.course, "link", url),
            Cell(one.teacher),
            Cell(_("%(taken)s of %(capacity)s", taken=one.taken, capacity=one.capacity)),
            marked,
        ],
    )


def _next_classes(actor: Actor) -> Section:
    """A student's classes of the next days, or those of a guardian's children."""
    first = school.today()
    planned = [
        each
        for each in timetables.of_actor(first, first + AHEAD, actor=actor)
        if each.status == "scheduled" and each.ends_at > school.now()
    ]
    children = any(each.student for each in planned)
    columns = [
        Column("when", _("When")),
        *([Column("student", _("Child"))] if children else []),
        Column("course", _("Course")),
        Column("teacher", _("Teacher")),
        Column("room", _("Room")),
    ]
    own = actor.has(Role.STUDENT)
    empty = Empty(
        _("No classes in the next two weeks"),
        _("Your classes will stand here.") if own else _("The classes of your children will stand here."),
    )
    rows = [_next_row(each, children) for each in planned[:MOST]]
    title = _("Your next classes") if own else _("Your children's next classes")
    return Section(title, str(len(planned)), Table(columns, rows, empty), more_url="/timetable/")


def _next_row(each: ClassEntry, children: bool) -> Row:
    start = each.starts_at.astimezone(school.zone())
    when = f"{render.weekday(each.day)}, {render.day(each.day)}, {start:%H:%M}"
    return Row(
        each.key,
        "/timetable/",
        f"{each.course}, {when}",
        [
            Cell(when),
            *([Cell(each.student)] if children else []),
            Cell(each.course),
            Cell(each.teacher),
            Cell(each.room),
        ],
    )
