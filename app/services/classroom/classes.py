"""A class: a slot on a day, with whoever taught it then."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Date, func, literal, select
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
    moment = begins(literal(day, Date))
    statement = (
        select(ClassroomSlot, SlotTeacher)
        .join(TimeSlot, TimeSlot.id == ClassroomSlot.time_slot_id)
        .join(SlotTeacher, had_slot(SlotTeacher, ClassroomSlot.id, moment))
        .where(ClassroomSlot.id == slot_id, TimeSlot.day == day.weekday(), classes_of_day(actor, moment))
        .options(joinedload(ClassroomSlot.course), joinedload(ClassroomSlot.time_slot), joinedload(SlotTeacher.teacher))
    )
    found = db.session.execute(statement).one_or_none()
    if found is None:
        raise NotFound
    return Class(*found)
