"""Shifts, demand and assignments by hand: what is refused, and why."""

from __future__ import annotations

from datetime import date, time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models.assistants import CourseCapability
from app.models.roster import Roster, RosterShift, RosterStatus, ShiftAssignment, ShiftDemand
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound
from app.services.roster import assigning, overview, rosters, shifts
from tests.factories.assistants import assistant, period
from tests.factories.courses import course
from tests.factories.roster import MONDAY, assignment, roster, shift


def values(on, course, who, **more):
    return {"shift_id": on.id, "course_id": course.id, "assistant_id": who.id, **more}


def said(refused) -> list[str]:
    return [str(each) for texts in refused.value.fields.values() for each in texts]


def test_somebody_who_may_is_assigned(desk, actors):
    made = assigning.assign(values(desk.early, desk.piano, desk.ana, pinned=True), actor=actors.admin)
    assert (made.roster_id, made.pinned) == (desk.week.id, True)
    assert (made.week_minutes.lower, made.week_minutes.upper) == (540, 660)


def test_who_cannot_is_refused_with_the_reason(desk, actors):
    def refused(on, course, who):
        with pytest.raises(Invalid) as caught:
            assigning.assign(values(on, course, who), actor=actors.admin)
        return said(caught)

    assert refused(desk.early, desk.violin, desk.ben) == ["Cannot teach Violin."]
    noon = shift(desk.week, 0, "12:00", "14:00", [(desk.piano, 1)])
    assert refused(noon, desk.piano, desk.ben) == ["Is not available for the whole shift."]
    assignment(desk.early, desk.piano, desk.ana)
    assert refused(desk.early, desk.violin, desk.ana) == ["Is on this shift already."]
    between = shift(desk.week, 0, "10:00", "12:00", [(desk.piano, 1)])
    assert refused(between, desk.piano, desk.ana) == ["Is on another shift at this time."]
    desk.ana.hours_maximum = 3
    db.session.commit()
    assert refused(desk.late, desk.piano, desk.ana) == ["Has 2 of at most 3 hours already."]
    assert db.session.scalar(select(func.count()).select_from(ShiftAssignment)) == 1


def test_what_there_is_not_is_refused_at_its_field(desk, actors):
    good = values(desk.late, desk.piano, desk.ana)
    for field in good:
        with pytest.raises(Invalid) as refused:
            assigning.assign(good | {field: uuid4()}, actor=actors.admin)
        assert set(refused.value.fields) == {field}
    with pytest.raises(Invalid) as refused:
        assigning.assign(good | {"course_id": desk.violin.id}, actor=actors.admin)
    assert said(refused) == ["This shift does not need this course."]


def test_nobody_more_than_are_needed(desk, actors):
    assignment(desk.late, desk.piano, desk.ana)
    with pytest.raises(Conflict, match="Nobody more is needed"):
        assigning.assign(values(desk.late, desk.piano, desk.ben), actor=actors.admin)


def test_one_who_is_not_active_cannot_be_chosen(desk, actors):
    desk.ana.active = False
    db.session.commit()
    with pytest.raises(Invalid):
        assigning.assign(values(desk.late, desk.piano, desk.ana), actor=actors.admin)
    assert desk.ana.id not in {each.id for each in assigning.candidates(desk.late.id, desk.piano.id)}


def test_candidates_are_those_who_can_first_and_say_why_others_cannot(desk):
    assignment(desk.early, desk.piano, desk.ana)
    found = [(each.id, each.minutes, each.reason) for each in assigning.candidates(desk.late.id, desk.piano.id)]
    assert found == [(desk.ben.id, 0, ""), (desk.ana.id, 120, "")]
    found = {each.id: each.reason for each in assigning.candidates(desk.early.id, desk.violin.id)}
    assert found == {desk.ana.id: "Is on this shift already.", desk.ben.id: "Cannot teach Violin."}
    with pytest.raises(NotFound):
        assigning.candidates(desk.late.id, desk.violin.id)


