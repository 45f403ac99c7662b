"""Inviting, the link, accepting: what is kept, refused, and done once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text

from app.models.enrollments import Enrollment, EnrollmentInvitation, InvitationStatus
from app.models.organizations import Organization
from app.policies.actor import NOBODY
from app.policies.roles import Role
from app.services import accounts, inputs, login
from app.services.enrollments import accepting, events, invitations, letters, links, progress
from app.services.enrollments.links import InvitationOver
from app.services.enrollments.schemas import InvitationInput
from app.services.errors import Conflict, Invalid, NotFound, WrongState
from app.services.rate_limits import TooMany
from tests.factories import enrollments as make

SECRET = SecretStr(make.PASSWORD)


def person(**changes):
    return {"first_name": "Amina", "last_name": "Haddad", "password": SECRET, "password_again": SECRET} | changes


def accept(found, **changes) -> Enrollment:
    return accepting.accept_as_new(make.token(found), person(**changes), actor=NOBODY, ip_address=make.HERE)


def letters_of(db_session, found) -> int:
    statement = text("SELECT count(*) FROM letters WHERE payload->>'id' = :id AND kind = 'enrollment_invitation'")
    return db_session.scalar(statement, {"id": str(found.id)})


def test_an_invitation_has_a_letter_with_the_link_and_no_table_holds_its_token(db_session, actors):
    found = make.invitation(guardian_name="Amina Haddad", message="See you soon")
    assert (found.coach_id, found.status, letters_of(db_session, found)) == (actors.coach.id, InvitationStatus.SENT, 1)
    letter = db_session.execute(
        text("SELECT kind, email, payload FROM letters WHERE payload->>'id' = :id"), {"id": str(found.id)}
    ).one()
    said = " ".join(letters.invitation(letter).paragraphs)
    assert f"/enroll/{make.token(found)}" in said
    assert "See you soon" in said
    assert make.token(found) not in str(letter) + found.token_hash
    assert found.expires_at > datetime.now(UTC) + timedelta(days=20)


def test_sending_again_ends_the_link_before_and_revoking_the_link(db_session, actors):
    found = make.invitation()
    before = make.token(found)
    assert invitations.resend([found.id], actor=actors.coach).count("ok") == 1
    assert make.token(found) != before
    with pytest.raises(InvitationOver):
        links.find(before, ip_address=make.HERE)
    assert links.find(make.token(found), ip_address=make.HERE).id == found.id
    assert invitations.revoke([found.id], actor=actors.coach).count("ok") == 1
    assert invitations.revoke([found.id], actor=actors.coach).count("unchanged") == 1
    with pytest.raises(InvitationOver):
        links.find(make.token(found), ip_address=make.HERE)
    assert isinstance(invitations.resend([found.id], actor=actors.coach).outcomes[0].refusal, WrongState)


def test_a_corrected_address_gets_another_link(db_session, actors):
    found = make.invitation()
    before = make.token(found)
    invitations.update(found.id, {"guardian_name": "A"}, actor=actors.coach)
    assert make.token(found) == before
    invitations.update(found.id, {"guardian_email": "other@home.example"}, actor=actors.coach)
    assert make.token(found) != before
    assert letters_of(db_session, found) == 2


def test_a_link_is_over_when_its_time_is(db_session, actors):
    found = make.invitation()
    found.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    found.token_hash = links.sessions.hash_token(make.token(found))
    db_session.commit()
    with pytest.raises(InvitationOver):
        accept(found)
    assert invitations.expire() == 1
    assert invitations.expire() == 0
    db_session.refresh(found)
    assert found.status is InvitationStatus.EXPIRED
    assert invitations.resend([found.id], actor=actors.coach).count("ok") == 1
    accept(found)


def test_who_tries_links_is_stopped(db_session, actors):
    make.invitation()
    for _number in range(links.MOST_TRIES):
        with pytest.raises(InvitationOver):
            links.find("guess\0", ip_address="198.51.100.9")
    with pytest.raises(TooMany):
        links.find("guess", ip_address="198.51.100.9")


def test_accepting_makes_an_account_with_the_role_and_six_steps(db_session, actors):
    found = make.invitation()
    accepting.open_link(make.token(found), actor=NOBODY, ip_address=make.HERE)
    accepting.open_link(make.token(found), actor=NOBODY, ip_address=make.HERE)
    made = accept(found, phone="+442079460018")
    actor, _token = login.log_in(found.guardian_email, make.PASSWORD, kind=login.SessionKind.WEB)
    assert (made.guardian_id, made.coach_id) == (actor.id, actors.coach.id)
    assert actor.roles == {Role.GUARDIAN}
    assert made.enrollment_code.startswith("TSA-ENROLL-20")
    steps = progress.steps_of(made.id)
    assert list(steps) == [1, 2, 3, 4, 5, 6]
    assert steps[1].data == {"program_interests": ["Tennis"]}
    assert (steps[4].data["grade_level"], steps[4].data["guardian_phone"]) == ("Ninth grade", "+442079460018")
    kinds = [each.event.type.value for each in reversed(events.of_invitation(found.id))]
    assert kinds == ["invitation_sent", "invitation_opened", "invitation_accepted"]
    for again in (
        accept,
        lambda each: accepting.accept_as_known(make.token(each), actor=actors.guardian, ip_address=make.HERE),
    ):
        with pytest.raises((InvitationOver, Conflict)):
            again(found)
    assert db_session.scalar(select(func.count()).select_from(Enrollment)) == 1


def test_an_account_that_there_is_logs_in_and_becomes_a_guardian(db_session, actors):
    found = make.invitation(guardian_email="teacher@school.example")
    with pytest.raises(Conflict):
        accept(found)
    made = accepting.accept_as_known(make.token(found), actor=actors.teacher, ip_address=make.HERE)
    assert made.guardian_id == actors.teacher.id
    assert actors.teacher.roles == {Role.TEACHER, Role.GUARDIAN}
    again = accepting.accept_as_known(make.token(found), actor=actors.teacher, ip_address=make.HERE)
    assert again.id == made.id
    own = make.invitation()
    with pytest.raises(WrongState, match="for the family"):
        accepting.accept_as_known(make.token(own), actor=actors.coach, ip_address=make.HERE)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password_again": SecretStr("x")}, "password_again"),
        ({"password": SecretStr("x"), "password_again": SecretStr("x")}, "password"),
    ],
)
def test_a_password_that_is_refused_leaves_nothing(db_session, actors, changes, field):
    found = make.invitation()
    with pytest.raises(Invalid) as refused:
        accept(found, **changes)
    assert list(refused.value.fields) == [field]
    assert accounts.find(found.guardian_email) is None
    db_session.refresh(found)
    assert found.status is InvitationStatus.SENT


def test_coaches_invite_in_their_own_name_and_the_office_in_anybodys(db_session, actors):
    with pytest.raises(Invalid) as refused:
        make.invitation(coach_id=actors.admissions.id)
    assert list(refused.value.fields) == ["coach_id"]
    values = {"student_first_name": "A", "student_last_name": "B", "guardian_email": "x@home.example"}
    for wrong in (None, actors.teacher.id):
        with pytest.raises(Invalid):
            invitations.create(values | {"coach_id": wrong}, actor=actors.admissions)
    made = invitations.create(values | {"coach_id": actors.coach.id}, actor=actors.admissions)
    assert made.coach_id == actors.coach.id
    with pytest.raises(NotFound):
        invitations.update(made.id, {"message": "x"}, actor=actors.staff)


def test_the_school_is_chosen_where_there_are_several(db_session, actors):
    make.hill_school()
    db_session.add(Organization(name="River School", identifier="river"))
    db_session.commit()
    with pytest.raises(Invalid) as refused:
        make.invitation(school_id=None)
    assert list(refused.value.fields) == ["school_id"]
    assert make.invitation(school_id=make.hill_school().id).school_id == make.hill_school().id


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"guardian_email": "nobody"}, "guardian_email"),
        ({"student_first_name": " "}, "student_first_name"),
        ({"student_last_name": "x\0"}, "student_last_name"),
        ({"grade_level": "99"}, "grade_level"),
        ({"program_interests": ["Chess"]}, "program_interests"),
        ({"coach_id": "2147483648"}, "coach_id"),
        ({"school_id": "x"}, "school_id"),
        ({"message": "x" * 1001}, "message"),
    ],
)
def test_what_an_invitation_may_hold(app, changes, field):
    raw = {"student_first_name": "Noor", "student_last_name": "Haddad", "guardian_email": "a@home.example"}
    with app.app_context():
        assert inputs.parse(InvitationInput, raw | {"grade_level": "K"})["grade_level"] == "Kindergarten"
        with pytest.raises(Invalid) as refused:
            inputs.parse(InvitationInput, raw | changes)
        assert list(refused.value.fields) == [field]


def test_only_one_address_is_told_apart_by_its_capitals(db_session, actors):
    found = make.invitation(guardian_email="Some.One@home.example")
    accept(found)
    assert db_session.scalar(select(func.count()).select_from(EnrollmentInvitation)) == 1
