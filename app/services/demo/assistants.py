"""The help desk of the demo school: assistants with what they know and when they can, and applications that wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.policies.roles import Role
from app.services import accounts, sessions
from app.services.demo.names import ascii_name
from app.services.demo.people import PASSWORD_HASH
from app.services.demo.school import School, chance, key, write

TABLES: Final = ("registration_requests", "help_desk_assistants")

# The first of them has the login `assistant`.
ASSISTANTS: Final = (
    "Yusuf Demir",
    "Linnea Holm",
    "Chiara Conti",
    "Obinna Okafor",
    "Maya Kapoor",
    "Felix Baumann",
    "Sora Tanabe",
    "Inés Navarro",
    "Jakub Wolny",
    "Amelie Girard",
    "Dara Whelan",
    "Zanele Mokoena",
)
PENDING: Final = ("Nora Lindqvist", "Ilyas Rahimi", "Bruna Teixeira", "Owen Prescott")
REJECTED: Final = ("Hugo Lefort", "Please apply again when you have finished the second year.")
DEGREES: Final = ("BMus Performance", "BA Music", "BSc Sound Engineering", "Diploma in Teaching", "BA Musicology")
FIRST_PHONE: Final = 950  # of the part of Ofcom's mobile range for drama that nobody else of the demo has

_MADE = text("UPDATE ab_user SET created_on = :at, changed_on = :at WHERE id = :id")
_COURSES = text("SELECT id FROM courses WHERE deleted_at IS NULL ORDER BY code")


@dataclass
class Desk:
    """What is written, table by table, in the order of the foreign keys."""

    school: School
    courses: list[UUID]
    admin: int
    luck: Random

    def __post_init__(self) -> None:
        tables = ("students", "help_desk_assistants", "course_capabilities", "availability", "registration_requests")
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in tables}
        self.rows |= {"registration_courses": [], "registration_availability": []}

    def add(self, table: str, at: datetime, stamped: bool = True, **values: Any) -> UUID:
        made = key(at, self.luck)
        stamps = {"created_at": at, "updated_at": at, "created_by_id": self.admin, "updated_by_id": self.admin}
        self.rows[table].append({"id": made} | values | (stamps if stamped else {}))
        return made

    def week(self) -> list[dict[str, Any]]:
        """Afternoons of some days on which the school is open."""
        made = []
        for day in sorted(self.luck.sample(range(1, 6), self.luck.randint(3, 5))):
            start, hours = self.luck.choice((14, 15, 15, 16)), self.luck.randint(3, 5)
            made.append({"day_of_week": day, "start_time": time(start), "end_time": time(start + hours)})
        return made


def load(school: School) -> None:
    desk = Desk(school, list(db.session.scalars(_COURSES)), school.named("admin").id, chance("assistants"))
    for number, name in enumerate(ASSISTANTS):
        _assistant(desk, number, name)
    for number, name in enumerate(PENDING):
        _pending(desk, len(ASSISTANTS) + number, name)
    _rejected(desk)
    for table, rows in desk.rows.items():
        write(table, rows)
    db.session.expire_all()


def _person(number: int, name: str) -> dict[str, Any]:
    first, _blank, last = name.partition(" ")
    username = ascii_name(first, last)
    phone = f"+447700900{FIRST_PHONE + number}"
    return {
        "username": username,
        "email": f"{username}@example.org",
        "first_name": first,
        "last_name": last,
        "phone": phone,
    }


def _account(desk: Desk, number: int, person: dict[str, Any], at: datetime) -> int:
    """That of the demo's login, or one without a password, as old as the approval."""
    if number == 0:
        known = desk.school.named("assistant")
        person |= {"username": known.username, "email": f"{known.username}@example.org"}
        return known.id
    made = accounts.create_account(**person, roles=[Role.ASSISTANT.value], actor=sessions.system())
    db.session.execute(_MADE, {"id": made.id, "at": at.replace(tzinfo=None)})
    return made.id


def _assistant(desk: Desk, number: int, name: str) -> None:
    """One who applied and was approved two days later."""
    luck, person = desk.luck, _person(number, name)
    applied = desk.school.hours.moment(luck.randrange(desk.school.hours.end // 2))
    approved = applied + timedelta(days=2)
    user_id = _account(desk, number, person, approved)
    names = {each: person[each] for each in ("first_name", "last_name", "phone", "email")}
    student_id = desk.add("students", approved, user_id=user_id, races=[], **names)
    least = luck.choice((2, 4, 4, 6))
    assistant_id = desk.add(
        "help_desk_assistants",
        approved,
        student_id=student_id,
        rate=luck.choice((12, 12.5, 13, 14)),
        active=True,
        hours_minimum=least,
        hours_maximum=least + luck.choice((6, 8, 10)),
    )
    for course_id in luck.sample(desk.courses, luck.randint(3, 5)):
        desk.add("course_capabilities", approved, assistant_id=assistant_id, course_id=course_id)
    for period in desk.week():
        desk.add("availability", approved, assistant_id=assistant_id, **period)
    decided = {"processed_at": approved, "user_id": user_id, "assistant_id": assistant_id}
    _request(desk, applied, person, status="approved", **decided)


def _request(desk: Desk, applied: datetime, person: dict[str, Any], **decision: Any) -> UUID:
    values: dict[str, Any] = {
        "degree": desk.luck.choice(DEGREES),
        "locale": "en",
        "status": "pending",
        "password_hash": None,
        "processed_at": None,
        "processed_by_id": desk.admin if decision.get("processed_at") else None,
        "rejection_reason": None,
        "user_id": None,
        "assistant_id": None,
    }
    return desk.add("registration_requests", applied, **person, **(values | decision))


def _pending(desk: Desk, number: int, name: str) -> None:
    """One of the last days, who waits; once approved they log in with the password of the demo."""
    hours = desk.school.hours
    applied = hours.moment(max(0, hours.end - 1 - desk.luck.randrange(2400)))
    made = _request(desk, applied, _person(number, name), password_hash=PASSWORD_HASH)
    for course_id in desk.luck.sample(desk.courses, desk.luck.randint(2, 4)):
        desk.add("registration_courses", applied, False, registration_id=made, course_id=course_id)
    for period in desk.week():
        desk.add("registration_availability", applied, False, registration_id=made, **period)


def _rejected(desk: Desk) -> None:
    name, reason = REJECTED
    applied = desk.school.hours.moment(desk.school.hours.end // 3)
    person = _person(len(ASSISTANTS) + len(PENDING), name)
    decided = {"processed_at": applied + timedelta(days=1), "rejection_reason": reason}
    _request(desk, applied, person, status="rejected", **decided)
