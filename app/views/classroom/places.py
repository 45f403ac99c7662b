"""The choice of another place for a class: those that would be accepted, by week."""

from __future__ import annotations

from datetime import date, time, timedelta
from itertools import groupby
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from app.services import school
from app.services.classroom import ATTENDANCES, moving
from app.services.classroom.places import Place, Wish
from app.services.classroom.resource import attendance_title
from app.services.errors import Refusal
from app.views import render
from app.views.page import Field, Form
from app.views.page.classroom import PlaceChoice, PlacesPage, PlaceWeek
from app.views.security import current_actor


def when(day: date, slot: Any) -> str:
    """Day and time of a class, in the school's zone, whichever the reader's is: that is when one has to be there."""
    return _when(day, slot.time_slot.start_time)


def _when(day: date, start: time) -> str:
    return f"{render.weekday(day)}, {render.day(day)}, {start:%H:%M}"


def request_page(record: Any, refusal: Refusal) -> PlacesPage:
    actor = current_actor()
    submits = [("/reschedule-requests/new", _("Ask to move"), True)]
    if actor.may("move", ATTENDANCES.name):
        submits = [
            (f"/attendance/{record.id}/move", _("Move now"), True),
            ("/reschedule-requests/new", _("Ask only"), False),
        ]
    page = places_page(
        _("Move a class"),
        _(
            "%(student)s: %(course)s on %(when)s.",
            student=record.student.name,
            course=record.classroom_slot.course.name,
            when=when(record.class_date, record.classroom_slot),
        ),
        Wish.of(record),
        [("attendance_id", str(record.id))],
        submits,
        refusal,
    )
    page.note = Field("reason", _("Reason"), "textarea", request.form.get("reason", ""), maxlength=500, wide=True)
    page.crumbs = [
        ("/attendance/", str(ATTENDANCES.plural)),
        (f"/attendance/{record.id}", attendance_title(record)),
        ("", page.title),
    ]
    return page


def places_page(
    title: str,
    intro: str,
    wish: Wish,
    hidden: list[tuple[str, str]],
    submits: list[tuple[str, str, bool]],
    refusal: Refusal,
) -> PlacesPage:
    """The places that would be accepted now, by week, and why the chosen one was not."""
    chosen = request.form.get("place", "")
    weeks = [
        PlaceWeek(_("Week from %(day)s", day=render.day(monday)), [_choice(each, chosen) for each in found])
        for monday, found in groupby(moving.offered(wish), key=_monday)
    ]
    errors = [str(each) for texts in refusal.fields.values() for each in texts] or [str(refusal)]
    if not str(refusal):
        errors = []
    elif not chosen:
        errors = [_("Choose a place from the list.")]
    return PlacesPage(
        title, intro, [], Form(submits[0][0], [], submits[0][1]), weeks, hidden, errors=errors, submits=submits
    )


def _monday(each: Place) -> date:
    return each.day - timedelta(days=each.day.weekday())


def _choice(each: Place, chosen: str) -> PlaceChoice:
    value = f"{each.slot_id}:{each.day.isoformat()}"
    return PlaceChoice(
        value,
        _when(each.day, each.starts_at.astimezone(school.zone()).time()),
        " · ".join(filter(None, (each.teacher, each.room))),
        ngettext("%(num)s free place", "%(num)s free places", each.free),
        value == chosen,
    )


def read_place(raw: str) -> tuple[str, str]:
    """The slot and the day of a choice, as they were sent."""
    slot, _colon, day = raw.partition(":")
    return slot, day
