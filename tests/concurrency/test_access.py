"""Two at once: at a request for access, a link, a code, a recovery code, and what a role demands."""

from __future__ import annotations

import pyotp
import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.access import SessionKind
from app.models.credentials import LinkPurpose, SecondFactor
from app.models.requests import AccessRequest
from app.policies.actor import NOBODY
from app.services import access_requests, accounts, inputs, login, password_links, second_factor, sessions
from app.services.access_requests import AccessRequestInput, deciding
from app.services.accounts import access
from app.services.second_factor import codes, factors
from app.services.transaction import transactional
from tests.concurrency.racing import actor, between, count, meet_after, meet_before, race, refusals
from tests.conftest import PASSWORD

STEP = 59_000_000
NEW = "purple walruses on ice"


@pytest.fixture
def place(committed_app):
    with committed_app.app_context():
        yield committed_app
        db.session.remove()


def ask(email="ada@example.org", first_name="Ada"):
    values = {"first_name": first_name, "last_name": "Byron", "email": email, "requested_role": "Staff"}
    access_requests.submit(inputs.parse(AccessRequestInput, values), actor=NOBODY, ip_address="", locale=None)
    return db.session.query(AccessRequest.id).filter(AccessRequest.email.ilike(email)).scalar()


def test_two_super_admins_approve_at_once_and_make_one_account(place, locked, monkeypatch):
    key = ask()
    accounts.create_account(username="boss", roles=["Super Admin"], actor=sessions.system())
    bosses = actor("super_admin"), actor("boss")
    db.session.commit()
    meet_after(monkeypatch, deciding, "lock_many")

    def approve(boss, username):
        return lambda: access_requests.approve([key], actor=boss, username=username)

    answers = race(place, approve(bosses[0], "ada1"), approve(bosses[1], "ada2"))
    states = sorted(
        str(getattr(each, "outcomes", [each])[0].state if hasattr(each, "outcomes") else "refused") for each in answers
    )
    assert (states == ["ok", "unchanged"]) is locked
    assert count("SELECT count(*) FROM ab_user WHERE lower(email) = 'ada@example.org'") == 1
    assert count("SELECT count(*) FROM letters WHERE kind = 'access_approved'") == 1


def test_one_approves_while_the_other_rejects(place, locked, monkeypatch):
    key = ask()
    boss = actor("super_admin")
    db.session.commit()
    rejecting = between(
        monkeypatch, deciding, "_account", lambda: access_requests.reject([key], actor=boss, review_note="No")
    )
    race(place, lambda: access_requests.approve([key], actor=boss), rejecting)
    letters = count("SELECT count(*) FROM letters")
    assert (letters == 1) is locked, "without the lock they are told both"


def test_the_username_is_taken_at_the_moment_of_approval(place, monkeypatch):
    key = ask()
    boss = actor("super_admin")
    db.session.commit()
    meet_after(monkeypatch, access, "require")  # both have looked; neither has written
    answers = race(
        place,
        lambda: access_requests.approve([key], actor=boss, username="ada"),
        lambda: accounts.create_account(username="ADA", email="other@example.org", actor=boss),
    )
    assert len(refusals(answers)) <= 1
    waiting = count("SELECT count(*) FROM access_requests WHERE status = 'pending' AND user_id IS NULL")
    made = count("SELECT count(*) FROM ab_user WHERE lower(username) = 'ada'")
    assert made == 1
    assert waiting + count("SELECT count(*) FROM ab_user WHERE email = 'ada@example.org'") == 1


def test_the_same_person_asks_many_times_at_once(place):
    race(place, *(lambda n=n: ask(email="Ada@Example.org" if n % 2 else "ada@example.org") for n in range(4)))
    assert count("SELECT count(*) FROM access_requests") == 1


def test_a_link_that_two_use_at_once_works_for_one(place, locked, monkeypatch):
    user_id = actor("staff").id
    token = transactional(password_links.issue)(user_id, LinkPurpose.RESET)
    meet_before(monkeypatch, access, "replace_password")  # both have read the link; neither has written
    answers = race(
        place,
        lambda: password_links.use(token, NEW, actor=NOBODY),
        lambda: password_links.use(token, "quiet otters in a canoe", actor=NOBODY),
    )
    assert (len(refusals(answers)) == 1) is locked


@pytest.fixture
def enrolled(place, monkeypatch):
    """Staff with a second factor: a code of it, and its recovery codes."""
    monkeypatch.setattr(codes, "present_step", lambda: STEP)
    staff = actor("staff")
    second_factor.begin(PASSWORD, actor=staff)
    seed = db.session.query(SecondFactor.seed).scalar()
    given = second_factor.confirm(pyotp.TOTP(codes.secret(seed)).generate_otp(STEP), actor=staff)
    monkeypatch.setattr(codes, "present_step", lambda: STEP + 1)
    return pyotp.TOTP(codes.secret(seed)).generate_otp(STEP + 1), given


@pytest.mark.parametrize("which", ["app", "recovery"])
def test_a_code_that_two_use_at_once_works_for_one(place, locked, enrolled, monkeypatch, which):
    code = enrolled[0] if which == "app" else enrolled[1][0]
    tokens = [login.log_in("staff", PASSWORD, kind=SessionKind.WEB)[1] for _number in range(2)]
    meet_after(monkeypatch, factors, "_lock" if which == "app" else "_unused")
    answers = race(place, *(lambda token=token: login.confirm(token, code, kind=SessionKind.WEB) for token in tokens))
    assert (len(refusals(answers)) == 1) is locked


def test_parallel_guesses_are_all_counted(place, enrolled):
    tokens = [login.log_in("staff", PASSWORD, kind=SessionKind.WEB)[1] for _number in range(4)]
    guesses = [lambda token=token: login.confirm(token, "000000", kind=SessionKind.WEB) for token in tokens]
    assert len(refusals(race(place, *guesses))) == 4
    assert count("SELECT hits FROM rate_limits WHERE key LIKE 'second-factor:%'") == 4


def test_two_who_say_at_once_which_roles_need_one(place):
    boss = actor("super_admin")
    db.session.commit()
    wishes = (["Staff", "Admin"], ["Staff", "Teacher"])
    answers = race(place, *(lambda wish=wish: second_factor.require(wish, actor=boss) for wish in wishes))
    assert refusals(answers) == []
    left = db.session.scalars(
        text("SELECT r.name FROM required_second_factors f JOIN ab_role r ON r.id = f.role_id ORDER BY 1")
    ).all()
    assert left in (["Admin", "Staff"], ["Staff", "Teacher"])
