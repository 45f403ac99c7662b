"""Closures that come after classes were planned: what becomes of the classes of those days.

Either each is planned again on the next free day after the admission's last class, in its weekly slots; or it is taken
off the plan. Neither uses a class up, so that no credit is due for it: one taken off is still owed, and can be booked as
a make-up class (`admission_balances.unplanned`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import text

from app.extensions import db
from app.models.courses import Closure
from app.policies.actor import Actor
from app.policies.rules import may_apply_closure
from app.policies.scopes import visible
from app.services import calendar, school
from app.services.admissions import planning
from app.services.calendar import NoSuchDatesError, Weekly, class_dates
from app.services.classroom import closing_notices, locking
from app.services.classroom.occupancy import is_out, occupancy
from app.services.classroom.schemas import Remedy
from app.services.errors import NotAllowed, NotFound
from app.services.resource import Outcome, Result
from app.services.transaction import lock_many, transactional

MOST_TRIES = 60  # classes looked at for one that is free of the student's other classes

_AFFECTED = text("""
    SELECT a.id, a.admission_id, a.student_id, a.classroom_slot_id, a.class_date, s.teacher_id,
           ad.status IN ('pending', 'active') AND ad.deleted_at IS NULL AS goes_on
    FROM attendance a JOIN classroom_slots s ON s.id = a.classroom_slot_id JOIN admissions ad ON ad.id = a.admission_id
    WHERE a.class_date BETWEEN :first AND :last AND a.status = 'scheduled' AND a.deleted_at IS NULL
    ORDER BY a.starts_at, a.id
""")


@dataclass
class Affected:
    """The classes of one admission that a closure takes away, and where they go."""

    student_id: UUID
    classes: list[Any] = field(default_factory=list)
    moved: list[tuple[Any, date, UUID]] = field(default_factory=list)  # class, new day, new slot

    @property
    def cancelled(self) -> list[Any]:
        gone = {each.id for each, _day, _slot in self.moved}
        return [each for each in self.classes if each.id not in gone]


@transactional
def apply(ids: Sequence[UUID], *, actor: Actor, remedy: Remedy, announce: bool = False) -> Result:
    """Move or take off every planned class of these closures, and tell students and teachers. Done again it finds
    nothing to do. A class for which no free day is found within the weekly slots is taken off. Who plans classes meanwhile
    waits, and whose classes are being written is waited for.
    """
    calendar.alone()
    found = {each.id: each for each in lock_many(Closure, ids, visible(Closure, actor))}
    return Result([_outcome(key, found.get(key), actor, Remedy(remedy), announce) for key in dict.fromkeys(ids)])


def _outcome(key: UUID, closure: Closure | None, actor: Actor, remedy: Remedy, announce: bool) -> Outcome:
    if closure is None:
        return Outcome(str(key), str(key)[:8], NotFound())
    reason = may_apply_closure(actor, closure)
    if reason is not None:
        return Outcome(str(key), closure.reason, NotAllowed(reason))
    affected = _lock_affected(closure)
    if remedy is Remedy.MOVE and affected:
        _find_days(affected)
    batch_id = _write(affected, closure)
    closing_notices.tell(closure, affected, batch_id, actor)
    if announce:
        closing_notices.announce(closure, actor)
    moved = sum(len(each.moved) for each in affected.values())
    cancelled = sum(len(each.cancelled) for each in affected.values())
    return Outcome(str(key), closure.reason, unchanged=not moved and not cancelled, message=_told(moved, cancelled))


def _told(moved: int, cancelled: int) -> str:
    said = []
    if moved:
        said.append(ngettext("%(num)d class gets another day.", "%(num)d classes get another day.", moved))
    if cancelled:
        said.append(
            ngettext("%(num)d class is taken off the plan.", "%(num)d classes are taken off the plan.", cancelled)
        )
    return " ".join(said) or _("No class is planned on these days.")


def _lock_affected(closure: Closure) -> dict[UUID, Affected]:
    """The classes of the closed days by admission, read again when everything is locked."""
    days = {"first": closure.starts_on, "last": closure.ends_on}
    admissions = {row.admission_id for row in db.session.execute(_AFFECTED, days)}
    if not admissions:
        return {}
    locking.for_planning(admissions, locking.weekly_slots(admissions))
    found: dict[UUID, Affected] = {}
    for row in db.session.execute(_AFFECTED, days):
        if row.admission_id in admissions:  # one that came meanwhile is not locked: it is found the next time
            found.setdefault(row.admission_id, Affected(row.student_id)).classes.append(row)
    return found


_WEEKLY = text("""
    SELECT x.admission_id, s.id, t.day, t.start_time, t.end_time
    FROM admission_slots x JOIN classroom_slots s ON s.id = x.classroom_slot_id JOIN time_slot_templates t ON t.id = s.time_slot_id
    WHERE x.admission_id = ANY(:ids) AND s.active AND s.deleted_at IS NULL
