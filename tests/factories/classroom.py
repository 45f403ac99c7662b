from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from app.extensions import db
from app.models.classroom import Attendance
from app.models.courses import ClassroomSlot, TimeSlot
from app.services import accounts, school
from tests.factories import courses
from tests.factories.admissions import admission
from tests.factories.students import student


def day_after(weekday: int, after: date | None = None) -> date:
    """The first such day of the week (0 Monday) after a day; after today unless said otherwise."""
    first = (after or school.today()) + timedelta(days=1)
    return first + timedelta(days=(weekday - first.weekday()) % 7)


def teacher(username: str = "teacher") -> Any:
    found = accounts.find(username)
    assert found is not None
    return found


def open_every_day() -> None:
    db.session.execute(text("UPDATE operating_days SET open = true"))
    db.session.commit()


def classes(admission_id: UUID) -> list[Attendance]:
    """The planned classes of an admission, in the order of time."""
    statement = select(Attendance).where(Attendance.admission_id == admission_id, Attendance.deleted_at.is_(None))
    return list(db.session.scalars(statement.order_by(Attendance.starts_at).execution_options(populate_existing=True)))


def to_today(row: Attendance, days_ago: int = 0) -> Attendance:
    """Put a class on a day that is over, or on today, so that it can be marked: in a slot of that day of the week."""
    day = school.today() - timedelta(days=days_ago)
    at = db.session.get_one(ClassroomSlot, row.classroom_slot_id)
    course, account = db.session.get_one(courses.Course, at.course_id), at.teacher_id
    start = db.session.get_one(TimeSlot, at.time_slot_id).start_time
    known = db.session.scalar(
        select(ClassroomSlot)
        .join(TimeSlot, TimeSlot.id == ClassroomSlot.time_slot_id)
        .where(TimeSlot.day == day.weekday(), TimeSlot.start_time == start, ClassroomSlot.teacher_id == account)
    )
    target = known or courses.slot(course, account, day.weekday(), start, capacity=at.capacity)
    facts = {"id": row.id, "slot_id": target.id, "day": day}
    db.session.execute(
        text("""
            UPDATE attendance SET classroom_slot_id = :slot_id, class_date = :day,
                starts_at = :day + interval '1 hour', ends_at = :day + interval '2 hours' WHERE id = :id
        """),
        facts,
    )
    db.session.commit()
    db.session.refresh(row)
    return row


class School:
    """A course of a teacher with two classes a week, Tuesday and Friday at 16:00, and whoever is admitted to it."""

    def __init__(self, actor: Any, capacity: int = 3, username: str = "teacher") -> None:
        open_every_day()
        self.actor, self.teacher = actor, teacher(username)
        self.course = courses.course([self.teacher])
        self.tuesday = courses.slot(self.course, self.teacher, 1, "16:00", capacity=capacity)
        self.friday = courses.slot(self.course, self.teacher, 4, "16:00", capacity=capacity)

    def admit(self, slots: Sequence[ClassroomSlot] | None = None, **values: Any) -> Any:
        """A student in these slots (both unless said otherwise), from tomorrow on."""
        values.setdefault("starts_on", school.today() + timedelta(days=1))
        if "account" in values:
            values["student_id"] = student(user_id=teacher(values.pop("account")).id).id
        return admission(slots or [self.tuesday, self.friday], actor=self.actor, **values)

    def first(self, **values: Any) -> Attendance:
        """The first class of a new student."""
        return classes(self.admit(**values).id)[0]


def balance(admission_id: UUID) -> Any:
    return db.session.execute(
        text("SELECT * FROM admission_balances WHERE admission_id = :id"), {"id": admission_id}
    ).one()


def credit_rows(attendance_id: UUID) -> list[tuple[int, str]]:
    rows = db.session.execute(
        text("SELECT classes, reason FROM class_credits WHERE attendance_id = :id ORDER BY id"), {"id": attendance_id}
    )
    return [(row.classes, row.reason) for row in rows]


def notices(kind: str) -> list[Any]:
    return list(
        db.session.execute(
            text("""
                SELECT n.*, u.username FROM notifications n JOIN ab_user u ON u.id = n.recipient_id
                WHERE n.type = :kind ORDER BY u.username
            """),
            {"kind": kind},
        )
    )


def count(statement: str, **values: Any) -> int:
    return int(db.session.execute(text(statement), values).scalar_one())


__all__ = [
    "School",
    "balance",
    "classes",
    "count",
    "credit_rows",
    "day_after",
    "func",
    "notices",
    "teacher",
    "to_today",
]
