"""Schools, terms, guardians and associations by hand, and how OneRoster's users follow."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.student_records import (
    Guardian,
    StudentGuardian,
    StudentProgramExtension,
    StudentSchoolAssociation,
)
from app.services import accounts, inputs
from app.services.errors import Conflict, Invalid
from app.services.records import descriptors, links, organizations
from app.services.records.resource import ASSOCIATIONS, LINKS
from app.services.records.roster_resource import EXTENSIONS
from tests.factories.records import organization
from tests.factories.students import student
from tests.services.records.conftest import user_of

pytestmark = pytest.mark.usefixtures("db_session")


def agents(key) -> int:
    statement = "SELECT count(*) FROM oneroster_agents a JOIN oneroster_users u ON u.id = a.oneroster_user_id"
    return db.session.scalar(text(f"{statement} WHERE u.student_id = :key"), {"key": key})


def test_a_new_guardian_is_an_agent_and_none_any_more_when_taken_away(actors, child):
    made = links.create_guardian(
        {"first_name": "Bo", "last_name": "Ek", "phone": "020 7946 0019"}, actor=actors.admissions
    )
    assert made.phone == "+442079460019"
    link = links.create_link({"student_id": child, "guardian_id": made.id}, actor=actors.admissions)
    assert agents(child) == 2 and user_of(guardian_id=made.id).username.startswith("bo.ek.")
    with pytest.raises(Conflict):
        links.create_link({"student_id": child, "guardian_id": made.id}, actor=actors.admissions)
    assert links.delete_links([link.id], actor=actors.admissions).count("ok") == 1
    assert agents(child) == 1


def test_one_guardian_is_called_first(actors, child):
    made = links.create_guardian({"first_name": "Bo", "last_name": "Ek"}, actor=actors.admissions)
    with pytest.raises(Conflict) as refused:
        links.create_link(
            {"student_id": child, "guardian_id": made.id, "primary_contact": True}, actor=actors.admissions
        )
    assert "primary_contact" in refused.value.fields


def test_a_guardian_is_renamed_everywhere_and_stays_while_they_have_a_child(actors, child):
    guardian = db.session.scalars(select(Guardian)).one()
    links.update_guardian(guardian.id, {"last_name": "Berg"}, actor=actors.admissions)
    assert user_of(guardian_id=guardian.id).family_name == "Berg"
    assert links.delete_guardians([guardian.id], actor=actors.admissions).count("refused") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("phone", "12"), ("email", "nobody"), ("email", "a b@c"), ("user_id", 1), ("user_id", 2**31 - 1)],
)
def test_a_wrong_guardian_is_refused_at_the_field(actors, name, value):
    with pytest.raises(Invalid) as refused:
        links.create_guardian({"first_name": "Bo", "last_name": "Ek", name: value}, actor=actors.admissions)
    assert name in refused.value.fields


def test_a_guardian_whose_account_is_switched_off_can_still_be_corrected(actors, child):
    guardian = db.session.scalars(select(Guardian)).one()
    assert guardian.user_id is not None
    db.session.execute(text("UPDATE ab_user SET active = false WHERE id = :id"), {"id": guardian.user_id})
    typed = {"last_name": "Berg", "user_id": guardian.user_id}
    assert links.update_guardian(guardian.id, typed, actor=actors.admissions).last_name == "Berg"


def test_an_account_belongs_to_one_guardian(actors, child):
    account = accounts.find("guardian").id
    with pytest.raises(Conflict):
        links.create_guardian({"first_name": "Bo", "last_name": "Ek", "user_id": account}, actor=actors.admissions)


def test_who_leaves_and_enters_elsewhere_is_there_at_oneroster(actors, clock, child):
    first = db.session.scalars(select(StudentSchoolAssociation)).one()
    links.update_association(
        first.id, {"exit_date": clock.today, "exit_type_descriptor": "Transferred"}, actor=actors.admissions
    )
    assert user_of(student_id=child).enabled_user is False
    elsewhere = organization()
    values = {"student_id": child, "school_id": elsewhere.id, "entry_date": date(2026, 9, 1)}
    made = links.create_association(values | {"entry_grade_level_descriptor": "Second grade"}, actor=actors.admissions)
    assert made.school_year == 2027
    there = user_of(student_id=child)
    assert there.enabled_user and there.org_ids == [elsewhere.sourced_id]
    assert user_of(role="guardian").org_ids == [elsewhere.sourced_id]
    assert links.delete_associations([made.id], actor=actors.admissions).count("ok") == 1
    assert user_of(student_id=child).enabled_user is False


def test_the_database_holds_the_rules_of_associations(actors, child):
    known = db.session.scalars(select(StudentSchoolAssociation)).one()
    values = {"student_id": child, "school_id": known.school_id, "entry_date": known.entry_date}
    grade = {"entry_grade_level_descriptor": "First grade"}
    for more, field in (
        ({"primary_school": False}, "entry_date"),
        ({"school_id": organization().id, "school_year": known.school_year}, "primary_school"),
        ({"entry_date": date(2027, 1, 1), "exit_date": date(2026, 1, 1)}, "exit_date"),
        (
            {"entry_date": date(2027, 1, 1), "exit_type_descriptor": "Other", "primary_school": False},
            "exit_type_descriptor",
        ),
        ({"school_id": uuid.uuid4()}, "school_id"),
        ({"student_id": uuid.uuid4()}, "student_id"),
    ):
        with pytest.raises((Conflict, Invalid)) as refused, db.session.begin_nested():
            links.create_association(values | grade | more, actor=actors.admissions)
        assert field in refused.value.fields


@pytest.mark.parametrize("value", descriptors.ENTRY_TYPES)
def test_every_entry_type_is_taken(value):
    assert _association(entry_type_descriptor=value)["entry_type_descriptor"] == value


@pytest.mark.parametrize("value", descriptors.EXIT_TYPES)
def test_every_exit_type_is_taken(value):
    assert _association(exit_type_descriptor=value.upper())["exit_type_descriptor"] == value


@pytest.mark.parametrize("value", descriptors.RELATIONS)
def test_every_relation_is_taken(value):
    raw = {"student_id": str(uuid.uuid4()), "guardian_id": str(uuid.uuid4()), "relation_descriptor": value}
    assert inputs.parse(LINKS.input, raw)["relation_descriptor"] == value


@pytest.mark.parametrize("name", ["entry_type_descriptor", "exit_type_descriptor", "entry_grade_level_descriptor"])
@pytest.mark.parametrize("value", ["x", "New", "14", "a\0"])
def test_no_other_value_is(name, value):
    with pytest.raises(Invalid) as refused:
        _association(**{name: value})
    assert name in refused.value.fields


def _association(**values):
    raw = {"student_id": str(uuid.uuid4()), "school_id": str(uuid.uuid4()), "entry_date": "2026-09-01"}
    return inputs.parse(ASSOCIATIONS.input, raw | {"entry_grade_level_descriptor": "1"} | values)


def test_schools_make_a_tree(actors):
    top, school = organization(type="district").id, organization().id
    organizations.update_organization(school, {"parent_id": top}, actor=actors.admissions)
    for parent in (school, top):
        with pytest.raises(Invalid) as refused, db.session.begin_nested():
            organizations.update_organization(top, {"parent_id": parent}, actor=actors.admissions)
        assert "parent_id" in refused.value.fields
    assert organizations.delete_organizations([top], actor=actors.admissions).count("refused") == 1


@pytest.mark.parametrize("name", ["identifier", "school_id"])
def test_what_names_a_school_is_its_own(actors, name):
    known = organization()
    values = {"name": "Other", "identifier": "x", "school_id": 7} | {name: getattr(known, name)}
    with pytest.raises(Conflict) as refused:
        organizations.create_organization(values, actor=actors.admissions)
    assert name in refused.value.fields


def test_a_school_with_students_stays(actors, child):
    key = db.session.scalars(select(StudentSchoolAssociation.school_id)).one()
    assert organizations.delete_organizations([key], actor=actors.admissions).count("refused") == 1


def test_a_part_lies_within_its_term(actors):
    year = {"title": "2026/27", "type": "schoolYear", "school_year": 2027}
    whole = organizations.create_term(
        year | {"start_date": date(2026, 8, 1), "end_date": date(2027, 8, 1)}, actor=actors.admissions
    )
    part = {"title": "Autumn", "parent_id": whole.id, "school_year": 2027, "start_date": date(2026, 8, 1)}
    made = organizations.create_term(part | {"end_date": date(2027, 1, 1)}, actor=actors.admissions)
    with pytest.raises(Invalid), db.session.begin_nested():
        organizations.create_term(part | {"end_date": date(2027, 9, 1)}, actor=actors.admissions)
    with pytest.raises(Invalid), db.session.begin_nested():
        organizations.update_term(whole.id, {"end_date": date(2026, 12, 1)}, actor=actors.admissions)
    with pytest.raises(Invalid), db.session.begin_nested():
        organizations.update_term(made.id, {"end_date": date(2026, 8, 1)}, actor=actors.admissions)
    assert organizations.delete_terms([whole.id], actor=actors.admissions).count("refused") == 1
    assert organizations.delete_terms([made.id], actor=actors.admissions).count("ok") == 1


def test_interests_are_typed_between_commas(actors, child):
    known = db.session.execute(text("SELECT id FROM student_program_extensions")).scalar_one()
    changed = links.update_extension(known, {"sport_interests": "Chess, Go,, Chess"}, actor=actors.admissions)
    assert changed.sport_interests == ["Chess", "Go"]


def test_a_link_of_nobody_is_refused(actors):
    with pytest.raises(Invalid):
        links.create_link({"student_id": student().id, "guardian_id": uuid.uuid4()}, actor=actors.admissions)
    assert db.session.query(StudentGuardian).count() == 0


def test_what_the_program_keeps_is_a_json_object_of_any_numbers(actors, child):
    extension = db.session.scalars(select(StudentProgramExtension)).one()
    for given in ({"a": Decimal("1.5")}, '{"a": 1.5}'):
        typed = inputs.parse(EXTENSIONS.input, {"custom_data": given}, change=True)
        changed = links.update_extension(extension.id, typed, actor=actors.admissions)
        db.session.refresh(changed)
        assert changed.custom_data == {"a": 1.5}
    for wrong in ('{"a": 1e999}', {"a": Decimal("1e999")}, '{"a": NaN}', "7"):
        with pytest.raises(Invalid):
            inputs.parse(EXTENSIONS.input, {"custom_data": wrong}, change=True)
    with pytest.raises(Invalid) as refused, db.session.begin_nested():
        links.update_extension(extension.id, {"custom_data": []}, actor=actors.admissions)
    assert "custom_data" in refused.value.fields
