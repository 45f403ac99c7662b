"""A state machine over everything that is done with test sessions, their rooms and who sits there. Whatever the order, what
must hold holds.
"""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import text

from app.extensions import db
from app.models.test_sessions import TestSessionStatus as Status
from app.services.allocation_plans import runs, seating
from app.services.records import merging, unmerging
from app.services.students import records
from app.services.test_sessions import allocating, registrations, sessions, years
from app.services.venues import rooms, venues
from tests.concurrency.racing import actor
from tests.factories.seating import room, session, venue
from tests.factories.students import student
from tests.services.machine import Machine, hold_in_any_order, none_found
from tests.services.test_sessions.conftest import NEXT

DAYS = (date(NEXT, 6, 1), date(NEXT, 6, 2))
TIMES = ((time(9), time(12)), (time(10), time(11)), (time(13), time(15)))

SEATED_AND_NOT_REGISTERED = """
    SELECT count(*) FROM room_allocations a JOIN test_sessions s ON s.id = a.session_id
    WHERE s.status IN ('open', 'closed') AND NOT EXISTS (
        SELECT FROM test_registrations r JOIN students st ON st.id = r.student_id AND st.deleted_at IS NULL
        WHERE r.session_id = a.session_id AND r.student_id = a.student_id AND r.status = 'confirmed')
"""
REGISTERED_AND_GONE = """
    SELECT count(*) FROM test_registrations r JOIN test_sessions s ON s.id = r.session_id
    JOIN students st ON st.id = r.student_id
    WHERE r.status = 'confirmed' AND s.status IN ('open', 'closed') AND st.deleted_at IS NOT NULL
"""
IN_TWO_SESSIONS = """
    SELECT count(*) FROM test_registrations r JOIN test_sessions s ON s.id = r.session_id
    JOIN test_registrations q ON q.student_id = r.student_id AND q.id > r.id AND q.status = 'confirmed'
    JOIN test_sessions o ON o.id = q.session_id AND o.session_date = s.session_date
      AND o.start_time < s.end_time AND o.end_time > s.start_time
    WHERE r.status = 'confirmed' AND s.status IN ('open', 'closed') AND o.status IN ('open', 'closed')
"""
ROOM_OF_TWO_SESSIONS = """
    SELECT count(*) FROM room_allocations a JOIN test_sessions s ON s.id = a.session_id
    JOIN room_allocations b ON b.room_id = a.room_id AND b.session_id <> a.session_id
    JOIN test_sessions o ON o.id = b.session_id AND o.session_date = s.session_date
      AND o.start_time < s.end_time AND o.end_time > s.start_time
    WHERE s.status <> 'cancelled' AND o.status <> 'cancelled'
"""
SEAT_IN_A_DELETED_ROOM = """
    SELECT count(*) FROM room_allocations a JOIN rooms r ON r.id = a.room_id WHERE r.deleted_at IS NOT NULL
"""
OVERFULL = """
    SELECT count(*) FROM (
        SELECT FROM room_allocations a JOIN rooms r ON r.id = a.room_id
        GROUP BY a.session_id, a.room_id, r.capacity HAVING count(*) > r.capacity
    ) d
"""
ON_A_DAY_WITHOUT_THE_VENUE = """
    SELECT count(*) FROM test_sessions s JOIN venue_availability v
      ON v.venue_id = s.venue_id AND v.date = s.session_date AND NOT v.available
    WHERE s.status IN ('open', 'closed')
"""


