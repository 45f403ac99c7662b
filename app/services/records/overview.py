"""What belongs together on the pages of students, guardians, schools and people on the roster: read under the rules of
who may see what.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text

from app.extensions import db
from app.models.organizations import Organization
from app.models.student_records import (
    Guardian,
    OneRosterAgent,
    OneRosterUser,
    StudentGuardian,
    StudentProgramExtension,
    StudentSchoolAssociation,
)
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.scopes import visible

MOST = 100


def guardians_of(student_id: UUID, actor: Actor) -> Sequence[Any]:
    """The guardians of a student, the first to be called first."""
    statement = (
        select(
            Guardian.id,
            StudentGuardian.id.label("link_id"),
            (Guardian.first_name + " " + Guardian.last_name).label("name"),
            Guardian.email,
            Guardian.phone,
            StudentGuardian.relation_descriptor,
            StudentGuardian.primary_contact,
        )
        .join(StudentGuardian, StudentGuardian.guardian_id == Guardian.id)
        .where(StudentGuardian.student_id == student_id, visible(StudentGuardian, actor), visible(Guardian, actor))
        .order_by(StudentGuardian.primary_contact.desc(), Guardian.last_name, Guardian.id)
    )
    return db.session.execute(statement.limit(MOST)).all()


def children_of(guardian_id: UUID, actor: Actor) -> Sequence[Any]:
    """The students of a guardian."""
    statement = (
        select(
            Student.id,
            StudentGuardian.id.label("link_id"),
            (Student.first_name + " " + Student.last_name).label("name"),
            StudentGuardian.relation_descriptor,
            StudentGuardian.primary_contact,
        )
        .join(StudentGuardian, StudentGuardian.student_id == Student.id)
        .where(StudentGuardian.guardian_id == guardian_id, visible(StudentGuardian, actor), visible(Student, actor))
        .order_by(Student.last_name, Student.id)
    )
    return db.session.execute(statement.limit(MOST)).all()


def schools_of(student_id: UUID, actor: Actor) -> Sequence[Any]:
    """Where a student is and was, the latest first."""
    statement = (
        select(
            StudentSchoolAssociation.id,
            Organization.name.label("school"),
            StudentSchoolAssociation.entry_date,
            StudentSchoolAssociation.exit_date,
            StudentSchoolAssociation.entry_grade_level_descriptor.label("grade"),
            StudentSchoolAssociation.school_year,
            StudentSchoolAssociation.primary_school,
        )
        .join(Organization, Organization.id == StudentSchoolAssociation.school_id)
        .where(StudentSchoolAssociation.student_id == student_id, visible(StudentSchoolAssociation, actor))
        .order_by(StudentSchoolAssociation.entry_date.desc(), StudentSchoolAssociation.id)
    )
    return db.session.execute(statement.limit(MOST)).all()


def program_of(student_id: UUID, actor: Actor) -> StudentProgramExtension | None:
    """What the program knows of a student."""
    rule = visible(StudentProgramExtension, actor)
    statement = select(StudentProgramExtension).where(StudentProgramExtension.student_id == student_id, rule)
    return db.session.scalars(statement).one_or_none()


def roster_user_of(student_id: UUID, actor: Actor) -> OneRosterUser | None:
    """Who the student is to OneRoster."""
    statement = select(OneRosterUser).where(OneRosterUser.student_id == student_id, visible(OneRosterUser, actor))
    return db.session.scalars(statement).one_or_none()


def organizations_of(sourced_ids: Sequence[str]) -> list[str]:
    """What the organizations with these ids are called, in this order."""
    rows = db.session.execute(
        select(Organization.sourced_id, Organization.name).where(Organization.sourced_id.in_(list(sourced_ids)))
    )
    names = {row.sourced_id: row.name for row in rows}
    return [names.get(each, each) for each in sourced_ids]


def agents_of(user_id: UUID) -> Sequence[Any]:
    """Who stands for somebody on the roster, or for whom they stand."""
    both = or_(
        (OneRosterAgent.agent_id == OneRosterUser.id) & (OneRosterAgent.oneroster_user_id == user_id),
        (OneRosterAgent.oneroster_user_id == OneRosterUser.id) & (OneRosterAgent.agent_id == user_id),
    )
    statement = select(
        OneRosterUser.id,
        (OneRosterUser.given_name + " " + OneRosterUser.family_name).label("name"),
        OneRosterUser.role,
    ).join(OneRosterAgent, both)
    return db.session.execute(statement.distinct().order_by("name").limit(MOST)).all()


_CLASSES = text("""
    SELECT e."sourcedId" AS key, k.title, e.role, o.name AS school
    FROM oneroster_v_enrollments e JOIN oneroster_v_classes k ON k."sourcedId" = e."classSourcedId"
    LEFT JOIN organizations o ON o.sourced_id = e."schoolSourcedId"
    WHERE e."userSourcedId" = :sourced_id AND e.status = 'active' AND k.status = 'active'
    ORDER BY k.title, e."sourcedId" LIMIT :most
""")


def classes_of(sourced_id: str) -> Sequence[Any]:
    """The classes of somebody on the roster, as other systems are told of them."""
    return db.session.execute(_CLASSES, {"sourced_id": sourced_id, "most": MOST}).all()


def students_at(school_id: UUID) -> Sequence[Any]:
    """How many students are at a school, by school year."""
    year = StudentSchoolAssociation.school_year
    statement = (
        select(year, func.count().label("students"))
        .where(StudentSchoolAssociation.school_id == school_id, StudentSchoolAssociation.exit_date.is_(None))
        .group_by(year)
        .order_by(year.desc())
    )
    return db.session.execute(statement.limit(10)).all()
