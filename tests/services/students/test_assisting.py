"""Students who become assistants with the account that they have."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.assistants import HelpDeskAssistant
from app.services import accounts
from app.services.assistants import own
from app.services.students import assisting
from tests.factories.students import student


@pytest.fixture
def pupil(actors):
    made = accounts.create_account(username="pupil", roles=["Student"], actor=actors.super_admin)
    return student(user_id=made.id)


def test_a_student_becomes_an_assistant_with_their_account_and_once(actors, pupil):
    for state in ("ok", "unchanged"):
        [outcome] = assisting.make_assistant([pupil.id], actor=actors.admin).outcomes
        assert outcome.state == state
    assert sorted(actors.pupil.roles) == ["Assistant", "Student"]
    assert own.find(actors.pupil).student_id == pupil.id
    assert db.session.scalars(select(HelpDeskAssistant.student_id)).all() == [pupil.id]


def test_an_assistant_without_the_role_gets_it(actors, pupil):
    db.session.add(HelpDeskAssistant(student_id=pupil.id))
    db.session.commit()
    assert assisting.make_assistant([pupil.id], actor=actors.admin).count("ok") == 1
    assert "Assistant" in actors.pupil.roles


def test_who_has_no_account_or_not_theirs_to_change_is_refused_alone(actors, pupil):
    boss, nobody = student(user_id=actors.super_admin.id), student()
    result = assisting.make_assistant([nobody.id, boss.id, pupil.id], actor=actors.admin)
    assert [each.state for each in result.outcomes] == ["refused", "refused", "ok"]
    assert "no account" in str(result.outcomes[0].refusal)
    assert "Only a Super Admin" in str(result.outcomes[1].refusal)
    assert db.session.scalars(select(HelpDeskAssistant.student_id)).all() == [pupil.id]


@pytest.mark.parametrize("who", ["staff", "admissions", "teacher"])
def test_only_admins_make_assistants(actors, pupil, who):
    assert assisting.make_assistant([pupil.id], actor=getattr(actors, who)).outcomes[0].state == "refused"
    assert "Assistant" not in actors.pupil.roles


def test_an_admin_finds_it_on_the_students_page(client_of, pupil):
    client = client_of("admin")
    assert "Make an assistant" in client.get(f"/students/{pupil.id}").text
    client.post("/students/actions/make_assistant", data={"id": str(pupil.id), "_stage": "do"})
    assert client_of("pupil").get("/me/assistant").status_code == 200
