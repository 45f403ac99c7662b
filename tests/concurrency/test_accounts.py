"""Accounts under real concurrency: separate connections, real commits."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.access import SessionKind
from app.services import accounts, login, passwords, rate_limits, sessions
from app.services.accounts import access, groups
from app.services.errors import Conflict, Refusal, WrongState
from tests.concurrency.racing import Meeting, meet_after, race, refusals, take_locks_off

WORKERS = 8


@pytest.fixture
def together(committed_app):
    """Run functions at once, each with a session of its own; returns what they returned, or the refusal."""

    def run(functions, workers=None):
        barrier = threading.Barrier(min(workers or len(functions), len(functions)))

        def work(function):
            with committed_app.app_context():
                if workers is None:
                    barrier.wait()
                try:
                    return function()
                except Refusal as refusal:
                    return refusal
                finally:
                    db.session.remove()

        with ThreadPoolExecutor(workers or len(functions)) as pool:
            return list(pool.map(work, functions))

    return run


@pytest.fixture
def system(committed_app):
    with committed_app.app_context():
        yield sessions.system()


def scalar(sql):
    with db.engine.connect() as connection:
        return connection.execute(text(sql)).scalar_one()


def test_200_accounts_with_blank_phones_and_portal_ids(together, system):
    def make(number):
        return lambda: accounts.create_account(
            username=f"new{number}", phone=" ", main_portal_id="", roles=["Student"], actor=system
        )

    made = together([make(number) for number in range(200)], workers=WORKERS)
    assert not [each for each in made if isinstance(each, Refusal)]
    whole = scalar("""
        SELECT count(*) FROM ab_user u JOIN user_profiles p ON p.user_id = u.id
        JOIN user_settings s ON s.user_id = u.id JOIN ab_user_role ur ON ur.user_id = u.id
        WHERE u.username LIKE 'new%' AND p.phone IS NULL AND p.main_portal_id IS NULL
    """)
    assert whole == 200


@pytest.mark.parametrize(
    ("first", "second", "field"),
    [
        ({"username": "Twin"}, {"username": "twin"}, "username"),
        (
            {"username": "a1", "email": "Twin@example.org"},
            {"username": "a2", "email": "twin@example.org"},
            "email",
        ),
        (
            {"username": "a1", "main_portal_id": "P1"},
            {"username": "a2", "main_portal_id": "P1 "},
            "main_portal_id",
        ),
    ],
)
def test_of_two_with_the_same_name_one_wins(together, system, first, second, field):
    answers = together([lambda each=each: accounts.create_account(**each, actor=system) for each in (first, second)])
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refused) == 1
    assert {type(refusal) for refusal in refused} == {Conflict}
    assert {tuple(refusal.fields) for refusal in refused} == {(field,)}
    assert scalar("SELECT count(*) FROM ab_user WHERE lower(username) IN ('twin', 'a1', 'a2')") == 1
    assert scalar("SELECT count(*) FROM user_profiles WHERE user_id NOT IN (SELECT id FROM ab_user)") == 0


SUPER_ADMINS = """
    SELECT count(*) FROM ab_user u JOIN ab_user_role ur ON ur.user_id = u.id
    JOIN ab_role r ON r.id = ur.role_id
    WHERE r.name = 'Super Admin' AND u.active
