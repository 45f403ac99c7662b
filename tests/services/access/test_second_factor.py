"""The second factor: setting up, asking for it, recovery codes, and roles that need one."""

from __future__ import annotations

import pyotp
import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.access import SessionKind, UserSession, WaitsFor
from app.models.credentials import RecoveryCode, SecondFactor
from app.models.history import RowHistory
from app.policies.actor import NOBODY
from app.services import accounts, login, passwords, second_factor, sessions
from app.services.accounts import access, groups
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from app.services.rate_limits import TooMany
from app.services.second_factor import codes, factors
from tests.conftest import PASSWORD

STEP = 59_000_000


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    """Passwords compared without the work: that has its own tests."""
    monkeypatch.setattr(passwords, "verify", lambda hashed, given: bool(hashed) and given == PASSWORD)


@pytest.fixture
def clock(monkeypatch):
    """The time step of now, to be set: `clock[0] += 1`."""
    now = [STEP]
    monkeypatch.setattr(codes, "present_step", lambda: now[0])
    return now


def code_of(user_id, step):
    seed = db.session.query(SecondFactor).filter_by(user_id=user_id).one().seed
    return pyotp.TOTP(codes.secret(seed)).generate_otp(step)


@pytest.fixture
def enrolled(actors, clock):
    """Staff with a second factor; its recovery codes."""
    second_factor.begin(PASSWORD, actor=actors.staff)
    given = second_factor.confirm(code_of(actors.staff.id, clock[0]), actor=actors.staff)
    clock[0] += 1
    return given


def log_in(kind=SessionKind.WEB, password=PASSWORD):
    return login.log_in("staff", password, kind=kind)


def test_setting_it_up_takes_a_password_and_a_code(actors, clock):
    with pytest.raises(Invalid) as refused:
        second_factor.begin("wrong", actor=actors.staff)
    assert list(refused.value.fields) == ["password"]
    with pytest.raises(WrongState):
        second_factor.confirm("123456", actor=actors.staff)
    second_factor.begin(PASSWORD, actor=actors.staff)
    begun = second_factor.begun(actors.staff.id)
    assert begun.secret in begun.address
    assert log_in()[0] is not NOBODY, "not asked for before it is confirmed"
    with pytest.raises(Invalid):
        second_factor.confirm("000000", actor=actors.staff)
    given = second_factor.confirm(pyotp.TOTP(begun.secret).generate_otp(clock[0]), actor=actors.staff)
    assert len(set(given)) == codes.RECOVERY_CODES == 10
    state = second_factor.state(actors.staff)
    assert (state.active, state.codes_left, state.required) == (True, 10, False)
    assert second_factor.begun(actors.staff.id) is None, "the secret is not shown again"
    with pytest.raises(WrongState):
        second_factor.begin(PASSWORD, actor=actors.staff)


def test_beginning_again_makes_another_secret(actors, clock):
    second_factor.begin(PASSWORD, actor=actors.staff)
    first = second_factor.begun(actors.staff.id).secret
    second_factor.begin(PASSWORD, actor=actors.staff)
    assert second_factor.begun(actors.staff.id).secret != first
    with pytest.raises(Invalid):
        second_factor.confirm(pyotp.TOTP(first).generate_otp(clock[0]), actor=actors.staff)


def test_no_table_holds_secret_or_recovery_codes(actors, enrolled, app):
    secret = codes.secret(db.session.query(SecondFactor).one().seed)
    for table in db.session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all():
        found = text(f'SELECT count(*) FROM "{table}" AS t WHERE strpos(lower(t::text), lower(:word)) > 0')
        for word in (secret, *enrolled, codes.plain(enrolled[0])):
            assert db.session.scalar(found, {"word": word}) == 0, table
    before = app.config["SECRET_KEY"]
    app.config["SECRET_KEY"] = "another"
    assert codes.secret(db.session.query(SecondFactor).one().seed) != secret
    app.config["SECRET_KEY"] = before


