"""Groups: what they carry, who is in them, and that nobody gains rights by them."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.access import Group
from app.policies.groups import BUILT_IN
from app.services import accounts, deployment, sessions
from app.services.accounts import directory, groups
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from app.services.integrity import get, repair, total
from tests.factories.broken import run


def group(name: str) -> Group:
    return db.session.scalars(select(Group).where(Group.name == name).execution_options(populate_existing=True)).one()


@pytest.fixture
def desk(actors):
    values = {"name": "Front desk", "description": "Greets whoever comes in.", "roles": ["Staff"]}
    return groups.create(values, actor=actors.super_admin)


def test_the_built_in_groups_have_descriptions_and_roles(db_session):
    for name, built_in in BUILT_IN.items():
        made = group(name)
        assert made.description == str(built_in.description)
        assert {role.name for role in made.roles} == {role.value for role in built_in.roles}


def test_they_are_made_again_and_no_second_time(db_session, monkeypatch):
    run("DELETE FROM ab_group WHERE name IN ('Engineer', 'Admin')")
    assert total(get("group_without_role"), None) == 2
    assert sorted(groups.set_up()) == [
        "group Admin added",
        "group Admin carries Admin",
        "group Engineer added",
        "group Engineer carries Engineer",
    ]
    assert groups.set_up() == []


def test_a_repair_without_the_role_names_the_command(actors, db_session):
    run("DELETE FROM ab_permission_view_role WHERE role_id = (SELECT id FROM ab_role WHERE name = 'Engineer')")
    run("DELETE FROM ab_user_role WHERE role_id = (SELECT id FROM ab_role WHERE name = 'Engineer')")
    run("DELETE FROM ab_group_role WHERE role_id = (SELECT id FROM ab_role WHERE name = 'Engineer')")
    run("DELETE FROM ab_role WHERE name = 'Engineer'")
    with pytest.raises(WrongState, match="registrar users setup-groups"):
        repair(["group_without_role"], actor=actors.super_admin)


def test_a_group_gives_its_roles_from_the_next_request(actors, desk):
    groups.add_member([desk.id], actor=actors.super_admin, user_id=actors.student.id)
    assert actors.student.roles == {"Student", "Staff"}
    groups.update(desk.id, {"roles": ["Teacher"]}, actor=actors.super_admin)
    assert actors.student.roles == {"Student", "Teacher"}
    again = groups.add_member([desk.id], actor=actors.super_admin, user_id=actors.student.id)
    assert again.outcomes[0].unchanged
    groups.remove_member([desk.id], actor=actors.super_admin, user_id=actors.student.id)
    assert actors.student.roles == {"Student"}


def test_many_join_and_leave_at_once_each_with_its_outcome(actors, desk):
    boss = actors.super_admin
    ids = [actors.staff.id, boss.id, sessions.system().id, 999999, actors.teacher.id]
    joined = groups.join(ids, actor=boss, group_id=desk.id)
    assert [each.state for each in joined.outcomes] == ["ok", "refused", "refused", "refused", "ok"]
    left = groups.leave(ids[:1], actor=boss, group_id=desk.id)
    assert [each.state for each in left.outcomes] == ["ok"]
    assert [user.username for user in groups.members(desk.id, 5)[0]] == ["teacher"]
    for change in (groups.join, groups.leave):
        with pytest.raises(NotFound):
            change(ids, actor=boss, group_id=999999)


@pytest.mark.parametrize("username", ["admin", "staff", "engineer", "teacher"])
def test_only_a_super_admin_changes_groups(actors, desk, username):
    actor = getattr(actors, username)
    for change in (
        lambda: groups.create({"name": "Mine", "roles": ["Super Admin"]}, actor=actor),
        lambda: groups.update(desk.id, {"roles": ["Super Admin"]}, actor=actor),
        lambda: groups.delete([desk.id], actor=actor),
        lambda: groups.assign_super_users(actor=actor),
    ):
        with pytest.raises(NotAllowed):
            change()
    for result in (
        groups.add_member([desk.id], actor=actor, user_id=actors.student.id),
        groups.join([actors.student.id], actor=actor, group_id=desk.id),
    ):
        assert result.outcomes[0].state == "refused"
    assert actors.student.roles == {"Student"}


def test_nobody_changes_what_a_group_carries_that_they_are_in(actors, desk):
    accounts.set_groups(actors.super_admin.id, ["Front desk"], actor=sessions.system())
    with pytest.raises(NotAllowed):
        groups.update(desk.id, {"roles": ["Staff", "Admin"]}, actor=actors.super_admin)
    groups.update(desk.id, {"description": "Other", "roles": ["Staff"]}, actor=actors.super_admin)
    refused = groups.add_member([group("Admin").id], actor=actors.super_admin, user_id=actors.super_admin.id)
    assert refused.outcomes[0].state == "refused", "nor their own groups"


def test_a_built_in_group_keeps_its_name_and_its_role(actors):
    admin = group("Admin")
    for values in ({"name": "Bosses"}, {"roles": []}, {"roles": ["Staff"]}):
        with pytest.raises(WrongState):
            groups.update(admin.id, values, actor=actors.super_admin)
    groups.update(admin.id, {"name": "Admin", "roles": ["Admin", "Staff"]}, actor=actors.super_admin)
    [outcome] = groups.delete([admin.id], actor=actors.super_admin).outcomes
    assert outcome.state == "refused"
    assert group("Admin")


def test_a_group_with_members_stays(actors, desk):
    boss = actors.super_admin
    groups.add_member([desk.id], actor=boss, user_id=actors.student.id)
    states = [each.state for each in groups.delete([desk.id, 999999], actor=boss).outcomes]
    assert states == ["refused", "refused"]
    groups.remove_member([desk.id], actor=boss, user_id=actors.student.id)
    assert [each.state for each in groups.delete([desk.id], actor=boss).outcomes] == ["ok"]
    assert db.session.scalar(select(Group.id).where(Group.name == "Front desk")) is None


def test_wrong_values(actors, desk):
    boss = actors.super_admin
    with pytest.raises(Conflict) as refused, db.session.begin_nested():
        groups.create({"name": "Admin"}, actor=boss)
    assert list(refused.value.fields) == ["name"]
    with pytest.raises(Invalid) as wrong:
        groups.create({"name": "New", "roles": ["King"]}, actor=boss)
    assert list(wrong.value.fields) == ["roles"]
    with pytest.raises(NotFound):
        groups.update(999999, {"name": "X"}, actor=boss)
    with pytest.raises(NotFound):
        groups.add_member([desk.id], actor=boss, user_id=999999)


def test_the_last_super_admin_through_a_group_stays(actors, desk):
    system = sessions.system()
    groups.update(desk.id, {"roles": ["Super Admin"]}, actor=system)
    groups.add_member([desk.id], actor=system, user_id=actors.staff.id)
    accounts.deactivate(actors.super_admin.id, actor=system)
    with pytest.raises(WrongState):
        groups.update(desk.id, {"roles": ["Staff"]}, actor=system)


@pytest.mark.parametrize("way", ["leave", "remove_member"])
def test_nor_does_the_last_one_leave_the_group_that_makes_them_one(actors, desk, way):
    """The refusal is found when the membership is gone already: it comes back with it."""
    system, colleague = sessions.system(), accounts.find("staff2")
    groups.update(desk.id, {"roles": ["Super Admin"]}, actor=system)
    groups.join([actors.staff.id, colleague.id], actor=system, group_id=desk.id)
    accounts.deactivate(actors.super_admin.id, actor=system)
    assert groups.leave([actors.staff.id], actor=system, group_id=desk.id).count("ok") == 1
    if way == "leave":
        [outcome] = groups.leave([colleague.id], actor=system, group_id=desk.id).outcomes
    else:
        [outcome] = groups.remove_member([desk.id], actor=system, user_id=colleague.id).outcomes
    assert isinstance(outcome.refusal, WrongState)
    db.session.expire_all()
    assert [user.username for user in group("Front desk").users] == ["staff2"]


def test_super_admins_are_put_in_the_group_admin_once(actors):
    second = accounts.create_account(username="boss", roles=["Super Admin"], actor=sessions.system())
    assert sorted(groups.assign_super_users(actor=sessions.system())) == ["boss", "super_admin"]
    assert groups.assign_super_users(actor=sessions.system()) == []
    assert directory.details(second)["groups"] == ["Admin"]
    assert total(get("super_admin_outside"), None) == 0


def test_deploying_again_changes_no_group(db_session, app, monkeypatch):
    monkeypatch.setattr(deployment, "_alone", nullcontext)
    assert deployment.set_up_groups() == []
