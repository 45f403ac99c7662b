"""When the school is open: days of the week, closures, and the times at which classes can be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Integer, func, text

from app.extensions import db
from app.models.courses import Closure, OperatingDay, TimeSlot
from app.policies.actor import Actor
from app.policies.rules import may_apply_closure
from app.services import calendar, inputs, plain, weekdays
from app.services.classroom import closing
from app.services.classroom.labels import LABELS as CLASSROOM
from app.services.classroom.labels import REMEDIES
from app.services.classroom.schemas import ApplyClosure
from app.services.courses.switching import planned, switches, taken
from app.services.errors import Invalid, explain
from app.services.resource import Action, Attribute, Kind, Option, Resource, register
from app.services.transaction import lock, transactional
from app.services.weekdays import WEEKDAYS

explain(
    {
        "uq_time_slot_templates_day_start_time_end_time": ("start_time", _l("There is already such a time.")),
        "ck_time_slot_templates_ends_after_start": ("end_time", _l("Must be later than the start.")),
        "ck_time_slot_templates_whole_minutes": ("start_time", _l("Must be whole minutes.")),
        "ck_time_slot_templates_day": ("day", _l("Choose one from the list.")),
        "fk_classroom_slots_time_slot_id_time_slot_templates": (
            "",
            _l("Classroom slots use this time: it can neither be changed nor deleted. Add another time instead."),
        ),
        "ck_closures_ends_after_start": ("ends_on", _l("Must not be before the first day.")),
        "ck_closures_at_most_a_year": ("ends_on", _l("At most a year.")),
        "ck_closures_reason_not_blank": ("reason", _l("This field is required.")),
    }
)

LABELS = {
    "day": _l("Day"),
    "weekday": _l("Day"),
    "open": _l("Open"),
    "starts_on": _l("First day"),
    "ends_on": _l("Last day"),
    "reason": _l("Reason"),
    "remedy": CLASSROOM["remedy"],
    "announce": CLASSROOM["announce"],
    "start_time": _l("From"),
    "end_time": _l("To"),
    "duration_minutes": _l("Minutes"),
    "active": _l("In use"),
}


def time_title(slot: Any) -> str:
    """A time of the week, as "Tuesday 16:00"."""
    return f"{weekdays.name(slot.day)} {slot.start_time:%H:%M}"


def closure_title(closure: Any) -> str:
    return f"{closure.reason}, {closure.starts_on:%Y-%m-%d}"


_ON_DAY = text("""
    SELECT count(*) FROM classroom_slots
    WHERE lower(week_minutes) / 1440 = :day AND active AND deleted_at IS NULL
