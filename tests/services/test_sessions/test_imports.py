"""Importing registrations from a file: the whole check, what is written, and taking it back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.imports import Import, ImportIssue, ImportStatus
from app.models.students import IdentityType, Student
from app.models.test_sessions import TestRegistration
from app.services import import_reports, import_undo, imports
from app.services.errors import NotAllowed
from app.services.import_run import Progress
from app.services.test_sessions import import_rows, importing
from tests.factories.edfi import guardian_of
from tests.factories.seating import allocation, registered, session
from tests.factories.students import student
from tests.services.test_sessions.conftest import NEXT

HEADER = "session_code,test_number,identity_type,identity_number,first_name,last_name,birth_date,needs_accessible_room"
SA_ID = "8001015009087"


@pytest.fixture(autouse=True)
def _no_second_connection(monkeypatch):
    """The test's rows are in a transaction that other connections do not see."""
    monkeypatch.setattr(
        imports, "apart", lambda statement, **values: db.session.execute(text(statement), values).rowcount
    )
    monkeypatch.setattr(Progress, "at", lambda self, done, total: None)


@pytest.fixture
def code(centre):
    return centre.session.code


def file(*rows: str) -> bytes:
    return "\n".join((HEADER, *rows)).encode()


def checked(content: bytes, actor) -> Import:
    job = imports.start("test-registrations", "people.csv", content, actor=actor, queued=False)
    imports.check(job.id)
    return db.session.get_one(Import, job.id, populate_existing=True)


def done(content: bytes, actor) -> Import:
    job = checked(content, actor)
    imports.confirm(job.id, actor=actor, queued=False)
    imports.carry_out(job.id)
    return db.session.get_one(Import, job.id, populate_existing=True)


def issues(job: Import) -> list[tuple[int, str, str]]:
    found = select(ImportIssue).where(ImportIssue.import_id == job.id).order_by(ImportIssue.line, ImportIssue.column)
    return [(each.line, each.column, each.kind.value) for each in db.session.scalars(found)]


def test_a_file_is_checked_as_a_whole_then_written(code, officer):
    known = student(last_name="Okoye", identity_type="PASSPORT", identity_number="A12345")
    content = file(
        f"{code},,SA_ID,{SA_ID},Amina,Haddad,1980-01-01,yes",
        f"{code.lower()},{known.test_number},,,,okoye,,",
        f"{code},,passport,a1 2345,Sol,Okoye,,",
    )
    job = checked(content, officer)
    assert (job.status, job.total_rows, job.new_rows, job.unchanged_rows) == (ImportStatus.CHECKED, 3, 2, 1)
    assert [row["line"] for row in job.sample] == [2, 3]
    assert db.session.scalar(text("SELECT count(*) FROM test_registrations")) == 1, "a check writes nothing"
    imports.confirm(job.id, actor=officer, queued=False)
    imports.carry_out(job.id)
    made = db.session.scalars(select(Student).where(Student.identity_number == SA_ID)).one()
    assert (made.first_name, made.identity_type, made.birth_date) == ("Amina", IdentityType.SA_ID, date(1980, 1, 1))
    assert made.needs_accessible_room is True
    of_import = select(TestRegistration.student_id).where(TestRegistration.import_id == job.id)
    assert set(db.session.scalars(of_import)) == {made.id, known.id}
    again = checked(content, officer)
    assert (again.new_rows, again.unchanged_rows) == (0, 3)


