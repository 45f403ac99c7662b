"""Who is told that roles changed, or that an account was blocked."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.notifications import Notification, NotificationDelivery, NotificationType
from app.services import accounts, people
from app.services.accounts import groups, resource
from app.services.errors import NotAllowed

ROLES, BLOCKED = NotificationType.ROLE_CHANGED, NotificationType.ACCOUNT_BLOCKED


def told(kind):
    """(recipient, what) of the notices of this kind, the oldest first."""
    statement = select(Notification.recipient_id, Notification.title, Notification.body, Notification.link)
    return db.session.execute(statement.where(Notification.type == kind).order_by(Notification.id)).all()


def bodies():
    return [(row.recipient_id, row.body) for row in told(ROLES)]


def admins(*but):
    """The keys of the admins, without these."""
    return sorted(set(db.session.scalars(people.ADMIN_IDS)) - set(but))


def test_who_gets_and_loses_roles_is_told_what_changed(actors):
    boss, staff = actors.super_admin, actors.staff.id
    accounts.set_roles(staff, ["Staff", "Coach"], actor=boss)
    accounts.set_roles(staff, ["Staff", "Coach"], actor=boss)  # nothing changes: nothing is told
    accounts.set_roles(staff, ["Coach"], actor=boss)  # on the same day
    assert bodies() == [
        (staff, "New roles: Coach. Roles taken away: -."),
        (staff, "New roles: -. Roles taken away: Staff."),
    ]
    assert {row.link for row in told(ROLES)} == {"/settings/profile"}
    assert db.session.scalars(select(NotificationDelivery.recipient_id)).all() == [staff, staff]  # by mail too


def test_the_form_of_an_account_tells_once(actors):
    changes = {"roles": ["Teacher"], "groups": ["Engineer"], "first_name": "Sam"}
    accounts.update_account(actors.staff.id, changes, actor=actors.super_admin)
    assert bodies() == [(actors.staff.id, "New roles: Engineer, Teacher. Roles taken away: Staff.")]


def test_the_first_roles_of_an_account_are_no_news_nor_is_what_is_refused(actors):
    accounts.create_account(username="noor", roles=["Staff"], groups=["Engineer"], actor=actors.super_admin)
    with pytest.raises(NotAllowed):
        accounts.set_roles(actors.staff.id, ["Admin"], actor=actors.admin)
    assert told(ROLES) == []


def test_members_are_told_when_their_group_gives_other_roles_or_they_join_and_leave(actors):
    boss, staff, teacher = actors.super_admin, actors.staff.id, actors.teacher.id
    desk = groups.create({"name": "Desk", "roles": ["Staff"]}, actor=boss)
    groups.join([staff, teacher], actor=boss, group_id=desk.id)
    assert bodies() == [(teacher, "New roles: Staff. Roles taken away: -.")]  # the other had it before
    groups.update(desk.id, {"roles": ["Staff", "Coach"]}, actor=boss)
    assert sorted(bodies()[1:]) == sorted((each, "New roles: Coach. Roles taken away: -.") for each in (staff, teacher))
    groups.leave([teacher], actor=boss, group_id=desk.id)
    assert bodies()[3:] == [(teacher, "New roles: -. Roles taken away: Coach, Staff.")]


def test_super_admins_who_are_put_into_the_admin_group_are_told_but_not_by_themselves(actors):
    other = accounts.create_account(username="second", roles=["Super Admin"], actor=actors.super_admin)
    groups.assign_super_users(actor=actors.super_admin)
    assert bodies() == [(other.id, "New roles: Admin. Roles taken away: -.")]


def test_a_block_is_told_to_the_other_admins_each_time(actors):
    boss, staff = actors.super_admin, actors.staff.id
    accounts.deactivate(staff, actor=boss)
    accounts.deactivate(staff, actor=boss)  # blocked already
    first = told(BLOCKED)
    assert sorted(row.recipient_id for row in first) == admins(boss.id)
    assert {row.link for row in first} == {f"/accounts/{staff}"}
    accounts.activate(staff, actor=boss)
    accounts.deactivate(staff, actor=actors.admin)
    assert sorted(row.recipient_id for row in told(BLOCKED)[len(first) :]) == admins(actors.admin.id)


def test_a_blocked_admin_is_not_told(actors):
    boss, admin = actors.super_admin, actors.admin.id
    accounts.deactivate(admin, actor=boss)
    assert sorted(row.recipient_id for row in told(BLOCKED)) == admins(boss.id, admin)


def test_many_blocks_at_once_are_one_notice(actors):
    boss = actors.super_admin
    ids = [actors.staff.id, actors.teacher.id, boss.id, 999999]
    result = resource.deactivate(ids, actor=boss)
    assert [each.state for each in result.outcomes] == ["ok", "ok", "refused", "refused"]
    assert sorted(row.recipient_id for row in told(BLOCKED)) == admins(boss.id)
    assert {(row.title, row.link) for row in told(BLOCKED)} == {("2 accounts were blocked", "/accounts/?f=active:is:0")}
