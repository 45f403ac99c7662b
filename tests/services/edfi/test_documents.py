"""Records as documents: where what belongs, what is mapped, and what never leaves."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from app.models.edfi import DescriptorMapping
from app.models.organizations import Term
from app.models.student_records import ExtensionStatus
from app.services.edfi import exporting, mappings, schema
from app.services.records import descriptors as codes
from tests.factories.edfi import at_school, extension, family, guardian_of, pupil, saved, school

ED_FI = "uri://ed-fi.org"


@pytest.fixture
def documents(db_session, actors):
    mappings.add_defaults()

    def read(resource: str, **options: Any) -> list[dict[str, Any]]:
        found = [each for each in exporting.each(actors.admin, **options) if each.resource == resource]
        assert [each.problems for each in found if each.problems] == []
        return [each.body for each in found]

    return read


def test_a_student(documents):
    made = pupil(middle_name="A", generation_suffix="Jr", birth_city="Reno", birth_state="nv", birth_country="US")
    at_school(made, school())
    [body] = documents("students", extension=None)
    assert body == {
        "studentUniqueId": made.student_unique_id,
        "firstName": "Noor",
        "middleName": "A",
        "lastSurname": "Haddad",
        "generationCodeSuffix": "Jr",
        "birthDate": "2010-05-04",
        "birthCity": "Reno",
        "birthStateAbbreviationDescriptor": f"{ED_FI}/StateAbbreviationDescriptor#NV",
        "birthCountryDescriptor": "uri://localhost/CountryDescriptor#US",
        "birthSexDescriptor": f"{ED_FI}/SexDescriptor#Female",
    }


def test_a_state_that_is_none_of_theirs_is_a_province(documents):
    at_school(pupil(birth_state="Gauteng"), school())
    [body] = documents("students")
    assert body["birthInternationalProvince"] == "Gauteng"
    assert "birthStateAbbreviationDescriptor" not in body


def test_sex_ethnicity_and_races_belong_to_the_association(documents):
    made, place = pupil(email="noor@home.example", phone="+442079460018"), school()
    at_school(made, place)
    [body] = documents("studentEducationOrganizationAssociations")
    assert body == {
        "studentReference": {"studentUniqueId": made.student_unique_id},
        "educationOrganizationReference": {"educationOrganizationId": place.school_id},
        "sexDescriptor": f"{ED_FI}/SexDescriptor#Female",
        "hispanicLatinoEthnicity": False,
        "races": [
            {"raceDescriptor": f"{ED_FI}/RaceDescriptor#Asian"},
            {"raceDescriptor": f"{ED_FI}/RaceDescriptor#White"},
        ],
        "electronicMails": [
            {
                "electronicMailTypeDescriptor": f"{ED_FI}/ElectronicMailTypeDescriptor#Home/Personal",
                "electronicMailAddress": "noor@home.example",
            }
        ],
        "telephones": [
            {
                "telephoneNumberTypeDescriptor": f"{ED_FI}/TelephoneNumberTypeDescriptor#Mobile",
                "telephoneNumber": "+442079460018",
            }
        ],
    }


def test_a_student_who_comes_back_has_one_association_with_the_school_as_an_organization(documents):
    made, place = pupil(), school()
    at_school(made, place, exit_date=date(2026, 12, 1), exit_type_descriptor="Withdrawn")
    at_school(made, place, entry_date=date(2027, 1, 10))
    assert len(documents("studentSchoolAssociations")) == 2
    assert len(documents("studentEducationOrganizationAssociations")) == 1


def test_a_student_at_a_school(documents):
    made, place = pupil(), school()
    values = {"exit_date": date(2026, 12, 1), "exit_type_descriptor": "Withdrawn"}
    at_school(made, place, entry_grade_level_descriptor="1", entry_type_descriptor=codes.NEW_STUDENT, **values)
    [body] = documents("studentSchoolAssociations")
    assert body == {
        "studentReference": {"studentUniqueId": made.student_unique_id},
        "schoolReference": {"schoolId": place.school_id},
        "schoolYearTypeReference": {"schoolYear": 2027},
        "entryDate": "2026-08-20",
        "entryGradeLevelDescriptor": f"{ED_FI}/GradeLevelDescriptor#First grade",
        "entryTypeDescriptor": "uri://localhost/EntryTypeDescriptor#New student",
        "enrollmentTypeDescriptor": f"{ED_FI}/EnrollmentTypeDescriptor#Current",
        "primarySchool": True,
        "exitWithdrawDate": "2026-12-01",
        "exitWithdrawTypeDescriptor": f"{ED_FI}/ExitWithdrawTypeDescriptor#Withdrawn",
    }


@pytest.mark.parametrize(
    ("status", "sent"), [("registered", "Preregistered"), ("enrolled", "Current"), ("withdrawn", None)]
)
def test_how_far_somebody_is_enrolled(documents, status, sent):
    made = pupil()
    at_school(made, school())
    extension(made, enrollment_status=ExtensionStatus(status))
    [body] = documents("studentSchoolAssociations")
    assert body.get("enrollmentTypeDescriptor") == (f"{ED_FI}/EnrollmentTypeDescriptor#{sent}" if sent else None)


def test_the_entry_date_is_the_expected_day_of_who_enrols(documents):
    made, place = pupil(), school()
    first = at_school(made, place)
    record = extension(made, expected_start_date=date(2026, 9, 7))
    assert [each["entryDate"] for each in documents("studentSchoolAssociations")] == ["2026-09-07"]
    second = at_school(made, place, entry_date=date(2026, 9, 7), primary_school=False)
    days = sorted(each["entryDate"] for each in documents("studentSchoolAssociations"))
    assert days == ["2026-08-20", "2026-09-07"], "no key twice"
    second.entry_date, first.exit_date = date(2027, 1, 10), date(2026, 9, 1)
    saved(record)
    days = sorted(each["entryDate"] for each in documents("studentSchoolAssociations"))
    assert days == ["2026-08-20", "2027-01-10"], "nobody begins after having left"


def test_the_year_is_that_of_the_day_on_which_they_begin(documents):
    """A student whose records are made in one school year begins in the next."""
    made = pupil()
    association = at_school(made, school())
    record = extension(made, expected_start_date=date(2027, 9, 1))

    def told() -> list[tuple[str, int]]:
        found = documents("studentSchoolAssociations")
        return [(each["entryDate"], each["schoolYearTypeReference"]["schoolYear"]) for each in found]

    assert told() == [("2027-09-01", 2028)]
    term = {"title": "2027", "type": "schoolYear", "start_date": date(2027, 1, 1), "end_date": date(2028, 1, 1)}
    saved(Term(**term, school_year=2027))
    assert told() == [("2027-09-01", 2027)]
    record.expected_start_date, association.school_year = None, 2026
    saved(record)
    assert told() == [("2026-08-20", 2026)], "as it was entered"


def test_a_school(documents):
    district = school(type="district", school_id=255)
    place = school(parent_id=district.id, grades=["KG", "01", "Other"])
    school(active=False)
    [body] = documents("schools")
    assert body == {
        "schoolId": place.school_id,
        "nameOfInstitution": place.name,
        "educationOrganizationCategories": [
            {
                "educationOrganizationCategoryDescriptor": f"{ED_FI}/EducationOrganizationCategoryDescriptor#School",
            }
        ],
        "gradeLevels": [
            {"gradeLevelDescriptor": f"{ED_FI}/GradeLevelDescriptor#{grade}"}
            for grade in ("Kindergarten", "First grade", "Other")
        ],
        "localEducationAgencyReference": {"localEducationAgencyId": 255},
    }


def test_a_guardian(documents):
    made = pupil()
    at_school(made, school())
    guardian = guardian_of(made, relation_descriptor="CourtAppointedGuardian")
    guardian_of(pupil())  # of a student whom no server knows
    [contact], [link] = documents("contacts"), documents("studentContactAssociations")
    assert (contact["contactUniqueId"], contact["firstName"]) == (guardian.contact_unique_id, "Amal")
    assert link == {
        "studentReference": {"studentUniqueId": made.student_unique_id},
        "contactReference": {"contactUniqueId": guardian.contact_unique_id},
        "relationDescriptor": f"{ED_FI}/RelationDescriptor#CourtAppointedGuardian",
        "primaryContactStatus": True,
    }


def test_the_programs_own_properties(documents):
    made = pupil()
    at_school(made, school())
    extension(
        made,
        sport_interests=["Football", "Chess", "Football"],
        assigned_program_track="Varsity",
        grade_at_enrollment="K",
        expected_start_date=date(2026, 9, 7),
        completed_on=date(2026, 8, 1),
        shadow_day=date(2026, 3, 1),
        consultation_completed=True,
    )
    [body] = documents("students", extension="tsa")
    assert body["_ext"] == {
        "tsa": {
            "sportInterests": [{"sportInterest": "Football"}, {"sportInterest": "Chess"}],
            "enrollmentStatus": "registered",
            "assignedProgramTrack": "Varsity",
            "gradeAtEnrollmentDescriptor": f"{ED_FI}/GradeLevelDescriptor#Kindergarten",
            "expectedStartDate": "2026-09-07",
            "completedDate": "2026-08-01",
            "shadowDay": "2026-03-01",
            "consultationCompleted": True,
            "documentsComplete": False,
        }
    }
    assert "_ext" not in documents("students", extension=None)[0]


def test_what_is_internal_personal_or_about_money_never_leaves(db_session, actors):
    mappings.add_defaults()
    made = pupil(
        identity_type="PASSPORT",
        identity_number="SECRETPASS",
        notes="SECRETNOTE",
        accommodation_needs="SECRETNEED",
        guardian_name="SECRETNAME",
    )
    at_school(made, school())
    extension(
        made,
        custom_data={"card": "SECRETCARD"},
        deposit_paid=True,
        deposit_amount="98765.43",
        deposit_paid_on=date(1999, 9, 9),
        referring_coach_id=actors.coach.id,
    )
    sent = json.dumps([each.body for each in exporting.each(actors.admin)])
    for secret in ("SECRET", str(made.student_usi), made.test_number, "98765", "1999-09-09", "oach", "usi", "custom"):
        assert secret not in sent, secret


VALUES = [(descriptor, code) for descriptor, values in mappings.CODES.items() for code in values]


@pytest.mark.parametrize(("descriptor", "values"), mappings.CODES.items(), ids=str)
def test_every_default_code_is_one_of_ed_fi(documents, descriptor, values):
    words = mappings.Descriptors()
    for value in values:
        assert words.uri(descriptor, f" {value.upper()} ") == f"{ED_FI}/{descriptor}#{value}"
    assert words.uri(descriptor, "Wrong one") == f"uri://localhost/{descriptor}#Wrong one"
    assert words.uri(descriptor, " ") is None


@pytest.mark.parametrize("field", ["birth_sex_descriptor", "races"])
def test_a_code_that_is_no_default_leaves_in_our_own_namespace_until_it_is_mapped(documents, field):
    value, descriptor = ("Intersex", "SexDescriptor") if field != "races" else (["Martian"], "RaceDescriptor")
    at_school(pupil(**{field: value}), school())
    own, code = "uri://localhost", value if isinstance(value, str) else value[0]
    [body] = documents("studentEducationOrganizationAssociations")
    assert f"{own}/{descriptor}#{code}" in json.dumps(body)
    assert [(row.descriptor, row.value, row.records) for row in mappings.unmapped()] == [(descriptor, code, 1)]
    saved(DescriptorMapping(descriptor=descriptor, value=code, uri=f"{ED_FI}/{descriptor}#Other"))
    [body] = documents("studentEducationOrganizationAssociations")
    assert f"{ED_FI}/{descriptor}#Other" in json.dumps(body)
    assert mappings.unmapped() == []


def test_two_values_for_one_code_are_sent_once(documents):
    saved(DescriptorMapping(descriptor="RaceDescriptor", value="East Asian", uri=f"{ED_FI}/RaceDescriptor#Asian"))
    at_school(pupil(races=["Asian", "East Asian"]), school())
    [body] = documents("studentEducationOrganizationAssociations")
    assert body["races"] == [{"raceDescriptor": f"{ED_FI}/RaceDescriptor#Asian"}]


def test_every_resource_has_its_documents(db_session, actors):
    family(school())
    found = [each.resource for each in exporting.each(actors.admin)]
    assert found == list(schema.RESOURCES)


def test_who_may_not_see_students_has_none_to_give_away(db_session, actors):
    family(school())
    assert {each.resource for each in exporting.each(actors.student)} <= {"schools"}
