"""The daily notice of follow-ups."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models.leads import FollowUpStatus
from app.models.notifications import Notification, NotificationType
from app.services import accounts, jobs, school
from app.services.leads import actions, followups
from tests.factories.leads import lead, stage


@pytest.fixture
def day(app):
    with app.app_context():
        return school.today()


def told(actor):
    rows = db.session.query(Notification).filter_by(recipient_id=actor.id, type=NotificationType.LEAD_FOLLOWUP_DUE)
    return {row.entity_id: row for row in rows}


def test_owners_and_admins_are_told_of_what_is_due(db_session, actors, day):
    due, late, coming = (
        lead(owner_id=actors.staff.id, follow_up_date=day + timedelta(days=each)) for each in (0, -3, 1)
    )
    nobodys = lead(follow_up_date=day)
    assert followups.notify_due(day) == 2 + 3 * 3, "two for the owner, three for each of three admins"
    assert set(told(actors.staff)) == {str(due.id), str(late.id)}
    assert set(told(actors.admin)) == set(told(actors.super_admin)) == {str(due.id), str(late.id), str(nobodys.id)}
    assert (told(actors.staff)[str(due.id)].severity, told(actors.staff)[str(late.id)].severity) == ("info", "warning")
    assert "overdue since" in told(actors.staff)[str(late.id)].title
    assert str(coming.id) not in told(actors.admin)
    assert told(actors.staff2) == {}


def test_it_is_told_once_a_day_and_again_tomorrow(db_session, actors, day):
    lead(owner_id=actors.staff.id, follow_up_date=day)
    assert (followups.notify_due(day), followups.notify_due(day)) == (4, 0)
    assert followups.notify_due(day + timedelta(days=1)) == 4


def test_an_admin_who_owns_the_lead_is_told_once(db_session, actors, day):
    made = lead(owner_id=actors.admin.id, follow_up_date=day)
    followups.notify_due(day)
    assert list(told(actors.admin)) == [str(made.id)]


def test_done_deleted_and_inactive_ones_are_left_out(db_session, actors, day):
    lead(owner_id=actors.staff.id, follow_up_date=day, follow_up_status=FollowUpStatus.DONE)
    gone = lead(owner_id=actors.staff.id, follow_up_date=day)
    actions.delete([gone.id], actor=actors.admin)
    left = lead(owner_id=actors.staff2.id, follow_up_date=day)
    accounts.deactivate(actors.staff2.id, actor=actors.admin)
    followups.notify_due(day)
    assert told(actors.staff) == told(actors.staff2) == {}
    assert list(told(actors.admin)) == [str(left.id)], "admins still hear of it"


def test_who_does_not_work_with_leads_any_more_is_told_nothing_of_them(db_session, actors, day):
    made = lead(owner_id=actors.staff2.id, follow_up_date=day)
    accounts.set_roles(actors.staff2.id, ["Student"], actor=actors.super_admin)
    followups.notify_due(day)
    actions.change_stage([made.id], actor=actors.admin, stage_id=stage("Contacted").id)
    about = db.session.query(Notification).filter_by(recipient_id=actors.staff2.id)
    assert [each.title for each in about if each.link.startswith("/leads/")] == []
    assert list(told(actors.admin)) == [str(made.id)]


def test_an_owner_by_a_group_is_told(db_session, actors, day):
    made = lead(owner_id=actors.staff2.id, follow_up_date=day)
    accounts.set_roles(actors.staff2.id, ["Student"], actor=actors.super_admin)
    db.session.execute(
        text("""
            WITH made AS (INSERT INTO ab_group (name) VALUES ('Front office') RETURNING id),
                 member AS (INSERT INTO ab_user_group (user_id, group_id) SELECT :user_id, id FROM made)
            INSERT INTO ab_group_role (group_id, role_id) SELECT made.id, r.id FROM made, ab_role r WHERE r.name = 'Staff'
        """),
        {"user_id": actors.staff2.id},
    )
    followups.notify_due(day)
    assert list(told(actors.staff2)) == [str(made.id)]


def test_a_long_name_fits(db_session, actors, day):
    lead(owner_id=actors.staff.id, follow_up_date=day, first_name="x" * 80, last_name="y" * 80)
    assert followups.notify_due(day) == 4


def test_the_job_runs_once_for_a_day(db_session, actors, day):
    lead(owner_id=actors.staff.id, follow_up_date=day)
    first = jobs.run("lead_followup_due", day)
    again = jobs.run("lead_followup_due", day)
    assert (first.rows, again.id) == (4, first.id)
    assert jobs.run("lead_followup_due", day, force=True).rows == 0
