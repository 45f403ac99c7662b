"""A day on which a visitor has the place of somebody who is elsewhere: nobody is planned there again beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from app.services import integrity
from app.services.admissions import actions, renewing, waitlist
from app.services.admissions.refusals import PlacesRefused
from app.services.classroom import closing, makeups, moving
from app.services.classroom.places import PlaceRefused, Wish, offered
from app.services.errors import Conflict
from tests.factories import courses
from tests.factories.admissions import admission
from tests.factories.classroom import School, classes, count, day_after
from tests.factories.students import student


@dataclass
class Crowded:
    """On `day`, the last of their classes, `away` is elsewhere; `visitor` has the only place."""

    school: School
    away: Any
    visitor: Any
    day: date
    spare: Any

    def planned(self) -> int:
        return count(
            "SELECT count(*) FROM attendance WHERE classroom_slot_id = :slot AND class_date = :day AND deleted_at IS NULL",
            slot=self.school.tuesday.id,
            day=self.day,
        )


def moved(row: Any, slot: Any, day: date, actor: Any) -> None:
    [outcome] = moving.move([row.id], actor=actor, classroom_slot_id=slot.id, class_date=day).outcomes
    assert outcome.state == "ok", outcome.refusal


@pytest.fixture
def crowded(actors):
    school = School(actors.admin, capacity=1)
    spare = courses.slot(school.course, school.teacher, 2, "16:00", capacity=5)
    away, visitor = school.admit([school.tuesday]), school.admit([school.friday])
    last = classes(away.id)[-1]
    day = last.class_date
    moved(last, spare, day_after(2), actors.admin)
    moved([row for row in classes(visitor.id) if row.class_date < day][-1], school.tuesday, day, actors.admin)
    made = Crowded(school, away, visitor, day, spare)
    assert made.planned() == 1
    return made


def test_extra_classes_are_not_planned_there(crowded, actors):
    for _again in range(2):
        [outcome] = actions.add_extra_classes([crowded.away.id], actor=actors.admin, classes=1).outcomes
        assert outcome.state == "refused"
        assert crowded.day.isoformat() in str(outcome.refusal)
    assert crowded.planned() == 1


def test_nor_is_a_renewal(crowded, actors):
    [outcome] = renewing.renew([crowded.away.id], actor=actors.admin).outcomes
    assert outcome.state == "refused"
    assert isinstance(outcome.refusal, Conflict)
    later = crowded.day + timedelta(days=1)
    assert f"From {later.isoformat()} on" in str(outcome.refusal)
    [outcome] = renewing.renew([crowded.away.id], actor=actors.admin, starts_on=later).outcomes
    assert outcome.state == "ok", outcome.refusal
    assert crowded.planned() == 1


def test_a_class_of_a_closed_day_goes_to_the_next_day_with_room(crowded, actors):
    first = classes(crowded.away.id)[0]
    closure = courses.closure(first.class_date)
    [outcome] = closing.apply([closure.id], actor=actors.admin, remedy="move").outcomes
    assert outcome.state == "ok", outcome.refusal
    assert crowded.planned() == 1
    assert classes(crowded.away.id)[-1].class_date == crowded.day + timedelta(days=7)


def test_two_who_are_away_do_not_both_come_back_for_one_place(actors):
    school = School(actors.admin, capacity=2)
    spare = courses.slot(school.course, school.teacher, 2, "16:00", capacity=5)
    away, visitor = [school.admit([school.tuesday]) for _ in range(2)], school.admit([school.friday])
    day = classes(away[0].id)[-1].class_date
    for one in away:
        moved(classes(one.id)[-1], spare, day_after(2), actors.admin)
    moved([row for row in classes(visitor.id) if row.class_date < day][-1], school.tuesday, day, actors.admin)
    closure = courses.closure(day_after(2))
    closing.apply([closure.id], actor=actors.admin, remedy="move")
    planned = count(
        "SELECT count(*) FROM attendance WHERE classroom_slot_id = :slot AND class_date = :day AND deleted_at IS NULL",
        slot=school.tuesday.id,
        day=day,
    )
    assert planned == 2, "the visitor, and one of the two"


def test_a_make_up_class_is_not_booked_there(crowded, actors):
    elsewhere = next(row for row in classes(crowded.away.id) if row.original_slot_id)
    closure = courses.closure(elsewhere.class_date)
    closing.apply([closure.id], actor=actors.admin, remedy="cancel")
    wish = {"admission_id": crowded.away.id, "classroom_slot_id": crowded.school.tuesday.id, "class_date": crowded.day}
    with pytest.raises(PlaceRefused) as refused:
        makeups.book(wish, actor=actors.admin)
    assert [reason.code for reason in refused.value.reasons] == ["full"]
    assert crowded.day not in [place.day for place in offered(Wish(crowded.away.id))]
    assert crowded.planned() == 1


def test_when_the_visitor_has_gone_their_place_is_theirs_again(crowded, actors):
    elsewhere = next(row for row in classes(crowded.away.id) if row.original_slot_id)
    closing.apply([courses.closure(elsewhere.class_date).id], actor=actors.admin, remedy="cancel")
    visit = next(row for row in classes(crowded.visitor.id) if row.original_slot_id)
    moved(visit, crowded.school.friday, visit.original_date, actors.admin)
    wish = {"admission_id": crowded.away.id, "classroom_slot_id": crowded.school.tuesday.id, "class_date": crowded.day}
    assert makeups.book(wish, actor=actors.admin).class_date == crowded.day
    assert crowded.planned() == 1


def test_none_of_it_breaks_a_rule(crowded):
    assert integrity.total(integrity.get("day_overfull")) == 0


def test_an_offer_is_taken_up_from_the_day_that_the_refusal_tells(crowded, actors):
    waits = student().id
    waitlist.join({"student_id": waits, "classroom_slot_id": crowded.school.tuesday.id}, actor=actors.admin)
    actions.cancel([crowded.away.id], actor=actors.admin)
    values = {"actor": actors.admin, "student_id": waits}
    with pytest.raises(PlacesRefused, match=f"From {crowded.day + timedelta(days=1)} on"):
        admission([crowded.school.tuesday], starts_on=crowded.day - timedelta(days=1), **values)
    made = admission([crowded.school.tuesday], starts_on=crowded.day + timedelta(days=1), **values)
    assert (
        count("SELECT count(*) FROM waitlist_entries WHERE admission_id = :id AND status = 'accepted'", id=made.id) == 1
    )
