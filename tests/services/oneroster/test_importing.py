"""Bundles that are good: what is written of them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.imports import ImportStatus
from tests.factories import bundles
from tests.services.oneroster.importing import checked, counts, faults, taken_in

pytestmark = pytest.mark.usefixtures("one_connection")


def row(statement, **values):
    return tuple(db.session.execute(text(statement), values).one())


def rows(statement, **values):
    return [tuple(each) for each in db.session.execute(text(statement), values)]


def of_user(sourced_id):
    return row(
        """SELECT u.status, u.username, u.role, u.org_ids, u.grades, u.metadata, s.first_name, s.last_name,
                  s.student_unique_id, s.birth_date::text, s.birth_sex_descriptor, s.races, s.hispanic_latino_ethnicity
           FROM oneroster_users u LEFT JOIN students s ON s.id = u.student_id WHERE u.sourced_id = :id""",
        id=sourced_id,
    )


def test_a_small_roster(actors):
    job = taken_in(bundles.bundle(bundles.rows()), actors.admin)
    assert faults(job, actors.admin) == []
    assert job.status is ImportStatus.DONE
    assert counts(job) == {
        "academicSessions.csv": (1, 0, 0, 0),
        "classes.csv": (1, 0, 0, 0),
        "courses.csv": (1, 0, 0, 0),
        "demographics.csv": (1, 0, 0, 0),
        "enrollments.csv": (2, 0, 0, 0),
        "orgs.csv": (3, 0, 0, 0),
        "roles.csv": (5, 0, 0, 0),
        "users.csv": (4, 0, 0, 0),
    }
    assert of_user("u1") == (
        *("active", "ana", "student", ["s1"], ["09"], {"pronouns": "she/her"}, "Ana", "Ruiz", "4711"),
        *("2012-05-06", "Female", ["Asian", "White"], False),
    )
    assert row("SELECT role, org_ids FROM oneroster_users WHERE sourced_id = 't1'") == ("teacher", ["s1", "s2"])
    assert rows("""SELECT s.first_name, o.name, a.entry_date > '2026-08-31', a.entry_grade_level_descriptor, a.school_year,
                          a.primary_school, a.exit_date
                   FROM student_school_associations a JOIN students s ON s.id = a.student_id
                   JOIN organizations o ON o.id = a.school_id ORDER BY 1""") == [
        ("Ana", "North School", True, "Ninth grade", 2027, True, None),
        ("Ben", "North School", True, "Kindergarten", 2027, True, None),
    ]
    assert rows("""SELECT s.first_name, g.first_name, g.phone FROM student_guardians l
                   JOIN students s ON s.id = l.student_id JOIN guardians g ON g.id = l.guardian_id""") == [
        ("Ana", "Pia", "+442079460018")
    ]
    assert row("SELECT name, identifier FROM organizations WHERE sourced_id = 's2'") == ("South School", "S-1")
    assert row("SELECT title, end_date::text, school_year FROM terms WHERE sourced_id = 'y27'") == (
        *("2026/27", "2027-08-01", 2027),
    )
    assert row("SELECT title, term_ids, periods FROM oneroster_classes") == ("Algebra 1", ["y27"], ["1", "3"])
    assert rows("""SELECT e.role, e."primary", u.username FROM oneroster_enrollments e
                   JOIN oneroster_users u ON u.id = e.oneroster_user_id ORDER BY 1""") == [
        ("student", False, "ana"),
        ("teacher", True, "tess"),
    ]
    assert row("SELECT count(*) FROM row_history WHERE table_name = 'oneroster_users' AND operation = 'insert'") == (4,)


def test_the_same_again_changes_nothing(actors):
    content = bundles.bundle(bundles.rows())
    taken_in(content, actors.admin)
    again = taken_in(content, actors.admin)
    assert (again.status, again.new_rows, again.unchanged_rows) == (ImportStatus.CHECKED, 0, 18)


def test_a_bulk_bundle_changes_and_removes(actors):
    taken_in(bundles.bundle(bundles.rows()), actors.admin)
    files = bundles.rows()
    files["users.csv"] = [each for each in files["users.csv"] if each["sourcedId"] != "u2"]
    files["roles.csv"] = [each for each in files["roles.csv"] if each["userSourcedId"] != "u2"]
    files["users.csv"][0] |= {"familyName": "Ruiz Mora", "agentSourcedIds": "", "username": "tess"}
    files["users.csv"][1] |= {"username": "ana"}  # they swap their names
    files["users.csv"][2] |= {"agentSourcedIds": ""}
    files["demographics.csv"][0] |= {"asian": "false", "birthDate": ""}
    job = taken_in(bundles.bundle(files), actors.admin)
    assert faults(job, actors.admin) == []
    assert counts(job)["users.csv"] == (0, 3, 0, 1)
    assert counts(job)["demographics.csv"] == (0, 1, 0, 0)
    assert counts(job)["roles.csv"] == (0, 0, 4, 1)
    assert of_user("u1")[:2] + of_user("u1")[6:] == (
        *("active", "tess", "Ana", "Ruiz Mora", "4711", "2012-05-06", "Female", ["White"], False),
    )
    assert of_user("u2")[0] == "tobedeleted"
    assert of_user("u2")[6] == "Ben"  # the student stays
    left = "SELECT exit_date IS NULL FROM student_school_associations a JOIN students s ON s.id = a.student_id"
    assert rows(f"{left} ORDER BY s.first_name") == [(True,), (False,)]
    assert rows("SELECT 1 FROM student_guardians UNION ALL SELECT 1 FROM oneroster_agents") == []
    back = taken_in(bundles.bundle(bundles.rows()), actors.admin)  # and all comes back
    assert counts(back)["users.csv"] == (0, 4, 0, 0)
    assert of_user("u2")[0] == "active"
    assert rows(left) == [(True,), (True,)]


def test_what_is_missing_in_a_delta_stays(actors):
    taken_in(bundles.bundle(bundles.rows()), actors.admin)
    users = [
        bundles.changed(bundles.USERS[1] | {"givenName": "Benno"}),
        bundles.changed(bundles.USERS[3], "tobedeleted"),
    ]
    role = bundles.changed(bundles.ROLES[3], "tobedeleted")
    delta = bundles.bundle({"users.csv": users, "roles.csv": [role]}, mode="delta")
    job = taken_in(delta, actors.admin)
    assert faults(job, actors.admin) == []
    assert counts(job) == {"roles.csv": (0, 0, 0, 1), "users.csv": (0, 1, 0, 1)}
    assert of_user("u2")[6] == "Benno"
    assert of_user("p1")[0] == "tobedeleted"
    assert row("SELECT org_ids FROM oneroster_users WHERE sourced_id = 't1'") == (["s1"],)
    assert of_user("u1")[0] == "active"
    again = taken_in(delta, actors.admin)
    assert again.new_rows == 0


def test_what_is_stored_may_get_a_parent_that_is_new(actors):
    year, school = bundles.SESSIONS[0], bundles.ORGS[2]
    term = year | {"sourcedId": "t1", "type": "term"}
    alone = {"academicSessions.csv": [term], "orgs.csv": [school | {"parentSourcedId": ""}]}
    taken_in(bundles.bundle(alone), actors.admin)
    below = {"academicSessions.csv": [term | {"parentSourcedId": "y27"}, year], "orgs.csv": [school, bundles.ORGS[0]]}
    job = taken_in(bundles.bundle(below), actors.admin)
    assert (job.status, counts(job)["orgs.csv"]) == (ImportStatus.DONE, (1, 1, 0, 0))
    parent = "SELECT p.sourced_id FROM {0} t JOIN {0} p ON p.id = t.parent_id WHERE t.sourced_id = '{1}'"
    assert row(parent.format("organizations", "s2")) == ("d",)
    assert row(parent.format("terms", "t1")) == ("y27",)


def test_a_bundle_of_1_1(actors):
    job = taken_in(bundles.bundle(bundles.rows("1.1"), version="1.1"), actors.admin)
    assert faults(job, actors.admin) == []
    assert job.status is ImportStatus.DONE
    assert of_user("u1")[2:4] == ("student", ["s1"])
    assert rows("SELECT 1 FROM oneroster_roles") == []
    assert row("SELECT count(*) FROM student_school_associations") == (2,)


def test_1_2_0_had_one_more_column(actors):
    files = bundles.rows()
    header = list(bundles.STANDARDS["1.2"].files["users.csv"].header)
    header.insert(header.index("userMasterIdentifier") + 1, "resourceSourcedIds")
    job = checked(bundles.bundle(files, headers={"users.csv": [*header, "metadata.house"]}), actors.admin)
    assert faults(job, actors.admin) == []


def test_extensions_and_passwords(actors):
    files = bundles.rows()
    header = [*bundles.STANDARDS["1.2"].files["users.csv"].header, "metadata.house"]
    files["users.csv"][0] |= {"metadata.house": "Gryphon", "password": "secret", "userIds": "{sis:1}"}
    job = taken_in(bundles.bundle(files, headers={"users.csv": header}), actors.admin)
    assert faults(job, actors.admin) == []
    assert of_user("u1")[5] == {"house": "Gryphon", "pronouns": "she/her", "userIds": "{sis:1}"}
    assert "Passwords are never kept" in job.message
    assert not rows("SELECT 1 FROM row_history WHERE after::text LIKE '%secret%'")


def test_files_that_are_not_kept_are_checked_and_said(actors):
    files = bundles.rows() | {"categories.csv": [{"sourcedId": "cat", "title": "Homework"}]}
    job = checked(bundles.bundle(files), actors.admin)
    assert faults(job, actors.admin) == []
    assert "not kept here: categories.csv" in job.message


def test_a_student_is_known_by_the_number(actors):
    known = row("""INSERT INTO students (first_name, last_name, student_unique_id, races)
                   VALUES ('Anna', 'ruiz', '4711', '["Other", "Asian"]') RETURNING id""")
    job = taken_in(bundles.bundle(bundles.rows()), actors.admin)
    assert counts(job)["demographics.csv"] == (0, 1, 0, 0)
    assert row("SELECT student_id FROM oneroster_users WHERE sourced_id = 'u1'") == known
    assert (*of_user("u1")[6:8], of_user("u1")[11]) == ("Ana", "Ruiz", ["Asian", "White", "Other"])


def test_a_student_whom_somebody_deleted_stays_deleted(actors):
    taken_in(bundles.bundle(bundles.rows()), actors.admin)
    db.session.execute(text("UPDATE students SET deleted_at = now() WHERE first_name = 'Ben'"))
    job = taken_in(bundles.bundle(bundles.rows()), actors.admin)
    assert job.new_rows == 0
    assert of_user("u2")[0] == "tobedeleted"


def test_our_own_records_never_vanish(actors):
    db.session.execute(
        text("""
        INSERT INTO organizations (sourced_id, name, identifier) VALUES ('mine', 'My School', 'M-1')""")
    )
    db.session.execute(
        text("""
        INSERT INTO oneroster_users (sourced_id, username, given_name, family_name, role, org_ids, metadata)
        VALUES ('own', 'own', 'Own', 'User', 'teacher', '["mine"]', '{"made_by": "classroom"}')""")
    )
    files = bundles.rows()
    files["orgs.csv"].append({"sourcedId": "mine", "name": "My School", "type": "school", "identifier": "M-1"})
    files["users.csv"].append(
        {"sourcedId": "own", "enabledUser": "true", "username": "own", "givenName": "Own", "familyName": "User"}
    )
    files["roles.csv"].append(
        {"sourcedId": "own", "userSourcedId": "own", "roleType": "primary", "role": "teacher", "orgSourcedId": "mine"}
    )
    job = taken_in(bundles.bundle(files), actors.admin)
    assert (counts(job)["orgs.csv"], counts(job)["users.csv"]) == ((3, 0, 1, 0), (4, 0, 1, 0))
    taken_in(bundles.bundle(bundles.rows()), actors.admin)
    assert row("SELECT name, deleted_at, source_system FROM organizations WHERE sourced_id = 'mine'") == (
        *("My School", None, None),
    )
    assert row("SELECT status, given_name, metadata FROM oneroster_users WHERE sourced_id = 'own'") == (
        *("active", "Own", {"made_by": "classroom"}),
    )


def test_what_one_system_brought_another_does_not_remove(actors):
    taken_in(bundles.bundle(bundles.rows()), actors.admin)
    org = {"sourcedId": "x", "name": "Other", "type": "school"}
    job = taken_in(bundles.bundle({"orgs.csv": [org]}, source="Other SIS"), actors.admin)
    assert counts(job) == {"orgs.csv": (1, 0, 0, 0)}
    assert row("SELECT identifier FROM organizations WHERE sourced_id = 'x'") == ("x",)
