"""Links to set a password: each works once, and ends with what it was made for."""

from __future__ import annotations

import pytest
from sqlalchemy import event, text

from app.extensions import db
from app.models.access import SessionKind
from app.models.credentials import Letter, LetterStatus, LinkPurpose, PasswordLink
from app.policies.actor import NOBODY
from app.services import accounts, inputs, login, password_links, passwords, sessions
from app.services.errors import Invalid
from app.services.mail import letters
from app.services.mail.transport import LaterError, NeverError
from app.services.password_links import LinkOver, ResetInput
from app.services.rate_limits import TooMany
from app.services.transaction import transactional
from tests.conftest import PASSWORD
from tests.services.access.conftest import token_in

NEW = "purple walruses on ice"


@transactional
def issue(user_id, purpose=LinkPurpose.SET):
    return password_links.issue(user_id, purpose)


def forgot(email="staff@school.example"):
    values = inputs.parse(ResetInput, {"email": email})
    password_links.ask_reset(values, actor=NOBODY, ip_address="203.0.113.7", locale="en")


def states():
    db.session.expire_all()
    return [each.status for each in db.session.query(Letter).order_by(Letter.id)]


def test_a_forgotten_password_is_chosen_anew(actors, post):
    token = sessions.start(actors.staff.id, kind=SessionKind.WEB)
    forgot("STAFF@school.example")
    [(to, subject, body)] = post()
    assert to.lower() == "staff@school.example"
    assert "Choose a new password" in subject
    assert password_links.find(token_in(body)).username == "staff"
    password_links.use(token_in(body), NEW, actor=NOBODY)
    assert passwords.verify(accounts.find("staff").password, NEW)
    assert sessions.load(token) is NOBODY, "all other logins end"
    login.log_in("staff", NEW, kind=SessionKind.WEB)


def test_unknown_addresses_get_the_same_answer_and_no_letter(actors, post):
    accounts.deactivate(actors.teacher.id, actor=actors.super_admin)
    for email in ("nobody@example.org", "teacher@school.example", "system@registrar.invalid.example"):
        assert forgot(email) is None
    assert post() == []
    assert states() == [LetterStatus.DROPPED] * 3


def test_known_and_unknown_make_the_same_statements(actors):
    statements, found = [], set()

    def note(_connection, _cursor, statement, *_rest):
        if "SAVEPOINT" not in statement:
            statements.append(tuple(statement.split()[:3]))

    forgot("first@example.org")  # a task waits from here on
    event.listen(db.engine.engine, "before_cursor_execute", note)
    try:
        for email in ("staff@school.example", "nobody@example.org"):
            statements.clear()
            forgot(email)
            found.add(tuple(statements))
    finally:
        event.remove(db.engine.engine, "before_cursor_execute", note)
    assert len(found) == 1
    assert not any("ab_user" in words for words in next(iter(found)))


def test_asking_is_limited_for_known_and_unknown_alike(actors):
    for email in ("staff@school.example", "nobody@example.org"):
        for _number in range(password_links.MOST_PER_EMAIL):
            forgot(email)
        with pytest.raises(TooMany):
            forgot(email.upper())


def test_an_address_that_asks_for_many_is_limited(db_session):
    for number in range(password_links.MOST_PER_ADDRESS):
        forgot(f"a{number}@example.org")
    with pytest.raises(TooMany):
        forgot("staff@school.example")


def test_a_link_works_once(actors):
    token = issue(actors.staff.id)
    password_links.use(token, NEW, actor=NOBODY)
    with pytest.raises(LinkOver):
        password_links.use(token, "another " + NEW, actor=NOBODY)
    with pytest.raises(LinkOver):
        password_links.find(token)
    assert db.session.query(PasswordLink).one().used_at is not None


def test_a_refused_password_leaves_the_link(actors):
    token = issue(actors.staff.id)
    with pytest.raises(Invalid) as refused:
        password_links.use(token, "short", actor=NOBODY)
    assert list(refused.value.fields) == ["password"]
    password_links.use(token, NEW, actor=NOBODY)


