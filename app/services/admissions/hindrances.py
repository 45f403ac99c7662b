"""What a student's other classes, and visitors, have against classes that are to be planned."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.services import school
from app.services.admissions.refusals import Clash
from app.services.classroom.occupancy import is_out, occupancy


@dataclass(frozen=True)
class Plan:
    """Classes that a student is to have: days and slots."""

    student_id: UUID
    dates: Sequence[tuple[date, UUID]]

    def facts(self) -> dict[str, Any]:
        return {"dates": [day for day, _slot in self.dates], "slot_ids": [slot_id for _day, slot_id in self.dates]}


# What the student has at the same time; and the days to come on which visitors have taken the last place: only where somebody
# visits can there be more people than weekly places. Who has a place (`kept`) is counted already, but for the days on which
# they are out: there the plan brings them back. Days that are not planned tell from when on there is room.
_AGAINST = text(f"""
    WITH planned AS (
        SELECT * FROM unnest(CAST(:slot_ids AS uuid[]), CAST(:dates AS date[])) AS planned (slot_id, class_date)
    )
    SELECT planned.slot_id, planned.class_date, c.name || ', ' || to_char(t.start_time, 'HH24:MI') AS other,
           true AS planned
    FROM planned
    JOIN classroom_slots w ON w.id = planned.slot_id JOIN time_slot_templates n ON n.id = w.time_slot_id
    JOIN attendance a ON a.student_id = :student_id AND a.class_date = planned.class_date AND a.deleted_at IS NULL
        AND a.starts_at < (planned.class_date + n.end_time) AT TIME ZONE :zone
        AND a.ends_at > (planned.class_date + n.start_time) AT TIME ZONE :zone
    JOIN classroom_slots s ON s.id = a.classroom_slot_id JOIN courses c ON c.id = s.course_id
    JOIN time_slot_templates t ON t.id = s.time_slot_id
    UNION ALL
    SELECT s.id, v.class_date, NULL, p.slot_id IS NOT NULL
    FROM (
        SELECT DISTINCT a.classroom_slot_id, a.class_date FROM attendance a
        WHERE a.classroom_slot_id = ANY(:slot_ids) AND a.class_date >= :today AND a.deleted_at IS NULL
          AND (a.makeup OR a.original_slot_id IS NOT NULL)
    ) v
    LEFT JOIN planned p ON p.slot_id = v.classroom_slot_id AND p.class_date = v.class_date
    JOIN classroom_slots s ON s.id = v.classroom_slot_id
    WHERE {occupancy("s", "v.class_date")}
          + (s.id <> ALL(CAST(:kept AS uuid[])) OR {is_out(":student_id", "s.id", "v.class_date")})::integer > s.capacity
    ORDER BY class_date
""")  # noqa: S608 - from here


@dataclass
class Crowd:
    """The planned days of a slot that visitors have filled, and the last day to come that they have filled at all."""

    days: list[date]
    last: date


def against(plan: Plan, kept: Collection[UUID]) -> tuple[dict[UUID, list[Clash]], dict[UUID, Crowd]]:
    """By slot: the classes that the student has at the same time, and what visitors have filled. The slots and the
    student must be locked.
    """
    moment = {"zone": str(school.zone()), "today": school.today()}
    facts = plan.facts() | moment | {"student_id": plan.student_id, "kept": list(kept)}
    clashing: dict[UUID, list[Clash]] = {}
    crowds: dict[UUID, Crowd] = {}
    for slot_id, day, other, planned in db.session.execute(_AGAINST, facts):  # in the order of days
        if other is not None:
            clashing.setdefault(slot_id, []).append(Clash(day, other))
            continue
        crowd = crowds.setdefault(slot_id, Crowd([], day))
        crowd.last = day
        if planned:
            crowd.days.append(day)
    return clashing, {slot_id: crowd for slot_id, crowd in crowds.items() if crowd.days}
