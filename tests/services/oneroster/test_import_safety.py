"""What a bundle must not do: to another system's records, to what staff decided, or without end."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.imports import ImportStatus
from app.services import imports, school
from app.services.oneroster.importing import archive, confirming, rows, rules, run
from app.services.records import erasing
from tests.factories import bundles
from tests.services.oneroster.importing import afresh, checked, counts, faults, taken_in

pytestmark = pytest.mark.usefixtures("one_connection")
UNUSUAL = "A file of the zip is compressed in an unusual way."
PAIRS = """SELECT (SELECT count(*) FROM student_guardians), (SELECT count(*) FROM oneroster_agents)"""
OF_ANA = """FROM student_school_associations WHERE student_id = (SELECT id FROM students WHERE first_name = 'Ana')"""


def found(statement):
    return tuple(db.session.execute(text(statement)).one())


def put(statement):
    db.session.execute(text(statement))


OURS = """
    SELECT (SELECT json_agg(json_build_array(name, deleted_at, source_system)) FROM organizations WHERE sourced_id = 'mine')::text,
           (SELECT json_agg(json_build_array(given_name, status, source_system, org_ids, birth_date) ORDER BY sourced_id)
            FROM oneroster_users WHERE sourced_id IN ('own', 'child'))::text,
           (SELECT json_agg(json_build_array(first_name, birth_date, email)) FROM students WHERE last_name = 'Own')::text