class Centre(Machine):
    """Two venues with two rooms each, four sessions at them, four students, and everybody who does something with them: so few
    that they get in each other's way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.officer, self.admin = actor("exam_officer"), actor("admin")
        rules = {"year": NEXT, "opens_on": date(NEXT - 1, 1, 1), "most_bookings": 9, "most_tests": 20}
        years.create(rules, actor=self.officer)
        made = [venue() for _n in range(2)]
        self.venues = [each.id for each in made]
        self.rooms = [room(at, seats, accessible=seats > 1).id for at in made for seats in (1, 3)]
        places = (*((made[0], times) for times in TIMES), (made[1], TIMES[0]))
        self.sessions = [
            session(at, session_date=DAYS[0], start_time=start, end_time=end).id for at, (start, end) in places
        ]
        self.students = [student(needs_accessible_room=n == 0, school_name="AB"[n % 2]).id for n in range(4)]
        self.batches: list[Any] = []
        self.merges: list[Any] = []

    def some(self, table: str, number: int, count: int = 1) -> list[Any]:
        """Keys of rows that there are: the one that this number hits, and those behind it."""
        found = db.session.scalars(text(f"SELECT id FROM {table} ORDER BY id")).all()
        return [found[(number + n) % len(found)] for n in range(min(count, len(found)))]

    numbers = st.integers(0, 30)
    sessions_ = st.integers(0, 3)
    students_ = st.integers(0, 3)
    rooms_ = st.integers(0, 3)
    seats = st.sampled_from([None, "1", "2"])

    @rule(at=sessions_, who=st.sets(students_, min_size=1))
    def register(self, at: int, who: set[int]) -> None:
        for each in sorted(who):
            values = {"session_id": self.sessions[at], "student_id": self.students[each]}
            self.tried(lambda values=values: registrations.register(values, actor=self.officer))

    @rule(which=numbers)
    def cancel(self, which: int) -> None:
        self.tried(lambda: registrations.cancel(self.some("test_registrations", which), actor=self.officer))

    @rule(which=numbers, at=sessions_)
    def move_registrations(self, which: int, at: int) -> None:
        keys = self.some("test_registrations", which, 2)
        self.tried(lambda: registrations.move(keys, session_id=self.sessions[at], actor=self.officer))

    @rule(at=sessions_, who=students_, to=rooms_, seat=seats)
    def seat(self, at: int, who: int, to: int, seat: str | None) -> None:
        place = {"student_id": self.students[who], "room_id": self.rooms[to], "seat_number": seat}
        self.tried(lambda: allocating.allocate(place | {"session_id": self.sessions[at]}, actor=self.officer))

    @rule(at=sessions_, who=students_, to=rooms_)
    def drag(self, at: int, who: int, to: int) -> None:
        place = {"student_id": self.students[who], "room_id": self.rooms[to], "seat_number": "1"}
        self.tried(lambda: seating.put(self.sessions[at], place, actor=self.officer))

    @rule(which=numbers, to=rooms_)
    def move_seats(self, which: int, to: int) -> None:
        keys = self.some("room_allocations", which, 2)
        self.tried(lambda: allocating.move(keys, room_id=self.rooms[to], actor=self.officer))

    @rule(which=numbers)
    def unseat(self, which: int) -> None:
        self.tried(lambda: allocating.deallocate(self.some("room_allocations", which), actor=self.officer))

    @rule(at=sessions_, apart=st.booleans())
    def seat_everyone(self, at: int, apart: bool) -> None:
        wanted = [self.sessions[at]]
        done = self.tried(lambda: runs.allocate_everyone(wanted, keep_apart=apart, actor=self.officer))
        self.batches += [done.batch_id] if done and done.batch_id else []

    @rule(at=sessions_)
    def repair(self, at: int) -> None:
        done = self.tried(lambda: runs.repair_allocation([self.sessions[at]], actor=self.officer))
        self.batches += [done.batch_id] if done and done.batch_id else []

    @precondition(lambda self: self.batches)
    @rule(which=st.integers(1, 3))
    def undo(self, which: int) -> None:
        self.tried(lambda: runs.undo(self.batches[-min(which, len(self.batches))], actor=self.officer))

    @rule(at=sessions_, status=st.sampled_from([Status.OPEN, *Status]))
    def turn(self, at: int, status: Status) -> None:
        self.tried(lambda: sessions.set_status([self.sessions[at]], status=status, actor=self.officer))

    @rule(
        at=sessions_, day=st.sampled_from(DAYS), times=st.sampled_from(TIMES), status=st.sampled_from([None, *Status])
    )
    def shift(self, at: int, day: date, times: tuple[time, time], status: Status | None) -> None:
        values = {"session_date": day, "start_time": times[0], "end_time": times[1]}
        values |= {"status": status} if status else {}
        self.tried(lambda: sessions.update(self.sessions[at], values, actor=self.officer))

    @rule(at=sessions_, to=st.integers(0, 1))
    def other_venue(self, at: int, to: int) -> None:
        self.tried(lambda: sessions.update(self.sessions[at], {"venue_id": self.venues[to]}, actor=self.officer))

    @rule(at=st.integers(0, 1), day=st.sampled_from(DAYS), available=st.booleans())
    def day(self, at: int, day: date, available: bool) -> None:
        wanted = [self.venues[at]]
        self.tried(lambda: venues.set_days(wanted, starts_on=day, available=available, actor=self.officer))

    @rule(at=st.integers(0, 1), status=st.sampled_from(["active", "inactive"]))
    def venue(self, at: int, status: str) -> None:
        self.tried(lambda: venues.update(self.venues[at], {"status": status}, actor=self.officer))

    @rule(
        which=rooms_,
        values=st.fixed_dictionaries(
            {},
            optional={
                "status": st.sampled_from(["available", "unavailable"]),
                "capacity": st.integers(1, 4),
                "accessible": st.booleans(),
            },
        ),
    )
    def room(self, which: int, values: dict[str, Any]) -> None:
        self.tried(lambda: rooms.update(self.rooms[which], values, actor=self.officer))

    @rule(which=rooms_, name=st.sampled_from(["delete", "restore"]))
    def delete_or_restore_room(self, which: int, name: str) -> None:
        self.tried(lambda: getattr(rooms, name)([self.rooms[which]], actor=self.officer))

    @rule(who=students_, name=st.sampled_from(["delete", "restore"]))
    def leave_or_return(self, who: int, name: str) -> None:
        self.tried(lambda: getattr(records, name)([self.students[who]], actor=self.admin))

    @rule(one=students_, other=students_)
    def merge(self, one: int, other: int) -> None:
        gone, kept = self.students[one], self.students[other]
        done = self.tried(lambda: merging.merge([gone], actor=self.admin, into_id=kept))
        self.merges += [done.batch_id] if done else []

    @precondition(lambda self: self.merges)
    @rule(which=numbers)
    def unmerge(self, which: int) -> None:
        self.tried(lambda: unmerging.undo(self.merges[which % len(self.merges)], actor=self.admin))

    @invariant()
    def what_must_hold(self) -> None:
        none_found(
            SEATED_AND_NOT_REGISTERED=SEATED_AND_NOT_REGISTERED,
            REGISTERED_AND_GONE=REGISTERED_AND_GONE,
            IN_TWO_SESSIONS=IN_TWO_SESSIONS,
            ROOM_OF_TWO_SESSIONS=ROOM_OF_TWO_SESSIONS,
            SEAT_IN_A_DELETED_ROOM=SEAT_IN_A_DELETED_ROOM,
            OVERFULL=OVERFULL,
            ON_A_DAY_WITHOUT_THE_VENUE=ON_A_DAY_WITHOUT_THE_VENUE,
        )


@pytest.mark.hypothesis  # for `make fuzz`
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("server_url")
def test_what_must_hold_holds_in_any_order(app):
    hold_in_any_order(Centre, app, examples=10, steps=50)
