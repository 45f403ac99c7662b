"""The roster as views: what is stored and what the classroom has, under the standard's names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.oneroster import OneRosterRole
from app.models.organizations import Organization, Term
from app.models.student_records import OneRosterAgent, OneRosterUser
from app.services import accounts, sessions
from tests.factories.courses import course, slot
from tests.factories.oneroster import EARLIER, roster, rows, saved
from tests.factories.students import student


@pytest.fixture
def there(db_session: Any) -> Any:
    return roster(sessions.system())


def test_classes_of_the_classroom_stand_beside_those_of_bundles(there):
    ours, theirs = rows("classes", "derived"), rows("classes", "NOT derived")
    assert {each["sourcedId"] for each in ours} == {f"class_{slot.id}" for slot in there.slots}
    assert [each["sourcedId"] for each in theirs] == ["maths-1"]
    first = next(each for each in ours if each["title"].startswith("Piano Tue"))
    assert first["title"] == "Piano Tue 16:00"
    assert first["courseSourcedId"] == f"course_{there.course.id}"
    assert first["schoolSourcedId"] == "org-home"
    assert first["termSourcedIds"] == ["year"]
    assert first["periods"] == ["Tue 16:00-17:00"]


def test_teachers_and_students_of_classes_are_users_without_a_personal_key(there):
    taught = rows("users", "role = 'teacher'")
    assert [(each["username"], each["orgSourcedIds"]) for each in taught] == [("teacher", ["org-home"])]
    [learner] = rows("users", "\"givenName\" = 'Zoë'")
    assert learner["sourcedId"].startswith("student_")
    assert "Zo" not in learner["sourcedId"] and str(there.student.student_usi) not in learner["sourcedId"]
    assert learner["username"] == f"zoe.oneilstone.{there.student.student_usi}"


def test_an_enrollment_for_each_place_and_each_teacher(there):
    found = rows("enrollments", "derived")
    assert sorted((each["role"], each["primary"], each["status"]) for each in found) == [
        ("student", False, "active"),
        ("student", False, "active"),
        ("teacher", True, "active"),
        ("teacher", True, "active"),
    ]
    student_rows = [each for each in found if each["role"] == "student"]
    assert all(each["endDate"] > each["beginDate"] for each in student_rows)


def test_a_user_is_made_once_and_keeps_the_key(there):
    before = {each["sourcedId"] for each in rows("users")}
    slot(course([there.teacher]), there.teacher, 4, "10:00")
    assert {each["sourcedId"] for each in rows("users")} == before


def test_names_follow_the_student_and_the_account(there):
    there.student.first_name = "Zora"
    there.teacher.last_name = "Changed"
    db.session.commit()
    assert rows("users", "\"givenName\" = 'Zora'")
    assert rows("users", "role = 'teacher'")[0]["familyName"] == "Changed"


def test_a_deleted_student_is_gone_with_everything_and_comes_back(there):
    there.student.deleted_at = datetime.now(UTC)
    db.session.commit()
    [user] = rows("users", "\"givenName\" = 'Zoë'")
    where = f"\"userSourcedId\" = '{user['sourcedId']}'"
    assert user["status"] == "tobedeleted"
    assert {each["status"] for each in rows("enrollments", where)} == {"tobedeleted"}
    assert {each["status"] for each in rows("roles", where)} == {"tobedeleted"}
    there.student.deleted_at = None
    db.session.commit()
    assert {each["status"] for each in rows("enrollments", where)} == {"active"}


@pytest.mark.parametrize("how", ["slot", "course"])
def test_a_class_is_gone_with_its_slot_or_course_and_its_enrollments_with_it(there, how):
    if how == "slot":
        for each in there.slots:
            each.deleted_at = datetime.now(UTC)
    else:
        there.course.deleted_at = datetime.now(UTC)
    db.session.commit()
    assert {each["status"] for each in rows("classes", "derived")} == {"tobedeleted"}
    assert {each["status"] for each in rows("enrollments", "derived")} == {"tobedeleted"}


@pytest.mark.parametrize("gone", [None, "student", "slot", "pupil", "room"])
def test_enrollments_are_the_same_one_by_one_and_all_together(there, gone):
    if gone in ("student", "slot"):
        (there.student if gone == "student" else there.slots[0]).deleted_at = datetime.now(UTC)
    elif gone:
        getattr(there, gone).status = "tobedeleted"
    db.session.commit()
    single, together = rows("enrollments"), rows("enrollments_all")
    assert [{name: each[name] for name in together[0]} for each in single] == together and len(single) == 5


DECIDES = {  # table -> the enrollments that a change of all its rows changes
    "admissions": {"student"},
    "classroom_enrollments": {"student"},
    "classroom_slots": {"student", "teacher"},
    "courses": {"student", "teacher"},
    "oneroster_users": {"student", "teacher", "taken"},
    "oneroster_enrollments": {"taken"},
    "oneroster_classes": {"taken"},
    "oneroster_courses": {"taken"},
}


@pytest.mark.parametrize("changed", DECIDES)
@pytest.mark.parametrize("view", ["enrollments", "enrollments_all"])
def test_whatever_decides_an_enrollment_moves_its_moment(there, changed, view):
    for table in DECIDES:
        db.session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        moment = "2021-01-01" if table == changed else "2020-01-01"
        db.session.execute(text(f"UPDATE {table} SET updated_at = :moment"), {"moment": moment})
    moved = rows(view, "\"dateLastModified\" > '2020-06-01'")
    kinds = {"taken" if row["sourcedId"] == "taken" else row["role"] for row in moved}
    assert kinds == DECIDES[changed]


MADE_OF = [  # view, table that its rows are made of, how many of them a change of all its rows changes
    *[("classes", "oneroster_classes", 1), ("classes", "oneroster_courses", 1), ("classes", "classroom_slots", 2)],
    *[("classes", "courses", 2), ("classes", "time_slot_templates", 2), ("classes", "terms", 2)],
    *[("roles", "oneroster_roles", 1), ("roles", "oneroster_users", None)],
    *[("demographics", "oneroster_users", 2), ("demographics", "students", 2), ("users", "oneroster_users", None)],
    *[("courses", "oneroster_courses", 1), ("courses", "courses", 1), ("orgs", "organizations", 2)],
    ("academic_sessions", "terms", 3),
]


@pytest.mark.parametrize(("view", "changed", "number"), MADE_OF)
def test_whatever_a_row_is_made_of_moves_its_moment(there, view, changed, number):
    saved(
        OneRosterRole(sourced_id="r", oneroster_user_id=there.pupil.id, organization_id=there.other.id, role="student")
    )
    for table in sorted({table for _view, table, _number in MADE_OF}):
        db.session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        moment = "2021-01-01" if table == changed else "2020-01-01"
        db.session.execute(text(f"UPDATE {table} SET updated_at = :moment"), {"moment": moment})
    moved = rows(view, "\"dateLastModified\" > '2020-06-01'")
    assert len(moved) == (len(rows(view)) if number is None else number)


def test_a_school_year_that_is_deleted_changes_its_classes(there):
    age("terms", "classroom_slots", "courses", "time_slot_templates")
    there.year.deleted_at = datetime.now(UTC)
    db.session.commit()
    moved = rows("classes", "derived AND \"dateLastModified\" > '2021-01-01'")
    assert [each["termSourcedIds"] for each in moved] == [[], []]


def age(*tables: str) -> None:
    """As if nothing had changed for long."""
    for table in tables:
        db.session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        db.session.execute(text(f"UPDATE {table} SET updated_at = '2020-01-01'"))
        db.session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
    db.session.commit()


def test_who_taught_a_class_before_is_gone_and_not_forgotten(there):
    first = there.slots[0]
    other = accounts.find("admin")
    assert other is not None
    former, key = there.teacher.id, f"teaching_{first.id}_{there.teacher.id}"
    first.teacher_id = other.id
    db.session.commit()
    found = {each["sourcedId"]: each for each in rows("enrollments", f"class_key = '{first.id}' AND role = 'teacher'")}
    assert {name: each["status"] for name, each in found.items()} == {
        key: "tobedeleted",
        f"teaching_{first.id}_{other.id}": "active",
    }
    assert found[key]["userSourcedId"] == rows("users", "username = 'teacher'")[0]["sourcedId"]
    assert {each["sourcedId"] for each in rows("enrollments_all", "role = 'teacher'")} >= set(found)
    first.teacher_id = former
    db.session.commit()
    found = {each["sourcedId"]: each["status"] for each in rows("enrollments", f"class_key = '{first.id}'")}
    assert found[key] == "active" and found[f"teaching_{first.id}_{other.id}"] == "tobedeleted"


@pytest.mark.parametrize("status", ["tobedeleted", "active"])
def test_whose_agent_goes_or_comes_back_has_changed(there, status):
    there.parent.status = "active" if status == "tobedeleted" else "tobedeleted"
    db.session.commit()
    age("oneroster_users")
    db.session.refresh(there.parent)
    there.parent.status = status
    db.session.commit()
    changed = rows("users", "\"dateLastModified\" > '2021-01-01'")
    assert [each["sourcedId"] for each in changed] == ["parent", "pupil"]
    assert changed[1]["agentSourcedIds"] == (["parent"] if status == "active" else None)


def test_deleted_organizations_and_terms_are_to_be_deleted(there):
    for model, key in ((Organization, "org-other"), (Term, "period")):
        row = db.session.query(model).filter_by(sourced_id=key).one()
        row.deleted_at = datetime.now(UTC)
    db.session.commit()
    assert rows("orgs", "\"sourcedId\" = 'org-other'")[0]["status"] == "tobedeleted"
    assert rows("academic_sessions", "\"sourcedId\" = 'period'")[0]["status"] == "tobedeleted"


def test_roles_come_from_the_organizations_with_one_key_for_ever(there):
    first, again = rows("roles"), rows("roles")
    assert [each["sourcedId"] for each in first] == [each["sourcedId"] for each in again]
    heads = [each for each in first if each["userSourcedId"] == "head"]
    assert {(each["orgSourcedId"], each["roleType"]) for each in heads} == {
        ("org-home", "primary"),
        ("org-other", "primary"),
    }


def test_agents_are_told_both_ways_and_move_the_moment_of_change(there):
    assert rows("users", "\"sourcedId\" = 'pupil'")[0]["agentSourcedIds"] == ["parent"]
    assert rows("users", "\"sourcedId\" = 'parent'")[0]["agentSourcedIds"] == ["pupil"]
    db.session.execute(text("ALTER TABLE oneroster_users DISABLE TRIGGER stamps"))
    db.session.execute(text("UPDATE oneroster_users SET updated_at = '2020-01-01'"))
    db.session.execute(text("ALTER TABLE oneroster_users ENABLE TRIGGER stamps"))
    db.session.commit()
    saved(OneRosterAgent(oneroster_user_id=there.pupil.id, agent_id=there.head.id))
    changed = rows("users", "\"dateLastModified\" > '2021-01-01'")
    assert [each["sourcedId"] for each in changed] == ["head", "pupil"]


def test_demographics_in_the_words_of_the_standard(there):
    [found] = rows("demographics", "\"birthDate\" = '2012-02-29'")
    assert found["sex"] == "other"
    assert (found["white"], found["asian"], found["blackOrAfricanAmerican"]) == (True, True, False)
    assert found["demographicRaceTwoOrMoreRaces"] is True
    assert found["hispanicOrLatinoEthnicity"] is False
    assert found["cityOfBirth"] == "Oslo"


@pytest.mark.parametrize(
    ("descriptor", "sex"),
    [("Male", "male"), ("Female", "female"), ("Non-binary", "other"), ("Not Selected", "unspecified"), ("Odd", None)],
)
def test_every_sex(there, descriptor, sex):
    there.student.birth_sex_descriptor = descriptor
    db.session.commit()
    assert rows("demographics", "\"cityOfBirth\" = 'Oslo'")[0]["sex"] == sex


@pytest.mark.parametrize(
    ("race", "flag"),
    [
        ("American Indian or Alaska Native", "americanIndianOrAlaskaNative"),
        ("Asian", "asian"),
        ("Black or African American", "blackOrAfricanAmerican"),
        ("Native Hawaiian or Pacific Islander", "nativeHawaiianOrOtherPacificIslander"),
        ("White", "white"),
        ("Other", None),
        (None, None),
    ],
)
def test_every_race(there, race, flag):
    there.student.races = [race] if race else []
    db.session.commit()
    [found] = rows("demographics", "\"cityOfBirth\" = 'Oslo'")
    flags = [name for name, value in found.items() if value is True and name != "derived"]
    assert flags == ([flag] if flag else [])
    assert found["asian"] is (None if flag is None else race == "Asian")


def test_a_name_that_is_taken_gets_the_number(there):
    user = OneRosterUser(
        sourced_id="x", username="ann.lee.1", given_name="Ann", family_name="Lee", role="student", org_ids=["org-home"]
    )
    saved(user)
    made = db.session.scalar(text("SELECT oneroster_username('Ann.Lee.1', '77')"))
    assert made == "ann.lee.1.77"
    assert db.session.scalar(text("SELECT oneroster_username('毛.泽', '77')")) in ("mao.ze", "77")
    assert student().id  # nobody without a class is on the roster
    assert not rows("users", "\"familyName\" LIKE 'Okoye%' AND \"sourcedId\" LIKE 'student_%'")


def test_those_who_were_there_before_the_first_school_are_put_into_it(db_session):
    teacher_id = db.session.scalar(text("SELECT id FROM ab_user WHERE username = 'teacher'"))
    slot(course(), teacher_id, 2, "09:00")
    assert rows("users", "role = 'teacher'")[0]["orgSourcedIds"] == []
    saved(Organization(name="First", identifier="F", sourced_id="first", created_at=EARLIER))
    saved(Organization(name="Second", identifier="S", sourced_id="second"))
    assert rows("users", "role = 'teacher'")[0]["orgSourcedIds"] == ["first"]
