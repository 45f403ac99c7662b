"""Importing students: what is read, refused, known already and written, and taking it back."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.imports import ImportStatus
from app.models.student_records import (
    Guardian,
    OneRosterUser,
    StudentGuardian,
    StudentProgramExtension,
    StudentSchoolAssociation,
)
from app.models.students import Student
from app.services import import_reports, import_run, import_undo, imports
from app.services.errors import Invalid, NotAllowed
from app.services.records import erasing, links, naming
from tests.factories.records import organization
from tests.factories.students import student

pytestmark = pytest.mark.usefixtures("db_session")
HEADER = "first_name,last_name,birth_date,grade_level"


@pytest.fixture(autouse=True)
def together(monkeypatch):
    """Status and progress, which are written on a connection of their own, in the transaction of the test."""

    def apart(statement, **values):
        return db.session.execute(text(statement), values).rowcount

    monkeypatch.setattr(imports, "apart", apart)
    monkeypatch.setattr(import_run, "apart", apart)


@pytest.fixture
def the_school(actors):
    return organization(name="Northside", identifier="N1")


def bring(actor, *rows, header=HEADER, confirm=True, **options):
    content = "\n".join((header, *rows)).encode()
    job = imports.start("students", "students.csv", content, actor=actor, options=options, queued=False)
    imports.check(job.id)
    if confirm and job.new_rows:
        imports.confirm(job.id, actor=actor, queued=False)
        imports.carry_out(job.id)
    db.session.refresh(job)
    return job


def issues(job, actor):
    return [(each.line, each.column, each.kind.value) for each in import_reports.issues(job.id, actor)[0]]


def test_a_whole_row_becomes_a_whole_set(actors, the_school):
    header = (
        "student_unique_id,first_name,last_name,birth_date,birth_sex_descriptor,hispanic_latino_ethnicity,races,school,"
        "entry_date,grade_level,entry_type_descriptor,program_interests,guardian_first_name,guardian_last_name,"
        "guardian_email,guardian_phone,guardian_relation"
    )
    row = (
        "OLD-1,Zoë,Ångström,2015-04-01,female,no,Asian; white,n1,2026-01-07,K,transfer,Chess; Football,Maj,Ångström,"
        "maj@example.org,020 7946 0018,mother"
    )
    job = bring(actors.admissions, row, header=header)
    assert (job.status, job.new_rows, job.invalid_rows) == (ImportStatus.DONE, 1, 0)
    made = db.session.scalars(select(Student)).one()
    assert (made.student_unique_id, made.birth_sex_descriptor, made.races) == ("OLD-1", "Female", ["Asian", "White"])
    at = db.session.scalars(select(StudentSchoolAssociation)).one()
    assert (at.entry_grade_level_descriptor, at.entry_type_descriptor, at.school_year) == (
        "Kindergarten",
        "Transfer",
        2026,
    )
    assert at.school_id == the_school.id
    extension = db.session.scalars(select(StudentProgramExtension)).one()
    assert extension.sport_interests == ["Chess", "Football"] and extension.enrollment_status == "enrolled"
    users = {user.role.value: user for user in db.session.scalars(select(OneRosterUser))}
    assert users["student"].grades == ["KG"] and users["student"].sourced_id == "student_OLD-1"
    assert users["student"].username == f"zoe.angstrom.{made.student_usi}"
    assert users["guardian"].org_ids == [the_school.sourced_id]
    assert db.session.scalars(select(Guardian)).one().phone == "+442079460018"


def test_the_check_writes_nothing_and_names_every_fault(actors, the_school):
    job = bring(actors.admissions, ",Ek,2999-01-01,14", "A,,x,", "Ida,Ek,2015-01-01,3", confirm=False)
    assert sorted(issues(job, actors.admissions)) == [
        (2, "birth_date", "invalid"),
        (2, "first_name", "invalid"),
        (2, "grade_level", "invalid"),
        (3, "birth_date", "invalid"),
        (3, "grade_level", "invalid"),
        (3, "last_name", "invalid"),
    ]
    assert (job.new_rows, job.invalid_rows) == (1, 2)
    assert db.session.query(Student).count() == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("birth_sex_descriptor", "F"),
        ("races", "White; Martian"),
        ("entry_type_descriptor", "Walk-in"),
        ("guardian_relation", "Boss"),
        ("hispanic_latino_ethnicity", "perhaps"),
        ("student_unique_id", "a b"),
        ("student_unique_id", "x" * 33),
        ("email", "nobody"),
        ("phone", "12"),
        ("school", "Elsewhere"),
        ("entry_date", "soon"),
        ("guardian_email", "x@y"),
    ],
)
def test_each_wrong_cell_is_named(actors, the_school, name, value):
    job = bring(actors.admissions, f"Ida,Ek,2015-01-01,3,{value}", header=f"{HEADER},{name}", confirm=False)
    found = {column for _line, column, _kind in issues(job, actors.admissions)}
    assert job.invalid_rows == 1
    assert name in found or (name.startswith("guardian_") and "guardian_first_name" in found)


def test_a_cell_that_cannot_be_read_hides_no_other_fault(actors, the_school):
    header = f"{HEADER},school,guardian_first_name,entry_date"
    job = bring(actors.admissions, "Ida,Ek,2015-01-01,99,Elsewhere,Bo,2199-05-01", header=header, confirm=False)
    assert {column for _line, column, _kind in issues(job, actors.admissions)} == {
        "grade_level",
        "school",
        "guardian_last_name",
        "entry_date",
    }


def test_of_several_schools_one_must_be_named(actors, the_school):
    organization(name="Southside", identifier="S")
    job = bring(actors.admissions, "Ida,Ek,2015-01-01,3", confirm=False)
    assert issues(job, actors.admissions) == [(2, "school", "invalid")]


def test_whom_we_have_is_unchanged_or_a_duplicate(actors, the_school):
    header, row = f"{HEADER},student_unique_id", "Ida,Ek,2015-01-01,3,OLD-1"
    bring(actors.admissions, row, header=header)
    again = bring(actors.admissions, row, "Ida,Other,2015-01-01,3,OLD-1", header=header)
    assert (again.unchanged_rows, again.duplicate_rows, again.new_rows) == (1, 1, 0)
    by_name = bring(actors.admissions, "ida,EK,2015-01-01,3")
    assert (by_name.duplicate_rows, by_name.new_rows) == (1, 0)
    taken = bring(actors.admissions, "ida,EK,2015-01-01,3", duplicates="import")
    assert (taken.duplicate_rows, taken.new_rows) == (1, 1)


def test_a_row_twice_in_a_file_is_taken_once(actors, the_school):
    job = bring(actors.admissions, "Ida,Ek,2015-01-01,3", "ida,ek,2015-01-01,4")
    assert (job.new_rows, job.duplicate_rows) == (1, 1)


def test_children_share_their_guardian_also_across_files(actors, the_school):
    header = f"{HEADER},guardian_first_name,guardian_last_name,guardian_email"
    bring(actors.admissions, "A,Ek,2015-01-01,3,Maj,Ek,m@x.org", "B,Ek,2016-01-01,2,maj,ek,M@x.org", header=header)
    bring(actors.admissions, "C,Ek,2017-01-01,1,Maj,Ek,m@x.org", header=header)
    assert db.session.query(Guardian).count() == 1
    assert db.session.scalar(text("SELECT count(*) FROM oneroster_agents")) == 3


def test_ids_are_made_anew_where_they_are_taken(actors, the_school, monkeypatch):
    student(student_unique_id="T-2")
    given = iter(["T-1", "T-1", "T-2", "T-3"])
    monkeypatch.setattr(naming, "new_student_unique_id", lambda day: next(given))
    job = bring(actors.admissions, "A,Ek,2015-01-01,3", "B,Ek,2015-01-01,3", confirm=False)
    assert job.new_rows == 2 and {row["student_unique_id"] for row in job.sample} == {"T-1", "T-3"}


def test_the_id_of_somebody_who_was_erased_stops_its_row_alone(actors, the_school):
    header = f"{HEADER},student_unique_id"
    bring(actors.admissions, "Ida,Ek,2015-01-01,3,A-1", header=header)
    one = db.session.scalars(select(Student)).one()
    erasing.erase([one.id], actor=actors.admin, reason="asked")
    rows = [f"{name},Ek,2015-01-01,3,A-{number}" for name, number in (("Bo", 2), ("Cy", 3), ("Di", 1))]
    for new, left in ((2, 1), (0, 1)):
        job = bring(actors.admissions, *rows, header=header)
        assert (job.new_rows, job.duplicate_rows) == (new, left)
        [issue] = import_reports.issues(job.id, actors.admissions)[0]
        assert (issue.line, issue.column, issue.value) == (4, "student_unique_id", "A-1")
        assert "erased" in issue.rule and issue.record_id is None
    assert job.status is ImportStatus.CHECKED and job.unchanged_rows == 2


def test_an_id_by_which_other_systems_know_somebody_else_is_not_given_again(actors, the_school):
    header = f"{HEADER},student_unique_id"
    bring(actors.admissions, "Ida,Ek,2015-01-01,3,A-1", header=header)
    one = db.session.scalars(select(Student)).one()
    one.student_unique_id = "B-1"
    db.session.commit()
    job = bring(actors.admissions, "Bo,Ek,2016-01-01,3,A-1", "Cy,Ek,2016-01-01,3,A-2", header=header)
    assert (job.new_rows, job.duplicate_rows) == (1, 1)
    [issue] = import_reports.issues(job.id, actors.admissions)[0]
    assert "Ida Ek" in issue.rule and issue.record_id == one.id


def test_no_id_of_somebody_who_was_erased_is_made(actors, the_school, monkeypatch):
    bring(actors.admissions, "Ida,Ek,2015-01-01,3,T-1", header=f"{HEADER},student_unique_id")
    erasing.erase([db.session.scalars(select(Student.id)).one()], actor=actors.admin, reason="asked")
    given = iter(["T-1", "T-2"])
    monkeypatch.setattr(naming, "new_student_unique_id", lambda day: next(given))
    job = bring(actors.admissions, "A,Ek,2015-01-01,3", confirm=False)
    assert [row["student_unique_id"] for row in job.sample] == ["T-2"]


def test_only_the_office_imports(actors, the_school):
    for name in ("staff", "coach", "teacher", "guardian"):
        with pytest.raises(NotAllowed):
            imports.start("students", "x.csv", b"", actor=getattr(actors, name), queued=False)
    with pytest.raises(Invalid):
        imports.start("students", "x.csv", b"", actor=actors.admissions, options={"duplicates": "x"}, queued=False)


def test_an_import_is_taken_back_but_for_whom_somebody_worked_with(actors, the_school):
    job = bring(actors.admissions, "A,Ek,2015-01-01,3", "B,Ek,2015-01-01,3")
    one = db.session.scalars(select(Student).where(Student.first_name == "A")).one()
    db.session.execute(text("ALTER TABLE students DISABLE TRIGGER stamps"))
    db.session.execute(text("UPDATE students SET updated_at = now() + interval '1 s' WHERE id = :id"), {"id": one.id})
    import_undo.undo(job.id, actor=actors.admissions)
    assert [each.first_name for each in db.session.scalars(select(Student))] == ["A"]
    assert db.session.query(OneRosterUser).filter_by(status="active").count() == 1
    assert "1 students, 1 kept" in job.message


def test_what_was_taken_back_is_imported_anew(actors, the_school):
    """The same ids tell other systems of the same people again; whoever has none gets another one."""
    header = f"{HEADER},student_unique_id,guardian_first_name,guardian_last_name,guardian_email"
    rows = ("A,Ek,2015-01-01,3,A-1,Maj,Ek,m@x.org", "B,Ek,2016-01-01,2,,Maj,Ek,m@x.org")
    users = select(OneRosterUser.role, OneRosterUser.status).order_by(OneRosterUser.role, OneRosterUser.status)
    for _turn in range(2):
        job = bring(actors.admissions, *rows, header=header)
        assert (job.new_rows, job.duplicate_rows, job.status) == (2, 0, ImportStatus.DONE)
        alive = [role for role, status in db.session.execute(users) if status == "active"]
        assert alive == ["guardian", "student", "student"]
        again = db.session.scalars(select(OneRosterUser).where(OneRosterUser.sourced_id == "student_A-1")).one()
        assert (again.status, again.given_name, again.student_id is None) == ("active", "A", False)
        import_undo.undo(job.id, actor=actors.admissions)
        db.session.expire_all()
        gone = db.session.scalars(select(OneRosterUser)).all()
        assert {each.status for each in gone} == {"tobedeleted"} and not any(each.enabled_user for each in gone)
        assert {each.given_name for each in gone} == {"Erased"} and {each.email for each in gone} == {None}
    assert db.session.query(Student).count() == db.session.query(Guardian).count() == 0


def test_a_guardian_whom_an_import_gave_a_child_is_as_before_when_it_is_taken_back(actors, the_school):
    header = f"{HEADER},guardian_first_name,guardian_last_name,guardian_email"
    first = bring(actors.admissions, "A,Ek,2015-01-01,3,Maj,Ek,m@x.org", header=header)
    links.delete_links(list(db.session.scalars(select(StudentGuardian.id))), actor=actors.admissions)
    db.session.execute(text("ALTER TABLE guardians DISABLE TRIGGER stamps"))
    db.session.execute(text("UPDATE guardians SET created_at = '2020-01-01'"))
    job = bring(actors.admissions, "B,Ek,2016-01-01,2,Maj,Ek,m@x.org", header=header)
    [maj] = db.session.scalars(select(OneRosterUser).where(OneRosterUser.role == "guardian"))
    assert maj.enabled_user and job.finished_at == first.finished_at  # one transaction, one moment
    import_undo.undo(job.id, actor=actors.admissions)
    db.session.refresh(maj)
    assert not maj.enabled_user


def test_who_was_given_a_guardian_or_another_school_since_is_not_taken_back(actors, the_school):
    job = bring(actors.admissions, *[f"{name},Ek,2015-01-01,3" for name in "ABC"])
    one, two, _three = db.session.scalars(select(Student).order_by(Student.first_name)).all()
    guardian = links.create_guardian({"first_name": "Bo", "last_name": "Ek"}, actor=actors.admissions)
    links.create_link({"student_id": one.id, "guardian_id": guardian.id}, actor=actors.admissions)
    other = organization(name="Southside", identifier="S")
    entered = {"student_id": two.id, "school_id": other.id, "entry_date": date(2026, 9, 1)}
    grade = {
        "entry_grade_level_descriptor": "Third grade",
        "entry_type_descriptor": "Transfer",
        "primary_school": False,
    }
    links.create_association(entered | grade, actor=actors.admissions)
    later = "UPDATE {} SET created_at = now() + interval '1 s', updated_at = now() + interval '1 s' WHERE {} = :id"
    db.session.execute(text("ALTER TABLE student_guardians DISABLE TRIGGER stamps"))
    db.session.execute(text("ALTER TABLE student_school_associations DISABLE TRIGGER stamps"))
    db.session.execute(text(later.format("student_guardians", "guardian_id")), {"id": guardian.id})
    db.session.execute(text(later.format("student_school_associations", "school_id")), {"id": other.id})
    import_undo.undo(job.id, actor=actors.admissions)
    assert sorted(each.first_name for each in db.session.scalars(select(Student))) == ["A", "B"]
