"""Bundles of OneRoster made by hand, small and good; tests spoil them."""

from __future__ import annotations

import csv
import io
import zipfile

from app.services.oneroster.standard import MANIFEST, STANDARDS

SESSIONS = [
    {
        "sourcedId": "y27",
        "title": "2026/27",
        "type": "schoolYear",
        "startDate": "2026-08-01",
        "endDate": "2027-08-01",
        "schoolYear": "2027",
    }
]
ORGS = [
    {"sourcedId": "d", "name": "District", "type": "district", "identifier": "D-1"},
    {"sourcedId": "s1", "name": "North School", "type": "school", "identifier": "N-1", "parentSourcedId": "d"},
    {"sourcedId": "s2", "name": "South School", "type": "school", "identifier": "S-1", "parentSourcedId": "d"},
]
USERS = [
    {
        "sourcedId": "u1",
        "enabledUser": "true",
        "username": "ana",
        "givenName": "Ana",
        "familyName": "Ruiz",
        "identifier": "4711",
        "email": "ana@family.example",
        "agentSourcedIds": "p1",
        "grades": "09",
        "primaryOrgSourcedId": "s1",
        "pronouns": "she/her",
    },
    {
        "sourcedId": "u2",
        "enabledUser": "true",
        "username": "ben",
        "givenName": "Ben",
        "familyName": "Ode",
        "grades": "KG",
        "primaryOrgSourcedId": "s1",
    },
    {"sourcedId": "t1", "enabledUser": "TRUE", "username": "tess", "givenName": "Tess", "familyName": "Lang"},
    {
        "sourcedId": "p1",
        "enabledUser": "true",
        "username": "pia",
        "givenName": "Pia",
        "familyName": "Ruiz",
        "phone": "+44 20 7946 0018",
        "agentSourcedIds": "u1",
    },
]
ROLES = [
    {
        "sourcedId": "r1",
        "userSourcedId": "u1",
        "roleType": "primary",
        "role": "student",
        "orgSourcedId": "s1",
        "beginDate": "2026-09-01",
    },
    {"sourcedId": "r2", "userSourcedId": "u2", "roleType": "primary", "role": "student", "orgSourcedId": "s1"},
    {"sourcedId": "r3", "userSourcedId": "t1", "roleType": "primary", "role": "teacher", "orgSourcedId": "s1"},
    {"sourcedId": "r4", "userSourcedId": "t1", "roleType": "primary", "role": "teacher", "orgSourcedId": "s2"},
    {"sourcedId": "r5", "userSourcedId": "p1", "roleType": "primary", "role": "guardian", "orgSourcedId": "s1"},
]
COURSES = [
    {
        "sourcedId": "c1",
        "title": "Algebra",
        "courseCode": "ALG",
        "orgSourcedId": "s1",
        "schoolYearSourcedId": "y27",
        "subjects": "Mathematics",
        "subjectCodes": "MA",
    }
]
CLASSES = [
    {
        "sourcedId": "k1",
        "title": "Algebra 1",
        "courseSourcedId": "c1",
        "classType": "scheduled",
        "schoolSourcedId": "s1",
        "termSourcedIds": "y27",
        "periods": "1,3",
    }
]
ENROLLMENTS = [
    {
        "sourcedId": "e1",
        "classSourcedId": "k1",
        "schoolSourcedId": "s1",
        "userSourcedId": "u1",
        "role": "student",
        "primary": "false",
    },
    {
        "sourcedId": "e2",
        "classSourcedId": "k1",
        "schoolSourcedId": "s1",
        "userSourcedId": "t1",
        "role": "teacher",
        "primary": "true",
    },
]
DEMOGRAPHICS = [
    {
        "sourcedId": "u1",
        "birthDate": "2012-05-06",
        "sex": "female",
        "asian": "true",
        "white": "true",
        "hispanicOrLatinoEthnicity": "false",
        "cityOfBirth": "Leeds",
    }
]


def rows(version="1.2"):
    """A whole small roster, as rows by file."""
    files = {
        "academicSessions.csv": SESSIONS,
        "orgs.csv": ORGS,
        "users.csv": USERS,
        "roles.csv": ROLES,
        "courses.csv": COURSES,
        "classes.csv": CLASSES,
        "enrollments.csv": ENROLLMENTS,
        "demographics.csv": DEMOGRAPHICS,
    }
    if version == "1.1":
        orgs = {role["userSourcedId"]: (role["role"], role["orgSourcedId"]) for role in reversed(ROLES)}
        files["users.csv"] = [
            user | dict(zip(("role", "orgSourcedIds"), orgs[user["sourcedId"]], strict=True)) for user in USERS
        ]
        del files["roles.csv"]
    return {name: [dict(row) for row in found] for name, found in files.items()}


def bundle(files, *, version="1.2", mode="bulk", source="SIS", manifest=None, headers=None, extra=None):
    """The zip. `manifest` replaces rows of it, `headers` the header of a file, `extra` adds files as they are."""
    standard = STANDARDS[version]
    properties = {"manifest.version": "1.0", "oneroster.version": version}
    properties |= {file.property_name: mode if name in files else "absent" for name, file in standard.files.items()}
    properties |= {"source.systemName": source} | (manifest or {})
    content = {
        MANIFEST: written([("propertyName", "value"), *((a, b) for a, b in properties.items() if b is not None)])
    }
    for name, found in files.items():
        header = (headers or {}).get(name, standard.files[name].header)
        content[name] = written([header, *([row.get(column, "") for column in header] for row in found)])
    return packed(content | (extra or {}))


def packed(files):
    """A zip of files with this content."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def written(lines):
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue()


def changed(row, status="active"):
    """A row of a delta."""
    return row | {"status": status, "dateLastModified": "2026-11-21T08:00:00.000Z"}
