"""Asking for access, and the answer."""

from __future__ import annotations

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models.access import SessionKind, User
from app.models.notifications import Notification
from app.models.requests import AccessRequest, AccessRequestStatus
from app.policies.actor import NOBODY
from app.services import access_requests, accounts, inputs, login, password_links
from app.services.access_requests import AccessRequestInput, records
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.services.rate_limits import TooMany
from app.services.transaction import rehearse
from tests.services.access.conftest import ASKER, ask, token_in

NEW = "purple walruses on ice"


def approve(request, actors, **choice):
    [outcome] = access_requests.approve([request.id], actor=actors.super_admin, **choice).outcomes
    return outcome


def told(username):
    user = accounts.find(username)
    db.session.expire_all()
    return [row.title for row in db.session.query(Notification).filter_by(recipient_id=user.id)]


def test_a_request_waits_and_super_admins_are_told(actors):
    made = ask()
    assert (made.email, made.status, made.user_id) == ("Ada@example.org", AccessRequestStatus.PENDING, None)
    assert told("super_admin") == ["Ada Byron asks for access"]
    assert told("admin") == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no address"),
        ("email", ""),
        ("email", "a\0@example.org"),
        ("email", f"{'a' * 300}@example.org"),
        ("first_name", " "),
        ("last_name", "x" * 65),
        ("requested_role", "Super Admin"),
        ("requested_role", "Public"),
        ("reason", "x" * 1001),
        ("first_name", "\ud800"),
    ],
)
def test_wrong_input_is_refused_at_its_field(db_session, field, value):
    with pytest.raises(Invalid) as refused:
        inputs.parse(AccessRequestInput, ASKER | {field: value})
    assert list(refused.value.fields) == [field]


def test_one_request_per_address_waits_in_whatever_capitals(db_session, actors):
    first = ask()
    ask(email="ADA@example.org", first_name="Other")
    assert [each.id for each in db.session.query(AccessRequest)] == [first.id]
    db.session.add(AccessRequest(**ASKER))
    with pytest.raises(IntegrityError, match="uq_access_requests_email_pending"):
        db.session.flush()


def test_a_known_and_a_waiting_address_make_the_same_statements(db_session, actors):
    """So that neither answer nor time tells who has an account, or has asked."""
    ask(email="waits@example.org")
    statements = []

    def note(_connection, _cursor, statement, *_rest):
        if "SAVEPOINT" not in statement:  # those are of the test
            statements.append(tuple(statement.split()[:3]))

    event.listen(db.engine.engine, "before_cursor_execute", note)
    try:
        found = set()
        for email in ("new@example.org", "staff@school.example", "waits@example.org"):
            statements.clear()
            assert (
                access_requests.submit(
                    inputs.parse(AccessRequestInput, ASKER | {"email": email}), actor=NOBODY, ip_address="", locale=None
                )
                is None
            )
            found.add(tuple(statements))
    finally:
        event.remove(db.engine.engine, "before_cursor_execute", note)
    assert len(found) == 1


def test_requests_are_limited_per_address_and_per_network(db_session):
    for _number in range(records.MOST_PER_EMAIL):
        ask()
    with pytest.raises(TooMany):
        ask(email="ADA@EXAMPLE.ORG")
    for number in range(records.MOST_PER_ADDRESS - records.MOST_PER_EMAIL - 1):
        ask(email=f"a{number}@example.org")
    with pytest.raises(TooMany):
        ask(email="somebody@example.org")


def test_nobody_logs_in_before_approval(actors):
    ask()
    assert accounts.find("ada@example.org") is None
    with pytest.raises(login.LoginRefused):
        login.log_in("ada@example.org", NEW, kind=SessionKind.WEB)


def test_approval_makes_the_account_and_the_link_opens_it(actors, post):
    request = ask()
    engineer = db.session.scalar(text("SELECT id FROM ab_group WHERE name = 'Engineer'"))
    outcome = approve(request, actors, role="Teacher", group_id=engineer, username="ada", review_note="Welcome")
    assert outcome.state == "ok"
    user = accounts.find("ada")
    assert (user.email, user.first_name, user.password) == ("Ada@example.org", "Ada", None)
    assert [role.name for role in user.roles] == ["Teacher"]
    assert [group.name for group in user.groups] == ["Engineer"]
    db.session.expire_all()
    assert (request.status, request.user_id) == (AccessRequestStatus.APPROVED, user.id)
    assert (request.reviewed_by, request.review_note) == (actors.super_admin.id, "Welcome")
    assert request.reviewed_at is not None
    [(to, subject, body)] = post()
    assert to == "Ada@example.org"
    assert "You have access" in subject
    assert token_in(body) != token_in(outcome.message), "each is made for whom it goes to"
    password_links.use(token_in(outcome.message), NEW, actor=NOBODY)
    actor, _token = login.log_in("ada@example.org", NEW, kind=SessionKind.WEB)
    assert actor.roles == {"Teacher", "Engineer"}
    with pytest.raises(password_links.LinkOver):
        password_links.use(token_in(body), NEW, actor=NOBODY)


