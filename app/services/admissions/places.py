"""Places in classroom slots: finding the wanted ones, locking them, and what stands against taking them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

from babel.dates import get_day_names
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import TextClause, text

from app.extensions import db
from app.services.admissions import refusals
from app.services.admissions.hindrances import Plan, against
from app.services.admissions.refusals import Place, Problem
from app.services.calendar import Weekly, week_distance
from app.services.errors import Invalid, WrongState

MOST_ALTERNATIVES = 3


@dataclass(frozen=True)
class Choice:
    """A wish for one time of the week: any teacher, or a certain one."""

    time_slot_id: UUID
    teacher_id: int | None = None


@dataclass(frozen=True)
class Slot:
    """A classroom slot with its time and what is taken of it; the columns of `_SLOTS`, in their order."""

    id: UUID
    time_slot_id: UUID
    day: int
    start_time: time
    end_time: time
    course_id: UUID
    course: str
    teacher_id: int
    teacher: str
    room: str | None
    capacity: int
    enrolled: int
    offered: int
    in_use: bool

    @property
    def free(self) -> int:
        return self.capacity - self.enrolled - self.offered

    @property
    def minute(self) -> int:
        """Of the week, from Monday 00:00."""
        return self.day * 1440 + self.start_time.hour * 60 + self.start_time.minute

    @property
    def title(self) -> str:
        days = get_day_names("wide", locale=get_locale() or "en")
        return f"{days[self.day]} {self.start_time:%H:%M}, {self.teacher}"

    def is_same_class(self, other: Slot) -> bool:
        """Whether course, time and teacher are the same."""
        mine = (self.course_id, self.time_slot_id, self.minute, self.teacher_id)
        return mine == (other.course_id, other.time_slot_id, other.minute, other.teacher_id)

    def weekly(self) -> Weekly[UUID]:
        return Weekly(self.id, self.day, self.start_time)

    def place(self) -> Place:
        return Place(
            str(self.id),
            str(self.time_slot_id),
            self.teacher_id,
            self.title,
            self.enrolled,
            self.offered,
            self.capacity,
        )


_SLOTS = """
    SELECT s.id, s.time_slot_id, t.day, t.start_time, t.end_time, s.course_id, c.name AS course, s.teacher_id,
           u.first_name || ' ' || u.last_name AS teacher, s.room, s.capacity, s.enrolled, s.offered,
           s.active AND t.active AND c.active AND coalesce(s.deleted_at, c.deleted_at) IS NULL
               AND EXISTS (SELECT FROM operating_days d WHERE d.day = t.day AND d.open) AS in_use
    FROM classroom_slots s JOIN time_slot_templates t ON t.id = s.time_slot_id JOIN courses c ON c.id = s.course_id
    JOIN ab_user u ON u.id = s.teacher_id
"""
_OPEN = " WHERE s.course_id = :course_id AND s.deleted_at IS NULL AND s.active AND t.active"
_ON_OPEN_DAYS = " AND EXISTS (SELECT FROM operating_days d WHERE d.day = t.day AND d.open)"
_IN_ORDER = " ORDER BY t.day, t.start_time, s.capacity - s.enrolled - s.offered DESC, s.id"
_OF_COURSE = text(_SLOTS + _OPEN + _ON_OPEN_DAYS + _IN_ORDER)
_WISHED = """ AND s.time_slot_id = ANY(:times) AND EXISTS (
    SELECT FROM unnest(CAST(:times AS uuid[]), CAST(:teachers AS integer[])) AS wish (time_slot_id, teacher_id)
    WHERE wish.time_slot_id = s.time_slot_id AND coalesce(wish.teacher_id, s.teacher_id) = s.teacher_id)"""
_AT_TIMES = text(_SLOTS + _OPEN + _WISHED + _ON_OPEN_DAYS + _IN_ORDER)
_BY_ID = text(_SLOTS + " WHERE s.id = ANY(:ids) ORDER BY t.day, t.start_time, s.id")
_LOCK = text("SELECT id FROM classroom_slots WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")


def of_course(course_id: UUID) -> list[Slot]:
    """The slots in which a course can be taken now, in the order of the week, the emptiest teacher first."""
    return _read(_OF_COURSE, course_id=course_id)


def by_id(ids: Collection[UUID]) -> list[Slot]:
    """These slots, in the order of the week."""
    return _read(_BY_ID, ids=list(ids))


def _read(statement: TextClause, **parameters: Any) -> list[Slot]:
    return [Slot(*row) for row in db.session.execute(statement, parameters)]


def lock(ids: Iterable[UUID]) -> None:
    """Lock these slots, in key order, against others who take or free places."""
    db.session.execute(_LOCK, {"ids": list(ids)})


def locked(seen: Collection[Slot]) -> list[Slot]:
    """These slots, locked against others who take or free places, and only then read: in one statement the counts would
    be those of before the wait. Raises WrongState for one that was taken out of use meanwhile, or is a class of another
    course, time or teacher than was seen and chosen.
    """
    chosen = {slot.id: slot for slot in seen}
    lock(chosen)
    slots = by_id(chosen)
    for slot in slots:
        if not slot.in_use:
            raise WrongState(_("%(slot)s is not in use any more.", slot=slot.title))
        if not slot.is_same_class(chosen[slot.id]):
            raise WrongState(_("%(slot)s was changed meanwhile: choose again.", slot=chosen[slot.id].title))
    return slots


def resolve(
    course_id: UUID, choices: Sequence[Choice], preferred: Callable[[], Collection[UUID]] = frozenset
) -> list[Slot]:
    """The classroom slot of each wish: the teacher's who is asked for, else a preferred one (a place is held there), else
    the emptiest. In the order of the wishes.

    Raises Invalid with every wish that cannot be met, and for times that overlap each other.
    """
    wishes = {"times": [each.time_slot_id for each in choices], "teachers": [each.teacher_id for each in choices]}
    open_slots = _read(_AT_TIMES, course_id=course_id, **wishes)
    chosen, wrong = [], []
    for choice in choices:
        found = [
            slot
            for slot in open_slots
            if slot.time_slot_id == choice.time_slot_id and choice.teacher_id in (None, slot.teacher_id)
        ]
        if len(found) > 1:
            first = preferred()
            found.sort(key=lambda slot: slot.id not in first)
        if found:
            chosen.append(found[0])
        else:
            wrong.append(_why_none(choice))
    if not wrong:
        wrong = _overlaps(chosen)
    if wrong:
        raise Invalid(fields={"slots": wrong})
    return chosen


_TIME = text("""
    SELECT t.day, t.start_time, t.active, coalesce(d.open, false) AS open
    FROM time_slot_templates t LEFT JOIN operating_days d ON d.day = t.day WHERE t.id = :id
