"""The account of a student: made, linked and taken away, each as one thing."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from app.extensions import db
from app.models.access import User
from app.models.students import Student
from app.services import accounts, lookups
from app.services.errors import Conflict, Invalid, NotAllowed, WrongState
from app.services.students import records
from app.services.transaction import rehearse
from tests.factories.students import student

SECRET = SecretStr("purple walruses on ice")


def login(known, actors, actor=None, **values):
    return records.create_login(
        [known.id], actor=actor or actors.admin, **({"username": "sol.okoye", "password": SECRET} | values)
    )


def test_a_login_is_an_account_with_the_role_student(db_session, actors):
    known = student(email="sol@example.org")
    login(known, actors, email="sol@example.org")
    made = accounts.find("sol.okoye")
    assert (made.id, [role.name for role in made.roles]) == (db.session.get(Student, known.id).user_id, ["Student"])
    assert records.of_account(made.id) == known.id


def test_a_second_login_is_refused(db_session, actors):
    known = student()
    login(known, actors)
    (outcome,) = login(known, actors, username="another").outcomes
    assert isinstance(outcome.refusal, WrongState)
    assert accounts.find("another") is None


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"username": "no spaces"}, "username"),
        ({"password": SecretStr("short")}, "password"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_what_is_typed_wrong_makes_nothing(db_session, actors, values, field):
    known = student()
    before = db.session.query(User).count()
    with pytest.raises(Invalid) as refused:
        login(known, actors, **values)
    assert field in refused.value.fields
    assert db.session.query(User).count() == before


def test_a_taken_username_makes_nothing(db_session, actors):
    known = student()
    with pytest.raises(Conflict) as refused:
        login(known, actors, username="STAFF")
    assert "username" in refused.value.fields
    assert db.session.get(Student, known.id).user_id is None


def test_only_an_admin_makes_logins(db_session, actors):
    (outcome,) = login(student(), actors, actor=actors.staff).outcomes
    assert isinstance(outcome.refusal, NotAllowed)
    assert accounts.find("sol.okoye") is None


def test_the_preview_makes_nothing(db_session, actors):
    known = student()
    result = rehearse(records.create_login, [known.id], actor=actors.admin, username="sol.okoye", password=SECRET)
    assert result.count("ok") == 1
    assert accounts.find("sol.okoye") is None


def test_the_suggested_username_is_free(db_session, actors):
    for known in (student(first_name="Théa", last_name="Öz"), student(first_name="愛", last_name="李")):
        login(known, actors, username=records.suggested_login(known)["username"])


def test_an_account_belongs_to_one_student(db_session, actors):
    first, second = student(), student()
    key = actors.student.id
    assert records.link_account([first.id], actor=actors.admin, user_id=key).count("ok") == 1
    assert str(key) not in {each.id for each in lookups.find("student-accounts", actors.admin)[0]}, (
        "not offered any more"
    )
    with pytest.raises(Invalid) as refused:
        records.link_account([second.id], actor=actors.admin, user_id=key)
    assert "user_id" in refused.value.fields
    assert records.unlink_account([first.id], actor=actors.admin).count("ok") == 1
    assert records.link_account([second.id], actor=actors.admin, user_id=key).count("ok") == 1


@pytest.mark.parametrize("who", ["staff", "admin", "teacher"])
def test_only_the_account_of_a_student_is_linked(db_session, actors, who):
    with pytest.raises(Invalid):
        records.link_account([student().id], actor=actors.admin, user_id=getattr(actors, who).id)


def test_a_deleted_student_frees_the_account_and_gets_it_back_only_if_free(db_session, actors):
    first, second = student(user_id=actors.student.id), student()
    records.delete([first.id], actor=actors.admin)
    records.link_account([second.id], actor=actors.admin, user_id=actors.student.id)
    (outcome,) = records.restore([first.id], actor=actors.admin).outcomes
    assert isinstance(outcome.refusal, Conflict)
    assert db.session.get(Student, first.id).deleted_at is not None
    records.unlink_account([second.id], actor=actors.admin)
    assert records.restore([first.id], actor=actors.admin).count("ok") == 1


def test_taking_nothing_away_changes_nothing(db_session, actors):
    assert records.unlink_account([student().id], actor=actors.admin).count("unchanged") == 1
