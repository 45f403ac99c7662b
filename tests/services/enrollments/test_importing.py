"""Inviting from a file: every fault at once, nothing before it is confirmed, left out what is known, taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.enrollments import EnrollmentInvitation
from app.models.imports import ImportIssue
from app.services import import_reports, import_undo, imports
from app.services.enrollments import accepting
from app.services.errors import NotAllowed
from tests.factories import enrollments as make


@pytest.fixture
def db_session(committed_app):
    """A check writes its progress in a transaction of its own."""
    with committed_app.app_context():
        yield db.session


HEAD = "student_first_name,student_last_name,guardian_email,grade_level,program_interests,coach,school\n"
GOOD = "Noor,Haddad,a@home.example,9,Tennis; music,,hill\nOmar,Haddad,b@home.example,K,,coach,\n"


def checked(actor, content):
    make.hill_school()
    job = imports.start("enrollment-invitations", "families.csv", (HEAD + content).encode(), actor=actor, queued=False)
    imports.check(job.id)
    return import_reports.get(job.id, actor)


def carried_out(actor, content):
    job = checked(actor, content)
    imports.confirm(job.id, actor=actor, queued=False)
    imports.carry_out(job.id)
    db.session.expire_all()
    return import_reports.get(job.id, actor)


def test_nothing_is_sent_before_it_is_confirmed_and_each_family_once(db_session, actors):
    job = checked(actors.coach, GOOD)
    assert (job.status.value, job.new_rows, job.invalid_rows) == ("checked", 2, 0)
    assert db_session.scalar(text("SELECT count(*) FROM letters")) == 0
    assert db_session.scalar(text("SELECT count(*) FROM enrollment_invitations")) == 0
    job = carried_out(actors.coach, GOOD)
    assert (job.status.value, job.new_rows) == ("done", 2)
    made = db_session.scalars(select(EnrollmentInvitation).order_by(EnrollmentInvitation.guardian_email)).all()
    assert [(each.grade_level, each.program_interests) for each in made] == [
        ("Ninth grade", ["Tennis", "Music"]),
        ("Kindergarten", []),
    ]
    assert {each.coach_id for each in made} == {actors.coach.id}
    assert db_session.scalar(text("SELECT count(*) FROM letters")) == 2
    again = checked(actors.coach, GOOD)
    assert (again.new_rows, again.unchanged_rows) == (0, 2)


def test_every_fault_is_reported_with_its_line_and_column(db_session, actors):
    bad = "Noor,,nobody,99,Chess,ghost,moon\nOmar,Haddad,b@home.example,,,,\nOmar,Haddad,B@home.example,,,,\n"
    job = checked(actors.coach, bad)
    assert (job.new_rows, job.invalid_rows, job.duplicate_rows) == (1, 1, 1)
    issues = db_session.scalars(select(ImportIssue).where(ImportIssue.import_id == job.id)).all()
    columns = {each.column for each in issues if each.line == 2}
    assert columns == {"student_last_name", "guardian_email", "grade_level", "program_interests", "coach", "school"}
    assert [each.column for each in issues if each.line == 4] == ["guardian_email"]


def test_the_office_names_the_coach_and_others_may_not(db_session, actors):
    assert checked(actors.admissions, "Noor,Haddad,a@home.example,,,,\n").invalid_rows == 1
    assert checked(actors.admissions, "Noor,Haddad,a@home.example,,,coach,\n").new_rows == 1
    with pytest.raises(NotAllowed):
        checked(actors.staff, GOOD)


def test_taking_it_back_revokes_what_no_family_has_accepted(db_session, actors):
    job = carried_out(actors.coach, GOOD)
    first = db_session.scalars(
        select(EnrollmentInvitation).where(EnrollmentInvitation.guardian_email == "a@home.example")
    )
    accepting.accept_as_known(make.token(first.one()), actor=actors.guardian, ip_address=make.HERE)
    import_undo.undo(job.id, actor=actors.coach)
    assert "1 invitations revoked, 1 kept" in import_reports.get(job.id, actors.coach).message
    told = "SELECT count(*) FROM enrollment_events WHERE type = 'invitation_revoked' AND actor_id = :id"
    assert db_session.scalar(text(told), {"id": actors.coach.id}) == 1
