"""What the demo school teaches: instruments, courses, a week of classroom slots, and its holidays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.policies.roles import Role
from app.services.demo.school import Member, School, chance, key, write

TABLES: Final = ("instruments", "courses", "classroom_slots", "closures")

INSTRUMENTS: Final = ("Piano", "Guitar", "Violin", "Voice", "Drums", "Cello", "Flute", "Saxophone")


@dataclass(frozen=True)
class Offer:
    """A course. `subject` is what its teachers have as their department."""

    code: str
    name: str
    subject: str
    instrument: str | None
    difficulty: str
    room: str
    capacity: int
    description: str


COURSES: Final = (
    Offer("PIA-1", "Piano I", "Piano", "Piano", "beginner", "Piano room", 4, "First pieces with both hands."),
    Offer("PIA-2", "Piano II", "Piano", "Piano", "intermediate", "Piano room", 4, "Scales, sonatinas, accompaniment."),
    Offer("GUI-1", "Guitar I", "Guitar", "Guitar", "beginner", "Studio", 6, "Chords, strumming, songs."),
    Offer("GUI-2", "Guitar II", "Guitar", "Guitar", "intermediate", "Studio", 6, "Barre chords and fingerstyle."),
    Offer("VIO-1", "Violin I", "Violin", "Violin", "beginner", "String room", 5, "Bow, posture, first position."),
    Offer("VOC-1", "Singing", "Voice", "Voice", "beginner", "Studio", 8, "Breath, tone and repertoire."),
    Offer("DRU-1", "Drums", "Drums", "Drums", "beginner", "Drum room", 4, "Grooves, fills, reading rhythms."),
    Offer("CEL-1", "Cello", "Cello", "Cello", "intermediate", "String room", 4, "Tone, vibrato and chamber music."),
    Offer("FLU-1", "Flute", "Flute", "Flute", "beginner", "Wind room", 5, "First notes to first duets."),
    Offer("SAX-1", "Saxophone", "Saxophone", "Saxophone", "intermediate", "Wind room", 5, "Tone and improvising."),
    Offer("THE-1", "Music theory", "Music theory", None, "advanced", "Hall", 12, "Harmony, form, ear training."),
    Offer("CHO-1", "Choir", "Choir", "Voice", "beginner", "Hall", 20, "Everybody sings."),
)
ROOMS: Final = 3  # of each kind
SLOTS_OF: Final = (2, 4)  # a teacher's in one course, from and to

_TIMES = text("SELECT id, day, start_time FROM time_slot_templates WHERE active ORDER BY day, start_time")


def load(school: School) -> None:
    luck = chance("courses")
    at, admin = school.hours.moment(0) - timedelta(days=20), school.named("admin").id
    stamps = {"created_at": at, "updated_at": at, "created_by_id": admin, "updated_by_id": admin}
    instruments = {name: key(at, luck) for name in INSTRUMENTS}
    courses = {offer.code: key(at, luck) for offer in COURSES}
    write("instruments", [{"id": key_, "name": name, "active": True} | stamps for name, key_ in instruments.items()])
    write(
        "courses",
        [
            {
                "id": courses[offer.code],
                "code": offer.code,
                "name": offer.name,
                "instrument_id": instruments.get(offer.instrument or ""),
                "difficulty": offer.difficulty,
                "description": offer.description,
                "active": True,
            }
            | stamps
            for offer in COURSES
        ],
    )
    pairs = [(offer, member) for offer in COURSES for member in _teachers(school, offer)]
    write(
        "course_teachers",
        [
            {"id": key(at, luck), "course_id": courses[offer.code], "teacher_id": member.id} | stamps
            for offer, member in pairs
        ],
    )
    write(
        "classroom_slots",
        [
            {"id": key(at, luck), "course_id": courses[code], "active": True, "enrolled": 0, "offered": 0}
            | row
            | stamps
            for code, row in _week(pairs, luck)
        ],
    )
    write(
        "closures",
        [
            {"id": key(at, luck), "starts_on": first, "ends_on": last, "reason": reason} | stamps
            for first, last, reason in holidays(school.today)
        ],
    )


def _teachers(school: School, offer: Offer) -> list[Member]:
    return [member for member in school.having(Role.TEACHER) if member.department == offer.subject]


def _week(pairs: list[tuple[Offer, Member]], luck: Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Slots over the week, in which no teacher and no room is taken twice."""
    times: list[UUID] = [row.id for row in db.session.execute(_TIMES)]
    busy: set[tuple[Any, UUID]] = set()
    for offer, member in pairs:
        wanted = luck.randint(*SLOTS_OF)
        for place in luck.sample(range(len(times)), len(times)):
            rooms = [f"{offer.room} {number}" for number in range(1, ROOMS + 1)]
            free = [room for room in rooms if (room, times[place]) not in busy]
            if not wanted or (member.id, times[place]) in busy or not free:
                continue
            busy |= {(member.id, times[place]), (free[0], times[place])}
            wanted -= 1
            yield (
                offer.code,
                {"time_slot_id": times[place], "teacher_id": member.id, "room": free[0], "capacity": offer.capacity},
            )


def holidays(today: date) -> list[tuple[date, date, str]]:
    """The last holidays, and those of the year to come: first day, last day, why."""
    training = today + timedelta(days=23)
    found = [(training, training, "Staff training")]
    for year in (today.year - 1, today.year, today.year + 1):
        found += [
            (date(year, 5, 1), date(year, 5, 1), "May Day"),
            (date(year, 8, 1), date(year, 8, 14), "Summer holidays"),
            (date(year, 12, 24), date(year + 1, 1, 1), "Winter holidays"),
        ]
    return sorted(each for each in found if today - timedelta(days=182) <= each[1] <= today + timedelta(days=366))
