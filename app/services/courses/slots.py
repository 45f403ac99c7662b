"""Classroom slots: a course, a teacher and a time of the week, with so many places."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import Integer, cast, exists, func, select, text
from sqlalchemy.orm import aliased, joinedload

from app.extensions import db
from app.models.access import User
from app.models.courses import ClassroomSlot, Course, CourseTeacher, TimeSlot
from app.policies.actor import Actor
from app.services import inputs, lookups, people, plain, weekdays
from app.services.admissions import waitlist
from app.services.classroom.occupancy import moved_out, visitors
from app.services.courses.switching import planned, switches
from app.services.errors import Invalid, explain
from app.services.resource import Attribute, Kind, Resource, register
from app.services.transaction import lock_many, transactional
from app.services.weekdays import WEEKDAYS

explain(
    {
        "ex_classroom_slots_teacher": ("teacher_id", _l("The teacher has another class at this time.")),
        "ex_classroom_slots_room": ("room", _l("The room is taken at this time.")),
        "uq_classroom_slots_time_slot_id_course_id_teacher_id": (
            "time_slot_id",
            _l("The teacher teaches this course at this time already."),
        ),
        "ck_classroom_slots_capacity": ("capacity", _l("Must be from 1 to 1,000.")),
        "ck_classroom_slots_room_not_blank": ("room", _l("Leave it empty, or name the room.")),
    }
)

LABELS = {
    "time_slot_id": _l("Time"),
    "course_id": _l("Course"),
    "teacher_id": _l("Teacher"),
    "room": _l("Room"),
    "capacity": _l("Places"),
    "enrolled": _l("Taken"),
    "offered": _l("Held for the waitlist"),
    "active": _l("In use"),
}

_course, _time, _teacher = aliased(Course), aliased(TimeSlot), aliased(User)


def slot_title(slot: Any) -> str:
    """A class of the week, as "Tuesday 16:00, Room 2": from the row alone."""
    day, minute = divmod(slot.week_minutes.lower, 1440)
    when = f"{weekdays.name(day)} {minute // 60:02}:{minute % 60:02}"
    return f"{when}, {slot.room}" if slot.room else when


def _check(values: Mapping[str, Any], actor: Actor) -> None:
    """Raises Invalid unless the teacher teaches the course."""
    for field, lookup in (("time_slot_id", "time-slots"), ("course_id", "courses"), ("teacher_id", "teachers")):
        lookups.check(lookup, actor, values.get(field), field)
    teaches = exists().where(
        CourseTeacher.course_id == values["course_id"], CourseTeacher.teacher_id == values["teacher_id"]
    )
    if not db.session.scalar(select(teaches)):
        raise Invalid(fields={"teacher_id": [_("This teacher does not teach the course: add them to it first.")]})


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> ClassroomSlot:
    """Add a slot. Raises Invalid at the field; Conflict where teacher or room are taken at that time."""
    lock_many(Course, [values["course_id"]])  # so that nobody deletes it meanwhile
    _check(values, actor)
    made: ClassroomSlot = plain.create(ClassroomSlot, values, actor=actor)
    db.session.refresh(made, ["week_minutes"])  # which the database fills
    return made


# On days to come somebody may visit besides those who have a place.
_FULLEST = text(f"""
    SELECT max(s.enrolled + s.offered + {visitors("s.id", "d.class_date")} - {moved_out("s.id", "d.class_date")})
    FROM classroom_slots s JOIN (
        SELECT DISTINCT v.class_date FROM attendance v WHERE v.classroom_slot_id = :id AND v.deleted_at IS NULL
          AND (v.makeup OR v.original_slot_id IS NOT NULL) AND v.starts_at > now()
    ) d ON true WHERE s.id = :id