""")
_LAST = text("""
    SELECT admission_id, max(class_date) FROM attendance WHERE admission_id = ANY(:ids) AND deleted_at IS NULL GROUP BY 1
""")
_BUSY = text("""
    SELECT student_id, class_date, starts_at, ends_at FROM attendance
    WHERE student_id = ANY(:ids) AND class_date > :first AND deleted_at IS NULL
""")


# The days on which there are visitors, as only then there may be no room for who has a place and comes back.
_VISITED = text(f"""
    SELECT v.slot_id, v.class_date, s.capacity - {occupancy("s", "v.class_date")} AS free,
           ARRAY(SELECT st.id FROM students st
                 WHERE st.id = ANY(:students) AND {is_out("st.id", "s.id", "v.class_date")}) AS out
    FROM (
        SELECT DISTINCT a.classroom_slot_id AS slot_id, a.class_date FROM attendance a
        WHERE a.classroom_slot_id = ANY(:slots) AND a.class_date > :first AND a.deleted_at IS NULL
          AND (a.makeup OR a.original_slot_id IS NOT NULL)
    ) v JOIN classroom_slots s ON s.id = v.slot_id
""")  # noqa: S608 - from here


@dataclass
class _Room:
    """The places of a slot that are left on a day with visitors, and who of those with a place is elsewhere then."""

    free: int
    out: set[UUID]

    def take(self, student_id: UUID) -> bool:
        """Bring a student with a place back, if there is room; who is not elsewhere is counted already."""
        left = self.free - (student_id in self.out)
        if left < 0:
            return False
        self.free = left
        self.out.discard(student_id)
        return True


@dataclass(frozen=True)
class _Plans:
    """What finding days needs of all admissions, read at once."""

    weekly: Mapping[UUID, list[Any]]
    last: Mapping[UUID, date]
    busy: dict[tuple[UUID, date], list[tuple[datetime, datetime]]]
    visited: Mapping[tuple[UUID, date], _Room]

    def take(self, student_id: UUID, day: date, slot: Any) -> bool:
        """Give a student a class, if they are not elsewhere and there is room for them."""
        if _is_busy(self, student_id, day, slot):
            return False
        room = self.visited.get((slot.id, day))
        if room is not None and not room.take(student_id):
            return False
        self.busy.setdefault((student_id, day), []).append(_times(day, slot))  # nor may another admission have the time
        return True


def _find_days(affected: Mapping[UUID, Affected]) -> None:
    """Give every class a day after the last one of its admission on which there is room."""
    plans, open_days = _read_plans(affected), calendar.school_calendar()
    for admission_id, each in affected.items():
        if not each.classes[0].goes_on:  # of one that has ended, nothing is planned any more
            continue
        slots = {slot.id: slot for slot in plans.weekly.get(admission_id, ())}
        weekly = [Weekly(slot.id, slot.day, slot.start_time) for slot in slots.values()]
        first = max(plans.last[admission_id], school.today()) + timedelta(days=1)
        try:
            days = class_dates(first, weekly, len(each.classes) + MOST_TRIES, open_days)
        except NoSuchDatesError:
            continue
        # as many as there are classes, each only when it is its turn
        taken = ((day, key) for day, key in days if plans.take(each.student_id, day, slots[key]))
        each.moved = [(row, day, key) for row, (day, key) in zip(each.classes, taken, strict=False)]


def _read_plans(affected: Mapping[UUID, Affected]) -> _Plans:
    ids = {"ids": list(affected)}
    weekly: dict[UUID, list[Any]] = {}
    for row in db.session.execute(_WEEKLY, ids):
        weekly.setdefault(row.admission_id, []).append(row)
    last = {row[0]: row[1] for row in db.session.execute(_LAST, ids)}
    busy: dict[tuple[UUID, date], list[tuple[datetime, datetime]]] = {}
    students = {"ids": [each.student_id for each in affected.values()], "first": min(last.values())}
    for row in db.session.execute(_BUSY, students):
        busy.setdefault((row.student_id, row.class_date), []).append((row.starts_at, row.ends_at))
    keys = {"slots": list({slot.id for slots in weekly.values() for slot in slots}), "students": students["ids"]}
    visited = {
        (row.slot_id, row.class_date): _Room(row.free, set(row.out))
        for row in db.session.execute(_VISITED, keys | {"first": students["first"]})
    }
    return _Plans(weekly, last, busy, visited)


def _times(day: date, slot: Any) -> tuple[datetime, datetime]:
    return (
        datetime.combine(day, slot.start_time, school.zone()),
        datetime.combine(day, slot.end_time, school.zone()),
    )


def _is_busy(plans: _Plans, student_id: UUID, day: date, slot: Any) -> bool:
    begins, ends = _times(day, slot)
    return any(start < ends and end > begins for start, end in plans.busy.get((student_id, day), ()))


_MOVE = text("""
    UPDATE attendance a
    SET original_slot_id = coalesce(a.original_slot_id, a.classroom_slot_id), original_date = coalesce(a.original_date, a.class_date),
        classroom_slot_id = p.slot_id, class_date = p.class_date, starts_at = (p.class_date + t.start_time) AT TIME ZONE :zone,
        ends_at = (p.class_date + t.end_time) AT TIME ZONE :zone, revision = a.revision + 1
    FROM unnest(CAST(:ids AS uuid[]), CAST(:slot_ids AS uuid[]), CAST(:dates AS date[])) AS p (id, slot_id, class_date)
    JOIN classroom_slots s ON s.id = p.slot_id JOIN time_slot_templates t ON t.id = s.time_slot_id
    WHERE a.id = p.id
