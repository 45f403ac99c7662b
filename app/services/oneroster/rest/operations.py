"""The read operations of the rostering service, each a line: where it is, what it answers, and of which rows. Both versions
have the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.services.oneroster.rest.entities import (
    CLASSES,
    COURSES,
    DEMOGRAPHICS,
    ENROLLMENTS,
    ORGS,
    SESSIONS,
    USERS,
    Entity,
)

CORE: Final = "roster-core"
FULL: Final = "roster"
PERSONAL: Final = "roster-demographics"
SCOPES: Final = (CORE, FULL, PERSONAL)


@dataclass(frozen=True)
class Part:
    """Some of the objects of a kind: those of which `where` holds."""

    entity: Entity
    where: str = "true"


SCHOOLS: Final = Part(ORGS, "source.type = 'school'")
STUDENTS: Final = Part(USERS, "source.role = 'student'")
TEACHERS: Final = Part(USERS, "source.role = 'teacher'")
TERMS: Final = Part(SESSIONS, "source.type = 'term'")
PERIODS: Final = Part(SESSIONS, "source.type = 'gradingPeriod'")


@dataclass(frozen=True)
class Operation:
    """`owners` are the parts in which the keys of the address are looked for, in their order; without one of them there is
    nothing. A collection's `where` may name them as :owner_1, :owner_2, and the key of a table as :key_1, :key_2.
    """

    name: str
    path: str
    part: Part
    single: bool = False
    owners: tuple[tuple[str, Part], ...] = ()
    where: str = "true"

    @property
    def scopes(self) -> frozenset[str]:
        if self.part.entity is DEMOGRAPHICS:
            return frozenset({PERSONAL})
        return frozenset({FULL}) if self.owners else frozenset({FULL, CORE})


def _pair(name: str, plural: str, path: str, part: Part) -> list[Operation]:
    """All of them, and one."""
    return [
        Operation(f"getAll{plural}", f"/{path}", part),
        Operation(f"get{name}", f"/{path}/<sourcedId>", part, single=True),
    ]


SCHOOL: Final = ("schoolSourcedId", SCHOOLS)
CLASS: Final = ("classSourcedId", Part(CLASSES))
_OF_SCHOOL: Final = 'source."schoolSourcedId" = :owner_1'
_AT_SCHOOL: Final = 'source."orgSourcedIds" ? :owner_1'
_IN_CLASS: Final = """source."sourcedId" IN (
    SELECT m."userSourcedId" FROM oneroster_v_memberships m WHERE m.class_key = :key_{number} AND m.role = '{role}')"""
_OF_USER: Final = """source.key IN (
    SELECT m.class_key FROM oneroster_v_memberships m WHERE m."userSourcedId" = :owner_1)"""
_SECOND_OF_FIRST: Final = """EXISTS (
    SELECT FROM oneroster_v_classes c WHERE c.key = :key_2 AND c."schoolSourcedId" = :owner_1)"""


def _members(plural: str, path: str, role: str, part: Part) -> list[Operation]:
    """Who learns or teaches in a class, at a school, and in a class of a school."""
    in_class = _IN_CLASS.format(number=1, role=role)
    in_second = _IN_CLASS.format(number=2, role=role)
    return [
        Operation(f"get{plural}ForClass", f"/classes/<classSourcedId>/{path}", Part(USERS), False, (CLASS,), in_class),
        Operation(f"get{plural}ForSchool", f"/schools/<schoolSourcedId>/{path}", part, False, (SCHOOL,), _AT_SCHOOL),
        Operation(
            f"get{plural}ForClassInSchool",
            f"/schools/<schoolSourcedId>/classes/<classSourcedId>/{path}",
            Part(USERS),
            False,
            (SCHOOL, CLASS),
            f"{in_second} AND {_SECOND_OF_FIRST}",
        ),
    ]


def _classes(owner: str, path: str, part: Part, where: str) -> Operation:
    key = f"{owner[0].lower()}{owner[1:]}SourcedId"
    return Operation(f"getClassesFor{owner}", f"/{path}/<{key}>/classes", Part(CLASSES), False, ((key, part),), where)


OPERATIONS: Final = (
    *_pair("AcademicSession", "AcademicSessions", "academicSessions", Part(SESSIONS)),
    *_pair("Class", "Classes", "classes", Part(CLASSES)),
    *_pair("Course", "Courses", "courses", Part(COURSES)),
    *_pair("Demographics", "Demographics", "demographics", Part(DEMOGRAPHICS)),
    *_pair("Enrollment", "Enrollments", "enrollments", Part(ENROLLMENTS)),
    *_pair("GradingPeriod", "GradingPeriods", "gradingPeriods", PERIODS),
    *_pair("Org", "Orgs", "orgs", Part(ORGS)),
    *_pair("School", "Schools", "schools", SCHOOLS),
    *_pair("Student", "Students", "students", STUDENTS),
    *_pair("Teacher", "Teachers", "teachers", TEACHERS),
    *_pair("Term", "Terms", "terms", TERMS),
    *_pair("User", "Users", "users", Part(USERS)),
    *_members("Students", "students", "student", STUDENTS),
    *_members("Teachers", "teachers", "teacher", TEACHERS),
    _classes("Course", "courses", Part(COURSES), 'source."courseSourcedId" = :owner_1'),
    _classes("School", "schools", SCHOOLS, _OF_SCHOOL),
    _classes("Student", "students", STUDENTS, _OF_USER),
    _classes("Teacher", "teachers", TEACHERS, _OF_USER),
    _classes("User", "users", Part(USERS), _OF_USER),
    _classes("Term", "terms", TERMS, 'source."termSourcedIds" ? :owner_1'),
    Operation(
        "getCoursesForSchool",
        "/schools/<schoolSourcedId>/courses",
        Part(COURSES),
        False,
        (SCHOOL,),
        'source."orgSourcedId" = :owner_1',
    ),
    Operation(
        "getEnrollmentsForSchool",
        "/schools/<schoolSourcedId>/enrollments",
        Part(ENROLLMENTS),
        False,
        (SCHOOL,),
        "source.school_key = (SELECT o.id FROM organizations o WHERE o.sourced_id = :owner_1)",
    ),
    Operation(
        "getEnrollmentsForClassInSchool",
        "/schools/<schoolSourcedId>/classes/<classSourcedId>/enrollments",
        Part(ENROLLMENTS),
        False,
        (SCHOOL, CLASS),
        f"source.class_key = :key_2 AND {_SECOND_OF_FIRST}",
    ),
    # Terms are those of all schools here.
    Operation("getTermsForSchool", "/schools/<schoolSourcedId>/terms", TERMS, False, (SCHOOL,)),
    Operation(
        "getGradingPeriodsForTerm",
        "/terms/<termSourcedId>/gradingPeriods",
        PERIODS,
        False,
        (("termSourcedId", TERMS),),
        'source."parentSourcedId" = :owner_1',
    ),
)
