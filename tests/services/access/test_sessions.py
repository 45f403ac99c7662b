"""How long a login lasts without use, and where somebody begins."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.access import SessionKind, UserSession
from app.models.credentials import LastPage
from app.policies.actor import NOBODY
from app.services import last_page, sessions, settings
from app.services.errors import NotFound


def idle(**interval):
    name, value = next(iter(interval.items()))
    db.session.execute(text(f"UPDATE user_sessions SET last_used_at = now() - interval '{value} {name}'"))


def start(actor, kind=SessionKind.WEB):
    return sessions.start(actor.id, kind=kind)


def last_used():
    return db.session.scalar(text("SELECT extract(epoch FROM now() - last_used_at) FROM user_sessions"))


@pytest.mark.parametrize(
    ("chosen", "minutes", "lives"),
    [(None, 119, True), (None, 121, False), (5, 4, True), (5, 6, False), (600, 599, True)],
)
def test_a_login_ends_after_as_long_without_use_as_was_chosen(actors, chosen, minutes, lives):
    settings.update({"auto_logout_minutes": chosen}, actor=actors.staff)
    token = start(actors.staff)
    idle(minutes=minutes)
    assert (sessions.load(token, attended=True) is not NOBODY) is lives
    assert bool(settings.own_sessions(actors.staff)) is lives


def test_programs_are_not_logged_out_for_being_idle(actors):
    settings.update({"auto_logout_minutes": 5}, actor=actors.staff)
    token = start(actors.staff, SessionKind.API)
    idle(days=2)
    assert sessions.load(token, SessionKind.API) is not NOBODY


def test_use_prolongs_and_asking_by_itself_does_not(actors):
    settings.update({"auto_logout_minutes": 5}, actor=actors.staff)
    token = start(actors.staff)
    idle(minutes=4)
    sessions.load(token)
    assert last_used() > 200
    sessions.load(token, attended=True)
    assert last_used() < 5


@pytest.mark.parametrize(
    ("chosen", "seconds", "noted"), [(None, 290, False), (None, 310, True), (5, 20, False), (5, 40, True)]
)
def test_use_is_noted_now_and_then_only(actors, chosen, seconds, noted):
    settings.update({"auto_logout_minutes": chosen}, actor=actors.staff)
    token = start(actors.staff)
    idle(seconds=seconds)
    sessions.load(token, attended=True)
    assert (last_used() < 5) is noted


def test_a_login_that_was_idle_too_long_does_not_come_back_with_another_setting(actors):
    settings.update({"auto_logout_minutes": 5}, actor=actors.staff)
    token = start(actors.staff)
    idle(minutes=10)
    settings.update({"auto_logout_minutes": None}, actor=actors.staff)
    assert sessions.load(token) is NOBODY


@pytest.mark.parametrize("value", ["4", "1441", "x", "5.5", "99999999999999999999"])
def test_wrong_minutes_are_refused(actors, client_of, value):
    answer = client_of("staff").post("/settings/", data={"auto_logout_minutes": value})
    assert answer.status_code == 422


def test_one_login_is_ended(actors):
    mine, other, stranger = start(actors.staff), start(actors.staff), start(actors.admin)
    rows = {each.token_hash: each.id for each in db.session.query(UserSession)}
    settings.end_session(rows[sessions.hash_token(other)], actor=actors.staff)
    assert (sessions.load(other), sessions.load(mine).username) == (NOBODY, "staff")
    for key in (rows[sessions.hash_token(stranger)], rows[sessions.hash_token(other)]):
        with pytest.raises(NotFound):
            settings.end_session(key, actor=actors.staff)
    assert sessions.load(stranger).username == "admin"


def test_the_last_page_is_remembered_only_while_it_is_wanted(actors):
    last_page.note("/leads/", actor=actors.staff)
    assert db.session.query(LastPage).count() == 0
    settings.update({"remember_last_page": True}, actor=actors.staff)
    for path in ("/leads/", "/leads/?q=a", "/" + "x" * 600):
        last_page.note(path, actor=actors.staff)
    assert last_page.of(actors.staff) == "/leads/?q=a"
    settings.update({"remember_last_page": False}, actor=actors.staff)
    assert db.session.query(LastPage).count() == 0
    assert last_page.of(actors.staff) == ""
