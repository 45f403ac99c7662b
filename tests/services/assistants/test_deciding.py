"""Approving and rejecting: what is made, what is cleared, who is told, and what is refused."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.access import SessionKind, User, UserProfile, UserSettings
from app.models.assistants import HelpDeskAssistant, RegistrationRequest
from app.models.credentials import Letter
from app.models.notifications import Notification
from app.models.students import Student
from app.services import accounts, login
from app.services.assistants import deciding, letters, records
from app.services.errors import Invalid
from app.services.mail.messages import Reader, compose_letter
from tests.factories.assistants import MORNINGS, PASSWORD, registration
from tests.factories.courses import course
from tests.factories.students import student

pytestmark = pytest.mark.usefixtures("db_session")


def staged() -> int:
    tables = ("registration_courses", "registration_availability")
    return sum(db.session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables)


def states(result) -> list[str]:
    return [each.state for each in result.outcomes]


def approve(*found, actor):
    return deciding.approve([each.id for each in found], actor=actor)


def refusal_of(result) -> str:
    return str(result.outcomes[0].refusal)


def test_an_approval_makes_everything_once(actors):
    courses = [course(), course()]
    asked = registration(courses, phone="+442071838750", locale="ar")
    assert states(approve(asked, actor=actors.admin)) == ["ok"]
    user = accounts.find(asked.username)
    assert user is not None
    assert [role.name for role in user.roles] == ["Assistant"]
    found = db.session.scalars(select(Student).where(Student.user_id == user.id)).one()
    assert (found.first_name, found.last_name, found.email) == ("Ada", asked.last_name, asked.email)
    assistant = db.session.scalars(select(HelpDeskAssistant).where(HelpDeskAssistant.student_id == found.id)).one()
    assert db.session.scalars(select(UserProfile.phone).where(UserProfile.user_id == user.id)).one() == asked.phone
    assert db.session.scalars(select(UserSettings.locale).where(UserSettings.user_id == user.id)).one() == "ar"
    plan = records.plan_of(assistant.id)
    assert {each.id for each in plan.courses} == {each.id for each in courses}
    assert plan.availability == list(MORNINGS)
    assert (asked.status, asked.user_id, asked.assistant_id) == ("approved", user.id, assistant.id)
    assert (asked.password_hash, asked.processed_by_id) == (None, actors.admin.id)
    assert staged() == 0


def test_the_assistant_logs_in_at_once_with_the_chosen_password(actors):
    asked = registration()
    approve(asked, actor=actors.admin)
    actor, _token = login.log_in(asked.username, PASSWORD, kind=SessionKind.WEB)
    assert actor.roles == {"Assistant"}


def test_approving_again_gives_the_same_assistant(actors):
    asked = registration()
    approve(asked, actor=actors.admin)
    first = asked.assistant_id
    assert states(approve(asked, actor=actors.super_admin)) == ["unchanged"]
    assert (asked.assistant_id, asked.processed_by_id) == (first, actors.admin.id)
    assert db.session.query(HelpDeskAssistant).count() == 1
    assert db.session.query(User).filter_by(username=asked.username).count() == 1


def test_who_is_told_of_an_approval(actors):
    asked = registration()
    approve(asked, actor=actors.admin)
    told = db.session.execute(select(Notification.recipient_id, Notification.type)).all()
    assert {(row.recipient_id, row.type.value) for row in told} == {
        (asked.user_id, "registration_approved"),
        (actors.admin2.id, "registration_processed"),
        (actors.super_admin.id, "registration_processed"),
    }
    mailed = text("SELECT recipient_id FROM notification_deliveries")
    assert db.session.scalars(mailed).all() == [asked.user_id]


@pytest.mark.parametrize("taken", [{"username": "ADA"}, {"email": "Ada@home.example"}])
def test_what_was_taken_meanwhile_leaves_the_request_pending(actors, taken):
    asked = registration(username="ada", email="ada@home.example")
    accounts.create_account(**{"username": "another", **taken}, actor=actors.admin)
    before = staged()
    result = approve(asked, actor=actors.admin)
    assert states(result) == ["refused"]
    assert "already has this" in refusal_of(result)
    assert "stays pending" in refusal_of(result)
    assert asked.status == "pending"
    assert asked.password_hash
    assert staged() == before
    assert db.session.query(HelpDeskAssistant).count() == db.session.query(Student).count() == 0


def test_many_at_once_have_a_result_each(actors):
    good, taken, rejected, done = (registration() for _ in range(4))
    accounts.create_account(username=taken.username, actor=actors.admin)
    deciding.reject([rejected.id], actor=actors.admin, reason="No")
    approve(done, actor=actors.admin)
    nobody = uuid4()
    ids = [taken.id, good.id, nobody, rejected.id, done.id, good.id]
    assert states(deciding.approve(ids, actor=actors.admin)) == ["refused", "ok", "refused", "refused", "unchanged"]
    assert [each.status for each in (good, taken, rejected)] == ["approved", "pending", "rejected"]


def test_there_is_a_limit_to_many_at_once(actors):
    with pytest.raises(Invalid):
        deciding.approve([uuid4() for _ in range(deciding.MOST_AT_ONCE + 1)], actor=actors.admin)


def test_a_rejection_keeps_the_reason_and_nothing_that_was_staged(actors):
    asked = registration()
    assert states(deciding.reject([asked.id], actor=actors.admin, reason="Too early")) == ["ok"]
    assert (asked.status, asked.rejection_reason, asked.password_hash) == ("rejected", "Too early", None)
    assert (asked.user_id, asked.assistant_id, staged()) == (None, None, 0)
    assert accounts.find(asked.username) is None
    assert states(deciding.reject([asked.id], actor=actors.admin2, reason="Again")) == ["unchanged"]
    assert asked.rejection_reason == "Too early"


def test_what_is_decided_stays_decided(actors):
    approved, rejected = registration(), registration()
    approve(approved, actor=actors.admin)
    deciding.reject([rejected.id], actor=actors.admin, reason="No")
    assert states(deciding.reject([approved.id], actor=actors.admin, reason="No")) == ["refused"]
    assert states(approve(rejected, actor=actors.admin)) == ["refused"]
    assert (approved.status, rejected.status) == ("approved", "rejected")


def test_the_rejected_are_written_to_in_words(actors):
    asked = registration(locale="en")
    deciding.reject([asked.id], actor=actors.admin, reason="Too early")
    (letter,) = db.session.scalars(select(Letter)).all()
    assert (letter.kind, letter.email) == ("registration_rejected", asked.email)
    words = letters.rejected(letter)
    assert words is not None
    assert any("Too early" in each for each in words.paragraphs)


def test_the_owner_of_a_known_address_is_written_to_in_words():
    asked = registration()
    waiting = letters.known(Letter(kind="registration_known", email=asked.email))
    account = letters.known(Letter(kind="registration_known", email="staff@school.example"))
    assert "waits for an answer" in waiting.paragraphs[1]
    assert account.paragraphs[-1].endswith("/login/")
    assert account.name == "Staff Tester" and any(
        "made assistants by the office" in each for each in account.paragraphs
    )
    letter = compose_letter("<1@school.example>", Reader(waiting.name, asked.email, "en", None), "Yours", ("Hm.",))
    assert letter.get_body(("plain",)).get_content().startswith("Hello,\n")


@pytest.mark.parametrize("who", ["staff", "teacher", "student", "assistant", "engineer", "admissions"])
def test_only_admins_decide(actors, who):
    asked = registration()
    actor = getattr(actors, who)
    for result in (approve(asked, actor=actor), deciding.reject([asked.id], actor=actor, reason="No")):
        assert result.outcomes[0].refusal.status == 404, "as if there were none"
    assert asked.status == "pending"


def test_a_course_that_is_gone_meanwhile_is_left_out(actors):
    stays, goes = course(), course()
    asked = registration([stays, goes])
    goes.deleted_at = goes.created_at
    db.session.commit()
    approve(asked, actor=actors.admin)
    assert [each.id for each in records.plan_of(asked.assistant_id).courses] == [stays.id]


def test_somebody_elses_student_is_never_taken(actors):
    """The name and address of an applicant are not proved."""
    known = student(email="ada@home.example", first_name="Ada", last_name="Byron")
    asked = registration(email="ada@home.example", last_name="Byron")
    approve(asked, actor=actors.admin)
    assert db.session.query(Student).filter_by(email="ada@home.example").count() == 2
    assert known.user_id is None


def test_the_decision_is_in_the_history_without_the_hash(actors):
    asked = registration()
    approve(asked, actor=actors.admin)
    rows = db.session.execute(
        text("SELECT operation, before, after, actor_id FROM row_history WHERE row_id = :id ORDER BY id"),
        {"id": str(asked.id)},
    ).all()
    assert [row.operation for row in rows] == ["insert", "update"]
    assert rows[1].after["status"] == "approved"
    assert rows[1].actor_id == actors.admin.id
    assert all("password_hash" not in {**(row.before or {}), **(row.after or {})} for row in rows)
    assert db.session.get(RegistrationRequest, asked.id).updated_by_id == actors.admin.id
