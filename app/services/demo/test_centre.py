"""The tests of the demo school: a centre with its rooms, a session that was held, one for which seats are being given,
and a special one; and everybody who is registered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.services.demo.names import ascii_name, people
from app.services.demo.school import School, chance, key, write

TABLES: Final = ("venues", "test_sessions")

# Number, name, kind, rows and seats of a row, seats left out, accessible, status. Without rows a room has no grid.
ROOMS: Final[tuple[tuple[str, str, str, tuple[int, int], list[str], bool, str], ...]] = (
    ("H1", "Great hall", "hall", (10, 16), ["A1", "A16"], True, "available"),
    ("L1", "Computer room 1", "laboratory", (5, 8), [], True, "available"),
    ("L2", "Computer room 2", "laboratory", (5, 8), ["E8"], False, "available"),
    ("201", "Seminar room", "classroom", (6, 5), [], False, "available"),
    ("202", "Seminar room", "classroom", (6, 5), [], False, "available"),
    ("203", "Reading room", "classroom", (6, 6), [], True, "available"),
    ("204", "Practice room", "other", (4, 5), [], False, "under_maintenance"),
)
SCHOOLS: Final = (
    "Northside High School",
    "St Brigid's College",
    "Riverside Academy",
    "Hillcrest School",
    "The Grove Sixth Form",
    "Westbrook College",
)
NEEDS: Final = ("A quarter more time", "Large print", "A reader", "A seat near the door")
HELD, COMING, SPECIAL, SEATED = 48, 240, 12, 60
BEHIND, AHEAD = 56, 42  # days


class Centre:
    """What all rows have in common, and how they are made."""

    def __init__(self, school: School) -> None:
        self.luck: Random = chance("test centre")
        self.school, self.at = school, school.hours.moment(0)
        officer = school.named("exams").id
        self.stamps = {"created_at": self.at, "updated_at": self.at, "created_by_id": officer, "updated_by_id": officer}

    def rows(self, table: str, rows: Sequence[dict[str, Any]]) -> list[UUID]:
        """Write rows that have the same columns; returns their keys."""
        made = [{"id": key(self.at, self.luck)} | row | self.stamps for row in rows]
        write(table, made)
        return [row["id"] for row in made]


def load(school: School) -> None:
    centre = Centre(school)
    main, small = _venues(centre)
    _closed_days(centre, main)
    today = school.today
    centre.rows("test_years", [_year(each, today) for each in range(today.year - 1, today.year + 2)])
    _rooms(centre, main, small)
    sessions = _sessions(centre, main, small)
    students = _candidates(centre, HELD + COMING + SPECIAL - 1)
    learner = db.session.scalar(text("SELECT id FROM students WHERE user_id = :id"), {"id": school.named("student").id})
    groups = (students[:HELD], [learner, *students[HELD : HELD + COMING - 1]], students[-SPECIAL:])
    for session, group in zip(sessions, groups, strict=True):
        registered = {"session_id": session, "status": "confirmed"}
        centre.rows("test_registrations", [registered | {"student_id": student} for student in group])
    _seat(centre, sessions[0], main, groups[0])
    _seat(centre, sessions[1], main, groups[1][:SEATED])


def _year(year: int, today: date) -> dict[str, Any]:
    return {
        "year": year,
        "opens_on": date(year - 1, 9, 1) if year > today.year else date(year, 1, 5),
        "most_tests": 2,
        "most_bookings": 1,
        "closing_days": 7,
    }


def _venues(centre: Centre) -> list[UUID]:
    place = {"city": "London", "province": "Greater London", "accessible": True, "status": "active"}
    main = {"code": "LDN", "name": "London test centre", "venue_type": "national", "address": "14 Orchard Street"}
    small = {"code": "LDN-N", "name": "Northern annexe", "venue_type": "special_session", "address": "3 Mill Lane"}
    contact = {"contact_name": "Ruth Palmer", "contact_phone": "+442079460031", "contact_email": "centre@example.org"}
    return centre.rows("venues", [main | place | contact, small | place | contact])


def _closed_days(centre: Centre, venue: UUID) -> None:
    days = [centre.school.today + timedelta(days=each) for each in (18, 19, 20)]
    facts = {"venue_id": venue, "available": False, "reason": "Concert"}
    centre.rows("venue_availability", [facts | {"date": day} for day in days])


def _rooms(centre: Centre, main: UUID, small: UUID) -> None:
    rows = []
    for number, name, kind, (lines, seats), blocked, accessible, status in ROOMS:
        rows.append(
            {
                "venue_id": main,
                "number": number,
                "name": name,
                "room_type": kind,
                "capacity": lines * seats - len(blocked),
                "computers": lines * seats if kind == "laboratory" else 0,
                "accessible": accessible,
                "status": status,
                "grid_rows": lines,
                "grid_columns": seats,
                "blocked_seats": blocked,
            }
        )
    one = {"venue_id": small, "number": "1", "name": "Quiet room", "room_type": "classroom", "capacity": 8}
    two = one | {"number": "2", "name": "Small room", "capacity": 6}
    more = {"computers": 0, "accessible": True, "status": "available", "blocked_seats": []}
    centre.rows("rooms", rows)
    centre.rows("rooms", [one | more, two | more])


def _saturday(day: date) -> date:
    return day + timedelta(days=(5 - day.weekday()) % 7)


def _sessions(centre: Centre, main: UUID, small: UUID) -> list[UUID]:
    past = _saturday(centre.school.today - timedelta(days=BEHIND))
    coming = _saturday(centre.school.today + timedelta(days=AHEAD))
    morning = {"start_time": time(9), "end_time": time(12, 30), "special": False, "online": False}
    afternoon = {"start_time": time(13, 30), "end_time": time(17), "special": True, "online": False}
    held = {
        "code": f"LDN-{past}-AM",
        "name": "Spring test",
        "venue_id": main,
        "session_date": past,
        "status": "completed",
    }
    next_ = {
        "code": f"LDN-{coming}-AM",
        "name": "Entrance test",
        "venue_id": main,
        "session_date": coming,
        "status": "open",
    }
    special = {"code": f"LDN-N-{coming}-PM", "name": "Special session", "venue_id": small, "session_date": coming}
    return centre.rows("test_sessions", [held | morning, next_ | morning, special | afternoon | {"status": "open"}])


def _candidates(centre: Centre, count: int) -> list[UUID]:
    """Students who come from other schools only to be tested."""
    luck, rows = centre.luck, []
    for number, person in zip(range(count), people(luck), strict=False):
        special = number >= count - SPECIAL
        passport = luck.random() < 0.7
        rows.append(
            {
                "first_name": person.first_name,
                "last_name": person.last_name,
                "email": f"{ascii_name(person.first_name, person.last_name)}.{number}@example.org",
                "birth_date": date(centre.school.today.year - 17, 1, 1) + timedelta(days=luck.randrange(700)),
                "identity_type": "PASSPORT" if passport else "FOREIGN_ID",
                "identity_number": f"{'X' if passport else 'F-'}{luck.randrange(10**7, 10**8)}",
                "school_name": luck.choice(SCHOOLS),
                "needs_accessible_room": luck.random() < (0.3 if special else 0.03),
                "accommodation_needs": luck.choice(NEEDS) if special or luck.random() < 0.03 else None,
                "races": [],
            }
        )
    return centre.rows("students", rows)


_FREE = text("""
    SELECT s.room_id, s.seat_number FROM room_seats s JOIN rooms r ON r.id = s.room_id
    WHERE r.venue_id = :venue_id AND r.number = 'H1' ORDER BY s.position LIMIT :count
""")


def _seat(centre: Centre, session: UUID, venue: UUID, students: Sequence[UUID]) -> None:
    """In the hall, one after another."""
    seats = db.session.execute(_FREE, {"venue_id": venue, "count": len(students)}).all()
    facts = {"session_id": session, "venue_id": venue, "allocation_date": centre.at}
    centre.rows(
        "room_allocations",
        [
            facts | {"student_id": student, "room_id": seat.room_id, "seat_number": seat.seat_number}
            for student, seat in zip(students, seats, strict=True)
        ],
    )
