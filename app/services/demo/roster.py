"""The roster of the demo's help desk: this week, filled and published, and the next as a draft."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.models.notifications import NotificationType, Severity
from app.models.roster import Roster
from app.services.demo.school import School, chance, key, write
from app.services.roster import publishing, reading

TABLES: Final = ("rosters",)

# On each day from Tuesday to Saturday: from, to, place.
TIMES: Final = (
    (time(14), time(16), "Library"),
    (time(16), time(18), "Library"),
    (time(16), time(18), "Hall"),
    (time(18), time(20), "Library"),
)
DAYS: Final = range(1, 6)
PINS: Final = 3
SELDOM: Final = 0.1

_COURSES = text("SELECT id FROM courses WHERE deleted_at IS NULL ORDER BY code")
_ABLE = text("""
    SELECT x.id FROM courses x WHERE x.id IN (
        SELECT c.course_id FROM course_capabilities c JOIN availability v USING (assistant_id)
        WHERE v.day_of_week = :day AND v.start_time <= :start AND v.end_time >= :end)
    ORDER BY x.code
""")
_ACCOUNTS = text("""
    SELECT a.id, s.user_id FROM help_desk_assistants a JOIN students s ON s.id = a.student_id
    WHERE s.user_id IS NOT NULL ORDER BY a.id
""")


@dataclass
class Weeks:
    """What both weeks have: the same shifts that need the same courses."""

    school: School
    admin: int
    luck: Random
    plan: list[tuple[int, time, time, str, list[dict[str, Any]]]] = field(default_factory=list)

    def think_up(self) -> None:
        """Most shifts need what somebody can help with then; a few need what nobody can."""
        every = list(db.session.scalars(_COURSES))
        for day in DAYS:
            for start, end, place in TIMES:
                period = {"day": day, "start": start, "end": end}
                able = list(db.session.scalars(_ABLE, period)) if self.luck.random() > SELDOM else every
                wanted = self.luck.sample(able, min(len(able), self.luck.choice((1, 2, 2))))
                self.plan.append((day, start, end, place, [self._need(course) for course in wanted]))

    def _need(self, course: UUID) -> dict[str, Any]:
        weight = self.luck.choice((1, 1, 3))
        return {"course_id": course, "tutors_required": self.luck.choice((1, 1, 1, 2)), "weight": weight}

    def week(self, monday: date, at: datetime) -> UUID:
        stamps = {"created_at": at, "updated_at": at, "created_by_id": self.admin, "updated_by_id": self.admin}
        made, shifts, demands = key(at, self.luck), [], []
        for day, start, end, place, needs in self.plan:
            shift = key(at, self.luck)
            times = {"day": day, "start_time": start, "end_time": end, "place": place}
            shifts.append({"id": shift, "roster_id": made} | times | stamps)
            demands += [{"id": key(at, self.luck), "shift_id": shift} | need | stamps for need in needs]
        write("rosters", [{"id": made, "starts_on": monday, "publication": 0, "progress": 0, "message": ""} | stamps])
        write("roster_shifts", shifts)
        write("shift_demands", demands)
        return made


def load(school: School) -> None:
    weeks = Weeks(school, school.named("admin").id, chance("roster"))
    weeks.think_up()
    monday = school.today - timedelta(days=school.today.weekday())
    friday = datetime.combine(monday - timedelta(days=3), time(15), school.hours.zone).astimezone(UTC)
    made = weeks.week(monday, friday - timedelta(days=2))
    weeks.week(monday + timedelta(days=7), friday + timedelta(hours=1))
    _fill(weeks, db.session.get_one(Roster, made), friday)


def _fill(weeks: Weeks, roster: Roster, at: datetime) -> None:
    """Solve it, pin some, make it known."""
    from app.services.roster.solver import fill  # large, and seldom needed

    answer, luck = fill(reading.problem(roster.id), seconds=60), weeks.luck
    stamps = {"created_at": at, "updated_at": at, "created_by_id": weeks.admin, "updated_by_id": weeks.admin}
    pinned = set(luck.sample(range(len(answer.assignments)), min(PINS, len(answer.assignments))))
    rows = [
        {
            "id": key(at, luck),
            "shift_id": each.shift_id,
            "course_id": each.course_id,
            "assistant_id": each.assistant_id,
            "pinned": number in pinned,
        }
        for number, each in enumerate(answer.assignments)
    ]
    write("shift_assignments", [row | stamps for row in rows])
    shown = publishing.changes(roster).new
    write("published_shifts", [{"id": key(at, luck), "revision": 0, "changed_at": at} | row | stamps for row in shown])
    roster.objective, roster.bound, roster.solved_at = answer.objective, answer.bound, at
    roster.published_at, roster.publication, roster.progress = at + timedelta(minutes=20), 1, 100
    db.session.flush()
    _tell(weeks, roster, {row["assistant_id"] for row in shown}, at + timedelta(minutes=20))


def _tell(weeks: Weeks, roster: Roster, assistants: set[UUID], at: datetime) -> None:
    """The notices of the publication, read by most."""
    rows = []
    for account in db.session.execute(_ACCOUNTS):
        if account.id in assistants:
            rows.append(
                {
                    "id": key(at, weeks.luck),
                    "recipient_id": account.user_id,
                    "type": NotificationType.ROSTER_PUBLISHED,
                    "title": f"Your shifts in the week of {roster.starts_on}",
                    "body": "",
                    "severity": Severity.INFO,
                    "entity_type": "rosters",
                    "entity_id": f"{roster.id}:1",
                    "link": "/me/assistant",
                    "payload": {},
                    "dedup_day": at.astimezone(weeks.school.hours.zone).date(),
                    "created_at": at,
                    "read_at": at + timedelta(hours=4) if weeks.luck.random() < 0.6 else None,
                }
            )
    write("notifications", rows)