""")


def _why_none(choice: Choice) -> str:
    """Why nobody teaches the course at that time."""
    row = db.session.execute(_TIME, {"id": choice.time_slot_id}).one_or_none()
    if row is None:
        return _("Choose a time from the list.")
    when = f"{get_day_names('wide', locale=get_locale() or 'en')[row.day]} {row.start_time:%H:%M}"
    if not row.open:
        return _("%(when)s: the school is closed on this day of the week.", when=when)
    if not row.active:
        return _("%(when)s: this time is not in use.", when=when)
    if choice.teacher_id is not None:
        return _("%(when)s: this teacher does not teach the course then.", when=when)
    return _("%(when)s: the course is not taught then.", when=when)


def _overlaps(slots: Sequence[Slot]) -> list[str]:
    ordered = sorted(slots, key=lambda slot: slot.minute)
    return [
        _("%(one)s and %(other)s overlap.", one=before.title, other=after.title)
        for before, after in pairwise(ordered)
        if before.day == after.day and after.start_time < before.end_time
    ]


_HELD = text(
    _SLOTS
    + " JOIN classroom_enrollments e ON e.classroom_slot_id = s.id"
    + " WHERE e.student_id = :student_id AND e.status = 'active'"
)


def held_by(student_id: UUID) -> list[Slot]:
    """The slots in which the student has a place."""
    return _read(_HELD, student_id=student_id)


def problems(slots: Sequence[Slot], plan: Plan, held: Sequence[Slot], kept: Collection[UUID] = ()) -> list[Problem]:
    """Everything that stands against taking a place in each of these locked slots for the classes of a plan. `held` are
    those in which the student has one already; `kept` those in which a place is theirs to use.
    """
    said: list[Problem] = []
    taken = {slot.id for slot in held}
    clashing, crowded = against(plan, kept)
    for slot in slots:
        place, others = slot.place(), partial(_alternatives, slot, [*slots, *held])
        if not slot.in_use:
            said.append(refusals.out_of_use(place, others()))
        elif slot.id in taken:
            said.append(refusals.taken_already(place))
        elif slot.free < 1 and slot.id not in kept:
            said.append(refusals.is_full(place, others()))
        elif slot.id in crowded:
            crowd = crowded[slot.id]
            said.append(refusals.is_crowded(place, crowd.days, crowd.last, others()))
        if slot.id in clashing and slot.id not in taken:
            said.append(refusals.clashes(place, clashing[slot.id], others()))
    return said


def _alternatives(wanted: Slot, busy: Sequence[Slot]) -> list[Place]:
    """The nearest times of the course with a free place, at which the student is not elsewhere."""
    others = [slot for slot in busy if slot.id != wanted.id]
    free = [
        slot
        for slot in of_course(wanted.course_id)
        if slot.free > 0 and slot.id != wanted.id and not any(_overlaps([slot, other]) for other in others)
    ]
    free.sort(key=lambda slot: (week_distance(slot.minute, wanted.minute), slot.minute, -slot.free))
    return [slot.place() for slot in free[:MOST_ALTERNATIVES]]


__all__ = ["Choice", "Plan", "Slot", "by_id", "held_by", "lock", "locked", "of_course", "problems", "resolve"]