def test_the_password_alone_opens_nothing(actors, enrolled):
    actor, token = log_in()
    assert actor is NOBODY
    assert sessions.load(token) is NOBODY
    assert sessions.waiting(token).waits_for is WaitsFor.CODE
    assert [each.waits_for for each in db.session.query(UserSession)] == [WaitsFor.CODE]


def test_a_code_finishes_the_login_once(actors, enrolled, clock):
    _actor, token = log_in()
    code = code_of(actors.staff.id, clock[0])
    actor = login.confirm(token, f" {code[:3]} {code[3:]} ", kind=SessionKind.WEB)
    assert (actor.username, sessions.load(token)) == ("staff", actor)
    row = db.session.query(UserSession).one()
    db.session.refresh(row)
    assert (row.expires_at - row.created_at).total_seconds() > 11 * 3600
    with pytest.raises(login.LoginOver):
        login.confirm(token, code, kind=SessionKind.WEB)


def test_no_code_is_taken_twice_nor_an_earlier_one(actors, enrolled, clock):
    code, earlier = (code_of(actors.staff.id, step) for step in (clock[0], clock[0] - 1))
    login.confirm(log_in()[1], code, kind=SessionKind.WEB)
    for replayed in (code, earlier):
        with pytest.raises(Invalid):
            login.confirm(log_in()[1], replayed, kind=SessionKind.WEB)
    clock[0] += 1
    login.confirm(log_in()[1], code_of(actors.staff.id, clock[0]), kind=SessionKind.WEB)


def test_a_clock_may_be_half_a_minute_wrong(actors, enrolled, clock):
    clock[0] += 5
    for step, right in ((-2, False), (2, False), (-1, True), (1, True)):
        token = log_in()[1]
        if right:
            login.confirm(token, code_of(actors.staff.id, clock[0] + step), kind=SessionKind.WEB)
        else:
            with pytest.raises(Invalid):
                login.confirm(token, code_of(actors.staff.id, clock[0] + step), kind=SessionKind.WEB)


def test_each_recovery_code_works_once(actors, enrolled):
    token = log_in()[1]
    assert login.confirm(token, enrolled[3].upper().replace("-", " "), kind=SessionKind.WEB).username == "staff"
    with pytest.raises(Invalid):
        login.confirm(log_in()[1], enrolled[3], kind=SessionKind.WEB)
    assert second_factor.state(actors.staff).codes_left == 9


def test_digits_of_any_script_are_digits(actors, enrolled, clock):
    code = code_of(actors.staff.id, clock[0]).translate({ord("0") + each: 0x0660 + each for each in range(10)})
    assert login.confirm(log_in()[1], code, kind=SessionKind.WEB).username == "staff"


@pytest.mark.parametrize("code", ["", "0", "１２３４５６", "\0", "x" * 10_000, "\ud800", "é" * 6])
def test_a_wrong_code_is_a_refusal_whatever_it_is(actors, enrolled, code):
    with pytest.raises(Invalid) as refused:
        login.confirm(log_in()[1], code, kind=SessionKind.WEB)
    assert list(refused.value.fields) == ["code"]


def test_codes_are_limited_whatever_the_login(actors, enrolled, clock):
    for _number in range(factors.MOST_CODES):
        with pytest.raises(Invalid):
            login.confirm(log_in()[1], "000000", kind=SessionKind.WEB)
    with pytest.raises(TooMany):
        login.confirm(log_in()[1], code_of(actors.staff.id, clock[0]), kind=SessionKind.WEB)


def test_right_codes_are_not_counted(actors, enrolled, clock):
    for _number in range(factors.MOST_CODES + 2):
        clock[0] += 1
        login.confirm(log_in()[1], code_of(actors.staff.id, clock[0]), kind=SessionKind.WEB)


