"""An assistant's own shifts: for the macro `own_shifts` of macros/roster.html, and for the front page."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from flask_babel import gettext as _

from app.policies.actor import Actor
from app.policies.roles import Role
from app.services import school
from app.services.roster import own
from app.views import render
from app.views.page import Cell, Chart, Column, Empty, Figure, FrontPage, Link, Row, Section, Table
from app.views.page.roster import OwnShiftLine

URL: Final = "/me/assistant"
MOST: Final = 8
WEEK: Final = 7


def own_shifts(actor: Actor) -> list[OwnShiftLine]:
    """What the macro prints: the published shifts of the actor, from today on."""
    return [_line(each) for each in own.shifts_of(actor)]


def _line(shift: own.OwnShift) -> OwnShiftLine:
    """In the school's time, as all classes are."""
    starts, ends = shift.starts_at.astimezone(school.zone()), shift.ends_at.astimezone(school.zone())
    day = f"{render.weekday(starts.date())}, {render.day(starts.date())}"
    return OwnShiftLine(day, starts.isoformat(), f"{starts:%H:%M}\N{EN DASH}{ends:%H:%M}", shift.course, shift.place)


def add(page: FrontPage, actor: Actor) -> None:
    """Put on the front page of an assistant what they have to do today and in the next days; nothing for others."""
    if not actor.has(Role.ASSISTANT):
        return
    shifts = [each for each in own.shifts_of(actor) if each.ends_at > school.now()]
    days = [school.today() + timedelta(days=number) for number in range(WEEK)]
    hours = [_hours(shifts, day) for day in days]
    of_today = sum(_day(each) == days[0] for each in shifts)
    page.figures += [
        Figure(_("Shifts left today"), render.number(of_today), URL, "warning" if of_today else "success"),
        Figure(_("Hours in the next seven days"), render.number(sum(hours)), URL),
    ]
    page.sections.append(_next([_line(each) for each in shifts]))
    if any(hours):
        page.charts.append(_by_day(days, hours))
    if actor.may("edit", "My assistant page"):
        page.actions.append(Link(_("Change my times"), f"{URL}/availability", "pencil"))


def _day(shift: own.OwnShift) -> date:
    return shift.starts_at.astimezone(school.zone()).date()


def _hours(shifts: list[own.OwnShift], day: date) -> float:
    on_it = (each.ends_at - each.starts_at for each in shifts if _day(each) == day)
    return sum(on_it, timedelta()) / timedelta(hours=1)


def _next(lines: list[OwnShiftLine]) -> Section:
    columns = [Column("when", _("When")), Column("course", _("Course")), Column("place", _("Place"))]
    rows = [
        Row(
            each.iso,
            URL,
            f"{each.course}, {each.day}, {each.time}",
            [Cell(f"{each.day}, {each.time}", "link", URL), Cell(each.course), Cell(each.place)],
        )
        for each in lines[:MOST]
    ]
    empty = Empty(_("No shifts to come"), _("Your shifts will stand here when a week is published."))
    return Section(_("Your next shifts"), str(len(lines)), Table(columns, rows, empty), more_url=URL if rows else "")


def _by_day(days: list[date], hours: list[float]) -> Chart:
    return Chart(_("Your hours by day"), "bar", [render.weekday(day) for day in days], [(_("Hours"), hours)])
