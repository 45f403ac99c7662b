"""What guardians, associations, program extensions and OneRoster's users are to people."""

from __future__ import annotations

from typing import Annotated, Any

from flask_babel import lazy_gettext as _l
from pydantic import BeforeValidator, Field
from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload

from app.models.access import User
from app.models.organizations import Organization
from app.models.student_records import (
    GUARDIAN_SEARCHED,
    Guardian,
    StudentGuardian,
    StudentSchoolAssociation,
)
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.roles import Role
from app.policies.scopes import visible
from app.services import inputs, people
from app.services.inputs import blank_is_none, storable
from app.services.records import descriptors, links
from app.services.records.facts import GRADE, code_of
from app.services.records.labels import (
    ENTRY_TYPES,
    EXIT_TYPES,
    GRADE_LEVELS,
    LABELS,
    RELATIONS,
    TITLE,
    attribute,
    of_key,
    person,
)
from app.services.resource import Attribute, Kind, Lookup, Resource, register, register_lookup

_TYPED_PHONE = (
    Annotated[str | None, Field(max_length=40), BeforeValidator(blank_is_none), BeforeValidator(storable)],
    None,
)
_SOME_RELATION = Annotated[
    str | None,
    Field(max_length=120),
    BeforeValidator(storable),
    BeforeValidator(blank_is_none),
    code_of(descriptors.RELATIONS),
]
_account, _child, _guardian, _pupil, _school = (
    aliased(User),
    aliased(Student),
    aliased(Guardian),
    aliased(Student),
    aliased(Organization),
)

