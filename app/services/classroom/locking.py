"""Locks of the classroom, always in the same order, each kind in key order: the calendar, admissions, classroom slots,
students, attendance. Whoever admits, pauses or cancels takes them in this order too, so that no two wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.models.admissions import Admission
from app.models.classroom import Attendance
from app.models.courses import ClassroomSlot
from app.models.students import Student
from app.services import calendar
from app.services.transaction import lock_many

_OF_ADMISSIONS = text("SELECT classroom_slot_id FROM admission_slots WHERE admission_id = ANY(:ids)")


def for_moving(attendance_ids: Iterable[UUID], slot_ids: Iterable[UUID]) -> dict[UUID, Attendance]:
    """Lock everything that moving these classes into these slots depends on. Returns the classes as they are then,
    also those off the plan; unknown ones are left out.
    """
    wanted = list(attendance_ids)
    seen = _unlocked(wanted)
    for_planning({row.admission_id for row in seen}, {row.classroom_slot_id for row in seen} | set(slot_ids))
    return {row.id: row for row in lock_many(Attendance, wanted)}


def for_planning(admission_ids: Iterable[UUID], slot_ids: Iterable[UUID] = ()) -> dict[UUID, Admission]:
    """Hold the calendar, and lock admissions, the slots, and the students, before classes of theirs are added or moved."""
    calendar.hold()
    admissions = lock_many(Admission, list(admission_ids))
    lock_many(ClassroomSlot, list(slot_ids))
    lock_many(Student, [each.student_id for each in admissions])
    return {each.id: each for each in admissions}


def weekly_slots(admission_ids: Iterable[UUID]) -> set[UUID]:
    """The slots of these admissions."""
    return set(db.session.scalars(_OF_ADMISSIONS, {"ids": list(admission_ids)}))


_SEEN = text("SELECT id, admission_id, classroom_slot_id FROM attendance WHERE id = ANY(:ids)")


def _unlocked(attendance_ids: Iterable[UUID]) -> list[Any]:
    """Classes as they are without waiting: what to lock is read from them."""
    return list(db.session.execute(_SEEN, {"ids": list(attendance_ids)}))