""")  # noqa: S608 - from here


@transactional
def update(slot_id: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> ClassroomSlot:
    """Change a slot. Free places that this makes are offered to the waitlist. The time and course of a slot in which
    there are classes stay as they are. Raises NotFound, Conflict, Invalid at the field.
    """
    known = plain.update(ClassroomSlot, slot_id, {}, actor=actor, version=version)
    new = {name: value for name, value in values.items() if getattr(known, name) != value}
    if {"time_slot_id", "course_id"} & set(new) and _has_classes(slot_id):
        field = "time_slot_id" if "time_slot_id" in new else "course_id"
        raise Invalid(fields={field: [_("There are classes in this slot: make another one instead.")]})
    if {"time_slot_id", "course_id", "teacher_id"} & set(new):
        lock_many(Course, [new.get("course_id", known.course_id)])
        _check(
            {name: new.get(name, getattr(known, name)) for name in ("time_slot_id", "course_id", "teacher_id")}, actor
        )
    taken = known.enrolled + known.offered
    if new.get("capacity", known.capacity) < known.capacity:
        taken = max(taken, db.session.scalar(_FULLEST, {"id": slot_id}) or 0)
    if new.get("capacity", taken) < taken:
        raise Invalid(fields={"capacity": [_("%(taken)s places are taken already.", taken=taken)]})
    if new.get("active") is False and (reason := _hindrance(known)) is not None:
        raise Invalid(fields={"active": [reason]})
    for name, value in new.items():
        setattr(known, name, value)
    db.session.flush()
    db.session.refresh(known, ["week_minutes"])
    waitlist.offer_places([slot_id])
    return known


_CLASSES = text("SELECT EXISTS (SELECT FROM attendance WHERE classroom_slot_id = :id)")


def _has_classes(slot_id: UUID) -> bool:
    return bool(db.session.scalar(_CLASSES, {"id": slot_id}))


_planned = planned("id")


def _hindrance(slot: ClassroomSlot) -> Any:
    if slot.enrolled:
        return ngettext("%(num)s student has a place in it.", "%(num)s students have a place in it.", slot.enrolled)
    if slot.offered:
        return ngettext(
            "%(num)s place is offered to the waitlist.", "%(num)s places are offered to the waitlist.", slot.offered
        )
    return _planned(slot)


def _course_gone(slot: ClassroomSlot) -> Any:
    """Locked, so that the course is not deleted meanwhile."""
    [course] = lock_many(Course, [slot.course_id])
    return _("Restore the course first.") if course.deleted_at is not None else None


def _title(slot: ClassroomSlot) -> str:
    time = db.session.get_one(TimeSlot, slot.time_slot_id)
    course = db.session.get_one(Course, slot.course_id)
    return f"{course.name}, {weekdays.name(time.day)} {time.start_time:%H:%M}"


def _relation(name: str, shown: Any, join: tuple[Any, Any], lookup: str, **more: Any) -> Attribute:
    key = getattr(ClassroomSlot, f"{name}_id")
    return Attribute(name, LABELS[f"{name}_id"], Kind.RELATION, shown, key=key, join=join, lookup=lookup, **more)


_TAKEN = func.concat(ClassroomSlot.enrolled + ClassroomSlot.offered, "/", ClassroomSlot.capacity)

_WORDS = (
    select(func.concat_ws(" ", Course.name, people.full_name(User), ClassroomSlot.room))
    .where(Course.id == ClassroomSlot.course_id, User.id == ClassroomSlot.teacher_id)
    .correlate(ClassroomSlot)
    .scalar_subquery()
)

SLOTS = register(
    Resource(
        name="Classroom slots",
        slug="classroom-slots",
        model=ClassroomSlot,
        singular=_l("Classroom slot"),
        plural=_l("Classroom slots"),
        title=slot_title,
        attributes=(
            _relation("course", _course.name, (_course, _course.id == ClassroomSlot.course_id), "courses"),
            Attribute(
                "order",
                _l("Order"),
                Kind.NUMBER,
                func.lower(ClassroomSlot.week_minutes),
                sortable=True,
                filterable=False,
            ),
            _relation(
                "time_slot",
                func.to_char(_time.start_time, text("'HH24:MI'")),
                (_time, _time.id == ClassroomSlot.time_slot_id),
                "time-slots",
            ),
            Attribute(
                "weekday",
                _l("Day"),
                Kind.CHOICE,
                weekdays.as_choice(cast(func.lower(ClassroomSlot.week_minutes), Integer) // 1440),
                options=WEEKDAYS,
            ),
            _relation(
                "teacher",
                people.full_name(_teacher),
                (_teacher, _teacher.id == ClassroomSlot.teacher_id),
                "teachers",
                person=True,
            ),
            Attribute("room", LABELS["room"], Kind.TEXT, ClassroomSlot.room, nullable=True),
            Attribute("places", _l("Places taken"), Kind.TEXT, _TAKEN, filterable=False),
            Attribute("enrolled", LABELS["enrolled"], Kind.NUMBER, ClassroomSlot.enrolled),
            Attribute("offered", LABELS["offered"], Kind.NUMBER, ClassroomSlot.offered),
            Attribute("capacity", LABELS["capacity"], Kind.NUMBER, ClassroomSlot.capacity),
            Attribute("active", LABELS["active"], Kind.BOOL, ClassroomSlot.active),
        ),
        search=func.search_fold(_WORDS),
        search_help=_l("Course, teacher or room"),
        default_sort="order",
        input=inputs.of(ClassroomSlot, "course_id", "teacher_id", "time_slot_id", "room", "capacity", "active"),
        labels=LABELS,
        relations={"course_id": "courses", "teacher_id": "teachers", "time_slot_id": "time-slots"},
        create=create,
        update=update,
        delete=partial(plain.delete, ClassroomSlot, title=_title, hindrance=_hindrance),
        restore=partial(plain.restore, ClassroomSlot, title=_title, hindrance=_course_gone),
        actions=switches(ClassroomSlot, _title, _hindrance),
        load=(
            joinedload(ClassroomSlot.course),
            joinedload(ClassroomSlot.time_slot),
            joinedload(ClassroomSlot.teacher),
        ),
        icon="door-open",
        title_columns=(ClassroomSlot.week_minutes,),
        export_columns=(
            "course",
            "weekday",
            "time_slot",
            "teacher",
            "room",
            "enrolled",
            "offered",
            "capacity",
            "active",
        ),
        small=True,
    )
)
