"""Assistants: what they can help with and when, read and changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, text

from app.extensions import db
from app.models.assistants import (
    Availability,
    CourseCapability,
    HelpDeskAssistant,
    RegistrationAvailability,
    RegistrationCourse,
)
from app.models.courses import Course
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services.assistants import week
from app.services.assistants.week import Period
from app.services.errors import Invalid, explain
from app.services.keysets import among
from app.services.transaction import lock, transactional

explain(
    {
        "ck_help_desk_assistants_rate": ("rate", _l("Must be zero or more.")),
        "ck_help_desk_assistants_hours_minimum": (
            "hours_minimum",
            _l("Must be zero or more, and at most the most hours."),
        ),
        "ck_help_desk_assistants_hours_maximum": ("hours_maximum", _l("A week has 168 hours.")),
    }
)

_DROP_PERIODS = text("""
    DELETE FROM availability a WHERE a.assistant_id = :assistant_id AND NOT EXISTS (
        SELECT FROM json_to_recordset(CAST(:periods AS json)) AS p (day_of_week smallint, start_time time, end_time time)
        WHERE (p.day_of_week, p.start_time, p.end_time) = (a.day_of_week, a.start_time, a.end_time))
""")
_ADD_PERIODS = text("""
    INSERT INTO availability (assistant_id, day_of_week, start_time, end_time)
    SELECT :assistant_id, p.day_of_week, p.start_time, p.end_time
    FROM json_to_recordset(CAST(:periods AS json)) AS p (day_of_week smallint, start_time time, end_time time)
    WHERE NOT EXISTS (
        SELECT FROM availability a WHERE a.assistant_id = :assistant_id
        AND (p.day_of_week, p.start_time, p.end_time) = (a.day_of_week, a.start_time, a.end_time))
""")
_DROP_COURSES = text("""
    DELETE FROM course_capabilities WHERE assistant_id = :assistant_id
    AND NOT course_id = ANY(CAST(:course_ids AS uuid[]))
""")
_ADD_COURSES = text("""
    INSERT INTO course_capabilities (assistant_id, course_id)
    SELECT :assistant_id, course_id FROM unnest(CAST(:course_ids AS uuid[])) AS course_id
    ON CONFLICT (assistant_id, course_id) DO NOTHING
""")


@dataclass(frozen=True)
class Plan:
    """What somebody can help with, and when."""

    courses: list[Course]
    availability: list[Period]


def title(assistant: Any) -> str:
    """What an assistant is called: the record, or a row of the list."""
    if not isinstance(assistant, HelpDeskAssistant):
        return str(assistant.student_name)
    return db.session.get_one(Student, assistant.student_id).name


def plan_of(assistant_id: UUID) -> Plan:
    return Plan(
        _courses(CourseCapability.course_id, CourseCapability.assistant_id == assistant_id),
        _periods(Availability, Availability.assistant_id == assistant_id),
    )


def plan_of_registration(registration_id: UUID) -> Plan:
    """What an applicant says; empty when it is decided."""
    return Plan(
        _courses(RegistrationCourse.course_id, RegistrationCourse.registration_id == registration_id),
        _periods(RegistrationAvailability, RegistrationAvailability.registration_id == registration_id),
    )


def _courses(column: Any, rule: Any) -> list[Course]:
    statement = select(Course).where(Course.id.in_(select(column).where(rule)), Course.deleted_at.is_(None))
    return list(db.session.scalars(statement.order_by(Course.name, Course.id)))


def _periods(model: Any, rule: Any) -> list[Period]:
    columns = model.day_of_week, model.start_time, model.end_time
    return [Period(*row) for row in db.session.execute(select(*columns).where(rule).order_by(*columns))]


def courses_offered() -> Sequence[Course]:
    """The courses with which somebody may say to be able to help."""
    offered = select(Course).where(Course.active, Course.deleted_at.is_(None))
    return db.session.scalars(offered.order_by(Course.name, Course.id)).all()


@transactional
def update_plan(
    assistant_id: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> HelpDeskAssistant:
    """Change what an assistant can help with, when, or both (PlanInput), if nobody changed them since `version`. Only what
    differs is written, so that the history tells what changed.

    Raises NotFound, Conflict, Invalid for a course that is not offered.
    """
    found = lock(HelpDeskAssistant, assistant_id, visible(HelpDeskAssistant, actor), version=version)
    if values.get("course_ids") is not None:
        _set_courses(found.id, values["course_ids"])
    if values.get("availability") is not None:
        facts = {"assistant_id": found.id, "periods": week.as_json(values["availability"])}
        db.session.execute(_DROP_PERIODS, facts)  # first, as none may overlap
        db.session.execute(_ADD_PERIODS, facts)
    found.updated_at = func.now()  # another who edits the same finds it changed
    db.session.flush()
    return found


def _set_courses(assistant_id: UUID, course_ids: Sequence[UUID]) -> None:
    """Raises Invalid. A course that they have and that is out of use meanwhile may stay."""
    wanted = list(dict.fromkeys(course_ids))
    has = select(CourseCapability.course_id).where(CourseCapability.assistant_id == assistant_id)
    known = select(Course.id).where(
        among(Course.id, wanted), Course.deleted_at.is_(None), Course.active | Course.id.in_(has)
    )
    if set(wanted) - set(db.session.scalars(known)):
        raise Invalid(fields={"course_ids": [_("Choose one from the list.")]})
    for statement in (_DROP_COURSES, _ADD_COURSES):
        db.session.execute(statement, {"assistant_id": assistant_id, "course_ids": wanted})
