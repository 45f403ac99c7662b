"""The register of one class on one day: who is planned, how they are marked, who came in and who is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.policies.actor import Actor
from app.policies.rules import may_mark
from app.services.classroom import classes, marking


@dataclass(frozen=True)
class Mark:
    """Who marked what, when. `status` scheduled: the mark was taken back."""

    status: str
    at: datetime
    who: str


@dataclass(frozen=True)
class Entry:
    """A student in the register."""

    attendance_id: UUID
    student_id: UUID
    student: str
    status: str
    makeup: bool
    moved_from: tuple[date, time] | None  # a visitor: where the class was first planned
    remaining: int
    marks: list[Mark] = field(default_factory=list)


@dataclass(frozen=True)
class Away:
    """A student whose class of this day is elsewhere."""

    attendance_id: UUID
    student_id: UUID
    student: str
    day: date
    start: time


@dataclass(frozen=True)
class Register:
    slot: Any
    teacher: Any
    day: date
    entries: list[Entry]
    away: list[Away]
    may_mark: bool
    why_not: Any  # why marking is not possible for the actor now

    @property
    def unmarked(self) -> int:
        return sum(entry.status == "scheduled" for entry in self.entries)


def read(slot_id: UUID, day: date, actor: Actor) -> Register:
    """The register of a class that the actor may see. Raises NotFound, also for a day on which it is not held."""
    slot, taught = classes.read(slot_id, day, actor)
    why_not = may_mark(actor, taught)
    if why_not is None and not marking.is_open(day):
        why_not = marking.not_yet()
    return Register(slot, taught.teacher, day, _entries(slot_id, day), _away(slot_id, day), why_not is None, why_not)


_ENTRIES = text("""
    SELECT a.id, a.student_id, st.first_name || ' ' || st.last_name AS student, a.status, a.makeup, a.original_date,
           ot.start_time AS original_start, b.remaining
    FROM attendance a JOIN students st ON st.id = a.student_id
    CROSS JOIN LATERAL (SELECT v.remaining FROM admission_balances v WHERE v.admission_id = a.admission_id OFFSET 0) b
    LEFT JOIN classroom_slots os ON os.id = a.original_slot_id LEFT JOIN time_slot_templates ot ON ot.id = os.time_slot_id
    WHERE a.classroom_slot_id = :slot_id AND a.class_date = :day AND a.deleted_at IS NULL
    ORDER BY lower(st.last_name), lower(st.first_name), a.id
""")
# Keys of history rows are texts.
_MARKS = text("""
    SELECT h.row_id, h.after ->> 'status' AS status, h.at, u.first_name || ' ' || u.last_name AS who
    FROM row_history h LEFT JOIN ab_user u ON u.id = h.actor_id
    WHERE h.table_name = 'attendance' AND h.row_id = ANY(:ids) AND h.operation = 'update' AND h.after ? 'status'
    ORDER BY h.id
""")


def _entries(slot_id: UUID, day: date) -> list[Entry]:
    rows = db.session.execute(_ENTRIES, {"slot_id": slot_id, "day": day}).all()
    marks: dict[str, list[Mark]] = {}
    for row in db.session.execute(_MARKS, {"ids": [str(row.id) for row in rows]}) if rows else ():
        marks.setdefault(row.row_id, []).append(Mark(row.status, row.at, row.who or ""))
    return [
        Entry(
            row.id,
            row.student_id,
            row.student,
            row.status,
            row.makeup,
            (row.original_date, row.original_start) if row.original_date else None,
            row.remaining,
            marks.get(str(row.id), []),
        )
        for row in rows
    ]


_AWAY = text("""
    SELECT a.id, a.student_id, st.first_name || ' ' || st.last_name AS student, a.class_date, t.start_time
    FROM attendance a JOIN students st ON st.id = a.student_id
    JOIN classroom_slots s ON s.id = a.classroom_slot_id JOIN time_slot_templates t ON t.id = s.time_slot_id
    WHERE a.original_slot_id = :slot_id AND a.original_date = :day AND a.deleted_at IS NULL
      AND (a.classroom_slot_id, a.class_date) <> (:slot_id, :day)
    ORDER BY lower(st.last_name), lower(st.first_name), a.id
""")


def _away(slot_id: UUID, day: date) -> list[Away]:
    rows = db.session.execute(_AWAY, {"slot_id": slot_id, "day": day})
    return [Away(row.id, row.student_id, row.student, row.class_date, row.start_time) for row in rows]
