"""Making and changing accounts, and the rules against gaining rights."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models.access import SessionKind, User, UserProfile, UserSettings
from app.models.history import RowHistory
from app.policies.accounts import MANAGED
from app.policies.actor import NOBODY
from app.policies.roles import Role
from app.services import accounts, passwords, rate_limits, sessions
from app.services.accounts import directory
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from tests.conftest import PASSWORD

NEW = "purple walruses on ice"


@pytest.fixture(autouse=True)
def _empty(db_session):
    with db.engine.engine.begin() as connection:
        connection.execute(text("TRUNCATE rate_limits"))


@pytest.fixture
def boss(actors):
    return actors.super_admin


def key(username):
    return accounts.find(username).id


def roles_of(username):
    db.session.expire_all()
    return directory.details(accounts.find(username))["roles"]


# making


def test_an_account_comes_with_profile_and_settings(boss):
    user = accounts.create_account(
        username="noor",
        email=" Noor@EXAMPLE.org ",
        first_name=" Noor ",
        password=NEW,
        roles=["Staff"],
        groups=["Engineer"],
        phone="020 7946 0018",
        department="Front desk",
        main_portal_id=" P-17 ",
        actor=boss,
    )
    db.session.expire_all()
    assert directory.details(user) | {"created_on": None} == {
        "username": "noor",
        "email": "Noor@example.org",
        "first_name": "Noor",
        "last_name": "",
        "phone": "+442079460018",
        "department": "Front desk",
        "main_portal_id": "P-17",
        "roles": ["Staff"],
        "groups": ["Engineer"],
        "portal_access": True,
        "active": True,
        "last_login": None,
        "created_on": None,
    }
    assert passwords.verify(user.password, NEW)
    assert user.created_by_fk == boss.id
    assert db.session.scalars(select(UserSettings).where(UserSettings.user_id == user.id)).one()
    made = db.session.scalars(
        select(RowHistory).where(RowHistory.table_name == "ab_user", RowHistory.row_id == str(user.id))
    ).one()
    assert made.actor_id == boss.id
    assert "password" not in made.after


@pytest.mark.parametrize("blank", [None, "", "   "])
def test_blanks_are_no_values(boss, blank):
    for username in ("one", "two"):
        user = accounts.create_account(
            username=username,
            email=blank,
            first_name=blank,
            phone=blank,
            department=blank,
            main_portal_id=blank,
            actor=boss,
        )
        profile = db.session.scalars(select(UserProfile).where(UserProfile.user_id == user.id)).one()
        assert (profile.phone, profile.department, profile.main_portal_id) == (None, None, None)
        assert not accounts.has_email(user.email)
        assert user.password is None


@pytest.mark.parametrize(
    ("again", "field"),
    [
        ({"username": "staff"}, "username"),
        ({"username": "STAFF"}, "username"),
        ({"username": "new", "email": "staff@school.example"}, "email"),
        ({"username": "new", "email": "Staff@School.Example"}, "email"),
        ({"username": "new", "main_portal_id": " P-1"}, "main_portal_id"),
    ],
)
def test_what_another_account_has_is_a_conflict_that_names_the_field(boss, again, field):
    accounts.update_account(key("staff"), {"main_portal_id": "P-1"}, actor=boss)
    with pytest.raises(Conflict) as refused:
        accounts.create_account(**again, actor=boss)
    assert list(refused.value.fields) == [field]
    assert accounts.find("new") is None


def test_every_error_is_told_at_once(boss):
    with pytest.raises(Invalid) as refused:
        accounts.create_account(
            username="n n", email="nobody", phone="12", first_name="x" * 65, department="d\0", actor=boss
        )
    assert set(refused.value.fields) == {"username", "email", "phone", "first_name", "department"}


@pytest.mark.parametrize("username", ["noor.a-b_c+d", "نور", "नूर", "\uff2eoor", "noor2"])
def test_usernames_in_every_script(boss, username):
    made = accounts.create_account(username=username, actor=boss)
    assert accounts.find(username) is made


@pytest.mark.parametrize("username", ["", " ", "no or", "a" * 129, "<b>", "a/b", "a\u202eb", "a\n"])
def test_wrong_usernames(boss, username):
    if username == "a\n":
        assert accounts.create_account(username=username, actor=boss).username == "a"
        return
    with pytest.raises(Invalid) as refused:
        accounts.create_account(username=username, actor=boss)
    assert "username" in refused.value.fields


def test_a_username_with_an_at_sign_is_ones_own_address(boss):
    with pytest.raises(Invalid):
        accounts.create_account(username="staff@school.example", email="x@example.org", actor=boss)
    with pytest.raises(Conflict):
        accounts.create_account(username="staff@school.example", actor=boss)
    made = accounts.create_account(username="noor@example.org", actor=boss)
    assert made.email == "noor@example.org"
    with pytest.raises(Invalid):
        accounts.update_account(made.id, {"email": "other@example.org"}, actor=boss)


def test_a_password_must_fit_the_rule_with_ones_own_names(boss):
    with pytest.raises(Invalid) as refused:
        accounts.create_account(
            username="noor", first_name="Noor", last_name="Rahman", password="noorrahman123", actor=boss
        )
    assert "password" in refused.value.fields
    assert accounts.find("noor") is None


@pytest.mark.parametrize("field", ["roles", "groups"])
def test_unknown_roles_and_groups(boss, field):
    with pytest.raises(Invalid) as refused:
        accounts.create_account(
            username="noor", **{field: ["Staff" if field == "roles" else "Admin", "Nobody"]}, actor=boss
        )
    assert field in refused.value.fields
    assert accounts.find("noor") is None


# who may


def test_who_may_make_accounts(actors):
    for username in ("staff", "teacher", "admissions", "engineer", "student"):
        with pytest.raises(NotAllowed):
            accounts.create_account(username="noor", actor=getattr(actors, username))
    with pytest.raises(NotAllowed):
        accounts.create_account(username="noor", actor=NOBODY)
    assert accounts.create_account(username="noor", actor=actors.admin)


@pytest.mark.parametrize("role", [role.value for role in Role if role is not Role.PUBLIC])
def test_which_roles_an_admin_gives(actors, role):
    def make():
        return accounts.create_account(username="noor", roles=[role], actor=actors.admin)

    if role in MANAGED:
        assert make()
    else:
        with pytest.raises(NotAllowed):
            make()
    assert accounts.create_account(username="other", roles=[role], actor=actors.super_admin)


def test_an_admin_gives_no_role_made_by_hand(actors):
    db.session.execute(text("INSERT INTO ab_role (id, name) VALUES (nextval('ab_role_id_seq'), 'Wizard')"))
    db.session.commit()
    with pytest.raises(NotAllowed):
        accounts.set_roles(key("staff"), ["Staff", "Wizard"], actor=actors.admin)
    accounts.set_roles(key("staff"), ["Staff", "Wizard"], actor=actors.super_admin)
    with pytest.raises(NotAllowed):
        accounts.set_password(key("staff"), NEW, actor=actors.admin)


def test_a_role_through_a_group_protects_as_a_role_does(actors):
    with pytest.raises(NotAllowed):
        accounts.set_groups(key("staff"), ["Admin"], actor=actors.admin)
    accounts.set_groups(key("staff"), ["Admin"], actor=actors.super_admin)
    assert "Admin" in actors.staff.roles
    for change in (
        lambda: accounts.set_password(key("staff"), NEW, actor=actors.admin),
        lambda: accounts.deactivate(key("staff"), actor=actors.admin),
        lambda: accounts.update_account(key("staff"), {"email": "mine@example.org"}, actor=actors.admin),
        lambda: accounts.set_roles(key("staff"), [], actor=actors.admin),
        lambda: accounts.end_sessions(key("staff"), actor=actors.admin),
    ):
        with pytest.raises(NotAllowed):
            change()


@pytest.mark.parametrize("username", ["admin", "super_admin"])
def test_nobody_changes_their_own_roles(actors, username):
    actor = getattr(actors, username)
    for change in (
        lambda: accounts.set_roles(actor.id, ["Staff"], actor=actor),
        lambda: accounts.set_groups(actor.id, ["Admin"], actor=actor),
        lambda: accounts.update_account(actor.id, {"roles": [*actor.roles, "Staff"]}, actor=actor),
        lambda: accounts.deactivate(actor.id, actor=actor),
        lambda: accounts.set_password(actor.id, NEW, actor=actor),
    ):
        with pytest.raises(NotAllowed):
            change()


def test_the_systems_account_stays_as_it_is(actors, boss):
    system = sessions.system()
    for actor in (boss, system):
        for change in (
            lambda actor: accounts.update_account(system.id, {"first_name": "X"}, actor=actor),
            lambda actor: accounts.set_password(system.id, NEW, actor=actor),
            lambda actor: accounts.activate(system.id, actor=actor),
            lambda actor: accounts.deactivate(system.id, actor=actor),
            lambda actor: accounts.set_roles(system.id, ["Staff"], actor=actor),
            lambda actor: accounts.end_sessions(system.id, actor=actor),
        ):
            with pytest.raises(NotFound):  # as of an account that there is not
                change(actor)


def test_an_unknown_account_is_not_found(boss):
    for change in (
        lambda: accounts.update_account(999999, {}, actor=boss),
        lambda: accounts.set_roles(999999, [], actor=boss),
        lambda: accounts.deactivate(999999, actor=boss),
    ):
        with pytest.raises(NotFound):
            change()


# changing


def test_only_what_is_given_changes(boss):
    accounts.update_account(key("staff"), {"phone": "+442079460018", "first_name": "Sam"}, actor=boss)
    accounts.update_account(key("staff"), {"department": "Desk"}, actor=boss)
    now = directory.details(accounts.find("staff"))
    assert (now["phone"], now["first_name"], now["department"], now["roles"]) == (
        "+442079460018",
        "Sam",
        "Desk",
        ["Staff"],
    )
    accounts.update_account(key("staff"), {"phone": " ", "department": ""}, actor=boss)
    now = directory.details(accounts.find("staff"))
    assert (now["phone"], now["department"]) == (None, None)


def test_what_no_input_has_is_ignored(boss):
    before = accounts.find("staff").password
    accounts.update_account(key("staff"), {"password": "x", "active": False, "id": 1, "login_count": 9}, actor=boss)
    user = accounts.find("staff")
    assert (user.password, user.active) == (before, True)


def test_an_old_account_without_a_profile_gets_one(boss):
    db.session.execute(text("DELETE FROM user_profiles WHERE user_id = :id"), {"id": key("staff")})
    accounts.update_account(key("staff"), {"department": "Desk"}, actor=boss)
    assert directory.details(accounts.find("staff"))["department"] == "Desk"


def test_a_changed_role_counts_from_the_next_request(actors, boss):
    token = sessions.start(key("staff"), kind=SessionKind.WEB)
    assert sessions.load(token).may("list", "Leads")
    accounts.set_roles(key("staff"), ["Student"], actor=boss)
    now = sessions.load(token)
    assert now.roles == {"Student"}
    assert not now.may("list", "Leads")


def test_deactivation_ends_sessions_and_activation_does_not_bring_them_back(actors, boss):
    token = sessions.start(key("staff"), kind=SessionKind.WEB)
    assert accounts.deactivate(key("staff"), actor=boss)
    assert not accounts.deactivate(key("staff"), actor=boss)
    assert sessions.load(token) is NOBODY
    assert accounts.activate(key("staff"), actor=boss)
    assert not accounts.activate(key("staff"), actor=boss)
    assert sessions.load(token) is NOBODY


def test_a_new_password_ends_the_sessions_of_that_account_only(actors, boss):
    theirs, others = (sessions.start(key(name), kind=SessionKind.API) for name in ("staff", "teacher"))
    accounts.set_password(key("staff"), NEW, actor=actors.admin)
    assert passwords.verify(accounts.find("staff").password, NEW)
    assert sessions.load(theirs, SessionKind.API) is NOBODY
    assert sessions.load(others, SessionKind.API) is not NOBODY


def test_ones_own_password_needs_the_current_one(actors):
    here, elsewhere = (sessions.start(key("staff"), kind=SessionKind.WEB) for _login in range(2))
    actor = sessions.load(here)
    with pytest.raises(Invalid) as refused:
        accounts.change_own_password("wrong", NEW, actor=actor)
    assert "current_password" in refused.value.fields
    with pytest.raises(Invalid) as refused:
        accounts.change_own_password(PASSWORD, "short", actor=actor)
    assert "password" in refused.value.fields
    assert sessions.load(elsewhere) is not NOBODY
    accounts.change_own_password(PASSWORD, NEW, actor=actor)
    assert sessions.load(here) is not NOBODY
    assert sessions.load(elsewhere) is NOBODY
    with pytest.raises(NotAllowed):
        accounts.change_own_password(PASSWORD, NEW, actor=NOBODY)


def test_a_stolen_session_cannot_guess_the_password_for_long(actors, monkeypatch):
    monkeypatch.setattr(passwords, "verify", lambda hashed, given: False)
    for _attempt in range(accounts.access.WRONG_PASSWORDS):
        with pytest.raises(Invalid):
            accounts.change_own_password("guess", NEW, actor=actors.staff)
    with pytest.raises(rate_limits.TooMany):
        accounts.change_own_password(PASSWORD, NEW, actor=actors.staff)


# the last Super Admin


@pytest.mark.parametrize("how", ["deactivate", "roles", "update"])
def test_the_last_super_admin_stays(actors, how):
    system, last = sessions.system(), key("super_admin")
    changes = {
        "deactivate": lambda: accounts.deactivate(last, actor=system),
        "roles": lambda: accounts.set_roles(last, ["Staff"], actor=system),
        "update": lambda: accounts.update_account(last, {"roles": []}, actor=system),
    }
    with pytest.raises(WrongState):
        changes[how]()
    assert roles_of("super_admin") == ["Super Admin"]
    assert accounts.find("super_admin").active
    accounts.create_account(username="second", roles=["Super Admin"], actor=system)
    changes[how]()


def test_a_super_admin_through_a_group_counts(actors):
    system = sessions.system()
    db.session.execute(
        text("""
        INSERT INTO ab_group (id, name) VALUES (nextval('ab_group_id_seq'), 'Board');
        INSERT INTO ab_group_role (id, group_id, role_id) SELECT nextval('ab_group_role_id_seq'), g.id, r.id
        FROM ab_group g, ab_role r WHERE g.name = 'Board' AND r.name = 'Super Admin'
    """)
    )
    accounts.set_groups(key("staff"), ["Board"], actor=system)
    accounts.deactivate(key("super_admin"), actor=system)
    with pytest.raises(WrongState):
        accounts.set_groups(key("staff"), [], actor=system)
    with pytest.raises(WrongState):
        accounts.deactivate(key("staff"), actor=system)


def test_an_inactive_super_admin_does_not_count(actors):
    system = sessions.system()
    second = accounts.create_account(username="second", roles=["Super Admin"], actor=system)
    accounts.deactivate(second.id, actor=system)
    with pytest.raises(WrongState):
        accounts.deactivate(key("super_admin"), actor=system)
    accounts.set_roles(second.id, [], actor=system)


def test_accounts_are_made_in_one_place_only():
    """Nothing but the deployment's system account is added to the table elsewhere."""
    import re
    from pathlib import Path

    import app

    root = Path(app.__file__).parent
    makers = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if re.search(r"(?<![\w.])User\(|INTO ab_user\b|insert\(User\b", path.read_text())
    }
    assert makers == {"services/accounts/records.py", "services/deployment.py"}


def test_find_answers_for_anything_typed(db_session):
    assert accounts.find("") is None
    assert accounts.find("\0\ud800") is None
    assert accounts.find("%") is None
    assert isinstance(accounts.find(" Staff@school.EXAMPLE "), User)
