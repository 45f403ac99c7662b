"""Applying: staged in one transaction, and nothing given away about who is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.assistants import RegistrationAvailability, RegistrationCourse, RegistrationRequest
from app.models.credentials import Letter
from app.models.notifications import Notification
from app.policies.actor import NOBODY
from app.services import accounts, passwords, rate_limits
from app.services.assistants import registering
from app.services.errors import Conflict, Invalid
from tests.factories.assistants import MORNINGS, PASSWORD, application, registration
from tests.factories.courses import course

pytestmark = pytest.mark.usefixtures("db_session")


@pytest.fixture(autouse=True)
def no_limits(monkeypatch):
    """The counters are in transactions of their own, which outlive a test."""
    monkeypatch.setattr(rate_limits, "check", lambda *who, **limits: None)
    monkeypatch.setattr(rate_limits, "count", lambda keys, period: dict.fromkeys(keys, 1))


def apply(**changes):
    registering.register(application(**changes), actor=NOBODY, ip_address="192.0.2.1", locale="en")


def requests():
    return list(db.session.scalars(select(RegistrationRequest)))


def test_an_application_is_staged_whole():
    first, second = course(), course()
    apply(course_ids=[first.id, second.id, first.id], phone="+442071838750", degree="BA")
    (made,) = requests()
    assert (made.username, made.email, made.degree, made.locale) == ("ada", "ada@home.example", "BA", "en")
    assert made.status == "pending"
    assert passwords.verify(made.password_hash, PASSWORD)
    staged = set(db.session.scalars(select(RegistrationCourse.course_id)))
    assert staged == {first.id, second.id}
    columns = RegistrationAvailability.day_of_week, RegistrationAvailability.start_time
    assert {tuple(row) for row in db.session.execute(select(*columns))} == {
        (each.day_of_week, each.start_time) for each in MORNINGS
    }
    assert accounts.find("ada") is None, "no account before the approval"


def test_the_admins_are_told(actors):
    apply()
    told = set(db.session.scalars(select(Notification.recipient_id).where(Notification.entity_type == "registrations")))
    assert told == {actors.admin.id, actors.admin2.id, actors.super_admin.id}


def test_the_hash_is_in_no_history():
    apply()
    kept = db.session.scalars(text("SELECT after FROM row_history WHERE table_name = 'registration_requests'")).all()
    assert kept
    assert all("password_hash" not in row for row in kept)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password_again": "another one entirely"}, "password_again"),
        ({"password": "short"}, "password"),
        ({"password": "byronadabyron"}, "password"),
    ],
)
def test_a_wrong_password_is_refused_at_its_field(changes, field):
    with pytest.raises(Invalid) as refused:
        apply(**changes)
    assert list(refused.value.fields) == [field]
    assert requests() == []


def test_a_course_that_is_not_offered_is_refused():
    for wrong in (course(active=False), course(deleted_at=text("now()"))):
        with pytest.raises(Invalid) as refused:
            apply(course_ids=[wrong.id])
        assert list(refused.value.fields) == ["course_ids"]
    assert requests() == []


@pytest.mark.parametrize("username", ["staff", "STAFF", "System"])
def test_a_username_that_is_taken_is_named(username):
    with pytest.raises(Conflict) as refused:
        apply(username=username)
    assert list(refused.value.fields) == ["username"]
    assert requests() == []


@pytest.mark.parametrize("email", ["staff@school.example", "waiting@home.example", "new@home.example"])
def test_applying_again_does_not_tell_whether_the_address_was_known(email):
    """Otherwise one's own username, taken by the first application or not, would tell."""
    registration(username="other", email="waiting@home.example")
    for password in ("purple walruses on ice", "otters in the cellar"):
        apply(username="ada", email=email, password=password, password_again=password)


@pytest.mark.parametrize("email", ["staff@school.example", "Staff@School.example"])
def test_an_address_that_is_known_is_answered_like_a_new_one(email):
    apply(email=email)
    assert requests() == []
    (letter,) = db.session.scalars(select(Letter)).all()
    assert (letter.kind, letter.email.lower()) == ("registration_known", "staff@school.example")


def test_an_address_that_waits_is_answered_like_a_new_one():
    waiting = registration(email="ada@home.example")
    apply(email="Ada@home.example")
    assert requests() == [waiting]
    assert db.session.scalars(select(Letter.kind)).all() == ["registration_known"]


def test_with_a_username_that_is_taken_the_answer_does_not_depend_on_the_address():
    """Otherwise one's own username would tell which addresses are known."""
    answers = []
    for email in ("staff@school.example", "new@home.example"):
        with pytest.raises(Conflict) as refused:
            apply(username="staff", email=email)
        answers.append((refused.value.fields, str(refused.value)))
    assert answers[0] == answers[1]
    assert db.session.scalars(select(Letter)).all() == []


def test_the_same_application_twice_is_one():
    one = application()
    for _time in range(2):
        registering.register(one, actor=NOBODY)
    assert len(requests()) == 1
    assert db.session.scalars(select(Letter)).all() == []


def test_after_a_rejection_one_may_apply_again(actors):
    from app.services.assistants import deciding

    apply()
    (first,) = requests()
    deciding.reject([first.id], actor=actors.admin, reason="Too early")
    apply()
    assert sorted(each.status for each in requests()) == ["pending", "rejected"]


def test_too_many_attempts_are_refused(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(registering, "MOST_ATTEMPTS", 1)
    ip_address = "192.0.2.77"
    rate_limits.count([rate_limits.key("assistant-registration", ip_address)], timedelta(minutes=1))
    with pytest.raises(rate_limits.TooMany):
        registering.register(application(), actor=NOBODY, ip_address=ip_address)
    assert requests() == []
