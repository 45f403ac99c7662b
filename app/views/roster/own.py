"""An assistant's own shifts, for the macro `own_shifts` of macros/roster.html."""

from __future__ import annotations

from app.policies.actor import Actor
from app.services import school
from app.services.roster import own
from app.views import render
from app.views.page.roster import OwnShiftLine


def own_shifts(actor: Actor) -> list[OwnShiftLine]:
    """What the macro prints: the published shifts of the actor, from today on."""
    return [_line(each) for each in own.shifts_of(actor)]


def _line(shift: own.OwnShift) -> OwnShiftLine:
    """In the school's time, as all classes are."""
    starts, ends = shift.starts_at.astimezone(school.zone()), shift.ends_at.astimezone(school.zone())
    day = f"{render.weekday(starts.date())}, {render.day(starts.date())}"
    return OwnShiftLine(day, starts.isoformat(), f"{starts:%H:%M}\N{EN DASH}{ends:%H:%M}", shift.course, shift.place)
