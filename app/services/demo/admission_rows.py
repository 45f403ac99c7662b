"""The rows of the demo's admissions as they grow, and every class with its mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from app.services.calendar import SchoolCalendar
from app.services.demo.school import School, key

MARKS: Final = (("present", 86), ("late", 6), ("absent", 4), ("excused", 4))
UNMARKED: Final = 0.12  # of the classes of the last days
FULL: Final = 0.2  # of the weekly classes


@dataclass
class Register:
    """The rows of all tables, as they grow."""

    school: School
    calendar: SchoolCalendar
    plans: Mapping[int, Any]
    slots: Sequence[Any]
    luck: Random
    taken: dict[UUID, int] = field(default_factory=dict)
    limits: dict[UUID, int] = field(default_factory=dict)
    held: dict[tuple[UUID, date], int] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: str, at: datetime, who: int | None, **values: Any) -> UUID:
        made = key(at, self.luck)
        stamps = {"created_at": at, "updated_at": at, "created_by_id": who, "updated_by_id": who}
        self.rows.setdefault(table, []).append({"id": made} | values | stamps)
        return made

    def log(self, table: str, at: datetime, who: int | None, **values: Any) -> None:
        self.rows.setdefault(table, []).append({"id": key(at, self.luck), "at": at, "actor_id": who} | values)

    def __post_init__(self) -> None:
        for slot in self.slots:  # some classes are full, most have a place or two
            full = self.luck.random() < FULL
            self.limits[slot.id] = slot.capacity if full else max(1, int(slot.capacity * 0.75))

    def fits(self, dates: Sequence[tuple[date, Any]]) -> bool:
        """Whether there is a place on every one of these days."""
        return all(self.held.get((slot.id, day), 0) < slot.capacity for day, slot in dates)

    def free(self, slot: Any) -> int:
        return self.limits[slot.id] - self.taken.get(slot.id, 0)


def write_classes(
    book: Register,
    admission: UUID,
    student: UUID,
    dates: Sequence[tuple[date, Any]],
    at: datetime,
    who: int | None,
    gone: date | None,
) -> None:
    """Plan these classes, and mark those that have been; from `gone` on there are none."""
    luck, today, zone = book.luck, book.school.today, book.school.hours.zone
    for day, slot in dates:
        if gone is not None and day >= gone:
            continue
        starts, ends = (moment_of(day, each, zone) for each in (slot.start_time, slot.end_time))
        mark = _mark(luck, day, today)
        marked_at = None if mark == "scheduled" else min(ends - timedelta(minutes=5), book.school.now)
        made = book.add(
            "attendance",
            at,
            who,
            student_id=student,
            admission_id=admission,
            classroom_slot_id=slot.id,
            class_date=day,
            starts_at=starts,
            ends_at=ends,
            status=mark,
            marked_at=marked_at,
            marked_by_id=slot.teacher_id if marked_at else None,
            makeup=False,
            revision=0,
        )
        if mark == "excused" and marked_at:
            book.log(
                "class_credits",
                marked_at,
                slot.teacher_id,
                admission_id=admission,
                attendance_id=made,
                classes=1,
                reason="excused",
            )


def moment_of(day: date, at: time, zone: Any) -> datetime:
    """The moment of a local time on a day."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def _mark(luck: Random, day: date, today: date) -> str:
    mark: str = luck.choices([each for each, _often in MARKS], [often for _each, often in MARKS])[0]
    if day >= today:
        return "scheduled"
    return "scheduled" if today - day <= timedelta(days=3) and luck.random() < UNMARKED else mark