@pytest.mark.parametrize(
    "end",
    [
        lambda actor, boss: accounts.set_password(actor.id, "purple walruses on ice", actor=boss),
        lambda actor, boss: accounts.deactivate(actor.id, actor=boss),
        lambda actor, boss: db.session.execute(text("UPDATE user_sessions SET expires_at = now()")),
    ],
    ids=["new password", "deactivated", "too slow"],
)
def test_a_login_that_waits_ends_with(actors, enrolled, clock, end):
    _actor, token = log_in()
    end(actors.staff, actors.super_admin)
    with pytest.raises(login.LoginOver):
        login.confirm(token, code_of(actors.staff.id, clock[0]), kind=SessionKind.WEB)


def test_switching_off_takes_password_and_code(actors, enrolled, clock):
    code = code_of(actors.staff.id, clock[0])
    for password, given, field in (("wrong", code, "password"), (PASSWORD, "000000", "code")):
        with pytest.raises(Invalid) as refused:
            second_factor.switch_off(password, given, actor=actors.staff)
        assert list(refused.value.fields) == [field]
    second_factor.switch_off(PASSWORD, code, actor=actors.staff)
    assert not second_factor.state(actors.staff).active
    assert db.session.query(RecoveryCode).count() == 0
    assert log_in()[0].username == "staff"


def test_new_recovery_codes_end_the_old(actors, enrolled, clock):
    given = second_factor.new_recovery_codes(code_of(actors.staff.id, clock[0]), actor=actors.staff)
    assert len(given) == 10
    assert not set(given) & set(enrolled)
    with pytest.raises(Invalid):
        login.confirm(log_in()[1], enrolled[0], kind=SessionKind.WEB)
    login.confirm(log_in()[1], given[0], kind=SessionKind.WEB)


def test_a_super_admin_switches_it_off_for_who_lost_it(actors, enrolled, post):
    _actor, token = log_in()
    login.confirm(token, enrolled[0], kind=SessionKind.WEB)
    for actor in (actors.admin, actors.staff2, actors.staff):
        [outcome] = second_factor.reset([actors.staff.id], actor=actor).outcomes
        assert isinstance(outcome.refusal, NotAllowed)
    done = second_factor.reset([actors.staff.id, actors.teacher.id, 99_999], actor=actors.super_admin)
    assert [each.state for each in done.outcomes] == ["ok", "unchanged", "refused"]
    assert isinstance(done.outcomes[2].refusal, NotFound)
    assert sessions.load(token) is NOBODY
    assert log_in()[0].username == "staff"
    [(to, _subject, _body)] = post()
    assert to == "staff@school.example"
    rows = db.session.query(RowHistory).filter_by(table_name="second_factors").order_by(RowHistory.id)
    last = list(rows)[-1]
    assert (last.operation, last.actor_id) == ("delete", actors.super_admin.id)
    assert not any("seed" in (row.before or {}) or "seed" in (row.after or {}) for row in rows)


def test_nobody_resets_their_own(actors):
    [outcome] = second_factor.reset([actors.super_admin.id], actor=actors.super_admin).outcomes
    assert isinstance(outcome.refusal, NotAllowed)


def test_who_needs_one_and_has_none_sets_it_up_first(actors, clock):
    assert second_factor.require(["Staff"], actor=actors.super_admin) == ["Staff"]
    actor, token = log_in()
    assert actor is NOBODY
    assert sessions.waiting(token).waits_for is WaitsFor.ENROLMENT
    with pytest.raises(login.LoginOver):
        login.confirm(token, "123456", kind=SessionKind.WEB)
    with pytest.raises(Invalid):
        login.enrol(token, "000000", kind=SessionKind.WEB)
    actor, given = login.enrol(token, code_of(actors.staff.id, clock[0]), kind=SessionKind.WEB)
    assert (actor.username, len(given)) == ("staff", 10)
    assert sessions.load(token).username == "staff"
    with pytest.raises(WrongState):
        second_factor.switch_off(PASSWORD, given[0], actor=actors.staff)
    row = db.session.query(RowHistory).filter_by(table_name="second_factors", operation="update").one()
    assert row.actor_id == actors.staff.id


