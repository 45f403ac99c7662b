"""The records of a student: what is in them, what stops them, and that they are made exactly once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import event, select, text

from app.extensions import db
from app.models.enrollments import EnrollmentEvent
from app.models.student_records import (
    Guardian,
    OneRosterUser,
    RecordCreationAttempt,
    StudentGuardian,
    StudentProgramExtension,
    StudentSchoolAssociation,
)
from app.models.students import Student
from app.services import accounts, school
from app.services.records import creation, sets
from app.services.transaction import transactional
from tests.factories.records import STUDENT, enrollment

pytestmark = pytest.mark.usefixtures("db_session")


@transactional
def made_of(one, *, actor):
    return creation.create_records(one, actor=actor)


def count(model) -> int:
    return db.session.query(model).count()


def test_one_set_is_made_in_the_standards_shape(actors):
    one = enrollment()
    attempt = made_of(one, actor=actors.guardian)
    student = db.session.get(Student, attempt.student_id)
    assert attempt.succeeded and one.student_id == student.id and one.status == "registered"
    assert one.records_due_since is None
    assert student.student_unique_id == one.enrollment_code.replace("-ENROLL-", "-STU-")
    assert (student.first_name, student.last_name, student.races) == ("Zoë", "Ångström", ["White", "Asian"])
    assert (student.birth_sex_descriptor, student.source_system_descriptor) == ("Female", "TSA_Admissions_Portal")
    assert student.hispanic_latino_ethnicity is False and student.guardian_name == "Maj Ångström"


def test_the_association_has_the_grade_and_the_day(actors):
    one = enrollment()
    made_of(one, actor=actors.guardian)
    found = db.session.scalars(
        select(StudentSchoolAssociation).where(StudentSchoolAssociation.student_id == one.student_id)
    ).one()
    assert found.entry_grade_level_descriptor == "First grade" and found.entry_type_descriptor == "New student"
    assert found.entry_date == school.today() and found.primary_school and found.school_id == one.school_id
    assert found.exit_date is None


def test_the_extension_has_what_the_program_knows(actors):
    one = enrollment()
    made_of(one, actor=actors.guardian)
    found = db.session.scalars(select(StudentProgramExtension)).one()
    assert found.sport_interests == ["Football", "Chess"] and found.enrollment_status == "registered"
    assert found.referring_coach_id == one.coach_id and found.invitation_id == one.invitation_id
    assert found.consultation_completed and str(found.shadow_day) == "2026-03-01"
    assert str(found.expected_start_date) == "2026-09-01" and found.grade_at_enrollment == "First grade"


def test_student_and_guardian_are_users_of_oneroster(actors):
    one = enrollment()
    made_of(one, actor=actors.guardian)
    student = db.session.get(Student, one.student_id)
    users = {user.role.value: user for user in db.session.scalars(select(OneRosterUser))}
    child, parent = users["student"], users["guardian"]
    assert child.sourced_id == f"student_{student.student_unique_id}"
    assert child.username == f"zoe.angstrom.{student.student_usi}" and child.identifier == student.student_unique_id
    assert child.grades == ["01"] and child.birth_date == student.birth_date and child.enabled_user
    guardian = db.session.scalars(select(Guardian)).one()
    assert guardian.user_id == one.guardian_id and guardian.phone == "+442079460018"
    assert parent.sourced_id == f"guardian_{guardian.contact_unique_id}" and parent.org_ids == child.org_ids
    link = db.session.scalars(select(StudentGuardian)).one()
    assert link.primary_contact and link.relation_descriptor == "Mother"
    agents = db.session.execute(text("SELECT oneroster_user_id, agent_id FROM oneroster_agents")).all()
    assert agents == [(child.id, parent.id)]


def test_asking_again_makes_nothing_more(actors):
    one = enrollment()
    first = made_of(one, actor=actors.guardian)
    assert made_of(one, actor=actors.guardian).id == first.id
    assert count(Student) == count(RecordCreationAttempt) == 1


def test_a_second_child_has_the_same_guardian(actors):
    made_of(enrollment(), actor=actors.guardian)
    made_of(enrollment(student=STUDENT | {"first_name": "Ida"}), actor=actors.guardian)
    assert count(Guardian) == 1 and count(StudentGuardian) == 2
    parent = db.session.scalars(select(OneRosterUser).where(OneRosterUser.role == "guardian")).one()
    assert len(parent.org_ids) == 2


LEILA = {
    "guardian_first_name": "Leila",
    "guardian_last_name": "Mansour",
    "guardian_email": "leila@example.org",
    "guardian_phone": "+44 20 7946 0099",
}


def guardian_of(one) -> Guardian:
    link = db.session.scalars(select(StudentGuardian).where(StudentGuardian.student_id == one.student_id)).one()
    return db.session.get(Guardian, link.guardian_id)


def test_another_parent_of_the_same_account_is_another_guardian(actors):
    first, second = enrollment(), enrollment(student=STUDENT | {"first_name": "Ida"} | LEILA)
    third = enrollment(student=STUDENT | {"first_name": "Eli"} | LEILA | {"guardian_first_name": "LEILA"})
    for one in (first, second, third):
        assert made_of(one, actor=actors.guardian).succeeded
    maj, leila = guardian_of(first), guardian_of(second)
    assert (maj.first_name, maj.email, maj.phone) == ("Maj", "maj@example.org", "+442079460018")
    assert (leila.first_name, leila.last_name, leila.email) == ("Leila", "Mansour", "leila@example.org")
    assert leila.phone == "+442079460099" and leila.user_id is None and maj.user_id == first.guardian_id
    assert guardian_of(third) == leila and count(Guardian) == 2
    users = db.session.scalars(select(OneRosterUser.given_name).where(OneRosterUser.role == "guardian"))
    assert sorted(users) == ["Leila", "Maj"]


def test_the_guardian_of_the_account_is_known_by_name_whatever_the_capitals(actors):
    made_of(enrollment(), actor=actors.guardian)
    again = {"guardian_first_name": "MAJ", "guardian_email": "other@example.org"}
    second = enrollment(student=STUDENT | {"first_name": "Ida"} | again)
    made_of(second, actor=actors.guardian)
    assert count(Guardian) == 1 and guardian_of(second).email == "maj@example.org"


REQUIRED = (
    "first_name",
    "last_name",
    "birth_date",
    "grade_level",
    "birth_sex_descriptor",
    "hispanic_latino_ethnicity",
    "races",
    "guardian_first_name",
    "guardian_last_name",
    "guardian_email",
    "guardian_phone",
)


@pytest.mark.parametrize("name", REQUIRED)
def test_each_missing_field_is_named(actors, name):
    one = enrollment(student={key: value for key, value in STUDENT.items() if key != name})
    attempt = made_of(one, actor=actors.guardian)
    assert not attempt.succeeded and attempt.fields == {name: "missing"}
    assert one.student_id is None and one.records_due_since is not None and one.status == "in_progress"
    assert count(Student) == count(Guardian) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("birth_date", "2999-01-01"),
        ("birth_date", "1850-01-01"),
        ("birth_date", "soon"),
        ("grade_level", "14"),
        ("birth_sex_descriptor", "F"),
        ("races", ["Martian"]),
        ("races", "White"),
        ("guardian_email", "nobody"),
        ("guardian_phone", "12"),
        ("guardian_relation", "Boss"),
        ("first_name", "x" * 81),
        ("last_name", "a\0b"),
        ("hispanic_latino_ethnicity", "perhaps"),
    ],
)
def test_each_wrong_field_is_named(actors, name, value):
    attempt = made_of(
        enrollment(student=STUDENT | ({name: value} if "\0" not in str(value) else {name: 7})), actor=actors.guardian
    )
    assert attempt.fields == {name: "invalid"}


def test_everything_that_is_missing_is_named_at_once(actors):
    attempt = made_of(enrollment(student={"first_name": "Zoë", "grade_level": "x"}), actor=actors.guardian)
    assert set(attempt.fields) == set(REQUIRED) - {"first_name"}
    assert attempt.fields["grade_level"] == "invalid" and attempt.fields["last_name"] == "missing"


def test_a_failure_is_an_event_and_a_notice(actors):
    one = enrollment(student=STUDENT | {"last_name": ""})
    made_of(one, actor=actors.guardian)
    happened = db.session.scalars(select(EnrollmentEvent).where(EnrollmentEvent.enrollment_id == one.id)).one()
    assert happened.type == "record_creation_failed" and happened.details["fields"] == {"last_name": "missing"}
    told = db.session.scalars(
        text("SELECT u.username FROM notifications n JOIN ab_user u ON u.id = n.recipient_id")
    ).all()
    assert {"coach", "admissions", "admin"} <= set(told) and "guardian" not in told


def test_who_is_no_coach_any_more_is_told_nothing_of_the_child(actors):
    accounts.set_roles(actors.coach.id, ["Teacher"], actor=actors.super_admin)
    made_of(enrollment(student=STUDENT | {"last_name": ""}), actor=actors.guardian)
    told = db.session.scalars(
        text("SELECT recipient_id FROM notifications WHERE type = 'record_creation_failed'")
    ).all()
    assert actors.admin.id in told and actors.coach.id not in told


def test_a_corrected_enrollment_heals(actors):
    one = enrollment(student=STUDENT | {"last_name": ""})
    made_of(one, actor=actors.guardian)
    due_since = one.records_due_since
    db.session.execute(text('UPDATE enrollment_steps SET data = data || \'{"last_name": "Ek"}\' WHERE step = 4'))
    attempt = made_of(one, actor=actors.admissions)
    assert attempt.succeeded and attempt.due_since == due_since
    assert count(Student) == 1 and count(RecordCreationAttempt) == 2


class Fault:
    """The nth writing statement from now on is refused by the database."""

    def __init__(self, number: int) -> None:
        self.left, self.hit = number, False

    def __call__(self, connection, cursor, statement, parameters, context, executemany):
        writes = statement.lstrip().startswith("INSERT") or "nextval" in statement or statement.startswith("UPDATE")
        if writes and not self.hit:
            self.left -= 1
            if self.left == 0:
                self.hit = True
                cursor.execute("SELECT 1/0")
        return statement, parameters


@pytest.mark.parametrize("number", range(1, 16))
def test_a_fault_at_any_statement_leaves_the_step_and_is_healed_by_a_retry(actors, number):
    one, fault = enrollment(), Fault(number)
    actor = actors.guardian

    @transactional
    def complete_step(*, actor):
        db.session.execute(text("SELECT id FROM enrollments FOR NO KEY UPDATE"))
        event.listen(db.engine, "before_cursor_execute", fault, retval=True)
        try:
            return creation.create_records(one, actor=actor)
        finally:
            event.remove(db.engine, "before_cursor_execute", fault)

    attempt = complete_step(actor=actor)
    if not fault.hit:
        assert attempt.succeeded and number > len(sets.STATEMENTS)
        return
    assert not attempt.succeeded and count(Student) == count(Guardian) == count(OneRosterUser) == 0
    assert (
        count(RecordCreationAttempt) == 1 and "22012" in db.session.scalars(select(RecordCreationAttempt)).one().message
    )
    db.session.refresh(one)
    assert one.records_due_since is not None
    assert made_of(one, actor=actors.admissions).succeeded
    assert count(Student) == count(OneRosterUser) - 1 == 1


def test_a_fault_in_writing_the_failure_down_still_saves_the_step(actors, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("broken")

    one = enrollment(student={}, records_due_since=datetime.now(UTC))
    monkeypatch.setattr(creation, "_note", broken)
    attempt = made_of(one, actor=actors.guardian)
    db.session.refresh(one)
    assert not attempt.succeeded and one.records_due_since is not None


def test_completing_enters_the_deposit_and_the_day(actors):
    one = enrollment(steps=6, deposit_paid=True, deposit_amount=50, deposit_paid_on=school.today(), current_step=6)
    made_of(one, actor=actors.guardian)
    assert creation.complete_records(one, actor=actors.guardian)
    found = db.session.scalars(select(StudentProgramExtension).execution_options(populate_existing=True)).one()
    assert found.enrollment_status == "enrolled" and found.deposit_paid and found.deposit_amount == 50
    assert found.completed_on == school.today()


def test_records_that_are_made_late_are_complete(actors):
    one = enrollment(steps=6, deposit_paid=True, deposit_amount=50, deposit_paid_on=school.today())
    assert creation.complete_records(one, actor=actors.guardian) is False
    made_of(one, actor=actors.admissions)
    found = db.session.scalars(select(StudentProgramExtension).execution_options(populate_existing=True)).one()
    assert found.enrollment_status == "enrolled" and found.deposit_paid