@pytest.mark.parametrize(
    "end",
    [
        lambda user, boss: accounts.set_password(user, NEW, actor=boss),
        lambda user, boss: accounts.deactivate(user, actor=boss),
        lambda user, boss: (accounts.deactivate(user, actor=boss), accounts.activate(user, actor=boss)),
        lambda user, boss: accounts.update_account(user, {"email": "other@example.org"}, actor=boss),
        lambda user, boss: accounts.change_own_password(PASSWORD, NEW, actor=sessions.load_by_id(user)),
        lambda user, boss: password_links.use(issue(user), NEW, actor=NOBODY),
        lambda user, boss: db.session.execute(text("UPDATE ab_user SET password = 'x' WHERE id = :id"), {"id": user}),
        lambda user, boss: db.session.execute(text("UPDATE password_links SET expires_at = now()")),
    ],
    ids=["set", "deactivated", "and activated", "address", "own change", "another link", "by hand", "its time"],
)
def test_a_link_ends_with(actors, end):
    token = issue(actors.staff.id)
    end(actors.staff.id, actors.super_admin)
    db.session.commit()
    with pytest.raises(LinkOver):
        password_links.find(token)
    with pytest.raises(LinkOver):
        password_links.use(token, NEW, actor=NOBODY)


def test_a_login_does_not_end_a_link(actors):
    token = issue(actors.staff.id)
    login.log_in("staff", PASSWORD, kind=SessionKind.WEB)
    accounts.update_account(actors.staff.id, {"first_name": "Other"}, actor=actors.admin)
    assert password_links.find(token).purpose is LinkPurpose.SET


@pytest.mark.parametrize("token", ["", "x", "\0", "é\ud800", "a" * 100_000])
def test_a_made_up_link_is_over(db_session, token):
    with pytest.raises(LinkOver):
        password_links.find(token)
    with pytest.raises(LinkOver):
        password_links.use(token, NEW, actor=NOBODY)


def test_how_long_they_last(actors):
    for purpose, lifetime in password_links.LIFETIME.items():
        issue(actors.staff.id, purpose)
        row = db.session.query(PasswordLink).filter_by(purpose=purpose).one()
        assert abs((row.expires_at - row.created_at - lifetime).total_seconds()) < 60


def test_old_links_and_letters_are_cleared(actors, post):
    issue(actors.staff.id)
    forgot()
    post()
    forgot("waits@example.org")
    assert (password_links.clean_up(), letters.clean_up()) == (0, 0)
    db.session.execute(text("UPDATE password_links SET expires_at = now() - interval '31 days'"))
    db.session.execute(text("UPDATE letters SET created_at = now() - interval '8 days'"))
    assert password_links.clean_up() == 2
    assert letters.clean_up() == 1, "what still waits is kept"


def test_a_letter_is_tried_again_with_a_link_that_works_and_in_its_language(actors, post, monkeypatch):
    forgot()
    db.session.execute(text("UPDATE letters SET locale = 'ar'"))
    deliver, opened = post, letters.opened
    monkeypatch.setattr(letters, "opened", _failing(LaterError("421 Busy", server=True)))
    assert letters.deliver() == 0
    assert states() == [LetterStatus.QUEUED]
    assert letters.deliver() == 0, "not before its time"
    db.session.execute(text("UPDATE letters SET next_attempt_at = now()"))
    monkeypatch.setattr(letters, "opened", opened)
    [(_to, _subject, body)] = deliver()
    assert password_links.find(token_in(body)).username == "staff"
    assert states() == [LetterStatus.SENT]
    assert deliver() == [], "once"


def test_a_letter_that_nobody_takes_is_given_up(actors, monkeypatch):
    forgot()
    monkeypatch.setattr(letters, "opened", _failing(NeverError("550 No")))
    assert letters.deliver() == 0
    assert states() == [LetterStatus.FAILED]
    assert db.session.query(Letter).one().error == "550 No"


def test_a_letter_whose_worker_was_lost_is_sent_by_the_next(actors, post, monkeypatch):
    forgot()
    monkeypatch.setattr(letters, "_deliver", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        letters.deliver()
    monkeypatch.undo()
    assert letters._claim() is None, "it is still leased"
    assert letters.request_delivery() == 0
    db.session.execute(text("UPDATE letters SET claimed_until = now()"))
    assert letters.request_delivery() == 1
    assert letters._claim().attempts == 2


def _failing(error):
    from contextlib import contextmanager

    def fail(_message):
        raise error

    @contextmanager
    def opened():
        yield fail

    return opened
