"""A class: a slot on a day, with whoever taught it then."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Date, Select, func, literal, select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models.courses import ClassroomSlot, SlotTeacher, TimeSlot, had_slot
from app.policies.actor import Actor
from app.policies.scopes import classes_of_day
from app.services import school
from app.services.errors import NotFound


class Class(NamedTuple):
    slot: ClassroomSlot
    taught: SlotTeacher


def begins(day: Any) -> Any:
    """The moment at which a slot begins on a day, as SQL, where its `time_slot_templates` are read."""
    return func.timezone(school.zone().key, day + TimeSlot.start_time)


def read(slot_id: UUID, day: date, actor: Actor) -> Class:
    """A class that the actor may see. Raises NotFound, also for a day on which it is not held."""
    statement = (
        _on(literal(day, Date), slot_id, actor)
        .where(TimeSlot.day == day.weekday())
        .options(joinedload(ClassroomSlot.course), joinedload(ClassroomSlot.time_slot), joinedload(SlotTeacher.teacher))
    )
    found = db.session.execute(statement).one_or_none()
    if found is None:
        raise NotFound
    return Class(*found)


def weeks_around(slot_id: UUID, day: date, actor: Actor) -> list[date]:
    """The days a week earlier and a week later on which the actor may see the class as well: who handed the slot over sees
    it until then.
    """
    week = timedelta(days=7)
    other = func.unnest(literal([day - week, day + week], ARRAY(Date))).column_valued("other_day")
    return list(db.session.scalars(_on(other, slot_id, actor).with_only_columns(other).order_by(other)))


def _on(day: Any, slot_id: UUID, actor: Actor) -> Select[ClassroomSlot, SlotTeacher]:
    """The slot with whoever had it on this day, if the actor may see the class."""
    moment = begins(day)
    return (
        select(ClassroomSlot, SlotTeacher)
        .join(TimeSlot, TimeSlot.id == ClassroomSlot.time_slot_id)
        .join(SlotTeacher, SlotTeacher.classroom_slot_id == ClassroomSlot.id)
        .where(
            ClassroomSlot.id == slot_id, had_slot(SlotTeacher, ClassroomSlot.id, moment), classes_of_day(actor, moment)
        )
    )