""")


def slots_on(day: int) -> int:
    """How many classroom slots in use lie on a day of the week."""
    return int(db.session.scalar(_ON_DAY, {"day": day}) or 0)


@transactional
def update_day(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> OperatingDay:
    """Open or close a day of the week. Classes that are being planned are waited for. Raises NotFound, Conflict, Invalid."""
    calendar.alone()
    made: OperatingDay = plain.update(OperatingDay, key, values, actor=actor, version=version)
    return made


@transactional
def create_closure(values: Mapping[str, Any], *, actor: Actor) -> Closure:
    """Close the school on some days. Classes that are being planned are waited for, so that all that lie on these days are
    there to be moved. Raises Invalid at the field.
    """
    calendar.alone()
    made: Closure = plain.create(Closure, values, actor=actor)
    return made


@transactional
def update_closure(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> Closure:
    """Change a closure. It waits as `create_closure` does. Raises NotFound, Conflict, Invalid at the field."""
    calendar.alone()
    made: Closure = plain.update(Closure, key, values, actor=actor, version=version)
    return made


DAYS = register(
    Resource(
        name="Operating days",
        slug="operating-days",
        model=OperatingDay,
        singular=_l("Day of the week"),
        plural=_l("Opening days"),
        title=lambda day: weekdays.name(day.day),
        attributes=(
            Attribute("day", _l("Order"), Kind.NUMBER, OperatingDay.day, sortable=True),
            Attribute("weekday", LABELS["day"], Kind.CHOICE, weekdays.as_choice(OperatingDay.day), options=WEEKDAYS),
            Attribute("open", LABELS["open"], Kind.BOOL, OperatingDay.open),
        ),
        default_sort="day",
        input=inputs.of(OperatingDay, "open"),
        labels=LABELS,
        options={"day": WEEKDAYS},
        update=update_day,
        icon="calendar",
        title_columns=(OperatingDay.day,),
        small=True,
    )
)

CLOSURES = register(
    Resource(
        name="Closures",
        slug="closures",
        model=Closure,
        singular=_l("Closure"),
        plural=_l("Closures"),
        title=closure_title,
        attributes=(
            Attribute("starts_on", LABELS["starts_on"], Kind.DATE, Closure.starts_on, sortable=True),
            Attribute("ends_on", LABELS["ends_on"], Kind.DATE, Closure.ends_on),
            Attribute("reason", LABELS["reason"], Kind.TEXT, Closure.reason),
        ),
        search=func.search_fold(Closure.reason),
        default_sort="-starts_on",
        input=inputs.of(Closure, "starts_on", "ends_on", "reason"),
        labels=LABELS,
        create=create_closure,
        update=update_closure,
        delete=partial(plain.delete, Closure, title=closure_title),
        options={"remedy": tuple(Option(value, label) for value, label in REMEDIES.items())},
        actions=(
            Action(
                "apply",
                _l("Apply to classes"),
                closing.apply,
                may_apply_closure,
                ApplyClosure,
                icon="calendar-x",
                help=_l("What becomes of the classes that are planned on these days. Students and teachers are told."),
                bulk=False,
                previewed=True,
                defaults=lambda _closure: {"remedy": "move"},
            ),
        ),
        icon="calendar-x",
        title_columns=(Closure.starts_on, Closure.reason),
        small=True,
    )
)

_taken, _planned = taken("time_slot_id"), planned("time_slot_id")


def _in_use(slot: TimeSlot) -> Any:
    return _taken(slot) or _planned(slot)


@transactional
def create_time(values: Mapping[str, Any], *, actor: Actor) -> TimeSlot:
    """Add a time of the week. Raises Conflict for an identical one, Invalid at the field."""
    _check_order(values["start_time"], values["end_time"])
    made: TimeSlot = plain.create(TimeSlot, values, actor=actor)
    return made


@transactional
def update_time(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> TimeSlot:
    """Change a time of the week; one that classroom slots use stays when it is. Raises NotFound, Conflict, Invalid."""
    known = lock(TimeSlot, key)
    _check_order(values.get("start_time", known.start_time), values.get("end_time", known.end_time))
    made: TimeSlot = plain.update(TimeSlot, key, values, actor=actor, version=version, hindrance=_in_use)
    return made


def _check_order(start: time, end: time) -> None:
    # Before the database sees it: the range that it makes of the two is refused sooner than the constraint that has words.
    if end.replace(tzinfo=None) <= start.replace(tzinfo=None):
        raise Invalid(fields={"end_time": [_("Must be later than the start.")]})


TIMES = register(
    Resource(
        name="Time slots",
        slug="time-slots",
        model=TimeSlot,
        singular=_l("Time"),
        plural=_l("Times"),
        title=time_title,
        attributes=(
            Attribute("weekday", LABELS["day"], Kind.CHOICE, weekdays.as_choice(TimeSlot.day), options=WEEKDAYS),
            Attribute("start_time", LABELS["start_time"], Kind.TIME, TimeSlot.start_time, filterable=False),
            Attribute("end_time", LABELS["end_time"], Kind.TIME, TimeSlot.end_time, filterable=False),
            Attribute("duration_minutes", LABELS["duration_minutes"], Kind.NUMBER, TimeSlot.duration_minutes),
            Attribute("active", LABELS["active"], Kind.BOOL, TimeSlot.active),
            Attribute(
                "order",
                _l("Order"),
                Kind.NUMBER,
                func.lower(TimeSlot.week_minutes, type_=Integer),
                sortable=True,
                filterable=False,
            ),
        ),
        default_sort="order",
        input=inputs.of(TimeSlot, "day", "start_time", "end_time", "active"),
        labels=LABELS,
        options={"day": WEEKDAYS},
        create=create_time,
        update=update_time,
        delete=partial(plain.delete, TimeSlot, title=time_title),
        actions=switches(TimeSlot, time_title, _in_use),
        icon="clock",
        title_columns=(TimeSlot.day, TimeSlot.start_time),
        small=True,
    )
)