""")
_CANCEL = text("UPDATE attendance SET deleted_at = now(), revision = revision + 1 WHERE id = ANY(:ids)")
_EXTEND = text("""
    UPDATE admissions a SET ends_on = p.last FROM unnest(CAST(:ids AS uuid[]), CAST(:lasts AS date[])) AS p (id, last)
    WHERE a.id = p.id AND a.ends_on < p.last
""")
_RECORD = text("""
    INSERT INTO admission_audit_events (admission_id, type, after, batch_id)
    SELECT p.id, 'classes_moved', jsonb_build_object('closure', CAST(:reason AS text), 'moved', p.moved, 'taken_off', p.cancelled),
           :batch_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:moved AS integer[]), CAST(:cancelled AS integer[])) AS p (id, moved, cancelled)
""")


def _write(affected: Mapping[UUID, Affected], closure: Closure) -> UUID:
    """All of it, in a statement for each kind of change. Returns the batch."""
    batch_id = uuid4()
    if not affected:
        return batch_id
    moved = [each for one in affected.values() for each in one.moved]
    cancelled = [each.id for one in affected.values() for each in one.cancelled]
    if moved:
        facts: dict[str, Any] = {"ids": [row.id for row, _day, _slot in moved], "zone": str(school.zone())}
        facts |= {"dates": [day for _row, day, _slot in moved], "slot_ids": [slot for _row, _day, slot in moved]}
        db.session.execute(_MOVE, facts)
        lasts = {key: max(day for _row, day, _slot in one.moved) for key, one in affected.items() if one.moved}
        db.session.execute(_EXTEND, {"ids": list(lasts), "lasts": list(lasts.values())})
    if cancelled:
        db.session.execute(_CANCEL, {"ids": cancelled})
    planning.drop_requests([row.id for one in affected.values() for row in one.classes])
    db.session.execute(
        _RECORD,
        {
            "reason": closure.reason,
            "ids": list(affected),
            "moved": [len(one.moved) for one in affected.values()],
            "cancelled": [len(one.cancelled) for one in affected.values()],
            "batch_id": batch_id,
        },
    )
    db.session.expire_all()
    return batch_id
