"""Records as documents of Ed-Fi, from plain rows, without a database. What is empty is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from app.models.student_records import ExtensionStatus
from app.services.edfi.mappings import Descriptors
from app.services.records import grades

Body = dict[str, Any]


def school(row: Any, words: Descriptors) -> Body:
    levels = [_by_grade(words, code) for code in row.grades]
    return _filled(
        schoolId=row.school_id,
        nameOfInstitution=row.name,
        educationOrganizationCategories=[
            {"educationOrganizationCategoryDescriptor": words.uri("EducationOrganizationCategoryDescriptor", "School")}
        ],
        gradeLevels=_distinct("gradeLevelDescriptor", levels),
        localEducationAgencyReference={"localEducationAgencyId": row.agency_id} if row.agency_id else None,
    )


def student(row: Any, words: Descriptors) -> Body:
    state = words.mapped("StateAbbreviationDescriptor", row.birth_state)
    return _filled(
        studentUniqueId=row.student_unique_id,
        firstName=row.first_name,
        middleName=row.middle_name,
        lastSurname=row.last_name,
        generationCodeSuffix=row.generation_suffix,
        birthDate=_day(row.birth_date),
        birthCity=row.birth_city,
        birthStateAbbreviationDescriptor=state,
        birthInternationalProvince=None if state else row.birth_state,
        birthCountryDescriptor=words.uri("CountryDescriptor", row.birth_country),
        birthSexDescriptor=words.uri("SexDescriptor", row.birth_sex_descriptor),
    )


def extension(row: Any, words: Descriptors) -> Body | None:
    """What the program knows of a student beside the standard; None when it knows nothing."""
    if row.extension_id is None:
        return None
    return _filled(
        sportInterests=[{"sportInterest": str(each)} for each in dict.fromkeys(row.sport_interests)],
        enrollmentStatus=row.enrollment_status.value,
        assignedProgramTrack=row.assigned_program_track,
        gradeAtEnrollmentDescriptor=_by_grade(words, row.grade_at_enrollment),
        expectedStartDate=_day(row.expected_start_date),
        consultationCompleted=row.consultation_completed,
        documentsComplete=row.documents_complete,
        completedDate=_day(row.completed_on),
        shadowDay=_day(row.shadow_day),
    )


def school_association(row: Any, words: Descriptors) -> Body:
    return _filled(
        studentReference=_student(row),
        schoolReference=_filled(schoolId=row.school_id),
        schoolYearTypeReference={"schoolYear": row.school_year},
        entryDate=_day(row.entry_date),
        entryGradeLevelDescriptor=_by_grade(words, row.entry_grade_level_descriptor),
        entryTypeDescriptor=words.uri("EntryTypeDescriptor", row.entry_type_descriptor),
        enrollmentTypeDescriptor=_enrollment_type(row, words),
        primarySchool=row.primary_school,
        exitWithdrawDate=_day(row.exit_date),
        exitWithdrawTypeDescriptor=words.uri("ExitWithdrawTypeDescriptor", row.exit_type_descriptor),
    )


def _enrollment_type(row: Any, words: Descriptors) -> str | None:
    """Whoever came without an enrollment of ours is there already."""
    status = row.enrollment_status or ExtensionStatus.ENROLLED
    return None if status is ExtensionStatus.WITHDRAWN else words.uri("EnrollmentTypeDescriptor", status.value)


def organization_association(row: Any, words: Descriptors) -> Body:
    """Sex, ethnicity and races belong here, not to the student."""
    races = [words.uri("RaceDescriptor", str(race)) for race in row.races]
    return _filled(
        studentReference=_student(row),
        educationOrganizationReference=_filled(educationOrganizationId=row.school_id),
        sexDescriptor=words.uri("SexDescriptor", row.birth_sex_descriptor),
        hispanicLatinoEthnicity=row.hispanic_latino_ethnicity,
        races=_distinct("raceDescriptor", races),
        **_reached(row, words),
    )


def contact(row: Any, words: Descriptors) -> Body:
    return _filled(
        contactUniqueId=row.contact_unique_id,
        firstName=row.first_name,
        lastSurname=row.last_name,
        **_reached(row, words),
    )


def contact_association(row: Any, words: Descriptors) -> Body:
    return _filled(
        studentReference=_student(row),
        contactReference={"contactUniqueId": row.contact_unique_id},
        relationDescriptor=words.uri("RelationDescriptor", row.relation_descriptor),
        primaryContactStatus=row.primary_contact,
    )


def _reached(row: Any, words: Descriptors) -> Mapping[str, Any]:
    """E-mail and telephone."""
    email, phone = (
        words.uri("ElectronicMailTypeDescriptor", "Home/Personal"),
        words.uri("TelephoneNumberTypeDescriptor", "Mobile"),
    )
    return {
        "electronicMails": [{"electronicMailTypeDescriptor": email, "electronicMailAddress": row.email}]
        if row.email
        else [],
        "telephones": [{"telephoneNumberTypeDescriptor": phone, "telephoneNumber": row.phone}] if row.phone else [],
    }


def _student(row: Any) -> Body:
    return {"studentUniqueId": row.student_unique_id}


def _by_grade(words: Descriptors, typed: str | None) -> str | None:
    """The table first; then whatever names a grade, as a code of CEDS; then our own namespace."""
    known = words.mapped("GradeLevelDescriptor", typed)
    return known or words.uri("GradeLevelDescriptor", grades.code_value(typed) or typed)


def _distinct(name: str, values: list[str | None]) -> list[dict[str, str]]:
    """Two values of ours may stand for one code, and a list holds a code once."""
    return [{name: value} for value in dict.fromkeys(values) if value]


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _filled(**values: Any) -> Body:
    stripped = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
    return {name: value for name, value in stripped.items() if value not in (None, "", [])}


MAKERS: Final[dict[str, Callable[[Any, Descriptors], Body]]] = {
    "schools": school,
    "students": student,
    "studentSchoolAssociations": school_association,
    "studentEducationOrganizationAssociations": organization_association,
    "contacts": contact,
    "studentContactAssociations": contact_association,
}