GUARDIANS = register(
    Resource(
        name="Guardians",
        slug="guardians",
        model=Guardian,
        singular=_l("Guardian"),
        plural=_l("Guardians"),
        title=links.name_of,
        attributes=(
            Attribute(
                "name", LABELS["name"], Kind.TEXT, Guardian.first_name + " " + Guardian.last_name, filterable=False
            ),
            attribute(Guardian, "first_name"),
            attribute(Guardian, "last_name", sortable=True),
            attribute(Guardian, "email", Kind.EMAIL),
            attribute(Guardian, "phone", Kind.PHONE),
            Attribute(
                "account",
                LABELS["account"],
                Kind.RELATION,
                _account.username,
                key=Guardian.user_id,
                join=(_account, _account.id == Guardian.user_id),
                lookup="guardian-accounts",
                nullable=True,
            ),
            attribute(Guardian, "contact_unique_id"),
            attribute(Guardian, "created_at", Kind.DATETIME),
        ),
        search=GUARDIAN_SEARCHED,
        search_help=_l("Name, e-mail or phone"),
        default_sort="last_name",
        input=inputs.of(
            Guardian, "first_name", "last_name", "email", "user_id", name="GuardianInput", phone=_TYPED_PHONE
        ),
        labels=LABELS,
        relations={"user_id": "guardian-accounts"},
        create=links.create_guardian,
        update=links.update_guardian,
        delete=links.delete_guardians,
        restore=links.restore_guardians,
        load=(joinedload(Guardian.account),),
        icon="users",
        title_columns=(Guardian.first_name, Guardian.last_name),
        export_columns=("first_name", "last_name", "email", "phone", "account", "contact_unique_id"),
    )
)
LINKS = register(
    Resource(
        name="Student guardians",
        slug="student-guardians",
        model=StudentGuardian,
        singular=_l("Guardian of a student"),
        plural=_l("Guardians of students"),
        title=links.link_title,
        attributes=(
            person("student", StudentGuardian.student_id, _child, "students"),
            person("guardian", StudentGuardian.guardian_id, _guardian, "guardians"),
            attribute(StudentGuardian, "relation_descriptor", Kind.CHOICE, options=RELATIONS),
            attribute(StudentGuardian, "primary_contact", Kind.BOOL),
            attribute(StudentGuardian, "created_at", Kind.DATETIME),
        ),
        input=inputs.of(
            StudentGuardian,
            "student_id",
            "guardian_id",
            "primary_contact",
            name="StudentGuardianInput",
            relation_descriptor=(_SOME_RELATION, None),
        ),
        labels=LABELS,
        relations={"student_id": "students", "guardian_id": "guardians"},
        options={"relation_descriptor": RELATIONS},
        create=links.create_link,
        update=links.update_link,
        delete=links.delete_links,
        load=(joinedload(StudentGuardian.student), joinedload(StudentGuardian.guardian)),
        icon="users",
        title_columns=(
            of_key(Guardian, StudentGuardian.guardian_id, Guardian.first_name, Guardian.last_name).label(TITLE),
        ),
    )
)
ASSOCIATIONS = register(
    Resource(
        name="School associations",
        slug="school-associations",
        model=StudentSchoolAssociation,
        singular=_l("Student at a school"),
        plural=_l("Students at schools"),
        title=links.association_title,
        attributes=(
            person("student", StudentSchoolAssociation.student_id, _pupil, "students"),
            Attribute(
                "school",
                LABELS["school"],
                Kind.RELATION,
                _school.name,
                key=StudentSchoolAssociation.school_id,
                join=(_school, _school.id == StudentSchoolAssociation.school_id),
                lookup="organizations",
            ),
            attribute(StudentSchoolAssociation, "entry_date", Kind.DATE),
            attribute(StudentSchoolAssociation, "entry_grade_level_descriptor", Kind.CHOICE, options=GRADE_LEVELS),
            attribute(StudentSchoolAssociation, "entry_type_descriptor", Kind.CHOICE, options=ENTRY_TYPES),
            attribute(StudentSchoolAssociation, "school_year", Kind.NUMBER, called=True),
            attribute(StudentSchoolAssociation, "primary_school", Kind.BOOL),
            attribute(StudentSchoolAssociation, "exit_date", Kind.DATE),
            attribute(StudentSchoolAssociation, "exit_type_descriptor", Kind.CHOICE, options=EXIT_TYPES),
            attribute(StudentSchoolAssociation, "created_at", Kind.DATETIME),
        ),
        input=inputs.of(
            StudentSchoolAssociation,
            "student_id",
            "school_id",
            "entry_date",
            "primary_school",
            "exit_date",
            name="SchoolAssociationInput",
            entry_grade_level_descriptor=(GRADE, ...),
            entry_type_descriptor=(
                Annotated[
                    str | None,
                    BeforeValidator(storable),
                    BeforeValidator(blank_is_none),
                    code_of(descriptors.ENTRY_TYPES),
                ],
                None,
            ),
            exit_type_descriptor=(
                Annotated[
                    str | None,
                    BeforeValidator(storable),
                    BeforeValidator(blank_is_none),
                    code_of(descriptors.EXIT_TYPES),
                ],
                None,
            ),
            school_year=(
                Annotated[Annotated[int, Field(ge=1900, le=2199)] | None, BeforeValidator(blank_is_none)],
                None,
            ),
        ),
        labels=LABELS,
        relations={"student_id": "students", "school_id": "schools"},
        options={
            "entry_grade_level_descriptor": GRADE_LEVELS,
            "entry_type_descriptor": ENTRY_TYPES,
            "exit_type_descriptor": EXIT_TYPES,
        },
        create=links.create_association,
        update=links.update_association,
        delete=links.delete_associations,
        load=(joinedload(StudentSchoolAssociation.student), joinedload(StudentSchoolAssociation.school)),
        icon="school",
        title_columns=(
            of_key(Student, StudentSchoolAssociation.student_id, Student.first_name, Student.last_name).label(TITLE),
        ),
        export_columns=(
            "student",
            "school",
            "entry_date",
            "entry_grade_level_descriptor",
            "entry_type_descriptor",
            "school_year",
            "primary_school",
            "exit_date",
            "exit_type_descriptor",
        ),
    )
)


def _guardians(actor: Actor) -> Any:
    statement = select(Guardian.id, Guardian.first_name + " " + Guardian.last_name, Guardian.email)
    return statement.where(visible(Guardian, actor)).order_by(Guardian.last_name, Guardian.id)


register_lookup(
    Lookup(
        "guardians",
        ("lookup", "Guardians"),
        _guardians,
        GUARDIAN_SEARCHED,
        Guardian.id,
        "guardians",
        folded=True,
    )
)
register_lookup(people.choices("guardian-accounts", "Guardians", Role.GUARDIAN))
