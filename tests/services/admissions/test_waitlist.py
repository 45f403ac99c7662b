"""The waitlist: who comes first is offered first, one offer per free place, and offers end."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.models.admissions import WaitlistEntry
from app.models.notifications import Notification
from app.services.admissions import actions, waitlist
from app.services.admissions.refusals import PlacesRefused
from app.services.errors import Conflict, Invalid, NotAllowed, WrongState
from tests.factories.admissions import admission
from tests.factories.leads import lead
from tests.factories.students import student


@pytest.fixture
def full(db_session, actors, studio):
    """Both slots full; the two admissions."""
    return [admission(studio.slots, actor=actors.staff) for _n in range(2)]


def wait(studio, actor, who=None, slot=None):
    values = {"classroom_slot_id": (slot or studio.tuesday).id, "lead_id": (who or lead()).id}
    return waitlist.join(values, actor=actor)


def statuses(db_session):
    db_session.expire_all()
    return [each.status.value for each in db_session.scalars(select(WaitlistEntry).order_by(WaitlistEntry.position))]


def test_a_freed_place_is_offered_to_who_came_first(db_session, actors, studio, full):
    asked = lead(owner_id=actors.staff2.id)
    first, _second = wait(studio, actors.staff, asked), wait(studio, actors.staff)
    actions.cancel([full[0].id], actor=actors.staff)
    assert statuses(db_session) == ["offered", "waiting"]
    assert first.expires_at is not None
    told = set(db_session.scalars(select(Notification.recipient_id).where(Notification.type == "waitlist_offered")))
    assert {actors.staff2.id, actors.admin.id} <= told


def test_an_offered_place_is_held(db_session, actors, studio, full):
    asked = lead()
    wait(studio, actors.staff, asked)
    actions.cancel([full[0].id], actor=actors.staff)
    with pytest.raises(PlacesRefused) as refused:
        admission(studio.slots, actor=actors.staff)
    [problem] = refused.value.problems
    assert (problem.code, problem.place.offered) == ("full", 1)
    made = admission(studio.slots, actor=actors.staff, lead_id=asked.id)
    assert statuses(db_session) == ["accepted"]
    assert db_session.scalars(select(WaitlistEntry.admission_id)).one() == made.id
    counted = db_session.execute(
        text("SELECT enrolled, offered FROM classroom_slots WHERE id = :id"), {"id": studio.tuesday.id}
    ).one()
    assert tuple(counted) == (2, 0)


def test_an_offer_that_nobody_takes_goes_to_the_next(db_session, actors, studio, full):
    wait(studio, actors.staff)
    wait(studio, actors.staff)
    actions.cancel([full[0].id], actor=actors.staff)
    assert waitlist.expire() == 0
    db_session.execute(text("UPDATE waitlist_entries SET expires_at = now() - interval '1 s' WHERE status = 'offered'"))
    assert waitlist.expire() == 1
    assert statuses(db_session) == ["expired", "offered"]
    assert waitlist.expire() == 0


def test_withdrawing_gives_the_place_to_the_next(db_session, actors, studio, full):
    first = wait(studio, actors.staff)
    wait(studio, actors.staff)
    actions.cancel([full[0].id], actor=actors.staff)
    assert [each.state for each in waitlist.withdraw([first.id], actor=actors.staff).outcomes] == ["ok"]
    assert statuses(db_session) == ["withdrawn", "offered"]
    assert [each.state for each in waitlist.withdraw([first.id], actor=actors.staff).outcomes] == ["unchanged"]


def test_pausing_offers_the_places_too(db_session, actors, studio, full):
    wait(studio, actors.staff)
    actions.pause([full[0].id], actor=actors.staff)
    assert statuses(db_session) == ["offered"]


def test_the_waitlist_is_for_full_slots(db_session, actors, studio):
    with pytest.raises(WrongState):
        wait(studio, actors.staff)


def test_nobody_waits_twice_for_one_slot(db_session, actors, studio, full):
    asked = lead()
    wait(studio, actors.staff, asked)
    with pytest.raises(Conflict) as refused:
        wait(studio, actors.staff, asked)
    assert "lead_id" in refused.value.fields
    wait(studio, actors.staff, asked, studio.friday)


def test_what_is_typed_wrong_is_told(db_session, actors, studio, full):
    with pytest.raises(Invalid):
        waitlist.join({"classroom_slot_id": studio.tuesday.id}, actor=actors.staff)
    with pytest.raises(Invalid):
        waitlist.join(
            {"classroom_slot_id": studio.tuesday.id, "lead_id": lead().id, "student_id": student().id},
            actor=actors.staff,
        )
    with pytest.raises(NotAllowed):
        wait(studio, actors.teacher)


def test_never_more_offers_than_free_places(db_session, actors, studio, full):
    for _n in range(4):
        wait(studio, actors.staff)
    actions.cancel([each.id for each in full], actor=actors.staff)
    assert statuses(db_session) == ["offered", "offered", "waiting", "waiting"]
