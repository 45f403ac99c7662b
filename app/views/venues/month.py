"""A month of a venue or of one of its rooms, to look at and to click on."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from babel.dates import format_date, get_day_names
from flask_babel import gettext as _

from app.models.access import WeekStart
from app.policies.actor import Actor
from app.services import school, settings
from app.services.test_sessions import SESSIONS
from app.services.venues import AVAILABILITY
from app.services.venues.calendar import Day, days
from app.views import render
from app.views.page import Cell, Link
from app.views.page.venues import CalendarDay, Month


def read(raw: str) -> date:
    """The first day of the month of an address ("2026-06"), or of this month."""
    try:
        year, month = (int(part) for part in raw.split("-"))
        return date(year, month, 1) if 1900 < year < 2199 else school.today().replace(day=1)
    except ValueError:
        return school.today().replace(day=1)


def of_venue(venue: Any, first: date, actor: Actor) -> Month:
    """What is noted of its days, and all its sessions."""
    return _drawn(first, actor, f"/venues/{venue.id}", venue.id, None)


def of_room(room: Any, first: date, actor: Actor) -> Month:
    """What is noted of the days of its venue, and the sessions that use the room."""
    return _drawn(first, actor, f"/rooms/{room.id}", room.venue_id, room.id)


def _drawn(first: date, actor: Actor, url: str, venue_id: UUID, room_id: UUID | None) -> Month:
    """Whole weeks, as the reader counts them."""
    start = calendar.SUNDAY if settings.own(actor).week_start is WeekStart.SUNDAY else calendar.MONDAY
    weeks = calendar.Calendar(start).monthdatescalendar(first.year, first.month)
    known = {each.date: each for each in days(venue_id, weeks[0][0], weeks[-1][-1], actor, room_id)}
    short, long = (get_day_names(width, locale=render.language()) for width in ("abbreviated", "wide"))
    order = [(start + each) % 7 for each in range(7)]
    before, after = (first - timedelta(days=1)).replace(day=1), (first + timedelta(days=32)).replace(day=1)
    return Month(
        format_date(first, "MMMM y", render.language()),
        [(str(short[each]), str(long[each])) for each in order],
        [[_day(known[each], first, venue_id, actor) for each in week] for week in weeks],
        _link(_("Month before"), url, before),
        _link(_("Month after"), url, after),
    )


def _link(label: str, url: str, first: date) -> Link:
    return Link(label, f"{url}?month={first:%Y-%m}#month")


def _day(day: Day, first: date, venue_id: UUID, actor: Actor) -> CalendarDay:
    noted = day.noted
    free = noted is None or noted.available
    return CalendarDay(
        iso=day.date.isoformat(),
        number=render.number(day.date.day),
        label=f"{render.weekday(day.date)}, {render.day(day.date)}",
        other=day.date.month != first.month,
        today=day.date == school.today(),
        free=free,
        note=(noted.reason or ("" if free else _("Not available"))) if noted is not None else "",
        url=_url(day, venue_id, actor),
        sessions=[
            Cell(each.code, "link", f"/test-sessions/{each.id}", title=f"{each.start_time:%H:%M}")
            for each in day.sessions
            if actor.may("show", SESSIONS.name)
        ],
    )


def _url(day: Day, venue_id: UUID, actor: Actor) -> str:
    if day.noted is not None:
        return f"/venue-availability/{day.noted.id}/edit" if actor.may("edit", AVAILABILITY.name) else ""
    return f"/venue-availability/new?venue_id={venue_id}&date={day.date}" if actor.may("add", AVAILABILITY.name) else ""