def test_what_a_row_says_of_a_student_whom_you_have_is_not_taken_in_silence(code, officer):
    """They are registered and stay as they are; what differs is listed, in the check and afterwards."""
    known = student(first_name="Sol", last_name="Okoye", phone="+442079460018", needs_accessible_room=False)
    head = "session_code,test_number,first_name,last_name,phone,email,needs_accessible_room,accommodation_needs"
    rows = (
        f"{code},{known.test_number},SOL,okoye,020 7946 0018,,no,",
        f"{code},{known.test_number},Zed,Okoye,020 7946 0019,a@example.org,yes,more time",
    )
    columns = ["accommodation_needs", "email", "first_name", "needs_accessible_room", "phone"]
    assert issues(checked(f"{head}\n{rows[0]}".encode(), officer)) == [], "it says what the school has"
    content = f"{head}\n{rows[1]}".encode()
    job = checked(content, officer)
    assert issues(job) == [(2, name, "kept") for name in columns]
    assert (job.new_rows, job.invalid_rows) == (1, 0)
    [shown] = job.sample
    stored = {"first_name": "Sol", "email": None, "needs_accessible_room": "False", "test_number": known.test_number}
    assert {name: shown[name] for name in stored} == stored
    job = done(content, officer)
    assert issues(job) == [(2, name, "kept") for name in columns]
    now = db.session.get_one(Student, known.id, populate_existing=True)
    assert (now.first_name, now.email, now.needs_accessible_room) == ("Sol", None, False)
    again = checked(content, officer)
    assert (again.unchanged_rows, len(issues(again))) == (1, len(columns)), "also of who is registered already"


def test_every_error_of_every_row_is_told_with_line_and_column(code, officer, centre):
    other = student(last_name="Okoye")
    twin = student(first_name="Ben", last_name="Same", birth_date=date(2010, 5, 5))
    job = checked(
        file(
            f"{code},,SA_ID,8001015009088,A,B,,",  # the check digit
            f"{code},,SA_ID,,A,B,tomorrow,perhaps",
            ",,,,A,B,,",
            "NOWHERE,,,,A,B,,",
            f"{code},20260000000018,,,A,B,,",
            f"{code},{other.test_number},,,Sol,Haddad,,",
            f"{code},,,,OnlyFirst,,,",
            f"{code},,,,Ben,Same,{twin.birth_date},",
            f"{code},,,,Cat,Lone,,",
            f"{code},,,,cat,lone,,",
            f"{code},,LICENCE,1,A,B,,",
        ),
        officer,
    )
    assert issues(job) == [
        (2, "identity_number", "invalid"),
        (3, "birth_date", "invalid"),
        (3, "identity_number", "invalid"),
        (3, "needs_accessible_room", "invalid"),
        (4, "session_code", "invalid"),
        (5, "session_code", "invalid"),
        (6, "test_number", "invalid"),
        (7, "test_number", "invalid"),
        (8, "last_name", "invalid"),
        (9, "last_name", "duplicate"),
        (11, "last_name", "duplicate"),
        (12, "identity_type", "invalid"),
    ]
    assert (job.new_rows, job.invalid_rows, job.duplicate_rows) == (1, 8, 2)


def test_all_faults_of_a_row_are_told_at_once_whichever_check_finds_them(code, officer):
    """A value that cannot be read hides neither an unknown session nor a wrong number."""
    students = "SELECT count(*) FROM students"
    before = db.session.scalar(text(students))
    job = checked(
        file(
            "NONE-1,00000000000000,,,Amina,Haddad,31/03/2008,",
            f"{code},,SA_ID,8001015009088,Amina,Haddad,2999-01-01,perhaps",
            "NONE-2,,,,,Haddad,,",
            ",00000000000000,,,Amina,Haddad,,",
        ),
        officer,
    )
    assert issues(job) == [
        (2, "birth_date", "invalid"),
        (2, "session_code", "invalid"),
        (2, "test_number", "invalid"),
        (3, "birth_date", "invalid"),
        (3, "identity_number", "invalid"),
        (3, "needs_accessible_room", "invalid"),
        (4, "first_name", "invalid"),
        (4, "session_code", "invalid"),
        (5, "session_code", "invalid"),
    ]
    assert (job.invalid_rows, job.new_rows, db.session.scalar(text(students))) == (4, 0, before)


