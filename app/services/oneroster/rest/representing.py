"""Rows as objects of the standard. Objects are closed: a key that is not in its tables does not go out, and a key without a
value is left out. Truth is the strings "true" and "false".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import quote

from app.services.oneroster.columns import ROLES, SEXES_OF_11, Version
from app.services.oneroster.rest.entities import CLASSES, COURSES, DEMOGRAPHICS, ENROLLMENTS, ORGS, SESSIONS, Entity

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Style:
    """In which version an object is written, and the address under which its references are."""

    version: Version
    base: str


# Type of a reference -> the collection that has it.
_COLLECTIONS: Final = {
    "org": "orgs",
    "academicSession": "academicSessions",
    "course": "courses",
    "class": "classes",
    "user": "users",
}
# What stands in our metadata under the standard's own names; the rest goes out as metadata.
_NAMED: Final = frozenset(
    {
        "userIds",
        "sms",
        "userMasterIdentifier",
        "preferredGivenName",
        "preferredMiddleName",
        "preferredFamilyName",
        "pronouns",
        "publicSchoolResidenceStatus",
    }
)


def moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def represent(entity: Entity, row: Row, related: Sequence[Row], style: Style) -> dict[str, Any]:
    """A row as an object; `related` are its children, or its roles."""
    values = _MAKERS.get(entity, _user)(row, related, style)
    metadata = {name: value for name, value in row["metadata"].items() if name not in _NAMED}
    common = {
        "sourcedId": row["sourcedId"],
        "status": row["status"],
        "dateLastModified": moment(row["dateLastModified"]),
        "metadata": metadata or None,
    }
    return {name: _plain(value) for name, value in (common | values).items() if not _is_empty(value)}


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == []


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else value


def _take(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _reference(style: Style, kind: str, key: str | None) -> dict[str, str] | None:
    if not key:
        return None
    return {"href": f"{style.base}/{_COLLECTIONS[kind]}/{quote(key, safe='')}", "sourcedId": key, "type": kind}


def _references(style: Style, kind: str, keys: Sequence[str] | None) -> list[dict[str, str] | None]:
    return [_reference(style, kind, key) for key in keys or ()]


def _org(row: Row, related: Sequence[Row], style: Style) -> dict[str, Any]:
    return _take(row, "name", "type", "identifier") | {
        "parent": _reference(style, "org", row["parentSourcedId"]),
        "children": _references(style, "org", [child["sourcedId"] for child in related]),
    }


def _session(row: Row, related: Sequence[Row], style: Style) -> dict[str, Any]:
    return _take(row, "title", "startDate", "endDate", "type", "schoolYear") | {
        "parent": _reference(style, "academicSession", row["parentSourcedId"]),
        "children": _references(style, "academicSession", [child["sourcedId"] for child in related]),
    }


def _course(row: Row, related: Sequence[Row], style: Style) -> dict[str, Any]:
    return _take(row, "title", "courseCode", "grades", "subjects", "subjectCodes") | {
        "schoolYear": _reference(style, "academicSession", row["schoolYearSourcedId"]),
        "org": _reference(style, "org", row["orgSourcedId"]),
    }


def _class(row: Row, related: Sequence[Row], style: Style) -> dict[str, Any]:
    names = ("title", "classCode", "classType", "location", "grades", "subjects", "subjectCodes", "periods")
    return _take(row, *names) | {
        "course": _reference(style, "course", row["courseSourcedId"]),
        "school": _reference(style, "org", row["schoolSourcedId"]),
        "terms": _references(style, "academicSession", row["termSourcedIds"]),
    }


def _enrollment(row: Row, related: Sequence[Row], style: Style) -> dict[str, Any]:
    return _take(row, "role", "primary", "beginDate", "endDate") | {
        "user": _reference(style, "user", row["userSourcedId"]),
        "class": _reference(style, "class", row["classSourcedId"]),
        "school": _reference(style, "org", row["schoolSourcedId"]),
    }


def _demographics(row: Row, related: Sequence[Row], style: Style) -> dict[str, Any]:
    values = {
        name: value for name, value in row.items() if name in DEMOGRAPHICS.selectable[style.version] - {"metadata"}
    }
    del values["sourcedId"], values["status"], values["dateLastModified"]
    if style.version == "1.1" and values["sex"] not in SEXES_OF_11:
        values["sex"] = None
    return values


def _user(row: Row, related: Sequence[Row], style: Style) -> dict[str, Any]:
    names = ("username", "enabledUser", "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone")
    values = _take(row, *names, "grades") | {
        "userIds": _user_ids(row["userIds"]),
        "agents": _references(style, "user", row["agentSourcedIds"]),
    }
    if style.version == "1.1":
        return values | {
            "role": ROLES["1.1"].get(row["role"], row["role"]),
            "orgs": _references(style, "org", row["orgSourcedIds"]),
        }
    return values | {
        "userMasterIdentifier": row["userMasterIdentifier"],
        "preferredFirstName": row["preferredGivenName"],
        "preferredMiddleName": row["preferredMiddleName"],
        "preferredLastName": row["preferredFamilyName"],
        "pronouns": row["pronouns"],
        "primaryOrg": _reference(style, "org", row["primaryOrgSourcedId"]),
        "roles": [_role(each, style) for each in _standing(row, related)],
    }


def _standing(row: Row, roles: Sequence[Row]) -> Sequence[Row]:
    """The roles of somebody who is gone are gone with them, but are told: the object needs one."""
    return [each for each in roles if each["status"] == "active"] or roles


def _role(row: Row, style: Style) -> dict[str, Any]:
    values = {
        "roleType": row["roleType"],
        "role": ROLES["1.2"].get(row["role"], row["role"]),
        "org": _reference(style, "org", row["orgSourcedId"]),
        "beginDate": row["beginDate"],
        "endDate": row["endDate"],
    }
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _user_ids(text: str | None) -> list[dict[str, str]]:
    """`{type:id},{type:id}`, taken apart."""
    pairs = (each.strip().strip("{}").partition(":") for each in (text or "").split(",") if ":" in each)
    return [{"type": kind, "identifier": key} for kind, _colon, key in pairs]


_MAKERS: Final = {
    ORGS: _org,
    SESSIONS: _session,
    COURSES: _course,
    CLASSES: _class,
    ENROLLMENTS: _enrollment,
    DEMOGRAPHICS: _demographics,
}
