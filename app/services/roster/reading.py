"""A week as the database has it: the problem of the solver, and what everything in it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.services.roster.problem import Assignment, Assistant, Demand, Problem, Shift

_SHIFTS = text("""
    SELECT id, lower(week_minutes) AS start, upper(week_minutes) AS "end" FROM roster_shifts
    WHERE roster_id = :id ORDER BY id
""")
_DEMANDS = text("""
    SELECT d.shift_id, d.course_id, d.tutors_required, d.weight
    FROM shift_demands d JOIN roster_shifts s ON s.id = d.shift_id WHERE s.roster_id = :id ORDER BY d.shift_id, d.course_id
""")
_PRESENT = text("""
    SELECT shift_id, course_id, assistant_id, pinned FROM shift_assignments WHERE roster_id = :id
    ORDER BY shift_id, course_id, assistant_id
""")
# Whoever is on the roster belongs to it, also one who may not be planned any more: they can do nothing.
_ASSISTANTS = text("""
    SELECT a.id, round(a.hours_minimum * 60)::integer AS minimum, floor(a.hours_maximum * 60)::integer AS maximum,
           CASE WHEN usable THEN ARRAY(SELECT course_id FROM course_capabilities WHERE assistant_id = a.id) ELSE '{}' END
               AS courses,
           CASE WHEN usable THEN ARRAY(SELECT week_minutes FROM availability WHERE assistant_id = a.id
                           AND NOT isempty(week_minutes) ORDER BY 1)
                ELSE '{}' END AS periods
    FROM (SELECT a.*, a.active AND s.deleted_at IS NULL AS usable
          FROM help_desk_assistants a JOIN students s ON s.id = a.student_id) a
    WHERE usable OR a.id IN (SELECT assistant_id FROM shift_assignments WHERE roster_id = :id)
    ORDER BY a.id
""")


def problem(roster_id: UUID) -> Problem:
    """What is to be filled in a week."""

    def rows(statement: Any) -> Sequence[Any]:
        return db.session.execute(statement, {"id": roster_id}).all()

    return Problem(
        tuple(Shift(row.id, row.start, row.end) for row in rows(_SHIFTS)),
        tuple(Demand(row.shift_id, row.course_id, row.tutors_required, row.weight) for row in rows(_DEMANDS)),
        tuple(
            Assistant(
                row.id,
                row.minimum,
                row.maximum,
                frozenset(row.courses),
                tuple((period.lower, period.upper) for period in row.periods),
            )
            for row in rows(_ASSISTANTS)
        ),
        tuple(Assignment(row.shift_id, row.course_id, row.assistant_id, row.pinned) for row in rows(_PRESENT)),
    )


@dataclass(frozen=True)
class Names:
    """What the people and courses of a week are called."""

    assistants: Mapping[UUID, str]
    courses: Mapping[UUID, str]


_ASSISTANT_NAMES = text("""
    SELECT a.id, s.first_name || ' ' || s.last_name AS name
    FROM help_desk_assistants a JOIN students s ON s.id = a.student_id WHERE a.id = ANY(:ids)
""")
_COURSE_NAMES = text("SELECT id, name FROM courses WHERE id = ANY(:ids)")


def names(found: Problem) -> Names:
    """The names of a week."""
    courses = db.session.execute(_COURSE_NAMES, {"ids": list({each.course_id for each in found.demands})})
    return Names(assistant_names([each.id for each in found.assistants]), {row.id: row.name for row in courses})


def assistant_names(ids: Sequence[UUID]) -> dict[UUID, str]:
    """What these assistants are called."""
    return {row.id: row.name for row in db.session.execute(_ASSISTANT_NAMES, {"ids": list(ids)})}