"""


def our_own():
    """A school, a teacher and a student who were entered here."""
    put("INSERT INTO organizations (sourced_id, name, identifier) VALUES ('mine', 'My School', 'M-1')")
    put("""INSERT INTO oneroster_users (sourced_id, username, given_name, family_name, role, org_ids)
           VALUES ('own', 'own', 'Own', 'User', 'teacher', '["mine"]')""")
    put(
        "INSERT INTO students (first_name, last_name, birth_date, email) VALUES ('Una', 'Own', '2011-01-02', 'una@own.example')"
    )
    put("""INSERT INTO oneroster_users (sourced_id, username, given_name, family_name, role, org_ids, birth_date, student_id)
           SELECT 'child', 'child', 'Una', 'Own', 'student', '["mine"]', birth_date, id FROM students""")


def roster(actors, **changes):
    """The small roster is taken in; `changes` are rows of files, as roles__csv."""
    files = bundles.rows() | {name.replace("__", "."): rows for name, rows in changes.items()}
    job = taken_in(bundles.bundle(files), actors.admin)
    assert (faults(job, actors.admin), job.status is ImportStatus.FAILED) == ([], False)
    return job


def delta(actors, *users, **options):
    job = taken_in(bundles.bundle({"users.csv": list(users)}, mode="delta", **options), actors.admin)
    assert (faults(job, actors.admin), job.status is ImportStatus.FAILED) == ([], False)
    return job


# Another system's records


def test_what_another_system_brought_is_refused(actors):
    roster(actors)
    job = checked(bundles.bundle(bundles.rows(), source="Other SIS"), actors.admin)
    told = {(file, line, column) for file, line, column, rule in faults(job, actors.admin) if "Another system" in rule}
    assert told == {
        (file, line, "sourcedId") for file, found in bundles.rows().items() for line in range(2, len(found) + 2)
    }
    gone = bundles.changed(bundles.COURSES[0], "tobedeleted")
    job = taken_in(bundles.bundle({"courses.csv": [gone]}, mode="delta", source="Other SIS"), actors.admin)
    assert [each[:3] for each in faults(job, actors.admin)] == [("courses.csv", 2, "sourcedId")]
    assert found("SELECT status, source_system FROM oneroster_courses") == ("active", "SIS")


@pytest.mark.parametrize(
    ("file", "row"),
    [
        ("orgs.csv", {"sourcedId": "mine", "name": "Mine", "type": "school", "identifier": "M-1"}),
        (
            "users.csv",
            bundles.rows("1.1")["users.csv"][2] | {"sourcedId": "own", "username": "own", "orgSourcedIds": "mine"},
        ),
        ("demographics.csv", {"sourcedId": "child", "birthDate": "2012-05-06"}),
    ],
    ids=["orgs", "users", "demographics"],
)
@pytest.mark.parametrize("status", ["active", "tobedeleted"])
def test_what_was_entered_here_is_refused(actors, file, row, status):
    our_own()
    before = found(OURS)
    content = bundles.bundle({file: [bundles.changed(row, status)]}, version="1.1", mode="delta")
    job = taken_in(content, actors.admin)
    told = faults(job, actors.admin)
    if (file, status) == ("demographics.csv", "tobedeleted"):  # which takes nothing away from a student
        assert told == []
    else:
        assert [each[:3] for each in told] == [(file, 2, "sourcedId")]
        assert "was entered here" in told[0][3]
    assert found(OURS) == before


def test_what_was_entered_here_may_be_repeated(actors):
    our_own()
    before = found(OURS)
    files = bundles.rows()
    files["orgs.csv"].append({"sourcedId": "mine", "name": "My School", "type": "school", "identifier": "M-1"})
    files["users.csv"].append(
        {"sourcedId": "own", "enabledUser": "true", "username": "own", "givenName": "Own", "familyName": "User"}
    )
    files["roles.csv"].append(
        {"sourcedId": "own", "userSourcedId": "own", "roleType": "primary", "role": "teacher", "orgSourcedId": "mine"}
    )
    files["demographics.csv"].append({"sourcedId": "child", "birthDate": "2011-01-02"})
    files["users.csv"].append(
        {"sourcedId": "child", "enabledUser": "true", "username": "child", "givenName": "Una", "familyName": "Own"}
        | {"email": "una@other.example"}
    )
    files["roles.csv"].append(
        {
            "sourcedId": "child",
            "userSourcedId": "child",
            "roleType": "primary",
            "role": "student",
            "orgSourcedId": "mine",
        }
    )
    put("UPDATE oneroster_users SET email = 'una@other.example' WHERE sourced_id = 'child'")
    job = taken_in(bundles.bundle(files), actors.admin)
    assert (faults(job, actors.admin), job.status) == ([], ImportStatus.DONE)
    assert found(OURS) == before


def test_roles_of_another_system_leave_a_user_as_it_is(actors):
    roster(actors)
    where = "SELECT role, org_ids FROM oneroster_users WHERE sourced_id = 'u1'"
    before = found(where)
    role = bundles.changed(bundles.ROLES[0] | {"sourcedId": "x", "orgSourcedId": "s2", "role": "aide"})
    job = taken_in(bundles.bundle({"roles.csv": [role]}, mode="delta", source="Other SIS"), actors.admin)
    assert faults(job, actors.admin) == []
    assert found(where) == before


# Guardians


@pytest.mark.parametrize(
    ("users", "left"),
    [
        ([bundles.USERS[3] | {"agentSourcedIds": "", "givenName": "Pía"}], (1, 1)),
        ([bundles.USERS[0] | {"agentSourcedIds": ""}], (1, 1)),
        ([bundles.USERS[0] | {"agentSourcedIds": "t1"}], (1, 2)),  # another one beside
        ([each | {"agentSourcedIds": ""} for each in (bundles.USERS[0], bundles.USERS[3])], (0, 0)),
    ],
    ids=["guardian", "student", "another", "both"],
)
def test_a_delta_unlinks_only_what_it_tells(actors, users, left):
    roster(actors)
    assert found(PAIRS) == (1, 1)
    delta(actors, *map(bundles.changed, users))
    assert found(PAIRS) == left


def test_a_guardian_whom_somebody_deleted_stays_deleted(actors):
    roster(actors)
    put("DELETE FROM student_guardians")
    put("UPDATE guardians SET deleted_at = now()")
    roster(actors)
    assert found("SELECT status FROM oneroster_users WHERE sourced_id = 'p1'") == ("tobedeleted",)
    delta(actors, bundles.changed(bundles.USERS[0] | {"givenName": "Anna"}))  # which still names the guardian
    assert found("SELECT count(*), count(deleted_at) FROM guardians") == (1, 1)
    assert found(PAIRS)[0] == 0


def test_a_guardian_who_was_erased_stays_erased(actors):
    roster(actors)
    student = db.session.scalar(text("SELECT id FROM students WHERE first_name = 'Ana'"))
    erasing.erase([student], actor=actors.admin, reason="asked")
    job = roster(actors)
    assert counts(job)["users.csv"] == (0, 0, 4, 0)
    assert found("SELECT count(*) FROM guardians") == (0,)
    assert found("SELECT given_name, status FROM oneroster_users WHERE sourced_id = 'p1'") == ("Erased", "tobedeleted")
    assert found(PAIRS) == (0, 0)


# Schools


@pytest.mark.parametrize("begin", ["2026-09-01", ""])
def test_a_student_whom_staff_let_leave_has_left(actors, begin):
    roles = [role | {"beginDate": begin} for role in bundles.ROLES]
    roster(actors, roles__csv=roles)
    put("UPDATE student_school_associations SET entry_date = '2026-09-01', exit_date = '2026-10-01'")
    roster(actors, roles__csv=roles, orgs__csv=[bundles.ORGS[0] | {"name": "New"}, *bundles.ORGS[1:]])
    assert found("SELECT count(*), count(exit_date) FROM student_school_associations") == (2, 2)


def test_a_role_that_begins_anew_brings_them_back(actors):
    roster(actors)
    put("UPDATE student_school_associations SET exit_date = '2026-10-01' WHERE entry_date <= '2026-10-01'")
    roster(actors, roles__csv=[bundles.ROLES[0] | {"beginDate": "2026-11-02"}, *bundles.ROLES[1:]])
    assert found(f"SELECT max(entry_date)::text, count(*), count(exit_date) {OF_ANA}") == ("2026-11-02", 2, 1)


def test_a_role_that_has_ended_is_none(actors):
    over = bundles.ROLES[0] | {"endDate": "2026-10-01"}
    roster(actors, roles__csv=[over, *bundles.ROLES[1:]])
    assert found(f"SELECT count(*) {OF_ANA}") == (0,)
    again = bundles.ROLES[0] | {"sourcedId": "r9", "roleType": "secondary", "beginDate": "2026-11-02"}
    roster(actors, roles__csv=[over, again, *bundles.ROLES[1:]])
    assert found(f"SELECT entry_date::text, exit_date {OF_ANA}") == ("2026-11-02", None)


def test_of_several_roles_the_latest_begin_counts(actors):
    later = bundles.ROLES[0] | {"sourcedId": "r9", "roleType": "secondary", "beginDate": "2026-11-02"}
    roster(actors, roles__csv=[*bundles.ROLES, later])
    assert found(f"SELECT entry_date::text, exit_date {OF_ANA}") == ("2026-11-02", None)


@pytest.mark.parametrize(("days", "closed"), [(-1, 1), (0, 0)])
def test_only_what_is_not_over_is_opened_again(actors, days, closed):
    """A student who was here before the roster: the role begins on the day on which they came."""
    put(
        "INSERT INTO organizations (sourced_id, name, identifier, source_system) VALUES ('s1', 'North School', 'N-1', 'SIS')"
    )
    put("INSERT INTO students (first_name, last_name, student_unique_id) VALUES ('Ana', 'Ruiz', '4711')")
    put(f"""INSERT INTO student_school_associations (student_id, school_id, entry_date, exit_date, entry_grade_level_descriptor,
                                                     entry_type_descriptor, school_year)
            SELECT s.id, o.id, '2026-09-01', '{school.today() + timedelta(days=days)}', 'Ninth grade', 'New student', 2027
            FROM students s, organizations o""")
    roster(actors)
    assert found(f"SELECT count(*), count(exit_date) {OF_ANA}") == (1, closed)


def test_organizations_pass_their_identifiers_on(actors):
    roster(actors)
    files = bundles.rows()
    places = {each["sourcedId"]: each for each in files["orgs.csv"]}
    before = (places["s1"]["identifier"], places["s2"]["identifier"])
    places["s1"]["identifier"], places["s2"]["identifier"] = before[::-1]
    taken_in(bundles.bundle(files), actors.admin)
    kept = "SELECT max(identifier) FILTER (WHERE sourced_id = 's1'), max(identifier) FILTER (WHERE sourced_id = 's2') FROM organizations"
    assert found(kept) == before[::-1]


def test_a_reference_that_is_repeated_counts_once(actors):
    files = bundles.rows("1.1")
    for each in files["users.csv"]:
        each["orgSourcedIds"] = f"{each['orgSourcedIds']},{each['orgSourcedIds']}"
    taken_in(bundles.bundle(files, version="1.1"), actors.admin)
    assert found("SELECT count(*), max(jsonb_array_length(org_ids)) FROM oneroster_users") == (4, 1)
    assert found('SELECT count(*) - count(DISTINCT "sourcedId") FROM oneroster_v_roles')[0] == 0


# Student numbers


def test_a_number_is_not_taken_over_by_a_row_that_was_no_student(actors):
    roster(actors)
    put("INSERT INTO students (first_name, last_name, student_unique_id) VALUES ('Una', 'Other', '4712')")
    files = bundles.rows()
    files["users.csv"][2] |= {"identifier": "4712"}
    files["roles.csv"][2] |= {"role": "student"}
    files["roles.csv"][3] |= {"role": "student"}
    job = checked(bundles.bundle(files), actors.admin)
    assert ("users.csv", 4, "identifier") in {each[:3] for each in faults(job, actors.admin)}


def test_nor_by_one_whose_stored_role_makes_them_a_student(actors):
    roster(actors)
    put("INSERT INTO students (first_name, last_name, student_unique_id) VALUES ('Una', 'Other', '4712')")
    roles = [bundles.changed(each | {"role": "student"}) for each in bundles.ROLES[2:4]]
    job = taken_in(bundles.bundle({"roles.csv": roles}, mode="delta"), actors.admin)
    assert faults(job, actors.admin) == []
    user = bundles.changed(bundles.USERS[2] | {"identifier": "4712"})
    job = checked(bundles.bundle({"users.csv": [user]}, mode="delta"), actors.admin)
    assert [each[:3] for each in faults(job, actors.admin)] == [("users.csv", 2, "identifier")]


# Archives and bounds


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_unusual_compression(actors, method):
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundles.bundle(bundles.rows()))) as good, zipfile.ZipFile(made, "w") as bad:
        for name in good.namelist():
            bad.writestr(name, good.read(name), method if name == "users.csv" else None)
    content = bytearray(made.getvalue())
    with zipfile.ZipFile(made) as opened:
        content[opened.getinfo("users.csv").header_offset + 60] ^= 0xFF
    for packed in (bytes(content), made.getvalue()):  # damaged, and as it should be
        job = checked(packed, actors.admin)
        assert job.status is ImportStatus.FAILED
        assert [rule for *_where, rule in faults(job, actors.admin)] == [UNUSUAL]


@pytest.mark.parametrize("flag", [0x1, 0x40])
def test_an_encrypted_member(actors, flag):
    content = bytearray(bundles.bundle(bundles.rows()))
    content[content.rindex(archive.ENTRY) + 8] |= flag
    job = checked(bytes(content), actors.admin)
    assert job.status is ImportStatus.FAILED
    assert [rule for *_where, rule in faults(job, actors.admin)] == ["The zip is encrypted."]


def test_so_many_faults_are_noted(actors, monkeypatch):
    monkeypatch.setattr(run, "MOST_FAULTS", 3)
    files = bundles.rows()
    files["users.csv"] = [each | {"enabledUser": "x"} for each in files["users.csv"] * 3]
    job = checked(bundles.bundle(files), actors.admin)
    told = [rule for *_where, rule in faults(job, actors.admin)]
    assert ["more than 3 faults" in rule for rule in told] == [False, False, False, True]
    assert (job.status, job.new_rows) == (ImportStatus.CHECKED, 0)


def test_so_many_rows_are_read(actors, monkeypatch):
    content = bundles.bundle(bundles.rows())  # five roles are the most of it
    monkeypatch.setattr(rows, "MOST_ROWS", 5)
    assert faults(checked(content, actors.admin), actors.admin) == []
    monkeypatch.setattr(rows, "MOST_ROWS", 4)
    assert ("roles.csv", 6, "", "The file has more than 4 rows.") in faults(
        checked(content, actors.admin), actors.admin
    )


def test_parents_are_followed_so_far(actors):
    def chain(length):
        return [
            {"sourcedId": f"o{at}", "name": "O", "type": "district", "parentSourcedId": f"o{at - 1}" if at else ""}
            for at in range(length)
        ]

    assert faults(checked(bundles.bundle({"orgs.csv": chain(rules.HIGHEST)}), actors.admin), actors.admin) == []
    job = checked(bundles.bundle({"orgs.csv": chain(rules.HIGHEST + 1)}), actors.admin)
    assert [each[:3] for each in faults(job, actors.admin)] == [("orgs.csv", rules.HIGHEST + 2, "parentSourcedId")]


@pytest.mark.parametrize("mode", ["delta", "bulk"])
def test_a_circle_is_told_whatever_of_it_is_stored(actors, mode):
    roster(actors)
    top = bundles.ORGS[0] | {"parentSourcedId": "s1"}  # which is stored, and below it
    files = {"orgs.csv": [bundles.changed(top)] if mode == "delta" else [top, *bundles.ORGS[1:]]}
    job = checked(bundles.bundle(files, mode=mode), actors.admin)
    lines = [2] if mode == "delta" else [2, 3, 4]
    assert [each[:3] for each in faults(job, actors.admin)] == [("orgs.csv", line, "parentSourcedId") for line in lines]
    files = {"academicSessions.csv": [bundles.changed(bundles.SESSIONS[0] | {"parentSourcedId": "y27"})]}
    job = checked(bundles.bundle(files, mode="delta"), actors.admin)
    assert [each[:3] for each in faults(job, actors.admin)] == [("academicSessions.csv", 2, "parentSourcedId")]


# As much as was agreed to


def test_no_more_vanishes_than_the_preview_said(actors):
    def courses(count):
        made = [{"sourcedId": f"c{at}", "title": "Course", "orgSourcedId": "s1"} for at in range(1, count)]
        return bundles.bundle(bundles.rows() | {"courses.csv": made})

    taken_in(courses(21), actors.admin)
    job = checked(courses(11), actors.admin)
    confirming.confirm(job.id, actor=actors.admin, queued=False, remove=True)
    put("""INSERT INTO oneroster_courses (sourced_id, title, course_code, organization_id, source_system)
           SELECT 'late', 'Late', 'L', id, 'SIS' FROM organizations WHERE sourced_id = 's1'""")
    db.session.commit()
    imports.carry_out(job.id)
    assert (afresh(job).status, "More would vanish" in afresh(job).message) == (ImportStatus.FAILED, True)
    assert found("SELECT count(*) FROM oneroster_courses WHERE status = 'active'") == (21,)
