"""Entering and changing one lead."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from app.extensions import db
from app.models.leads import LeadAuditEvent, LeadEvent
from app.models.notifications import Notification
from app.services import school
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound
from app.services.leads import actions, merging, records, unmerging
from tests.factories.leads import lead, stage


def values(**more):
    day = school.today() + timedelta(days=1)
    return {"first_name": "Asha", "last_name": "Rao", "phone": "020 7183 8750", "follow_up_date": day} | more


def kinds(made):
    return [
        event.type for event in db.session.query(LeadAuditEvent).filter_by(lead_id=made.id).order_by(LeadAuditEvent.id)
    ]


def test_a_new_lead_gets_the_first_stage_and_the_one_who_enters_it(db_session, actors):
    made = records.create(values(), actor=actors.staff)
    db.session.refresh(made)
    assert (made.stage_id, made.owner_id, made.created_by_id) == (stage().id, actors.staff.id, actors.staff.id)
    assert (made.phone, made.phone_raw) == ("+442071838750", "020 7183 8750")
    assert kinds(made) == [LeadEvent.CREATED]
    assert db.session.query(Notification).count() == 0, "nobody is told of what they did themselves"


def test_an_admin_enters_one_that_nobody_owns(db_session, actors):
    assert records.create(values(), actor=actors.admin).owner_id is None
    made = records.create(values(phone="020 7183 8751", owner_id=actors.staff.id), actor=actors.admin)
    assert db.session.query(Notification.recipient_id).filter_by(entity_id=str(made.id)).scalar() == actors.staff.id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "nonsense"),
        ("phone", ""),
        ("email", "no-at"),
        ("email", "a@b"),
        ("email", "a b@c.de"),
        ("email", "@c.de"),
        ("follow_up_date", None),
        ("follow_up_date", datetime(2020, 1, 1).date()),
        ("stage_id", uuid.UUID(int=1)),
        ("owner_id", 1_000_000),
        ("assigned_teacher_id", 1_000_000),
    ],
)
def test_what_is_wrong_is_told_at_its_field(db_session, actors, field, value):
    with pytest.raises(Invalid) as refused:
        records.create(values(**{field: value}), actor=actors.staff)
    assert list(refused.value.fields) == [field]


def test_someone_who_is_known_is_shown_and_may_be_entered_all_the_same(db_session, actors):
    known = records.create(values(email="Asha@Example.org"), actor=actors.admin)
    for same in ({"phone": "+44 20 7183 8750"}, {"phone": "020 7183 8751", "email": "asha@example.ORG"}):
        with pytest.raises(records.PossibleDuplicates) as refused:
            records.create(values(**same), actor=actors.admin)
        assert [each.id for each in refused.value.leads] == [known.id]
    assert records.create(values(accept_duplicates=True), actor=actors.admin).id != known.id
    actions.delete([known.id], actor=actors.admin)
    assert known.id not in [each.id for each in records.duplicates_of(actors.admin, known.phone, None)]


def test_who_was_merged_is_known_by_their_old_number_as_who_took_over(db_session, actors):
    """Also through a second merge. Once the merge is undone, the number is that of the other again."""
    gone, between, kept = lead(email="Old%_@Example.org"), lead(), lead()
    merging.merge([gone.id], actor=actors.admin, into_id=between.id)
    merging.merge([between.id], actor=actors.admin, into_id=kept.id)
    records.update(kept.id, {"email": "new@example.org"}, actor=actors.admin)
    for same in ({"phone": gone.phone}, {"phone": between.phone}, {"email": "old%_@example.ORG"}):
        with pytest.raises(records.PossibleDuplicates) as refused:
            records.create(values(**same), actor=actors.admin)
        assert [each.id for each in refused.value.leads] == [kept.id]
    for made in (gone, between, kept):
        found = records.duplicates_of(actors.admin, made.phone, None, but=made.id)
        assert found == [], "nobody is shown as the duplicate of who they were merged into"
    assert records.duplicates_of(actors.admin, "+442071838750", "ol@example.org") == []
    unmerging.undo_merge([between.id], actor=actors.admin)
    assert [each.id for each in records.duplicates_of(actors.admin, gone.phone, None)] == [between.id]
    actions.delete([between.id], actor=actors.admin)
    assert records.duplicates_of(actors.admin, gone.phone, None) == []


def test_a_duplicate_that_one_may_not_see_is_not_told(db_session, actors):
    lead(phone="+442071838750", assigned_teacher_id=actors.teacher2.id)
    assert records.duplicates_of(actors.teacher, "+442071838750", None) == []


def test_each_kind_of_change_is_its_own_event(db_session, actors):
    made = lead(owner_id=actors.staff.id)
    day = school.today() + timedelta(days=5)
    records.update(
        made.id,
        {"area": "North", "stage_id": stage("Contacted").id, "owner_id": actors.staff2.id, "follow_up_date": day},
        actor=actors.admin,
    )
    assert sorted(kinds(made)) == sorted(
        [LeadEvent.STAGE_CHANGED, LeadEvent.OWNER_CHANGED, LeadEvent.FOLLOW_UP_CHANGED, LeadEvent.UPDATED]
    )
    event = db.session.query(LeadAuditEvent).filter_by(lead_id=made.id, type=LeadEvent.UPDATED).one()
    assert (event.before, event.after) == ({"area": None}, {"area": "North"})


def test_saving_what_is_there_already_changes_nothing(db_session, actors):
    made = lead(area="North")
    db.session.refresh(made)
    before = made.updated_at
    records.update(
        made.id, {"area": "North", "phone": made.phone, "follow_up_date": made.follow_up_date}, actor=actors.admin
    )
    db.session.refresh(made)
    assert (kinds(made), made.updated_at) == ([], before)


def test_an_old_follow_up_may_stay_as_it_is(db_session, actors):
    past = school.today() - timedelta(days=30)
    made = lead(follow_up_date=past)
    assert records.update(made.id, {"follow_up_date": past, "area": "x"}, actor=actors.admin).area == "x"
    with pytest.raises(Invalid):
        records.update(made.id, {"follow_up_date": past + timedelta(days=1)}, actor=actors.admin)


def test_who_may_change_it(db_session, actors):
    made = lead(owner_id=actors.staff.id, assigned_teacher_id=actors.teacher.id)
    records.update(made.id, {"area": "x"}, actor=actors.staff)
    for username, refusal in (
        ("staff2", NotAllowed),
        ("teacher", NotAllowed),
        ("teacher2", NotFound),
        ("student", NotFound),
    ):
        with pytest.raises(refusal):
            records.update(made.id, {"area": "y"}, actor=getattr(actors, username))
    actions.delete([made.id], actor=actors.admin)
    with pytest.raises(NotFound):
        records.update(made.id, {"area": "y"}, actor=actors.admin)


def test_a_version_that_is_past_is_refused(db_session, actors):
    made = lead()
    db.session.refresh(made)
    records.update(made.id, {"area": "x"}, actor=actors.admin, version=made.updated_at)
    with pytest.raises(Conflict):
        records.update(made.id, {"area": "y"}, actor=actors.admin, version=datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(("field", "value"), [("age", 121), ("age", -1), ("expected_budget", -1)])
def test_bounds_are_told_at_their_field(db_session, actors, field, value):
    with pytest.raises(Invalid) as refused:
        records.create(values(**{field: value}), actor=actors.admin)
    assert list(refused.value.fields) == [field]
