"""Choices of weeks, shifts and assistants."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, text

from app.models.assistants import HelpDeskAssistant
from app.models.roster import Roster, RosterShift
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import people
from app.services.resource import Lookup, register_lookup
from app.services.roster.attributes import day_of, shift_in_words


def _weeks(actor: Actor) -> Any:
    return select(Roster.id, day_of(Roster), text("''")).where(visible(Roster, actor)).order_by(Roster.starts_on.desc())


def _shifts(actor: Actor) -> Any:
    return (
        select(
            RosterShift.id, shift_in_words(RosterShift), func.concat_ws(" \u00b7 ", day_of(Roster), RosterShift.place)
        )
        .join(Roster, Roster.id == RosterShift.roster_id)
        .where(visible(RosterShift, actor))
        .order_by(Roster.starts_on.desc(), RosterShift.week_minutes, RosterShift.id)
    )


def _assistants(actor: Actor) -> Any:
    return (
        select(HelpDeskAssistant.id, people.full_name(Student), text("''"))
        .join(Student, Student.id == HelpDeskAssistant.student_id)
        .where(visible(HelpDeskAssistant, actor), Student.deleted_at.is_(None))
        .order_by(Student.first_name, Student.last_name, HelpDeskAssistant.id)
    )


_ROSTER = ("lookup", "Rosters")
register_lookup(Lookup("rosters", _ROSTER, _weeks, day_of(Roster), Roster.id, "rosters"))
register_lookup(
    Lookup(
        "roster-shifts",
        _ROSTER,
        _shifts,
        lambda: func.concat(shift_in_words(RosterShift), " ", day_of(Roster)),
        RosterShift.id,
        "roster-shifts",
    )
)
register_lookup(
    Lookup(
        "roster-assistants",
        _ROSTER,
        _assistants,
        people.full_name(Student),
        HelpDeskAssistant.id,
        offered=HelpDeskAssistant.active,
    )
)