def test_a_pin_that_breaks_a_rule_is_refused_with_the_reason(desk, actors):
    good, bad = assignment(desk.early, desk.piano, desk.ana), assignment(desk.late, desk.piano, desk.ben)
    db.session.execute(text("DELETE FROM course_capabilities WHERE assistant_id = :id"), {"id": desk.ben.id})
    result = assigning.pin([good.id, bad.id, uuid4()], actor=actors.admin)
    assert [each.state for each in result.outcomes] == ["ok", "refused", "refused"]
    assert str(result.outcomes[1].refusal) == "Cannot teach Piano."
    db.session.expire_all()
    assert (good.pinned, bad.pinned) == (True, False)
    assert [each.state for each in assigning.pin([good.id], actor=actors.admin).outcomes] == ["unchanged"]
    assert [each.state for each in assigning.unpin([good.id], actor=actors.admin).outcomes] == ["ok"]


def test_taking_off(desk, actors):
    made = assignment(desk.early, desk.piano, desk.ana, pinned=True)
    assert [each.state for each in assigning.unassign([made.id], actor=actors.admin).outcomes] == ["ok"]
    assert [each.state for each in assigning.unassign([made.id], actor=actors.admin).outcomes] == ["refused"]


def test_who_is_in_two_places_is_refused_by_the_database(desk):
    assignment(desk.early, desk.piano, desk.ana)
    between = shift(desk.week, 0, "10:00", "12:00", [(desk.piano, 1)])
    twice = insert(ShiftAssignment).values(
        shift_id=between.id, course_id=desk.piano.id, assistant_id=desk.ana.id, week_minutes=None
    )
    with pytest.raises(IntegrityError, match="ex_shift_assignments_overlap"), db.session.begin_nested():
        db.session.execute(twice)
    other = shift(roster(MONDAY + timedelta(days=7)), 0, "10:00", "12:00", [(desk.piano, 1)])
    assignment(other, desk.piano, desk.ana)  # another week


def test_a_shift_that_moves_takes_its_people_along_unless_they_would_be_in_two_places(desk, actors):
    made = assignment(desk.early, desk.piano, desk.ana)
    assignment(desk.late, desk.piano, desk.ana)
    shifts.update_shift(desk.early.id, {"start_time": time(8, 30)}, actor=actors.admin)
    db.session.refresh(made)
    assert made.week_minutes.lower == 510
    with pytest.raises(Conflict) as refused:
        shifts.update_shift(desk.early.id, {"end_time": time(11, 30)}, actor=actors.admin)
    assert said(refused) == ["Somebody would be on two shifts at once."]


def test_shifts_have_no_duplicates_and_whole_minutes(desk, actors):
    good = {"roster_id": desk.week.id, "day": 0, "start_time": time(9), "end_time": time(11)}
    with pytest.raises(Conflict, match="already such a shift"):
        shifts.create_shift(good, actor=actors.admin)
    made = shifts.create_shift(good | {"place": "Hall"}, actor=actors.admin)
    assert made.week_minutes.lower == 540
    with pytest.raises(Conflict):
        shifts.create_shift(good | {"place": "HALL"}, actor=actors.admin)
    for wrong, field in (
        ({"end_time": time(9)}, "end_time"),
        ({"start_time": time(8, 59, 30)}, "start_time"),
        ({"day": 7}, "day"),
        ({"roster_id": uuid4()}, "roster_id"),
    ):
        with pytest.raises(Invalid) as refused:
            shifts.create_shift(good | wrong, actor=actors.admin)
        assert set(refused.value.fields) == {field}
    with pytest.raises(Invalid):
        shifts.update_shift(made.id, {"roster_id": uuid4()}, actor=actors.admin)


def test_demand_is_of_a_course_once_and_within_limits(desk, actors):
    cello = course(name="Cello")
    made = shifts.create_demand({"shift_id": desk.late.id, "course_id": cello.id}, actor=actors.admin)
    assert (made.tutors_required, made.weight) == (1, 1)
    with pytest.raises(Conflict, match="has this course already"):
        shifts.create_demand({"shift_id": desk.late.id, "course_id": cello.id}, actor=actors.admin)
    for wrong in (
        {"tutors_required": 0},
        {"tutors_required": 51},
        {"weight": 0},
        {"weight": 101},
        {"course_id": uuid4()},
    ):
        with pytest.raises(Invalid) as refused:
            shifts.update_demand(made.id, wrong, actor=actors.admin)
        assert set(refused.value.fields) == set(wrong)
    assert shifts.update_demand(made.id, {"tutors_required": 3}, actor=actors.admin).tutors_required == 3