def test_a_role_through_a_group_counts(actors):
    user = accounts.create_account(username="eng", password=PASSWORD, groups=["Engineer"], actor=actors.super_admin)
    second_factor.require(["Engineer"], actor=actors.super_admin)
    assert second_factor.state(sessions.load_by_id(user.id)).required
    assert login.log_in("eng", PASSWORD, kind=SessionKind.WEB)[0] is NOBODY
    assert login.log_in("staff", PASSWORD, kind=SessionKind.WEB)[0] is not NOBODY


def test_requiring_is_a_super_admins_and_repeatable(actors):
    for actor in (actors.admin, actors.staff):
        with pytest.raises(NotAllowed):
            second_factor.require(["Staff"], actor=actor)
    for _number in range(2):
        assert second_factor.require(["Staff", "Admin"], actor=actors.super_admin) == ["Admin", "Staff"]
    with pytest.raises(Invalid):
        second_factor.require(["Wizard"], actor=actors.super_admin)
    assert second_factor.require([], actor=actors.super_admin) == []


def test_a_program_does_not_change_the_secret_that_somebody_is_setting_up(actors, clock):
    second_factor.require(["Staff"], actor=actors.super_admin)
    log_in()
    begun = second_factor.begun(actors.staff.id)
    log_in(kind=SessionKind.API)
    assert second_factor.begun(actors.staff.id) == begun


def test_requiring_ends_the_logins_that_a_password_alone_has_opened(actors, enrolled):
    """Those of the teacher; not those of who has a second factor, of who needs none, nor the login at work."""
    boss = actors.super_admin
    opened = {
        name: sessions.start(getattr(actors, name).id, kind=SessionKind.API) for name in ("staff", "teacher", "coach")
    }
    mine = sessions.start(boss.id, kind=SessionKind.WEB)
    at_work = sessions.load(mine, SessionKind.WEB)
    second_factor.require(["Staff", "Teacher", "Super Admin"], actor=at_work)
    live = set(db.session.scalars(text("SELECT user_id FROM user_sessions WHERE ended_at IS NULL")))
    assert live >= {actors.staff.id, actors.coach.id, boss.id}
    assert actors.teacher.id not in live
    assert sessions.load(mine, SessionKind.WEB).id == boss.id
    assert len(opened) == 3


@pytest.mark.parametrize("way", ["role", "group", "role of the group"])
def test_who_is_given_a_role_that_needs_one_logs_in_anew(actors, enrolled, way):
    """But not who has a second factor already, nor who gives it."""
    boss, coach = actors.super_admin, actors.coach
    group = groups.create({"name": "Desk", "roles": [] if way == "role of the group" else ["Engineer"]}, actor=boss)
    if way == "role of the group":
        access.set_groups(coach.id, ["Desk"], actor=boss)
    sessions.start(coach.id, kind=SessionKind.API)
    at_work = sessions.load(sessions.start(boss.id, kind=SessionKind.WEB), SessionKind.WEB)
    second_factor.require(["Engineer", "Super Admin"], actor=at_work)
    live = text("SELECT user_id FROM user_sessions WHERE ended_at IS NULL")
    assert coach.id in set(db.session.scalars(live))
    match way:
        case "role":
            access.set_roles(coach.id, ["Coach", "Engineer"], actor=at_work)
        case "group":
            access.set_groups(coach.id, ["Desk"], actor=at_work)
        case _:
            groups.update(group.id, {"roles": ["Engineer"]}, actor=at_work)
    assert coach.id not in set(db.session.scalars(live))
    assert boss.id in set(db.session.scalars(live))


def test_an_unknown_role_is_refused_whatever_is_in_its_name(actors):
    for name in ("Nobody", "Sta\0ff"):
        with pytest.raises(Invalid):
            second_factor.require([name], actor=actors.super_admin)