"""


@pytest.fixture
def leave_at_once(together, system):
    """All Super Admins lose the right at the same moment: half are deactivated, half lose the role."""
    first = accounts.find("super_admin").id
    others = [accounts.create_account(username=f"boss{n}", roles=["Super Admin"], actor=system).id for n in range(3)]

    def leave(number, user_id):
        if number % 2:
            return lambda: accounts.deactivate(user_id, actor=system)
        return lambda: accounts.set_roles(user_id, ["Staff"], actor=system)

    return lambda: together([leave(number, user_id) for number, user_id in enumerate([first, *others])])


def test_without_the_lock_the_last_super_admin_would_go(leave_at_once, monkeypatch):
    """The race is real: all four have looked before any of them commits."""
    take_locks_off(monkeypatch)
    meet_after(monkeypatch, access, "keep_a_super_admin", Meeting(4))
    answers = leave_at_once()
    assert not [answer for answer in answers if isinstance(answer, Refusal)]
    assert scalar(SUPER_ADMINS) == 0


def test_with_the_lock_one_super_admin_stays(leave_at_once):
    answers = leave_at_once()
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [type(refusal) for refusal in refused] == [WrongState]
    assert scalar(SUPER_ADMINS) == 1


def test_two_super_admins_demote_each_other_and_one_stays(together, system):
    other = accounts.create_account(username="boss", roles=["Super Admin"], actor=system).id
    first = accounts.find("super_admin").id
    actors = sessions.load_by_id(first), sessions.load_by_id(other)
    for _round in range(5):
        answers = together(
            [
                lambda: accounts.set_roles(other, ["Staff"], actor=actors[0]),
                lambda: accounts.set_roles(first, ["Staff"], actor=actors[1]),
            ]
        )
        assert Counter(isinstance(answer, Refusal) for answer in answers) == {True: 1, False: 1}
        assert scalar(SUPER_ADMINS) == 1
        accounts.set_roles(other, ["Super Admin"], actor=system)
        accounts.set_roles(first, ["Super Admin"], actor=system)


def test_two_who_take_each_other_out_of_the_group_of_super_admins_and_one_stays(committed_app, system):
    heads = groups.create({"name": "Heads", "roles": ["Super Admin"]}, actor=system).id
    first, second = (accounts.find(name).id for name in ("staff", "staff2"))
    groups.join([first, second], actor=system, group_id=heads)
    accounts.deactivate(accounts.find("super_admin").id, actor=system)
    actors = sessions.load_by_id(first), sessions.load_by_id(second)
    db.session.remove()
    race(
        committed_app,
        lambda: groups.leave([second], actor=actors[0], group_id=heads),
        lambda: groups.leave([first], actor=actors[1], group_id=heads),
    )
    assert scalar(f"SELECT count(*) FROM ab_user_group WHERE group_id = {heads}") == 1


def test_many_changes_of_one_account_at_once_do_not_deadlock(together, system):
    user_id = accounts.find("staff").id
    answers = together(
        [
            *(lambda n=n: accounts.update_account(user_id, {"department": f"D{n}"}, actor=system) for n in range(4)),
            *(lambda role=role: accounts.set_roles(user_id, [role], actor=system) for role in ("Coach", "Teacher")),
            lambda: accounts.deactivate(user_id, actor=system),
            lambda: accounts.end_sessions(user_id, actor=system),
        ]
    )
    assert not [answer for answer in answers if isinstance(answer, Refusal)]
    assert scalar(f"SELECT count(*) FROM ab_user_role WHERE user_id = {user_id}") == 1


def test_parallel_attempts_share_one_count(together, committed_app, system, monkeypatch):
    """Sixteen guesses at once are sixteen attempts, whichever process they reach, page and API alike."""
    tried = Counter()
    monkeypatch.setattr(passwords, "verify", lambda hashed, given: tried.update([given]) or False)
    kinds = [SessionKind.WEB, SessionKind.API] * 8
    together([lambda kind=kind: login.log_in("staff", "guess", kind=kind, ip_address="203.0.113.1") for kind in kinds])
    assert tried == {"guess": 16}
    assert scalar("SELECT max(hits) FROM rate_limits") == 16
    monkeypatch.setattr(passwords, "verify", lambda hashed, given: True)
    [answer] = together([lambda: login.log_in("staff", "right", kind=SessionKind.WEB, ip_address="203.0.113.1")])
    assert isinstance(answer, login.LoginRefused)


def test_counting_many_keys_at_once_does_not_deadlock(together, system):
    keys = [f"key{number}" for number in range(20)]
    orders = [keys, keys[::-1]] * 4

    def count(order):
        for _round in range(10):
            rate_limits.count(order, login.PERIOD)
            rate_limits.give_back(order[::-1])
        return rate_limits.count(order, login.PERIOD)

    together([lambda order=order: count(order) for order in orders])
    assert scalar("SELECT count(DISTINCT hits) FROM rate_limits WHERE key LIKE 'key%'") == 1
    assert scalar("SELECT max(hits) FROM rate_limits WHERE key LIKE 'key%'") == len(orders)


def test_two_who_save_the_same_group_do_not_overwrite_each_other(committed_app, system, locked, monkeypatch):
    desk = groups.create({"name": "Desk", "roles": ["Staff", "Coach"]}, actor=system)
    key, version = desk.id, desk.updated_at

    def saving(**values):
        return lambda: groups.update(key, values, actor=system, version=version)

    meet_after(monkeypatch, groups, "_lock")
    results = race(committed_app, saving(roles=["Staff"]), saving(description="Greets", roles=["Staff", "Coach"]))
    assert (len(refusals(results)) == 1) is locked
    assert all(isinstance(each, Conflict) for each in refusals(results))
