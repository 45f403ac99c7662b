"""An enrollment goes to another coach, when the one who invited the family is not there."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.extensions import db
from app.policies.roles import Role
from app.services import accounts
from app.services.enrollments import deciding, events
from app.services.errors import Invalid, NotAllowed, WrongState
from tests.factories import enrollments as make

pytestmark = pytest.mark.usefixtures("db_session")
TOLD = "SELECT title FROM notifications WHERE recipient_id = :id"


@pytest.fixture
def other(actors):
    return accounts.create_account(
        username="coach2",
        email="coach2@school.example",
        first_name="Cora",
        last_name="Second",
        password=make.PASSWORD,
        roles=[Role.COACH.value],
        actor=actors.admin,
    )


def test_the_other_coach_leads_the_family_and_is_told(actors, other, client_of):
    found = make.enrollment_at(3)
    before = len(db.session.scalars(text(TOLD), {"id": other.id}).all())
    result = deciding.hand_over([found.id], actor=actors.admissions, coach_id=other.id)
    assert result.count("ok") == 1 and found.coach_id == other.id
    told = db.session.scalars(text(TOLD), {"id": other.id}).all()
    assert len(told) == before + 1
    assert events.of_invitation(found.invitation_id)[0].event.type == "handed_over"
    assert "Cora Second" in client_of("admissions").get(f"/enrollments/{found.id}").text
    led = make.actor("coach2")
    assert deciding.why_not_approve(led, found) is None and deciding.why_not_approve(actors.coach, found)
    again = deciding.hand_over([found.id], actor=actors.admissions, coach_id=other.id)
    assert again.count("unchanged") == 1
    assert len(db.session.scalars(text(TOLD), {"id": other.id}).all()) == before + 1


def test_many_are_handed_over_at_once_and_those_that_are_closed_stay(actors, other):
    first, second, over = make.enrollment_at(2), make.enrollment(), make.enrollment()
    deciding.withdraw([over.id], actor=actors.admissions, reason="Moved away")
    result = deciding.hand_over([first.id, second.id, over.id], actor=actors.admissions, coach_id=other.id)
    assert [each.state for each in result.outcomes[:2]] == ["ok", "ok"]
    assert isinstance(result.outcomes[2].refusal, WrongState)
    assert (first.coach_id, second.coach_id, over.coach_id) == (other.id, other.id, actors.coach.id)


def test_only_the_office_hands_over_and_only_to_an_active_coach(actors, other):
    found = make.enrollment()
    [refused] = deciding.hand_over([found.id], actor=actors.coach, coach_id=other.id).outcomes
    assert isinstance(refused.refusal, NotAllowed)
    for wrong in (actors.guardian.id, 2**31 - 1):
        with pytest.raises(Invalid) as at_the_field:
            deciding.hand_over([found.id], actor=actors.admissions, coach_id=wrong)
        assert list(at_the_field.value.fields) == ["coach_id"]
    assert found.coach_id == actors.coach.id


def test_the_new_coach_is_offered_no_invitation_that_is_not_theirs(actors, other, client_of):
    found = make.enrollment()
    link = f"/enrollment-invitations/{found.invitation_id}"
    deciding.hand_over([found.id], actor=actors.admissions, coach_id=other.id)
    db.session.execute(text("UPDATE enrollments SET coach_id = :id"), {"id": actors.coach.id})
    db.session.execute(text("UPDATE enrollment_invitations SET coach_id = :id"), {"id": other.id})
    assert link not in client_of("coach").get(f"/enrollments/{found.id}").text
    assert link in client_of("admissions").get(f"/enrollments/{found.id}").text
