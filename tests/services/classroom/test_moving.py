"""Moving a class, the choice of places, and make-up classes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.admissions import AdmissionAuditEvent
from app.models.classroom import Attendance, AttendanceStatus
from app.services import school
from app.services.admissions import actions as admission_actions
from app.services.classroom import dashboard, makeups, marking, moving, places, register
from app.services.classroom.places import PlaceRefused, Wish
from app.services.errors import Invalid, NotAllowed, NotFound, WrongState
from tests.factories import courses
from tests.factories.classroom import School, balance, classes, day_after, notices, to_today


@pytest.fixture
def place(actors):
    return School(actors.admin)


def move(row, slot, day, actor):
    [outcome] = moving.move([row.id], actor=actor, classroom_slot_id=slot.id, class_date=day).outcomes
    return outcome


def codes(outcome) -> set[str]:
    assert isinstance(outcome.refusal, PlaceRefused)
    return {reason.code for reason in outcome.refusal.reasons}


def test_a_class_moves_and_remembers_where_it_was(place, actors):
    admitted = place.admit([place.tuesday], account="student")
    row = classes(admitted.id)[0]
    before, day = row.class_date, day_after(4)
    assert move(row, place.friday, day, actors.admin).state == "ok"
    db.session.refresh(row)
    assert (row.classroom_slot_id, row.class_date) == (place.friday.id, day)
    assert (row.original_slot_id, row.original_date, row.revision) == (place.tuesday.id, before, 1)
    assert row.starts_at.astimezone(school.zone()).hour == 16
    assert {each.username for each in notices("class_moved")} == {"student", "teacher"}
    kinds = select(AdmissionAuditEvent.type).where(AdmissionAuditEvent.admission_id == admitted.id)
    assert "classes_moved" in set(db.session.scalars(kinds))
    assert move(row, place.friday, day, actors.admin).state == "unchanged"
    assert move(row, place.tuesday, before, actors.admin).state == "ok"
    db.session.refresh(row)
    assert (row.original_slot_id, row.original_date, row.revision) == (None, None, 2)


def test_every_reason_is_told_at_once(place, actors):
    row = classes(place.admit([place.tuesday]).id)[0]
    other = courses.slot(courses.course([actors.teacher2.id]), actors.teacher2.id, 4, "16:00")
    courses.closure(day_after(3), reason="Snow")
    outcome = move(row, other, day_after(3), actors.admin)
    assert codes(outcome) == {"other_course", "other_teacher", "other_weekday", "closure"}
    assert len(outcome.refusal.details()["reasons"]) == 4
    assert set(outcome.refusal.fields) == {"classroom_slot_id", "class_date"}
    past = day_after(4) - timedelta(days=14)
    assert codes(move(row, place.friday, past, actors.admin)) == {"past", "outside"}
    assert codes(move(row, place.friday, day_after(4) + timedelta(days=364), actors.admin)) == {"outside"}


def test_a_closed_weekday_and_a_slot_out_of_use(place, actors):
    row = classes(place.admit([place.tuesday]).id)[0]
    db.session.execute(
        courses.ClassroomSlot.__table__.update().where(courses.ClassroomSlot.id == place.friday.id).values(active=False)
    )
    from sqlalchemy import text

    db.session.execute(text("UPDATE operating_days SET open = false WHERE day = 4"))
    db.session.commit()
    assert codes(move(row, place.friday, day_after(4), actors.admin)) == {"out_of_use", "day_off"}


def test_capacity_of_a_day_counts_places_visitors_and_who_is_away(actors):
    place = School(actors.admin, capacity=2)
    friday = day_after(4)
    fridays = [classes(place.admit([place.friday]).id)[0] for _each in range(2)]
    tuesdays = [classes(place.admit([place.tuesday]).id)[0] for _each in range(2)]
    assert codes(move(tuesdays[0], place.friday, friday, actors.admin)) == {"full"}
    later = friday + timedelta(days=7)
    assert codes(move(fridays[0], place.tuesday, day_after(1), actors.admin)) == {"full"}
    assert move(tuesdays[0], place.friday, friday, actors.admin).state == "refused"
    # One of Friday's goes elsewhere for that day: exactly one visitor may come.
    thursday = courses.slot(place.course, place.teacher, 3, "16:00", capacity=2)
    assert move(fridays[0], thursday, day_after(3), actors.admin).state == "ok"
    assert move(tuesdays[0], place.friday, friday, actors.admin).state == "ok"
    assert codes(move(tuesdays[1], place.friday, friday, actors.admin)) == {"full"}
    # Who went away cannot come back: the place is taken.
    assert codes(move(fridays[0], place.friday, friday, actors.admin)) == {"full"}
    assert codes(move(tuesdays[1], place.friday, later, actors.admin)) == {"full"}


def test_who_is_elsewhere_at_that_time_is_not_moved_there(place, actors):
    admitted = place.admit([place.tuesday])
    row = classes(admitted.id)[0]
    other = courses.course([actors.teacher2.id])
    place.admit([courses.slot(other, actors.teacher2.id, 4, "16:30")], student_id=admitted.student_id)
    outcome = move(row, place.friday, day_after(4), actors.admin)
    assert codes(outcome) == {"clash"}
    assert other.name in str(outcome.refusal)


def test_only_what_is_still_planned_moves(place, actors):
    rows = classes(place.admit([place.tuesday]).id)
    marked = to_today(rows[0])
    marking.mark([marked.id], actor=actors.teacher, status=AttendanceStatus.PRESENT)
    assert "marked" in codes(move(marked, place.friday, day_after(4), actors.admin))
    admission_actions.cancel([rows[1].admission_id], actor=actors.admin)
    outcome = moving.move([rows[1].id], actor=actors.admin, classroom_slot_id=place.friday.id, class_date=day_after(4))
    assert isinstance(outcome.outcomes[0].refusal, NotFound)


def test_only_admins_move_directly(place, actors):
    row = classes(place.admit([place.tuesday], account="student").id)[0]
    for actor in (actors.staff, actors.teacher, actors.student):
        assert isinstance(move(row, place.friday, day_after(4), actor).refusal, NotAllowed)
    assert isinstance(move(row, place.friday, day_after(4), actors.teacher2).refusal, NotFound)


def test_what_is_offered_is_accepted_and_nothing_else(actors):
    place = School(actors.admin, capacity=2)
    courses.slot(place.course, place.teacher, 3, "17:00", capacity=1)
    courses.slot(courses.course([place.teacher]), place.teacher, 2, "16:00")
    courses.closure(day_after(4), reason="Snow")
    for _each in range(2):
        place.admit([place.friday])
    row = classes(place.admit([place.tuesday]).id)[2]
    offered = {(each.slot_id, each.day) for each in places.offered(Wish.of(row))}
    assert offered
    slots = db.session.scalars(select(courses.ClassroomSlot.id)).all()
    first = school.today() - timedelta(days=1)
    for offset in range(places.WEEKS_OFFERED * 7 + 1):
        for slot_id in slots:
            day = first + timedelta(days=offset)
            try:
                moving.check(row, slot_id, day)
                accepted = True
            except PlaceRefused:
                accepted = False
            assert accepted == ((slot_id, day) in offered), (slot_id, day)


def test_the_register_and_the_dashboard_show_who_came_and_who_went(place, actors):
    row = classes(place.admit([place.tuesday]).id)[0]
    tuesday, friday = row.class_date, day_after(4)
    move(row, place.friday, friday, actors.admin)
    went = register.read(place.tuesday.id, tuesday, actors.teacher)
    assert (went.entries, [each.day for each in went.away]) == ([], [friday])
    [came] = register.read(place.friday.id, friday, actors.teacher).entries
    assert came.moved_from is not None
    assert came.moved_from[0] == tuesday
    taken = {each.slot_id: (each.taken, each.visitors) for each in dashboard.days(friday, 1, actors.staff).classes}
    assert taken[place.friday.id] == (1, 1)
    taken = {each.slot_id: (each.taken, each.planned) for each in dashboard.days(tuesday, 1, actors.staff).classes}
    assert taken[place.tuesday.id] == (0, 0)


def test_teachers_see_their_classes_and_closed_days_say_so(place, actors):
    row = classes(place.admit([place.tuesday]).id)[0]
    day = row.class_date
    assert [each.slot_id for each in dashboard.days(day, 1, actors.teacher).classes] == [place.tuesday.id]
    assert dashboard.days(day, 1, actors.teacher2).classes == []
    assert dashboard.days(day, 1, actors.student).classes == []
    courses.closure(day, reason="Snow")
    found = dashboard.week(day, actors.staff)
    assert [(each.open, each.closure) for each in found.days if each.day == day] == [(False, "Snow")]
    assert [each.planned for each in found.classes if each.day == day] == [1]


def test_a_make_up_class_is_booked_for_a_class_that_is_owed(place, actors):
    admitted = place.admit([place.tuesday], account="student")
    values = {"admission_id": admitted.id, "classroom_slot_id": place.friday.id, "class_date": day_after(4)}
    with pytest.raises(Invalid):  # another teacher's course
        makeups.book({**values, "admission_id": place.friday.id}, actor=actors.admin)
    with pytest.raises(PlaceRefused) as refused:
        makeups.book(values, actor=actors.admin)
    assert [each.code for each in refused.value.reasons][:1] == ["none_left"]
    row = to_today(classes(admitted.id)[0])
    marking.mark([row.id], actor=actors.teacher, status=AttendanceStatus.EXCUSED)
    assert balance(admitted.id).unplanned == 1
    with pytest.raises(NotAllowed):
        makeups.book(values, actor=actors.staff)
    assert values["class_date"] in {each.day for each in places.offered(Wish(admitted.id))}
    # The slots of an admission count as its teachers': Friday's is the same one's.
    made = makeups.book(values, actor=actors.admin)
    assert made.makeup
    assert balance(admitted.id).unplanned == 0
    with pytest.raises(PlaceRefused):
        makeups.book({**values, "class_date": values["class_date"] + timedelta(days=7)}, actor=actors.admin)
    assert [each.state for each in makeups.cancel([made.id], actor=actors.admin).outcomes] == ["ok"]
    assert db.session.get_one(Attendance, made.id).deleted_at is not None
    assert balance(admitted.id).unplanned == 1
    for kind in ("class_moved", "class_cancelled"):
        assert {each.username for each in notices(kind)} == {"student", "teacher"}, kind
    [outcome] = makeups.cancel([classes(admitted.id)[1].id], actor=actors.admin).outcomes
    assert isinstance(outcome.refusal, WrongState)
