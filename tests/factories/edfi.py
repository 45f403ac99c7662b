"""Students as Ed-Fi is told of them, and a server to tell."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from app.extensions import db
from app.models.edfi import EdFiConnection
from app.models.organizations import Organization
from app.models.student_records import Guardian, StudentGuardian, StudentProgramExtension, StudentSchoolAssociation
from app.models.students import Student
from app.services.edfi import connections
from app.services.inputs import parse

_numbers = itertools.count(1)
SECRET = "t0p-s3cret"


def saved(made: Any) -> Any:
    db.session.add(made)
    db.session.commit()
    return made


def school(**values: Any) -> Organization:
    number = next(_numbers)
    usual = {"name": f"Hill School {number}", "identifier": f"hill-{number}", "school_id": 255900 + number}
    return saved(Organization(**usual | {"grades": ["09", "10"]} | values))


def pupil(**values: Any) -> Student:
    number = next(_numbers)
    usual = {
        "student_unique_id": f"TSA-STU-20241208-{number:06d}",
        "first_name": "Noor",
        "last_name": "Haddad",
        "birth_date": date(2010, 5, 4),
        "birth_sex_descriptor": "Female",
        "hispanic_latino_ethnicity": False,
        "races": ["Asian", "White"],
    }
    return saved(Student(**usual | values))


def at_school(student: Student, school: Organization, **values: Any) -> StudentSchoolAssociation:
    usual = {
        "entry_date": date(2026, 8, 20),
        "entry_grade_level_descriptor": "Ninth grade",
        "entry_type_descriptor": "Transfer",
        "school_year": 2027,
    }
    return saved(StudentSchoolAssociation(student_id=student.id, school_id=school.id, **usual | values))


def extension(student: Student, **values: Any) -> StudentProgramExtension:
    return saved(StudentProgramExtension(student_id=student.id, **values))


def guardian_of(student: Student, **values: Any) -> Guardian:
    link = {
        "relation_descriptor": values.pop("relation_descriptor", "Mother"),
        "primary_contact": values.pop("primary", True),
    }
    usual = {"first_name": "Amal", "last_name": "Haddad", "email": "amal@home.example", "phone": "+442079460018"}
    made = saved(Guardian(**usual | values))
    saved(StudentGuardian(student_id=student.id, guardian_id=made.id, **link))
    return made


def family(place: Organization) -> Student:
    """A student at a school with a guardian: one record of each resource but the school."""
    made = pupil()
    at_school(made, place)
    guardian_of(made)
    return made


def connection(url: str, *, actor: Any, **values: Any) -> EdFiConnection:
    raw = {"name": "State", "base_url": url, "client_id": "key", "secret": SECRET} | values
    return connections.create(parse(connections.ConnectionInput, raw), actor=actor)
