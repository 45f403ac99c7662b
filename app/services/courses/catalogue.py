"""Instruments, courses with their teachers, and plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field
from sqlalchemy import delete as sql_delete
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased, joinedload

from app.extensions import db
from app.models.access import User
from app.models.courses import Course, CoursePlan, CourseTeacher, Difficulty, Instrument
from app.policies.actor import Actor
from app.services import inputs, lookups, people, plain
from app.services.courses.switching import switches, taken
from app.services.errors import explain
from app.services.inputs import blank_is_none
from app.services.resource import Attribute, Kind, Part, Resource, options_of, register
from app.services.transaction import transactional

explain(
    {
        "uq_instruments_name": ("name", _l("There is already an instrument with this name.")),
        "uq_courses_code": ("code", _l("There is already a course with this code.")),
        "uq_course_plans_name": ("name", _l("There is already a plan with this name.")),
        "ck_course_plans_duration_months": ("duration_months", _l("Must be from 1 to 36.")),
        "ck_course_plans_classes_per_week": ("classes_per_week", _l("Must be from 1 to 14.")),
        "ck_course_plans_price": ("price", _l("Must be zero or more.")),
        "ck_instruments_name_not_blank": ("name", _l("This field is required.")),
        "ck_courses_name_not_blank": ("name", _l("This field is required.")),
        "ck_course_plans_name_not_blank": ("name", _l("This field is required.")),
    }
)

DIFFICULTIES = options_of(
    Difficulty,
    {"beginner": _l("Beginner"), "intermediate": _l("Intermediate"), "advanced": _l("Advanced")},
    {"beginner": "success", "intermediate": "info", "advanced": "warning"},
)
LABELS = {
    "name": _l("Name"),
    "code": _l("Code"),
    "active": _l("In use"),
    "instrument_id": _l("Instrument"),
    "difficulty": _l("Difficulty"),
    "description": _l("Description"),
    "teacher_ids": _l("Teachers"),
    "duration_months": _l("Months"),
    "classes_per_week": _l("Classes a week"),
    "total_classes": _l("Classes in all"),
    "price": _l("Price"),
    "created_at": _l("Entered"),
}


def _named(row: Any) -> str:
    return str(row.name)


_COURSES_OF = text("SELECT count(*) FROM courses WHERE instrument_id = :id AND deleted_at IS NULL")
_INSTRUMENT_OF = text("SELECT instrument_id FROM courses WHERE id = :id")
_TAUGHT = text("SELECT count(*) FROM classroom_slots WHERE course_id = :id AND deleted_at IS NULL")
_ADMISSIONS_OF = text("SELECT count(*) FROM admissions WHERE plan_id = :id")


def _courses_of(instrument: Instrument) -> Any:
    count = db.session.scalar(_COURSES_OF, {"id": instrument.id})
    return _("Courses use it (%(count)s).", count=count) if count else None


def _slots_of(course: Course) -> Any:
    count = db.session.scalar(_TAUGHT, {"id": course.id})
    return _("Classroom slots belong to it (%(count)s): delete them first.", count=count) if count else None


def _admissions_of(plan: CoursePlan) -> Any:
    count = db.session.scalar(_ADMISSIONS_OF, {"id": plan.id})
    return _("Admissions were made with it (%(count)s): take it out of use instead.", count=count) if count else None


INSTRUMENTS = register(
    Resource(
        name="Instruments",
        slug="instruments",
        model=Instrument,
        singular=_l("Instrument"),
        plural=_l("Instruments"),
        title=_named,
        attributes=(
            Attribute("name", LABELS["name"], Kind.TEXT, Instrument.name, sortable=True),
            Attribute("active", LABELS["active"], Kind.BOOL, Instrument.active),
        ),
        search=func.search_fold(Instrument.name),
        default_sort="name",
        input=inputs.of(Instrument, "name", "active"),
        labels=LABELS,
        create=partial(plain.create, Instrument),
        update=partial(plain.update, Instrument),
        delete=partial(plain.delete, Instrument, title=_named, hindrance=_courses_of),
        restore=partial(plain.restore, Instrument, title=_named),
        actions=switches(Instrument, _named),
        icon="music",
        title_columns=(Instrument.name,),
        small=True,
    )
)


def _teachers(value: Any) -> Any:
    """Keys of accounts; an empty field of a form is none."""
    return [each for each in value if each not in ("", None)] if isinstance(value, list) else value


CourseInput = inputs.of(
    Course,
    "code",
    "name",
    "difficulty",
    "description",
    "active",
    name="CourseInput",
    instrument_id=(Annotated[UUID | None, BeforeValidator(blank_is_none)], None),
    teacher_ids=(Annotated[list[int], Field(max_length=200), BeforeValidator(_teachers)], []),
)


@transactional
def create_course(values: Mapping[str, Any], *, actor: Actor) -> Course:
    """Add a course with its teachers. Raises Conflict when the code is taken; Invalid for an account that does not
    teach.
    """
    data = dict(values)
    teachers = data.pop("teacher_ids", [])
    lookups.check("instruments", actor, data.get("instrument_id"), "instrument_id")
    made: Course = plain.create(Course, data, actor=actor)
    _set_teachers(made.id, teachers, actor)
    return made


@transactional
def update_course(
    course_id: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> Course:
    """Change a course; `teacher_ids`, where given, are all its teachers. Raises NotFound, Conflict, Invalid."""
    data = dict(values)
    teachers = data.pop("teacher_ids", None)
    instrument_id = data.get("instrument_id")
    if instrument_id is not None and instrument_id != db.session.scalar(_INSTRUMENT_OF, {"id": course_id}):
        lookups.check("instruments", actor, instrument_id, "instrument_id")
    made: Course = plain.update(Course, course_id, data, actor=actor, version=version, hindrance=taken("course_id"))
    if teachers is not None:
        _set_teachers(made.id, teachers, actor)
    return made


def _set_teachers(course_id: UUID, teacher_ids: Sequence[int], actor: Actor) -> None:
    known = set(db.session.scalars(select(CourseTeacher.teacher_id).where(CourseTeacher.course_id == course_id)))
    wanted = set(teacher_ids)
    for teacher_id in sorted(wanted - known):
        lookups.check("teachers", actor, teacher_id, "teacher_ids")
    if wanted - known:
        rows = [{"course_id": course_id, "teacher_id": each} for each in sorted(wanted - known)]
        db.session.execute(insert(CourseTeacher).values(rows).on_conflict_do_nothing())
    if known - wanted:
        db.session.execute(
            sql_delete(CourseTeacher).where(
                CourseTeacher.course_id == course_id, CourseTeacher.teacher_id.in_(known - wanted)
            )
        )


_instrument = aliased(Instrument)

COURSES = register(
    Resource(
        name="Courses",
        slug="courses",
        model=Course,
        singular=_l("Course"),
        plural=_l("Courses"),
        title=_named,
        attributes=(
            Attribute("code", LABELS["code"], Kind.TEXT, Course.code, sortable=True),
            Attribute("name", LABELS["name"], Kind.TEXT, Course.name, sortable=True),
            Attribute(
                "instrument",
                LABELS["instrument_id"],
                Kind.RELATION,
                _instrument.name,
                key=Course.instrument_id,
                join=(_instrument, _instrument.id == Course.instrument_id),
                lookup="instruments",
                nullable=True,
            ),
            Attribute("difficulty", LABELS["difficulty"], Kind.CHOICE, Course.difficulty, options=DIFFICULTIES),
            Attribute("active", LABELS["active"], Kind.BOOL, Course.active),
            Attribute("description", LABELS["description"], Kind.TEXT, Course.description, nullable=True),
        ),
        search=func.search_fold(Course.code + " " + Course.name),
        search_help=_l("Code or name"),
        default_sort="name",
        input=CourseInput,
        labels=LABELS,
        relations={"instrument_id": "instruments", "teacher_ids": "teachers", "teacher_id": "teachers"},
        parts=(Part("course_teachers", "course_id", _l("Teacher"), {"teacher_id": _l("Teacher")}),),
        options={"difficulty": DIFFICULTIES},
        create=create_course,
        update=update_course,
        delete=partial(plain.delete, Course, title=_named, hindrance=_slots_of),
        restore=partial(plain.restore, Course, title=_named),
        actions=switches(Course, _named, taken("course_id")),
        load=(joinedload(Course.instrument),),
        icon="book-open",
        title_columns=(Course.name,),
        export_columns=(
            "code",
            "name",
            "instrument",
            "difficulty",
            "active",
            "description",
        ),
        small=True,
    )
)

PLANS = register(
    Resource(
        name="Course plans",
        slug="course-plans",
        model=CoursePlan,
        singular=_l("Plan"),
        plural=_l("Plans"),
        title=_named,
        attributes=(
            Attribute("name", LABELS["name"], Kind.TEXT, CoursePlan.name, sortable=True),
            Attribute(
                "duration_months", LABELS["duration_months"], Kind.NUMBER, CoursePlan.duration_months, sortable=True
            ),
            Attribute("classes_per_week", LABELS["classes_per_week"], Kind.NUMBER, CoursePlan.classes_per_week),
            Attribute("total_classes", LABELS["total_classes"], Kind.NUMBER, CoursePlan.total_classes),
            Attribute("price", LABELS["price"], Kind.NUMBER, CoursePlan.price, money=True),
            Attribute("active", LABELS["active"], Kind.BOOL, CoursePlan.active),
        ),
        search=func.search_fold(CoursePlan.name),
        default_sort="duration_months",
        input=inputs.of(CoursePlan, "name", "duration_months", "classes_per_week", "price", "active"),
        labels=LABELS,
        create=partial(plain.create, CoursePlan),
        update=partial(plain.update, CoursePlan),
        delete=partial(plain.delete, CoursePlan, title=_named, hindrance=_admissions_of),
        actions=switches(CoursePlan, _named),
        icon="tag",
        title_columns=(CoursePlan.name,),
        small=True,
    )
)


_RUNNING = text("""
    SELECT count(*) FROM admissions
    WHERE course_id = :id AND deleted_at IS NULL AND status IN ('pending', 'active', 'paused')
""")


def running_admissions(course_id: UUID) -> int:
    """How many admissions to a course are not over."""
    return int(db.session.scalar(_RUNNING, {"id": course_id}) or 0)


def teachers_of(course_id: UUID) -> list[tuple[int, str]]:
    """The teachers of a course: key and name, by name."""
    statement = (
        select(User.id, people.full_name(User))
        .join(CourseTeacher, CourseTeacher.teacher_id == User.id)
        .where(CourseTeacher.course_id == course_id)
    )
    return [(key, name) for key, name in db.session.execute(statement.order_by(User.first_name, User.last_name))]
