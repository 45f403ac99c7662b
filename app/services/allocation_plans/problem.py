"""Who waits for a seat and where seats are free, as plain values; and what a plan says of itself.

Students who are alike to the planner, in needs and school, are one group with a number: the plan says how many of a
group go into a room. Who they are and which seats they get is arithmetic that the database does (`writing.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID


class Group(NamedTuple):
    """Students that are alike. `school` is empty where it is not known or does not matter."""

    needs: bool
    school: str = ""


@dataclass(frozen=True)
class Room:
    """`free` seats; `in_use`: somebody sits there already, so that it costs no room; `present`: how many, by school."""

    id: UUID
    free: int
    accessible: bool = False
    in_use: bool = False
    present: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """Rooms in the order in which they are filled, and the students that wait."""

    rooms: tuple[Room, ...]
    waiting: Mapping[Group, int]

    @property
    def students(self) -> int:
        return sum(self.waiting.values())

    @property
    def needing(self) -> int:
        return sum(count for group, count in self.waiting.items() if group.needs)

    @property
    def schools(self) -> dict[str, int]:
        """How many wait, by school."""
        found: dict[str, int] = {}
        for group, count in self.waiting.items():
            found[group.school] = found.get(group.school, 0) + count
        return found

    def free(self, *, accessible: bool = False) -> int:
        return sum(room.free for room in self.rooms if room.accessible or not accessible)


class Quota(NamedTuple):
    """So many students of a group go into a room."""

    room_id: UUID
    group: Group
    students: int


class Measure(NamedTuple):
    """What a plan costs, and what no plan can be below."""

    value: int
    bound: int

    @property
    def gap(self) -> float:
        """In percent of the value; 0: proved to be the best."""
        return 100 * (self.value - self.bound) / self.value if self.value else 0.0


@dataclass(frozen=True)
class Plan:
    """`rooms` newly opened, `empty` seats left in all rooms that are then in use, `pairs` of students of one school that
    come to share a room: each the least possible after the ones before it, as far as its bound says.
    """

    quotas: tuple[Quota, ...]
    rooms: Measure
    empty: Measure
    pairs: Measure

    @property
    def measures(self) -> dict[str, Measure]:
        return {"rooms": self.rooms, "empty": self.empty, "pairs": self.pairs}

    @property
    def optimal(self) -> bool:
        return all(each.value == each.bound for each in self.measures.values())


@dataclass(frozen=True)
class Shortage:
    """So many need what there is less of."""

    accessible: bool
    needed: int
    free: int


class ShortageError(Exception):
    """There is no plan. `shortages` says what is missing."""

    def __init__(self, shortages: list[Shortage]) -> None:
        super().__init__(str(shortages))
        self.shortages = shortages


def check(problem: Problem) -> None:
    """Raises ShortageError when seats are missing. If none are, there is a plan: those with needs take accessible seats,
    all others any that is left.
    """
    found = [
        Shortage(accessible, needed, free)
        for accessible, needed, free in (
            (True, problem.needing, problem.free(accessible=True)),
            (False, problem.students, problem.free()),
        )
        if needed > free
    ]
    if found:
        raise ShortageError(found)
