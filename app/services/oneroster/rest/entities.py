"""The kinds of objects of the roster service: from which view they are read, and by which names they can be filtered, sorted
and selected.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from app.services.oneroster.columns import Version

Kind = Literal["text", "moment", "date", "boolean", "list"]
Fields = dict[str, tuple[str, Kind]]  # path -> SQL, kind


@dataclass(frozen=True, eq=False)
class Entity:
    """`one` and `many` are the keys under which an object and a collection are answered; `fields` what a filter and a sort
    order may name, beside what every object has. `tables` are those of which each row is an object: quicker to count than
    a view of several.
    """

    view: str
    one: str
    many: str
    fields: Fields = field(default_factory=dict)
    own: dict[Version, Fields] = field(default_factory=dict)
    selectable: dict[Version, frozenset[str]] = field(default_factory=dict)
    tables: tuple[str, ...] = ()

    def paths(self, version: Version) -> Fields:
        return COMMON | self.fields | self.own.get(version, {})


def _texts(*names: str) -> Fields:
    return {name: (f'source."{name}"', "text") for name in names}


def _dates(*names: str) -> Fields:
    return {name: (f'source."{name}"', "date") for name in names}


def _booleans(*names: str) -> Fields:
    return {name: (f'source."{name}"', "boolean") for name in names}


def _lists(*names: str) -> Fields:
    return {name: (f'source."{name}"', "list") for name in names}


def _reference(path: str, column: str) -> Fields:
    return {f"{path}.sourcedId": (f'source."{column}"', "text")}


def _references(path: str, column: str) -> Fields:
    return {f"{path}.sourcedId": (f'source."{column}"', "list")}


COMMON: Final[Fields] = _texts("sourcedId", "status") | {"dateLastModified": ('source."dateLastModified"', "moment")}
BASE: Final = frozenset({"sourcedId", "status", "dateLastModified", "metadata"})
_ROLES: Final = (
    '(SELECT jsonb_agg(r.{column}) FROM oneroster_v_roles r WHERE r."userSourcedId" = source."sourcedId"'
    " AND r.status = 'active')"
)


def _selectable(*names: str) -> dict[Version, frozenset[str]]:
    return {"1.1": BASE | set(names), "1.2": BASE | set(names)}


ORGS: Final = Entity(
    "oneroster_v_orgs",
    "org",
    "orgs",
    _texts("name", "type", "identifier") | _reference("parent", "parentSourcedId"),
    selectable=_selectable("name", "type", "identifier", "parent", "children"),
)
SESSIONS: Final = Entity(
    "oneroster_v_academic_sessions",
    "academicSession",
    "academicSessions",
    _texts("title", "type", "schoolYear") | _dates("startDate", "endDate") | _reference("parent", "parentSourcedId"),
    selectable=_selectable("title", "type", "startDate", "endDate", "parent", "children", "schoolYear"),
)
COURSES: Final = Entity(
    "oneroster_v_courses",
    "course",
    "courses",
    _texts("title", "courseCode")
    | _lists("grades", "subjects", "subjectCodes")
    | _reference("org", "orgSourcedId")
    | _reference("schoolYear", "schoolYearSourcedId"),
    selectable=_selectable(
        *("title", "schoolYear", "courseCode", "grades", "subjects", "org", "subjectCodes", "resources")
    ),
)
CLASSES: Final = Entity(
    "oneroster_v_classes",
    "class",
    "classes",
    _texts("title", "classCode", "classType", "location")
    | _lists("grades", "subjects", "subjectCodes", "periods")
    | _reference("course", "courseSourcedId")
    | _reference("school", "schoolSourcedId")
    | _references("terms", "termSourcedIds"),
    selectable=_selectable(
        *("title", "classCode", "classType", "location", "grades", "subjects", "course", "school", "terms"),
        *("subjectCodes", "periods", "resources"),
    ),
)
_PERSON: Final = ("username", "userIds", "enabledUser", "givenName", "familyName", "middleName", "identifier", "email")
_PREFERRED: Final = {
    "preferredFirstName": "preferredGivenName",
    "preferredMiddleName": "preferredMiddleName",
    "preferredLastName": "preferredFamilyName",
}
USERS: Final = Entity(
    "oneroster_v_users",
    "user",
    "users",
    _texts("username", "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone")
    | _booleans("enabledUser")
    | _lists("grades")
    | _references("agents", "agentSourcedIds"),
    own={
        "1.1": _texts("role") | _references("orgs", "orgSourcedIds"),
        "1.2": _texts("userMasterIdentifier", "pronouns")
        | {name: (f'source."{column}"', "text") for name, column in _PREFERRED.items()}
        | _reference("primaryOrg", "primaryOrgSourcedId")
        | {
            "roles.role": (_ROLES.format(column="role"), "list"),
            "roles.roleType": (_ROLES.format(column='"roleType"'), "list"),
            "roles.org.sourcedId": (_ROLES.format(column='"orgSourcedId"'), "list"),
        },
    },
    selectable={
        "1.1": BASE | {*_PERSON, "sms", "phone", "role", "agents", "orgs", "grades", "password"},
        "1.2": BASE
        | {*_PERSON, *_PREFERRED, "sms", "phone", "roles", "agents", "primaryOrg", "grades", "userMasterIdentifier"}
        | {"pronouns", "password", "resources", "userProfiles"},
    },
)
ENROLLMENTS: Final = Entity(
    "oneroster_v_enrollments",
    "enrollment",
    "enrollments",
    _texts("role")
    | _booleans("primary")
    | _dates("beginDate", "endDate")
    | _reference("user", "userSourcedId")
    | _reference("class", "classSourcedId")
    | _reference("school", "schoolSourcedId"),
    selectable=_selectable("user", "class", "school", "role", "primary", "beginDate", "endDate"),
    tables=("oneroster_enrollments", "classroom_enrollments", "classroom_slots", "oneroster_former_teachers"),
)
_FLAGS: Final = (
    "americanIndianOrAlaskaNative",
    "asian",
    "blackOrAfricanAmerican",
    "nativeHawaiianOrOtherPacificIslander",
    "white",
    "demographicRaceTwoOrMoreRaces",
    "hispanicOrLatinoEthnicity",
)
_BORN: Final = ("countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth", "publicSchoolResidenceStatus")
DEMOGRAPHICS: Final = Entity(
    "oneroster_v_demographics",
    "demographics",
    "demographics",
    _dates("birthDate") | _texts("sex", *_BORN) | _booleans(*_FLAGS),
    selectable=_selectable("birthDate", "sex", *_FLAGS, *_BORN),
)
