"""The records that Ed-Fi is told of, read in batches of their keys: students with an id and a school, their associations,
schools, and the guardians of these students.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.orm import aliased

from app.extensions import db
from app.models.organizations import Organization, OrganizationType
from app.models.student_records import (
    Guardian,
    StudentGuardian,
    StudentProgramExtension,
    StudentSchoolAssociation,
)
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible

Statement = Any  # a SELECT
BATCH: Final = 1000
_A, _E = StudentSchoolAssociation, StudentProgramExtension
_parent = aliased(Organization)
_other, _any = aliased(StudentSchoolAssociation), aliased(StudentSchoolAssociation)


def _exported(actor: Actor) -> Any:
    """Students whom a server can know: it knows nobody without an id, and lets nobody see who is at no school."""
    at_school = select(_any.id).where(_any.student_id == Student.id).correlate(Student).exists()
    return visible(Student, actor) & Student.student_unique_id.is_not(None) & at_school


def schools(actor: Actor) -> Statement:
    used = select(_A.id).where(_A.school_id == Organization.id).exists()
    return (
        select(
            Organization.id,
            Organization.school_id,
            Organization.name,
            Organization.identifier,
            Organization.grades,
            case((_parent.type.in_([OrganizationType.DISTRICT, OrganizationType.LOCAL]), _parent.school_id)).label(
                "agency_id"
            ),
        )
        .outerjoin(_parent, _parent.id == Organization.parent_id)
        .where(visible(Organization, actor), Organization.type == OrganizationType.SCHOOL, Organization.active | used)
    )


def students(actor: Actor) -> Statement:
    extension = [getattr(_E, name) for name in EXTENSION]
    return (
        select(*(getattr(Student, name) for name in STUDENT), _E.id.label("extension_id"), *extension)
        .outerjoin(_E, _E.student_id == Student.id)
        .where(_exported(actor))
    )


STUDENT: Final = (
    "id",
    "student_unique_id",
    "first_name",
    "middle_name",
    "last_name",
    "generation_suffix",
    "birth_date",
    "birth_city",
    "birth_state",
    "birth_country",
    "birth_sex_descriptor",
)
# What leaves of the program: neither what was paid nor who referred, and never `custom_data`.
EXTENSION: Final = (
    "sport_interests",
    "enrollment_status",
    "assigned_program_track",
    "grade_at_enrollment",
    "expected_start_date",
    "consultation_completed",
    "documents_complete",
    "completed_on",
    "shadow_day",
)


def school_associations(actor: Actor) -> Statement:
    """The entry date is part of the key, so it has to be settled: a student who enrols begins on the expected day, if
    that is known and no other association has it. Their year is that of this day, which the caller looks up: it is empty.
    """
    earlier = select(_other.id).where(_other.student_id == _A.student_id, _other.entry_date < _A.entry_date).exists()
    taken = (
        select(_other.id)
        .where(
            _other.student_id == _A.student_id,
            _other.school_id == _A.school_id,
            _other.entry_date == _E.expected_start_date,
        )
        .exists()
    )
    stays = _A.exit_date.is_(None) | (_A.exit_date >= _E.expected_start_date)
    later = (_E.expected_start_date > _A.entry_date) & stays & ~earlier & ~taken
    return (
        select(
            _A.id,
            _A.student_id,
            Student.student_unique_id,
            Organization.school_id,
            Organization.identifier,
            case((later, _E.expected_start_date), else_=_A.entry_date).label("entry_date"),
            _A.entry_grade_level_descriptor,
            _A.entry_type_descriptor,
            case((later, None), else_=_A.school_year).label("school_year"),
            _A.primary_school,
            _A.exit_date,
            _A.exit_type_descriptor,
            _E.enrollment_status,
        )
        .join(Student, Student.id == _A.student_id)
        .join(Organization, Organization.id == _A.school_id)
        .outerjoin(_E, _E.student_id == _A.student_id)
        .where(_exported(actor), visible(_A, actor))
    )


def organization_associations(actor: Actor) -> Statement:
    """One for each student and school."""
    return (
        select(
            _A.student_id,
            _A.school_id.label("organization_id"),
            Student.student_unique_id,
            Organization.school_id,
            Organization.identifier,
            Student.birth_sex_descriptor,
            Student.hispanic_latino_ethnicity,
            Student.races,
            Student.email,
            Student.phone,
        )
        .distinct()
        .join(Student, Student.id == _A.student_id)
        .join(Organization, Organization.id == _A.school_id)
        .where(_exported(actor), visible(_A, actor))
    )


def contacts(actor: Actor) -> Statement:
    link = select(StudentGuardian.id).join(Student, Student.id == StudentGuardian.student_id)
    theirs = link.where(StudentGuardian.guardian_id == Guardian.id, _exported(actor)).correlate(Guardian)
    return select(
        Guardian.id,
        Guardian.contact_unique_id,
        Guardian.first_name,
        Guardian.last_name,
        Guardian.email,
        Guardian.phone,
    ).where(visible(Guardian, actor), theirs.exists())


def contact_associations(actor: Actor) -> Statement:
    return (
        select(
            StudentGuardian.id,
            StudentGuardian.student_id,
            Student.student_unique_id,
            Guardian.contact_unique_id,
            StudentGuardian.relation_descriptor,
            StudentGuardian.primary_contact,
        )
        .join(Student, Student.id == StudentGuardian.student_id)
        .join(Guardian, Guardian.id == StudentGuardian.guardian_id)
        .where(_exported(actor), visible(Guardian, actor))
    )


# Resource -> its statement, and the columns that order it.
STATEMENTS: Final[dict[str, tuple[Callable[[Actor], Statement], tuple[Any, ...]]]] = {
    "schools": (schools, (Organization.id,)),
    "students": (students, (Student.id,)),
    "studentSchoolAssociations": (school_associations, (_A.id,)),
    "studentEducationOrganizationAssociations": (organization_associations, (_A.student_id, _A.school_id)),
    "contacts": (contacts, (Guardian.id,)),
    "studentContactAssociations": (contact_associations, (StudentGuardian.id,)),
}


def rows(resource: str, actor: Actor) -> Iterator[Any]:
    """Every row of a resource, a batch at a time, so that neither memory nor one statement grows with the school."""
    statement, order = STATEMENTS[resource]
    last: tuple[Any, ...] | None = None
    while True:
        batch = statement(actor).order_by(*order).limit(BATCH)
        if last is not None:
            batch = batch.where(tuple_(*order) > tuple_(*last))
        found = db.session.execute(batch).all()
        yield from found
        if len(found) < BATCH:
            return
        last = tuple(found[-1][: len(order)])


def counts(actor: Actor) -> dict[str, int]:
    """How many records each resource has."""
    return {
        resource: db.session.execute(select(func.count()).select_from(statement(actor).subquery())).scalar_one()
        for resource, (statement, _order) in STATEMENTS.items()
    }
