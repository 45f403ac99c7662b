"""What papers are made of: plain values, whoever reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time


@dataclass(frozen=True)
class Sitting:
    """The session that a paper is for, and when it is printed."""

    school: str
    code: str
    name: str
    venue: str
    place: str  # the address of the venue
    day: date
    start: time
    end: time
    printed_at: datetime
    locale: str = "en"


@dataclass(frozen=True)
class Seated:
    """A student in a seat. `row` and `column` are the place in the grid of the room, from 1, where it has one."""

    seat_number: str
    last_name: str
    first_name: str
    test_number: str
    needs: str = ""  # accommodations
    row: int | None = None
    column: int | None = None

    @property
    def name(self) -> str:
        return f"{self.last_name}, {self.first_name}"


@dataclass(frozen=True)
class Seat:
    """A seat of the grid that nobody sits in."""

    seat_number: str
    row: int
    column: int


@dataclass(frozen=True)
class Hall:
    """A room and who sits in it, in the order of seats."""

    name: str
    number: str
    seated: list[Seated]
    rows: int | None = None
    columns: int | None = None
    free: list[Seat] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"{self.number} {self.name}" if self.number != self.name else self.name
