"""The closed schemas: what the standard has, and every way of not fitting it."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.edfi import schema

ED_FI = "uri://ed-fi.org/"
STUDENT: dict[str, Any] = {
    "studentUniqueId": "1",
    "firstName": "Noor",
    "lastSurname": "Haddad",
    "birthDate": "2010-05-04",
}
AT_SCHOOL: dict[str, Any] = {
    "studentReference": {"studentUniqueId": "1"},
    "schoolReference": {"schoolId": 255901},
    "entryDate": "2026-08-20",
    "entryGradeLevelDescriptor": f"{ED_FI}GradeLevelDescriptor#Ninth grade",
}
WHOLE = {
    "students": STUDENT,
    "studentSchoolAssociations": AT_SCHOOL,
    "schools": {
        "schoolId": 1,
        "nameOfInstitution": "Hill",
        "gradeLevels": [{"gradeLevelDescriptor": f"{ED_FI}GradeLevelDescriptor#Ninth grade"}],
        "educationOrganizationCategories": [
            {
                "educationOrganizationCategoryDescriptor": f"{ED_FI}EducationOrganizationCategoryDescriptor#School",
            }
        ],
    },
    "studentEducationOrganizationAssociations": {
        "studentReference": {"studentUniqueId": "1"},
        "educationOrganizationReference": {"educationOrganizationId": 1},
    },
    "contacts": {"contactUniqueId": "1", "firstName": "Amal", "lastSurname": "Haddad"},
    "studentContactAssociations": {
        "studentReference": {"studentUniqueId": "1"},
        "contactReference": {"contactUniqueId": "1"},
    },
}


def wrong(resource: str, **changes: Any) -> list[str]:
    return [each.field for each in schema.check(resource, WHOLE[resource] | changes)]


@pytest.mark.parametrize("resource", schema.RESOURCES)
def test_what_is_whole_fits_and_what_is_required_is_required(db_session, resource):
    whole = WHOLE[resource]
    assert schema.check(resource, whole) == []
    required = {each.name for each in schema.fields_of(resource) if each.required}
    assert required == set(whole)
    for name in required:
        rest = {other: value for other, value in whole.items() if other != name}
        assert [each.field for each in schema.check(resource, rest)] == [name]


@pytest.mark.parametrize("resource", schema.RESOURCES)
def test_nothing_is_added_to_the_standard(db_session, resource):
    """A server would lose it silently."""
    for name in ("studentUSI", "id", "custom_data", "payment", "sexDescriptors"):
        assert wrong(resource, **{name: 1}) == [name]
    assert wrong(resource, _ext={"tsa": {"customData": 1}}) == ["_ext.tsa.customData"]


@pytest.mark.parametrize(
    ("resource", "field", "bad"),
    [
        ("students", "firstName", 7),
        ("students", "firstName", "x" * 76),
        ("students", "firstName", " Noor"),
        ("students", "firstName", ""),
        ("students", "birthCity", "A"),
        ("students", "studentUniqueId", "x" * 33),
        ("students", "birthDate", "04.05.2010"),
        ("students", "birthDate", "2010-02-30"),
        ("students", "birthDate", 20100504),
        ("students", "birthSexDescriptor", "Female"),
        ("students", "birthSexDescriptor", f"{ED_FI}RaceDescriptor#White"),
        ("students", "birthSexDescriptor", f"{ED_FI}SexDescriptor#{'x' * 51}"),
        ("students", "birthSexDescriptor", f"{ED_FI}SexDescriptor#"),
        ("students", "multipleBirthStatus", "true"),
        ("students", "visas", "B1"),
        ("students", "personReference", "1"),
        ("studentSchoolAssociations", "primarySchool", 1),
        ("studentSchoolAssociations", "fullTimeEquivalency", "1"),
        ("studentSchoolAssociations", "entryDate", None),
        ("studentContactAssociations", "contactPriority", 2**31),
        ("studentContactAssociations", "contactPriority", True),
        ("studentContactAssociations", "contactPriority", 1.5),
        ("schools", "schoolId", 2**63),
        ("schools", "schoolId", "255901"),
    ],
)
def test_what_does_not_fit_is_named(db_session, resource, field, bad):
    assert wrong(resource, **{field: bad}) == [field]


def test_what_lies_deeper_is_named_with_its_place(db_session):
    grade = f"{ED_FI}GradeLevelDescriptor#Ninth grade"
    levels = [{"gradeLevelDescriptor": grade}, {"gradeLevelDescriptor": "9"}, {}, {"gradeLevelDescriptor": grade}]
    assert wrong("schools", gradeLevels=levels) == [
        "gradeLevels[1].gradeLevelDescriptor",
        "gradeLevels[2].gradeLevelDescriptor",
        "gradeLevels[3]",
    ]
    assert wrong("studentSchoolAssociations", schoolReference={"schoolId": 1, "name": "Hill"}) == [
        "schoolReference.name"
    ]
    assert wrong("studentSchoolAssociations", schoolReference={}) == ["schoolReference.schoolId"]


def test_the_descriptors_that_records_can_hold(db_session):
    assert {"SexDescriptor", "CountryDescriptor", "RelationDescriptor"} <= set(schema.descriptor_names())
