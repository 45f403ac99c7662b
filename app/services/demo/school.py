"""What all domains of the demo share: opening hours, people, chance, keys, and writing many rows at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.extensions import db
from app.policies.roles import Role
from app.services import school

SEED: Final = "registrar"
OPENS: Final = 10  # o'clock
MINUTES: Final = 9 * 60  # of a day's work
MONDAY: Final = 0  # closed
PAST_DAYS: Final = 182


@dataclass(frozen=True)
class Member:
    """Someone with an account."""

    id: int
    username: str
    name: str
    role: Role
    department: str = ""


class OpeningHours:
    """The minutes in which the school was open during the last half year, numbered from 0 to `now`."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self.zone = zone
        local = now.astimezone(zone)
        self.today = local.date()
        past = (self.today - timedelta(days=back) for back in range(PAST_DAYS, 0, -1))
        self.days = [day for day in past if day.weekday() != MONDAY]
        self.end = len(self.days) * MINUTES
        if self.today.weekday() != MONDAY:
            self.days.append(self.today)
            self.end += max(0, min(MINUTES, (local.hour - OPENS) * 60 + local.minute))

    def moment(self, minute: int) -> datetime:
        """When this minute was."""
        day, rest = divmod(minute, MINUTES)
        opening = datetime.combine(self.days[day], datetime.min.time(), self.zone).replace(hour=OPENS)
        return (opening + timedelta(minutes=rest)).astimezone(UTC)

    def before(self, day: date) -> int:
        """The last open minute before a day."""
        return sum(each < day for each in self.days) * MINUTES - 1

    def open_day(self, day: date) -> date:
        """The day, or the next one on which the school is open."""
        return day + timedelta(days=1) if day.weekday() == MONDAY else day

    def day_of(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()


@dataclass
class School:
    """The school as it is at the moment of loading."""

    now: datetime
    members: list[Member] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hours = OpeningHours(self.now, school.zone())

    @property
    def today(self) -> date:
        return self.hours.today

    def named(self, username: str) -> Member:
        return next(member for member in self.members if member.username == username)

    def having(self, *roles: Role) -> list[Member]:
        return [member for member in self.members if member.role in roles]


def chance(purpose: str) -> Random:
    """Chance that falls the same way every time. Each purpose has its own: none disturbs the others."""
    return Random(f"{SEED}:{purpose}")  # noqa: S311 - no secret is made of it


def key(at: datetime, luck: Random) -> UUID:
    """A time-ordered key (UUID version 7) for something that was made at this moment."""
    milliseconds = int(at.timestamp() * 1000) & (2**48 - 1)
    return UUID(int=milliseconds << 80 | 7 << 76 | luck.getrandbits(12) << 64 | 2 << 62 | luck.getrandbits(62))


def write(table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that have the same columns, in one statement."""
    if not rows:
        return
    columns = ", ".join(f'"{name}"' for name in rows[0])
    statement = (
        f"INSERT INTO {table} ({columns}) SELECT {columns}"  # noqa: S608 - names of tables and columns, from here
        f" FROM jsonb_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS jsonb))"
    )
    db.session.execute(text(statement), {"rows": json.dumps(rows, default=str)})
