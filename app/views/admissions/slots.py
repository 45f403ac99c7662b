"""The times of the week of a course, as choices with their occupancy."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

from babel.dates import get_day_names
from flask_babel import gettext as _

from app.services.admissions import places
from app.services.admissions.refusals import Place
from app.views import render
from app.views.page.admissions import Bar, SlotChoice, SlotDay


def value_of(slot: Any) -> str:
    """A choice as a form sends it: the time and the teacher."""
    return f"{slot.time_slot_id}:{slot.teacher_id}"


def bar(enrolled: int, offered: int, capacity: int) -> Bar:
    """How much of a slot is taken."""
    return _bar(enrolled + offered, capacity, render.reader().locale)


@lru_cache(render.REMEMBERED)
def _bar(taken: int, capacity: int, _locale: str) -> Bar:
    tone = "danger" if taken >= capacity else "warning" if taken >= capacity * 0.75 else "success"
    return Bar(taken, capacity, _("%(taken)s of %(capacity)s", taken=taken, capacity=capacity), tone)


def days(course_id: UUID | None, chosen: Collection[str]) -> list[SlotDay]:
    """The open slots of a course, by day."""
    if course_id is None:
        return []
    names = get_day_names("wide", locale=render.reader().locale)
    found = places.of_course(course_id)
    return [
        SlotDay(names[day], [_choice(slot, chosen) for slot in slots])
        for day, slots in groupby(found, key=lambda slot: slot.day)
    ]


def _choice(slot: places.Slot, chosen: Collection[str]) -> SlotChoice:
    value = value_of(slot)
    return SlotChoice(
        value,
        f"{slot.start_time:%H:%M}\u2013{slot.end_time:%H:%M}",
        " · ".join(filter(None, (slot.teacher, slot.room))),
        bar(slot.enrolled, slot.offered, slot.capacity),
        value in chosen or str(slot.time_slot_id) in chosen,
        slot.free < 1,
    )


def alternatives(found: Iterable[Place]) -> list[SlotChoice]:
    """Free places that were offered instead of a wanted one."""
    return [
        SlotChoice(value_of(each), each.title, "", bar(each.enrolled, each.offered, each.capacity)) for each in found
    ]
