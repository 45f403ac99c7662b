"""Three failures of the past, each in the order in which it was written then: the database refuses every one. And what
else it refuses, whatever code writes.
"""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.services import accounts
from tests.factories.assistants import assistant, registration
from tests.factories.courses import course

pytestmark = pytest.mark.usefixtures("db_session")

STAGED_TIME = """
    INSERT INTO registration_availability (registration_id, day_of_week, start_time, end_time)
    VALUES (:parent, :day, :start, :end)
"""
STAGED_COURSE = "INSERT INTO registration_courses (registration_id, course_id) VALUES (:parent, :course)"
TIME = "INSERT INTO availability (assistant_id, day_of_week, start_time, end_time) VALUES (:parent, :day, :start, :end)"
CAPABILITY = "INSERT INTO course_capabilities (assistant_id, course_id) VALUES (:parent, :course)"
ASSISTANT = "INSERT INTO help_desk_assistants (id, student_id) VALUES (:id, :student)"
STUDENT = "INSERT INTO students (id, user_id, first_name, last_name) VALUES (:id, :user, 'Ada', 'Byron')"
ACCOUNT = """
    INSERT INTO ab_user (id, username, email, first_name, last_name, active)
    VALUES (nextval('ab_user_id_seq'), :username, :email, 'Ada', 'Byron', true)
"""
NINE_TO_TEN = {"day": 1, "start": "09:00", "end": "10:00"}


def refused_by(statement: str, **values) -> str:
    """The constraint that refuses the statement."""
    with pytest.raises(IntegrityError) as refused, db.session.begin_nested():
        db.session.execute(text(statement), values)
    return refused.value.orig.diag.constraint_name


def test_child_before_parent_at_registration():
    """The times and courses were written before the request that they belong to."""
    request_id = uuid4()
    assert refused_by(STAGED_TIME, parent=request_id, **NINE_TO_TEN) == "fk_registration_availability_registration_id"
    assert refused_by(STAGED_COURSE, parent=request_id, course=course().id) == "fk_registration_courses_registration_id"


def test_child_before_parent_at_approval():
    """The assistant was written before the student, and the times before the assistant."""
    ids = {"student": uuid4(), "id": uuid4()}
    assert refused_by(ASSISTANT, **ids) == "fk_help_desk_assistants_student_id_students"
    parent = ids["id"]
    assert refused_by(TIME, parent=parent, **NINE_TO_TEN) == "fk_availability_assistant_id_help_desk_assistants"
    expected = "fk_course_capabilities_assistant_id_help_desk_assistants"
    assert refused_by(CAPABILITY, parent=parent, course=course().id) == expected
    assert refused_by(STUDENT, id=ids["student"], user=2**31 - 1) == "fk_students_user_id_ab_user"
    # In the order of the foreign keys nothing is refused.
    db.session.execute(text(STUDENT), {"id": ids["student"], "user": None})
    db.session.execute(text(ASSISTANT), ids)
    db.session.execute(text(TIME), {"parent": parent, **NINE_TO_TEN})


def test_the_account_inserted_twice(actors):
    """One step of the approval made the account, and the next one made it again; so did the student."""
    names = {"username": "ada", "email": "ada@home.example"}
    db.session.execute(text(ACCOUNT), names)
    assert refused_by(ACCOUNT, **names).startswith("uq_ab_user_")
    assert refused_by(ACCOUNT, username="ADA", email="other@home.example") == "uq_ab_user_username_ci"
    assert refused_by(ACCOUNT, username="other", email="ADA@home.example") == "uq_ab_user_email_ci"
    user = accounts.find("ada")
    db.session.execute(text(STUDENT), {"id": uuid4(), "user": user.id})
    assert refused_by(STUDENT, id=uuid4(), user=user.id) == "uq_students_user_id"
    known = assistant()
    assert refused_by(ASSISTANT, id=uuid4(), student=known.student_id) == "uq_help_desk_assistants_student_id"


@pytest.mark.parametrize("table", ["staged", "kept"])
def test_times_neither_overlap_nor_end_before_they_begin(table):
    statement = STAGED_TIME if table == "staged" else TIME
    name = "registration_availability" if table == "staged" else "availability"
    owner = (registration(periods=()) if table == "staged" else assistant(periods=())).id
    db.session.execute(text(statement), {"parent": owner, **NINE_TO_TEN})
    assert refused_by(statement, parent=owner, **NINE_TO_TEN) in {f"uq_{name}_period", f"ex_{name}"}
    assert refused_by(statement, parent=owner, day=1, start="09:30", end="11:00") == f"ex_{name}"
    assert refused_by(statement, parent=owner, day=2, start="10:00", end="10:00") == f"ck_{name}_ends_after_start"
    assert refused_by(statement, parent=owner, day=7, start="10:00", end="11:00") == f"ck_{name}_day_of_week"
    for day, start in ((1, "10:00"), (2, "09:00")):  # what touches, and another day
        db.session.execute(text(statement), {"parent": owner, "day": day, "start": start, "end": "11:00"})


STATES = {
    "password_hash": "status = 'rejected', rejection_reason = 'No', processed_at = now()",
    "processed_at": "status = 'rejected', rejection_reason = 'No', password_hash = NULL",
    "rejection_reason": "status = 'rejected', processed_at = now(), password_hash = NULL",
    "rejection_reason_not_blank": "status = 'rejected', rejection_reason = ' ', processed_at = now(), password_hash = NULL",
    "approved": "status = 'approved', processed_at = now(), password_hash = NULL",
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_that_cannot_be(name):
    """A hash that outlives the decision, a decision without its moment, reason or assistant."""
    asked = registration()
    statement = f"UPDATE registration_requests SET {STATES[name]} WHERE id = :id"
    assert refused_by(statement, id=asked.id) == f"ck_registration_requests_{name}"


def test_one_pending_request_per_address_in_any_capitals():
    registration(username="ada", email="ada@home.example")
    with pytest.raises(IntegrityError) as refused, db.session.begin_nested():
        registration(email="ADA@home.example")
    assert refused.value.orig.diag.constraint_name == "uq_registration_requests_email"
