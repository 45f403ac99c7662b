"""Which days the school is open, and on which days the classes of a weekly pattern fall."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Generic, TypeVar

from sqlalchemy import text

from app.extensions import db

K = TypeVar("K")

LONGEST_SEARCH = timedelta(days=366 * 5)


@dataclass(frozen=True)
class SchoolCalendar:
    """The open days of the week (0 Monday to 6 Sunday) and the closures, both ends included."""

    open_days: frozenset[int]
    closures: tuple[tuple[date, date], ...] = ()

    def is_open(self, day: date) -> bool:
        """Whether there are classes on a day."""
        return day.weekday() in self.open_days and not any(first <= day <= last for first, last in self.closures)


@dataclass(frozen=True)
class Weekly(Generic[K]):
    """A time of the week, and what it stands for."""

    key: K
    day: int
    start: time


class NoSuchDatesError(ValueError):
    """The school is not open on enough days."""


_CALENDAR = text("""
    SELECT day, NULL AS starts_on, NULL AS ends_on FROM operating_days WHERE open
    UNION ALL SELECT NULL, starts_on, ends_on FROM closures ORDER BY starts_on
""")


# Held in common by those who plan classes by the calendar, from before they read it until the classes are there; alone by
# who changes it. Taken before any row is locked, so that nobody who holds rows waits for it.
LOCK: Final = 0x43414C44  # "CALD"
_HOLD = text("SELECT pg_advisory_xact_lock_shared(:key)")
_CHANGE = text("SELECT pg_advisory_xact_lock(:key)")


def hold() -> None:
    """Keep the calendar as it is until this transaction ends: for whoever is about to plan classes by it."""
    db.session.execute(_HOLD, {"key": LOCK})


def alone() -> None:
    """Wait until nobody plans classes, and let nobody until this transaction ends: for whoever changes the calendar, or
    looks for the classes that a change has caught.
    """
    db.session.execute(_CHANGE, {"key": LOCK})


def school_calendar() -> SchoolCalendar:
    """The calendar as it is now. Who writes down what follows from it holds it before (`hold`)."""
    rows = db.session.execute(_CALENDAR).all()
    days = frozenset(row.day for row in rows if row.day is not None)
    return SchoolCalendar(days, tuple((row.starts_on, row.ends_on) for row in rows if row.day is None))


def class_dates(
    starts_on: date, weekly: Iterable[Weekly[K]], count: int, calendar: SchoolCalendar, after: datetime | None = None
) -> list[tuple[date, K]]:
    """The first `count` classes from `starts_on` on, in the order of time: each week every slot once, on open days; those
    that begin after a moment (by the school's clocks), when it is given.

    Raises NoSuchDatesError when there are not so many within five years.
    """
    slots = sorted(weekly, key=lambda each: (each.day, each.start))
    found: list[tuple[date, K]] = []
    day, end = starts_on, starts_on + LONGEST_SEARCH
    while len(found) < count:
        if not slots or day > end:
            raise NoSuchDatesError(count)
        if calendar.is_open(day):
            found += [
                (day, slot.key)
                for slot in slots
                if slot.day == day.weekday() and (after is None or (day, slot.start) > (after.date(), after.time()))
            ]
        day += timedelta(days=1)
    return found[:count]


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a shorter month."""
    year, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + year, month + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))


def week_distance(first: int, second: int) -> int:
    """Minutes between two moments of the week, the shorter way round."""
    apart = abs(first - second) % (7 * 1440)
    return min(apart, 7 * 1440 - apart)


__all__ = [
    "NoSuchDatesError",
    "SchoolCalendar",
    "Weekly",
    "alone",
    "class_dates",
    "hold",
    "months_later",
    "school_calendar",
    "week_distance",
]