def test_the_letter_of_who_chose_a_password_already_has_no_link(actors, post):
    outcome = approve(ask(), actors)
    password_links.use(token_in(outcome.message), NEW, actor=NOBODY)
    [(_to, _subject, body)] = post()
    assert "/password/" not in body
    assert "http://localhost/login/" in body


def test_no_table_holds_the_link(actors, post):
    outcome = approve(ask(), actors)
    [(_to, _subject, body)] = post()
    for token in (token_in(outcome.message), token_in(body)):
        for table in db.session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all():
            found = text(f'SELECT count(*) FROM "{table}" AS t WHERE strpos(t::text, :token) > 0')
            assert db.session.scalar(found, {"token": token}) == 0, table


def test_without_a_choice_it_is_as_asked_for(actors):
    approve(ask(), actors)
    user = accounts.find("ada@example.org")
    assert (user.username, [role.name for role in user.roles]) == ("Ada@example.org", ["Staff"])


def test_an_address_with_other_signs_gets_a_plain_username(actors):
    approve(ask(email="o'neil@example.org"), actors)
    assert accounts.find("oneil").email == "o'neil@example.org"


def test_approving_again_returns_the_same_account(actors):
    request = ask()
    first = approve(request, actors)
    user_id = accounts.find("ada@example.org").id
    again = approve(request, actors, role="Admin", username="other")
    assert (first.state, again.state, again.message) == ("ok", "unchanged", "")
    db.session.expire_all()
    assert request.user_id == user_id
    assert db.session.query(User).filter_by(first_name="Ada").count() == 1


@pytest.mark.parametrize(
    ("choice", "field"),
    [({"username": "STAFF"}, "username"), ({"role": "Wizard"}, "roles"), ({"group_id": 99999}, "group_id")],
)
def test_a_refused_approval_leaves_it_pending(actors, choice, field, post):
    request = ask()
    with pytest.raises((Conflict, Invalid)) as refused:
        approve(request, actors, **choice)
    assert list(refused.value.fields) == [field]
    db.session.expire_all()
    assert (request.status, request.user_id) == (AccessRequestStatus.PENDING, None)
    assert accounts.find("ada@example.org") is None
    assert post() == []


def test_an_address_taken_meanwhile_refuses_and_leaves_it_pending(actors):
    request = ask(email="staff@school.example")
    with pytest.raises(Conflict) as refused:
        approve(request, actors, username="another")
    assert list(refused.value.fields) == ["email"]
    db.session.expire_all()
    assert request.status is AccessRequestStatus.PENDING


def test_many_at_once_have_an_outcome_each(actors, post):
    taken, good, also = ask(email="staff@school.example"), ask(email="a1@example.org"), ask(email="a2@example.org")
    approve(also, actors)
    done = access_requests.approve([taken.id, good.id, also.id], actor=actors.super_admin)
    assert [each.state for each in done.outcomes] == ["refused", "ok", "unchanged"]
    assert not any("/password/" in str(each.message) for each in done.outcomes)
    assert accounts.find("a1@example.org") is not None
    assert sorted(to for to, _subject, _body in post()) == ["a1@example.org", "a2@example.org"]
    with pytest.raises(Invalid):
        access_requests.approve([taken.id, good.id], actor=actors.super_admin, username="both")


def test_one_of_many_that_is_refused_says_which_field_in_words(actors):
    """A row of a list has no fields at which it could be said."""
    unfit, good = ask(email="!#$%@example.org"), ask(email="a1@example.org")
    done = access_requests.approve([unfit.id, good.id], actor=actors.super_admin)
    assert [each.state for each in done.outcomes] == ["refused", "ok"]
    sentence = "The e-mail address gives no username: choose one, in an approval of this request alone."
    assert str(done.outcomes[0].refusal) == sentence
    with pytest.raises(Invalid) as refused:
        approve(unfit, actors)
    assert refused.value.fields == {"username": [sentence]}


def test_a_preview_makes_nothing(actors, post):
    request = ask()
    result = rehearse(access_requests.approve, [request.id], actor=actors.super_admin)
    assert [(each.state, each.message) for each in result.outcomes] == [("ok", "")]
    assert accounts.find("ada@example.org") is None
    assert post() == []