def test_who_is_on_a_shift_for_a_course_goes_with_its_demand(desk, actors):
    assignment(desk.late, desk.piano, desk.ana)
    demand = db.session.scalars(select(ShiftDemand).where(ShiftDemand.shift_id == desk.late.id)).one()
    assert shifts.delete_demands([demand.id], actor=actors.admin).count("ok") == 1
    assert db.session.scalars(select(ShiftAssignment)).all() == []
    assert shifts.delete_shifts([desk.late.id, desk.early.id], actor=actors.admin).count("ok") == 2


def test_a_new_week_has_the_shifts_and_demand_of_another_and_nobody_on_them(desk, actors):
    shift(desk.week, 0, "09:00", "11:00", [(desk.violin, 3)], place="Hall")
    old = course(name="Harp", active=False)
    db.session.add(ShiftDemand(shift_id=desk.late.id, course_id=old.id))
    assignment(desk.early, desk.piano, desk.ana)
    made = rosters.create({"starts_on": MONDAY + timedelta(days=7), "copy_from_id": desk.week.id}, actor=actors.admin)
    assert made.status is RosterStatus.DRAFT
    found = overview.read(made)
    assert [
        (each.day, each.start, each.place, [(need.course, need.required, need.people) for need in each.needs])
        for each in found.shifts
    ] == [
        (0, time(9), "Hall", [("Violin", 3, ())]),
        (0, time(9), "", [("Piano", 1, ()), ("Violin", 1, ())]),
        (0, time(11), "", [("Piano", 1, ())]),
    ]


def test_weeks_are_of_mondays_once(desk, actors):
    with pytest.raises(Conflict, match="roster of this week already"):
        rosters.create({"starts_on": MONDAY}, actor=actors.admin)
    with pytest.raises(Invalid):
        rosters.create({"starts_on": MONDAY + timedelta(days=7), "copy_from_id": uuid4()}, actor=actors.admin)
    with pytest.raises(IntegrityError), db.session.begin_nested():
        db.session.execute(insert(Roster).values(starts_on=date(2026, 3, 10)))


def test_only_admins_plan(desk, actors):
    for who in (actors.staff, actors.teacher, actors.assistant, actors.engineer):
        for call in (
            lambda who=who: rosters.create({"starts_on": MONDAY}, actor=who),
            lambda who=who: rosters.delete([desk.week.id], actor=who),
            lambda who=who: shifts.delete_shifts([desk.early.id], actor=who),
            lambda who=who: assigning.pin([], actor=who),
        ):
            with pytest.raises(NotAllowed):
                call()


def test_a_week_goes_with_everything_in_it(desk, actors):
    assignment(desk.early, desk.piano, desk.ana)
    assert rosters.delete([desk.week.id], actor=actors.admin).count("ok") == 1
    assert db.session.scalars(select(RosterShift)).all() == []


def test_a_change_by_hand_forgets_how_good_the_answer_was(desk, actors):
    desk.week.objective, desk.week.bound, desk.week.solved_at = 5, 4, func.now()
    db.session.commit()
    assert (desk.week.status, desk.week.gap) == (RosterStatus.SOLVED, 20)
    assigning.assign(values(desk.early, desk.piano, desk.ana), actor=actors.admin)
    db.session.refresh(desk.week)
    assert (desk.week.status, desk.week.objective, desk.week.gap) == (RosterStatus.DRAFT, None, None)


def test_the_page_says_who_is_missing_and_why(desk):
    assistant(courses=[desk.violin], periods=[period(0, "12:00", "13:00")])
    assignment(desk.early, desk.piano, desk.ana)
    found = overview.read(desk.week)
    early = {need.course: need for need in found.shifts[0].needs}
    assert (found.required, found.missing) == (3, 2)
    assert early["Piano"].reason == ""
    assert early["Violin"].reason == (
        "2 assistants can teach Violin: 1 is not available then, 1 has another course on this shift."
    )
    late = found.shifts[1].needs[0]
    assert late.reason == "2 assistants can teach Piano: 2 could still take it."
    db.session.query(CourseCapability).delete()
    db.session.commit()
    broken = overview.read(desk.week)
    assert broken.shifts[1].needs[0].reason == "No assistant can teach Piano."
    assert broken.shifts[0].needs[0].people[0].broken == "Cannot teach Piano."