def test_what_only_a_constraint_refuses_takes_its_own_row_back(code, officer):
    job = done(
        file(
            f"{code},,,,Amina,Haddad,1799-01-01,", f"{code},,,,Ben,Ode,2008-01-01,", f"{code},,,,C,D,1799-01-01,perhaps"
        ),
        officer,
    )
    assert issues(job) == [
        (2, "birth_date", "invalid"),
        (4, "birth_date", "invalid"),
        (4, "needs_accessible_room", "invalid"),
    ]
    assert (job.status, job.new_rows, job.invalid_rows) == (ImportStatus.DONE, 1, 2)


def test_the_rules_of_a_booking_hold_for_each_row(code, officer, centre):
    busy = registered(session(centre.venue, session_date=date(NEXT, 8, 1)), 1)[0]
    number = db.session.scalar(text("SELECT test_number FROM students WHERE id = :id"), {"id": busy})
    shut = session(centre.venue, status="closed").code
    job = done(file(f"{code},{number},,,,,,", f"{shut},,,,A,B,,", f"{code},,,,Cat,Lone,,"), officer)
    assert issues(job) == [(2, "last_name", "invalid"), (3, "session_code", "invalid")]
    assert db.session.scalar(text("SELECT count(*) FROM students WHERE last_name = 'B'")) == 0, (
        "taken back with its row"
    )
    assert (job.new_rows, job.invalid_rows) == (1, 2)


def test_taking_an_import_back(centre, code, officer):
    known = student(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    job = done(file(f"{code},{known.test_number},,,,,,", f"{code},,,,Cat,Lone,,", f"{code},,,,Dan,Seated,,"), officer)
    seated = db.session.scalars(select(Student).where(Student.last_name == "Seated")).one()
    allocation(centre.session, centre.room, seated.id, "1")
    undone = import_undo.undo(job.id, actor=officer)
    assert "2 registrations and 1 students, 1 kept" in undone.message
    assert issues(job) == [(1, "test_number", "kept")]
    left = db.session.scalars(select(TestRegistration.student_id).where(TestRegistration.import_id == job.id)).all()
    assert left == [seated.id]
    gone = db.session.scalars(select(Student).where(Student.last_name == "Lone")).one()
    assert gone.deleted_at is not None
    assert db.session.get_one(Student, known.id, populate_existing=True).deleted_at is None
    assert import_undo.undo(job.id, actor=officer).status is ImportStatus.UNDONE


def test_a_student_to_whom_somebody_added_a_guardian_stays(code, officer):
    """Or that guardian would look after a student who is gone."""
    job = done(file(f"{code},,,,Amina,Haddad,,", f"{code},,,,Cat,Lone,,"), officer)
    people = {each.last_name: each.id for each in db.session.scalars(select(Student))}
    guardian_of(db.session.get_one(Student, people["Haddad"]))
    assert "2 registrations and 1 students" in import_undo.undo(job.id, actor=officer).message
    gone = db.session.scalars(select(Student.last_name).where(Student.deleted_at.is_not(None))).all()
    assert gone == ["Lone"]


def test_only_those_who_look_after_tests(code, actors):
    for each in (actors.staff, actors.teacher):
        with pytest.raises(NotAllowed):
            imports.start("test-registrations", "x.csv", file(), actor=each, queued=False)


def test_too_many_rows_are_refused_as_a_whole(code, officer, monkeypatch):
    monkeypatch.setattr(importing, "MOST_ROWS", 2)
    job = checked(file(*[f"{code},,,,A{number},B,," for number in range(3)]), officer)
    assert job.status is ImportStatus.FAILED


def test_the_template_is_a_file_that_can_be_filled(centre, officer):
    head = import_reports.template("test-registrations").decode("utf-8-sig").strip().split(",")
    assert head == list(import_rows.NAMES)
    assert set(import_rows.OF_STUDENT) <= set(import_rows.RowInput.model_fields)