def test_rejection_says_why(actors, post):
    boss = accounts.create_account(username="boss", roles=["Super Admin"], actor=actors.super_admin)
    first, second = ask(), ask(email="b@example.org")
    done = access_requests.reject([first.id, second.id], actor=actors.super_admin, review_note="Nobody knows you")
    assert done.count("ok") == 2
    assert {to for to, _subject, body in post() if "Nobody knows you" in body} == {"Ada@example.org", "b@example.org"}
    assert "Super Admin Tester refused Ada Byron access" in told(boss.username)
    assert "Super Admin Tester refused Ada Byron access" not in told("super_admin")
    again = access_requests.reject([first.id], actor=actors.super_admin, review_note="Again")
    assert again.count("unchanged") == 1
    db.session.expire_all()
    assert first.review_note == "Nobody knows you"
    assert ask() is not None, "they may ask again"


def test_what_is_decided_stays_decided(actors):
    approved, rejected = ask(), ask(email="b@example.org")
    approve(approved, actors)
    access_requests.reject([rejected.id], actor=actors.super_admin, review_note="No")
    assert isinstance(approve(rejected, actors).refusal, WrongState)
    [outcome] = access_requests.reject([approved.id], actor=actors.super_admin, review_note="No").outcomes
    assert isinstance(outcome.refusal, WrongState)


@pytest.mark.parametrize("username", ["admin", "staff", "student"])
def test_only_a_super_admin_decides(actors, username):
    request = ask()
    actor = getattr(actors, username)
    for done in (
        access_requests.approve([request.id], actor=actor),
        access_requests.reject([request.id], actor=actor, review_note="No"),
        access_requests.new_link([request.id], actor=actor),
    ):
        assert isinstance(done.outcomes[0].refusal, (NotFound, NotAllowed))


def test_a_new_link_for_who_lost_the_first(actors, post):
    request = ask()
    assert isinstance(access_requests.new_link([request.id], actor=actors.super_admin).outcomes[0].refusal, WrongState)
    approve(request, actors)
    post()
    [outcome] = access_requests.new_link([request.id], actor=actors.super_admin, send_mail=True).outcomes
    assert len(post()) == 1
    password_links.use(token_in(outcome.message), NEW, actor=NOBODY)
    accounts.deactivate(accounts.find("ada@example.org").id, actor=actors.super_admin)
    [outcome] = access_requests.new_link([request.id], actor=actors.super_admin).outcomes
    assert isinstance(outcome.refusal, NotAllowed)


def test_a_new_link_goes_by_mail_also_to_who_has_a_password_and_never_to_no_address(actors, post):
    request = ask()
    approve(request, actors)
    post()
    user = accounts.find("ada@example.org")
    accounts.set_password(user.id, "purple walruses on ice", actor=actors.super_admin)
    access_requests.new_link([request.id], actor=actors.super_admin, send_mail=True)
    [(address, _subject, body)] = post()
    assert address == "Ada@example.org"
    password_links.use(token_in(body), NEW, actor=NOBODY)
    accounts.update_account(user.id, {"username": "ada", "email": None}, actor=actors.super_admin)
    with pytest.raises(Invalid) as refused:
        access_requests.new_link([request.id], actor=actors.super_admin, send_mail=True)
    assert list(refused.value.fields) == ["send_mail"]
    assert post() == []
    assert access_requests.new_link([request.id], actor=actors.super_admin).count("ok") == 1


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"status": "approved"}, "ck_access_requests"),
        ({"status": "rejected"}, "ck_access_requests"),
        ({"user_id": 1}, "ck_access_requests_user_id"),
        ({"reviewed_by": 1}, "ck_access_requests_reviewed"),
        ({"review_note": "x"}, "ck_access_requests_review_note"),
    ],
)
def test_the_database_ties_the_decision_to_the_status(db_session, columns, constraint):
    db.session.add(AccessRequest(**ASKER, **columns))
    with pytest.raises(IntegrityError, match=constraint):
        db.session.flush()


def test_a_rejection_without_a_reason_is_refused_by_the_database(actors):
    request = ask()
    statement = text(
        "UPDATE access_requests SET status = 'rejected', reviewed_by = :who, reviewed_at = now() WHERE id = :id"
    )
    with pytest.raises(IntegrityError, match="rejected_with_reason"), db.session.begin_nested():
        db.session.execute(statement, {"id": request.id, "who": actors.super_admin.id})


def test_what_is_told_of_a_second_request_is_what_the_first_asked(actors):
    ask()
    db.session.execute(text("DELETE FROM notifications"))
    ask(first_name="Eve", requested_role="Teacher")
    [notice] = db.session.query(Notification).filter_by(recipient_id=actors.super_admin.id)
    assert (notice.title, notice.body) == ("Ada Byron asks for access", "Ada@example.org, as Staff.")


def test_a_corrected_address_is_not_betrayed_to_the_old_one(actors, post):
    request = ask()
    approve(request, actors, username="ada")
    user = db.session.get(User, request.user_id)
    accounts.update_account(user.id, {"email": "right@example.org"}, actor=actors.super_admin)
    assert [to for to, _subject, body in post() if "/password/" in body] == []
