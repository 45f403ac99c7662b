"""Admission: what it writes, what it refuses with every reason, and that repeating it changes nothing."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text

from app.models.admissions import (
    Admission,
    AdmissionAuditEvent,
    AdmissionPayment,
    AdmissionSlot,
    ClassroomEnrollment,
    DiscountType,
)
from app.models.classroom import Attendance
from app.models.courses import ClassroomSlot
from app.models.leads import Lead, LeadAuditEvent, LeadSource
from app.models.notifications import Notification, NotificationEvent
from app.models.students import Student
from app.services import accounts, idempotency, school
from app.services.admissions.admit import admit
from app.services.admissions.known import KnownPerson
from app.services.admissions.places import Choice
from app.services.admissions.refusals import PlacesRefused
from app.services.classroom import moving
from app.services.errors import Conflict, Invalid, NotAllowed
from app.services.transaction import rehearse
from tests.factories.admissions import admission, choices
from tests.factories.classroom import School, classes, day_after, to_today
from tests.factories.courses import closure, course, plan, slot, time_slot
from tests.factories.leads import lead, stage
from tests.factories.students import student

START = date(2026, 3, 3)


def count(db_session, model, *criteria):
    return db_session.scalar(select(func.count()).select_from(model).where(*criteria))


def order(studio, **values):
    return {
        "course_id": studio.course.id,
        "plan_id": studio.plan.id,
        "starts_on": START,
        "slots": choices(studio.slots),
    } | values


def test_the_example_to_the_day(db_session, actors, studio):
    """24 classes, Tuesday 16:00 and Friday 17:00 from 3 March 2026: twelve Tuesdays and twelve Fridays."""
    made = admit(order(studio, lead_id=lead().id), actor=actors.staff)
    rows = db_session.execute(
        select(Attendance.class_date, Attendance.classroom_slot_id, Attendance.starts_at).order_by(Attendance.starts_at)
    ).all()
    assert [row.class_date for row in rows if row.classroom_slot_id == studio.tuesday.id] == [
        START + timedelta(weeks=week) for week in range(12)
    ]
    assert [row.class_date for row in rows if row.classroom_slot_id == studio.friday.id] == [
        START + timedelta(weeks=week, days=3) for week in range(12)
    ]
    zone = school.zone()
    assert {row.starts_at.astimezone(zone).hour for row in rows} == {16, 17}
    assert made.final_classes == len(rows) == 24


def test_classes_keep_their_local_time_over_daylight_saving(db_session, actors, studio):
    """Clocks go forward in London on 29 March 2026: 16:00 stays 16:00, an hour earlier in UTC."""
    assert school.zone() == ZoneInfo("Europe/London")
    admit(order(studio, lead_id=lead().id), actor=actors.staff)
    hours = {
        row.class_date: row.starts_at.astimezone(ZoneInfo("UTC")).hour
        for row in db_session.execute(
            select(Attendance.class_date, Attendance.starts_at).where(Attendance.classroom_slot_id == studio.tuesday.id)
        )
    }
    assert hours[date(2026, 3, 24)] == 16
    assert hours[date(2026, 3, 31)] == 15


def test_everything_is_written_once(db_session, actors, studio):
    asked = lead(owner_id=actors.staff2.id)
    made = admit(order(studio, lead_id=asked.id, extra_classes=2, notes="Brings a cello"), actor=actors.staff)
    row = db_session.get(Admission, made.id)
    assert (row.base_classes, row.extra_classes, row.final_classes) == (24, 2, 26)
    assert (row.lead_id, row.created_by_id, row.notes) == (asked.id, actors.staff.id, "Brings a cello")
    assert count(db_session, AdmissionSlot, AdmissionSlot.admission_id == made.id) == 2
    assert count(db_session, ClassroomEnrollment, ClassroomEnrollment.admission_id == made.id) == 2
    assert count(db_session, Attendance, Attendance.admission_id == made.id) == 26
    payment = db_session.scalars(select(AdmissionPayment).where(AdmissionPayment.admission_id == made.id)).one()
    assert (payment.amount, payment.status.value) == (studio.plan.price, "unpaid")
    assert count(db_session, AdmissionAuditEvent, AdmissionAuditEvent.admission_id == made.id) == 1
    became = db_session.get(Student, made.student_id)
    assert (became.first_name, became.last_name, became.phone) == (asked.first_name, asked.last_name, asked.phone)
    db_session.expire_all()
    assert db_session.get(Lead, asked.id).stage_id == stage("Onboarded").id
    assert (
        db_session.scalar(text("SELECT enrolled FROM classroom_slots WHERE id = :id"), {"id": studio.tuesday.id}) == 1
    )


def test_owner_admins_and_student_are_told_but_not_who_admitted(db_session, actors, studio):
    learner = student(user_id=actors.student.id)
    admit(order(studio, student_id=learner.id), actor=actors.admin)
    told = set(db_session.scalars(select(Notification.recipient_id).where(Notification.type == "admission_created")))
    assert actors.student.id in told
    assert actors.super_admin.id in told
    assert actors.admin.id not in told
    assert count(db_session, NotificationEvent, NotificationEvent.type == "admission_created") == 1


def test_an_owner_who_does_not_work_with_leads_any_more_is_not_told(db_session, actors, studio):
    asked = lead(owner_id=actors.staff2.id)
    accounts.set_roles(actors.staff2.id, ["Student"], actor=actors.super_admin)
    admit(order(studio, lead_id=asked.id), actor=actors.admin)
    told = set(db_session.scalars(select(Notification.recipient_id).where(Notification.type == "admission_created")))
    assert actors.super_admin.id in told
    assert actors.staff2.id not in told


def test_somebody_who_walked_in_becomes_a_lead_and_a_student(db_session, actors, studio):
    made = admit(
        order(studio, first_name="Ada", last_name="Byron", phone="020 7946 0018", email="ada@example.org"),
        actor=actors.staff,
    )
    row = db_session.get(Admission, made.id)
    found = db_session.get(Lead, row.lead_id)
    assert (found.source, found.stage_id, found.owner_id) == (
        LeadSource.WALK_IN,
        stage("Onboarded").id,
        actors.staff.id,
    )
    assert made.student == "Ada Byron"


def test_a_lead_that_is_admitted_again_stays_one_student(db_session, actors, studio):
    asked = lead()
    first = admit(order(studio, lead_id=asked.id), actor=actors.staff)
    other = slot(studio.course, actors.teacher.id, 3, "15:00")
    second = admit(
        order(studio, lead_id=asked.id, plan_id=plan(1, classes_per_week=1).id, slots=choices([other])),
        actor=actors.staff,
    )
    assert first.student_id == second.student_id


def test_the_same_form_sent_again_returns_the_first_admission(db_session, actors, studio):
    values = order(studio, lead_id=lead().id, submission_key=uuid4())
    first = admit(values, actor=actors.staff)
    again = admit(values, actor=actors.staff)
    assert (again.id, again.repeated, first.repeated) == (first.id, True, False)
    assert count(db_session, Admission) == 1
    assert count(db_session, Attendance) == 24


def test_the_order_of_the_slots_and_empty_fields_make_no_other_form(db_session, actors, studio):
    values = order(studio, lead_id=lead().id, submission_key=uuid4())
    first = admit(values, actor=actors.staff)
    same = values | {"slots": values["slots"][::-1], "notes": None, "extra_classes": 0, "email": ""}
    assert admit(same, actor=actors.staff).id == first.id


@pytest.mark.parametrize(
    "change",
    [
        {"first_name": "Ben"},
        {"phone": "07700 900124"},
        {"extra_classes": 5},
        {"notes": "Brings a cello"},
        {"discount_type": DiscountType.PERCENT, "discount_value": Decimal(10)},
        {"slots": []},
    ],
)
def test_another_form_under_the_same_key_is_refused(db_session, actors, studio, change):
    who = {"first_name": "Anna", "last_name": "Khan", "phone": "07700 900123"}
    values = order(studio, submission_key=uuid4(), **who)
    first = admit(values, actor=actors.staff)
    if "slots" in change:
        change = {"slots": [Choice(each.time_slot_id) for each in values["slots"]]}
    for _again in range(2):
        with pytest.raises(Conflict, match=f"#{first.number}"):
            admit(values | change, actor=actors.staff)
    assert count(db_session, Admission) == 1
    assert admit(values, actor=actors.staff).id == first.id


def test_a_preview_is_the_real_thing_and_writes_nothing(db_session, actors, studio):
    made = rehearse(admit, order(studio, lead_id=lead().id), actor=actors.staff)
    assert len(made.dates) == 24
    assert made.total == studio.plan.price
    for model in (Admission, Student, Attendance, ClassroomEnrollment, Notification):
        assert count(db_session, model) == 0, model


@pytest.mark.parametrize(
    ("kind", "value", "total"),
    [
        (DiscountType.NONE, "50", "285.00"),
        (DiscountType.PERCENT, "10", "256.50"),
        (DiscountType.PERCENT, "100", "0.00"),
        (DiscountType.PERCENT, "33.33", "190.01"),
        (DiscountType.AMOUNT, "85.01", "199.99"),
    ],
)
def test_a_discount_changes_the_total_and_not_the_classes(db_session, actors, studio, kind, value, total):
    made = admit(
        order(studio, lead_id=lead().id, discount_type=kind, discount_value=Decimal(value)), actor=actors.staff
    )
    assert made.total == Decimal(total)
    assert made.final_classes == 24


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"discount_type": DiscountType.PERCENT, "discount_value": Decimal(101)}, "discount_value"),
        ({"discount_type": DiscountType.AMOUNT, "discount_value": Decimal(286)}, "discount_value"),
        ({"starts_on": date(1999, 1, 1)}, "starts_on"),
        ({"starts_on": date(2120, 1, 1)}, "starts_on"),
        ({"course_id": uuid4()}, "course_id"),
        ({"plan_id": uuid4()}, "plan_id"),
        ({"lead_id": uuid4()}, "lead_id"),
        ({"lead_id": None, "student_id": uuid4()}, "student_id"),
        ({"lead_id": None}, "lead_id"),
        ({"lead_id": None, "first_name": "Ada"}, "phone"),
        ({"slots": [Choice(uuid4()), Choice(uuid4())]}, "slots"),
    ],
)
def test_wrong_input_is_told_at_its_field_and_writes_nothing(db_session, actors, studio, values, field):
    with pytest.raises(Invalid) as refused:
        admit(order(studio, **({"lead_id": lead().id} | values)), actor=actors.staff)
    assert field in refused.value.fields
    assert count(db_session, Admission) == 0


def test_as_many_slots_as_the_plan_has_classes_a_week(db_session, actors, studio):
    with pytest.raises(Invalid) as refused:
        admit(order(studio, lead_id=lead().id, slots=choices([studio.tuesday])), actor=actors.staff)
    assert "2" in str(refused.value.fields["slots"][0])


def test_a_closed_day_of_the_week_and_an_unused_time_are_named(db_session, actors, studio):
    db_session.execute(text("UPDATE operating_days SET open = false WHERE day = 4"))
    db_session.execute(
        text("UPDATE time_slot_templates SET active = false WHERE id = :id"), {"id": studio.tuesday.time_slot_id}
    )
    with pytest.raises(Invalid) as refused:
        admit(order(studio, lead_id=lead().id), actor=actors.staff)
    tuesday, friday = map(str, refused.value.fields["slots"])
    assert "Tuesday 16:00" in tuesday
    assert "not in use" in tuesday
    assert "Friday 17:00" in friday
    assert "closed" in friday


def test_closures_are_skipped(db_session, actors, studio):
    closure(date(2026, 3, 10), date(2026, 3, 13))
    made = admit(order(studio, lead_id=lead().id), actor=actors.staff)
    days = {day for day, _slot in made.dates}
    assert not days & {date(2026, 3, 10), date(2026, 3, 13)}
    assert len(made.dates) == 24
    assert max(days) == date(2026, 5, 29)


def test_the_emptiest_teacher_is_taken_unless_one_is_asked_for(db_session, actors, studio):
    other = slot(studio.course, actors.teacher2.id, 1, "16:00", capacity=9)
    anybody = [Choice(studio.tuesday.time_slot_id), Choice(studio.friday.time_slot_id)]
    made = admit(order(studio, lead_id=lead().id, slots=anybody), actor=actors.staff)
    assert {each.id for each in made.slots} == {other.id, studio.friday.id}
    asked = [Choice(studio.tuesday.time_slot_id, actors.teacher.id), Choice(studio.friday.time_slot_id)]
    made = admit(order(studio, lead_id=lead().id, slots=asked), actor=actors.staff)
    assert {each.id for each in made.slots} == {studio.tuesday.id, studio.friday.id}


def test_every_full_slot_is_named_with_the_nearest_free_ones(db_session, actors, studio):
    for _n in range(2):
        admission(studio.slots, actor=actors.staff)
    before = count(db_session, Attendance)
    asked = lead(owner_id=actors.staff2.id)
    with pytest.raises(PlacesRefused) as refused:
        admit(order(studio, lead_id=asked.id), actor=actors.staff)
    problems = refused.value.problems
    assert [each.code for each in problems] == ["full", "full"]
    assert {each.place.slot_id for each in problems} == {str(studio.tuesday.id), str(studio.friday.id)}
    assert all("2 of 2" in each.message for each in problems)
    assert [each.slot_id for each in problems[1].alternatives] == [str(studio.saturday.id)]
    assert count(db_session, Attendance) == before
    assert count(db_session, Student, Student.phone == asked.phone) == 0
    # What such an attempt leaves behind: the event, and notices to the owner and the admins.
    events = db_session.scalars(
        select(NotificationEvent).where(NotificationEvent.type == "admission_blocked_capacity")
    ).all()
    assert [event.entity_id for event in events] == [str(asked.id)]
    told = set(
        db_session.scalars(select(Notification.recipient_id).where(Notification.type == "admission_blocked_capacity"))
    )
    assert {actors.staff2.id, actors.admin.id} <= told


def test_a_clash_is_told_like_a_full_slot_both_at_once(db_session, actors, studio):
    """The student is elsewhere on Tuesdays at half past, and Friday is full."""
    learner = student()
    violin = course([actors.teacher2.id])
    half_past = slot(violin, actors.teacher2.id, 1, "16:30", end="17:30")
    admission([half_past], actor=actors.staff, student_id=learner.id, starts_on=START)
    thursday = slot(studio.course, actors.teacher.id, 3, "15:00")
    for _n in range(2):
        admission([studio.friday, thursday], actor=actors.staff, starts_on=START)
    with pytest.raises(PlacesRefused) as refused:
        admit(order(studio, student_id=learner.id), actor=actors.staff)
    clash, full = refused.value.problems
    assert (clash.code, full.code) == ("clash", "full")
    assert clash.clashes[0].day == START
    assert violin.name in clash.message
    assert clash.alternatives


def test_a_place_that_the_student_has_is_not_taken_twice(db_session, actors, studio):
    learner = student()
    admission(studio.slots, actor=actors.staff, student_id=learner.id, starts_on=START)
    with pytest.raises(PlacesRefused) as refused:
        admit(order(studio, student_id=learner.id), actor=actors.staff)
    assert {each.code for each in refused.value.problems} == {"taken"}


def test_slots_that_overlap_each_other_are_refused(db_session, actors, studio):
    other = slot(studio.course, actors.teacher2.id, 1, "16:30", end="17:30")
    with pytest.raises(Invalid) as refused:
        admit(order(studio, lead_id=lead().id, slots=choices([studio.tuesday, other])), actor=actors.staff)
    assert "overlap" in str(refused.value.fields["slots"][0])


def test_a_start_in_the_future_is_pending(db_session, actors, studio):
    later = admission(studio.slots, actor=actors.staff, starts_on=school.today() + timedelta(days=9))
    now = admission(studio.slots, actor=actors.staff)
    assert db_session.get(Admission, later.id).status == "pending"
    assert db_session.get(Admission, now.id).status == "active"


@pytest.mark.parametrize("who", ["teacher", "student", "coach", "guardian"])
def test_others_may_not_admit(db_session, actors, studio, who):
    with pytest.raises(NotAllowed):
        admit(order(studio, lead_id=lead().id), actor=getattr(actors, who))
    assert count(db_session, Admission) == 0


def test_the_database_itself_refuses_one_place_too_many(db_session, actors, studio):
    """Whatever forgets to look: the counter of the slot has a CHECK."""
    for _n in range(2):
        admission(studio.slots, actor=actors.staff)
    third = student()
    insert = text(
        "INSERT INTO classroom_enrollments (student_id, classroom_slot_id, admission_id)"
        " SELECT :student, :slot, id FROM admissions LIMIT 1"
    )
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError) as refused, db_session.begin_nested():
        db_session.execute(insert, {"student": third.id, "slot": studio.tuesday.id})
    assert refused.value.orig.diag.constraint_name == "ck_classroom_slots_places"


def test_unknown_times_are_of_nobody(db_session, actors, studio):
    lonely = time_slot(6, "20:00")
    with pytest.raises(Invalid) as refused:
        admit(
            order(studio, lead_id=lead().id, slots=[Choice(lonely.id), Choice(studio.friday.time_slot_id)]),
            actor=actors.staff,
        )
    assert "not taught then" in str(refused.value.fields["slots"][0])


def test_a_day_on_which_visitors_have_the_last_place(db_session, actors):
    place = School(actors.admin, capacity=1)
    visitor = classes(place.admit([place.tuesday]).id)[0]
    day = day_after(4)
    moving.move([visitor.id], actor=actors.admin, classroom_slot_id=place.friday.id, class_date=day)
    with pytest.raises(PlacesRefused) as refused:
        place.admit([place.friday])
    [problem] = refused.value.problems
    assert problem.code == "crowded"
    assert day.isoformat() in problem.message
    assert place.admit([place.friday], starts_on=day + timedelta(days=1)).final_classes


def test_a_full_slot_that_also_clashes_says_both(db_session, actors, studio):
    mine = admission([studio.tuesday], actor=actors.staff)
    other = course([actors.teacher2.id])
    late = slot(other, actors.teacher2.id, 1, "16:30", capacity=1)
    admission([late], actor=actors.staff)
    with pytest.raises(PlacesRefused) as refused:
        admission([late], actor=actors.staff, student_id=mine.student_id)
    assert [problem.code for problem in refused.value.problems] == ["full", "clash"]


def test_a_key_of_another_form_is_refused(db_session, actors, studio):
    form = {"submission_key": uuid4(), "plan_id": plan(3, classes_per_week=1).id}
    first = admission([studio.tuesday], actor=actors.staff, **form)
    again = admission([studio.tuesday], actor=actors.staff, **form, student_id=first.student_id)
    assert again.repeated and len(again.dates) == first.final_classes
    with pytest.raises(Conflict, match="sent before"):
        admission([studio.tuesday], actor=actors.staff, **form)


def test_a_blocked_admission_is_recorded_within_another_transaction(db_session, actors, studio):
    """The refusal undoes the transaction around it, but not the record of it; a rehearsal leaves none."""
    tight = slot(studio.course, actors.teacher.id, 2, "16:00", capacity=1)
    admission([tight], actor=actors.staff)
    count = "SELECT count(*) FROM notification_events WHERE type = 'admission_blocked_capacity'"
    with pytest.raises(PlacesRefused):
        rehearse(admit, values_for(tight), actor=actors.staff)
    assert db_session.execute(text(count)).scalar_one() == 0
    with pytest.raises(PlacesRefused):
        idempotency.once("k1", "f", lambda: admit(values_for(tight), actor=actors.staff), actor=actors.staff)
    assert db_session.execute(text(count)).scalar_one() == 1


def test_each_walk_in_who_is_blocked_is_told_of(db_session, actors, studio):
    """Once a day for each of them, though there is a record of neither."""
    tight = slot(studio.course, actors.teacher.id, 2, "16:00", capacity=1)
    admission([tight], actor=actors.staff)
    values = {name: value for name, value in values_for(tight).items() if name != "student_id"}
    for name in ("Anna", "Ben", "Anna"):
        with pytest.raises(PlacesRefused):
            admit(values | {"first_name": name, "last_name": "Khan", "phone": "07700 900123"}, actor=actors.staff)
    of_admin = select(Notification.title).where(
        Notification.type == "admission_blocked_capacity", Notification.recipient_id == actors.admin.id
    )
    titles = sorted(db_session.scalars(of_admin))
    assert [title.split(" could")[0] for title in titles] == ["Anna Khan", "Ben Khan"]
    events = db_session.scalars(
        select(NotificationEvent.payload).where(NotificationEvent.type == "admission_blocked_capacity")
    )
    assert {each["name"] for each in events} == {"Anna Khan", "Ben Khan"}


def test_the_follow_up_of_who_is_admitted_is_closed_whatever_the_stage(db_session, actors, studio):
    new = lead(owner_id=actors.staff.id)
    there = lead(owner_id=actors.staff.id, stage_id=stage("Onboarded").id)
    for asked, expected in ((new, ["follow_up_changed", "stage_changed"]), (there, ["follow_up_changed"])):
        admit(order(studio, lead_id=asked.id), actor=actors.staff)
        db_session.refresh(asked)
        assert (asked.stage_id, asked.follow_up_status) == (stage("Onboarded").id, "done")
        events = db_session.scalars(select(LeadAuditEvent).where(LeadAuditEvent.lead_id == asked.id)).all()
        assert sorted(each.type.value for each in events) == expected
        [closed] = [each for each in events if each.type.value == "follow_up_changed"]
        assert (closed.before, closed.after) == ({"follow_up_status": "open"}, {"follow_up_status": "done"})
    again = order(studio, lead_id=there.id, slots=choices([studio.saturday]), plan_id=plan(3, classes_per_week=1).id)
    admit(again, actor=actors.staff)
    assert count(db_session, LeadAuditEvent, LeadAuditEvent.lead_id == there.id) == 1


def test_visitors_of_days_that_are_over_are_in_nobodys_way(db_session, actors):
    place = School(actors.admin, capacity=1)
    visitor = to_today(classes(place.admit([place.tuesday]).id)[0], days_ago=30)
    db_session.execute(text("UPDATE attendance SET makeup = true WHERE id = :id"), {"id": visitor.id})
    there = db_session.get(ClassroomSlot, visitor.classroom_slot_id)
    made = admission([there], actor=actors.admin, starts_on=school.today() - timedelta(days=40))
    assert visitor.class_date in {day for day, _slot in made.dates}


ANNA = {"first_name": "Anna", "last_name": "Khan", "phone": "07700 900123"}


def test_somebody_known_becomes_no_second_lead_and_student_unasked(db_session, actors, studio):
    known_lead = lead(first_name="Anna", last_name="Khan", phone="+447700900123")
    known_student = student(first_name="Anna", last_name="Khan", phone="+447700900123")
    values = order(studio, submission_key=uuid4(), **ANNA)
    for attempt in (admit, partial(rehearse, admit), admit):
        with pytest.raises(KnownPerson) as refused:
            attempt(values, actor=actors.staff)
        assert [(each["resource"], each["id"]) for each in refused.value.details()["duplicates"]] == [
            ("leads", str(known_lead.id)),
            ("students", str(known_student.id)),
        ]
    assert (count(db_session, Lead), count(db_session, Student), count(db_session, Admission)) == (1, 1, 0)
    made = admit(values | {"accept_duplicates": True}, actor=actors.staff)
    assert (count(db_session, Lead), count(db_session, Student)) == (2, 2)
    assert admit(values, actor=actors.staff).id == made.id  # the same form, sent again


def test_a_lead_who_is_a_student_already_becomes_no_second_one_unasked(db_session, actors, studio):
    asked = lead(email="Anna@khan.example")
    known_student = student(email="anna@khan.example")
    values = order(studio, lead_id=asked.id)
    with pytest.raises(KnownPerson) as refused:
        admit(values, actor=actors.staff)
    assert [each["id"] for each in refused.value.details()["duplicates"]] == [str(known_student.id)]
    made = admit(values | {"accept_duplicates": True}, actor=actors.staff)
    assert made.student_id != known_student.id
    once_more = order(
        studio, lead_id=asked.id, slots=choices([studio.saturday]), plan_id=plan(3, classes_per_week=1).id
    )
    assert admit(once_more, actor=actors.staff).student_id == made.student_id  # theirs is found: no question


def test_who_is_deleted_is_not_known(db_session, actors, studio):
    gone = student(phone="+447700900123")
    db_session.execute(text("UPDATE students SET deleted_at = now() WHERE id = :id"), {"id": gone.id})
    assert admit(order(studio, **ANNA), actor=actors.staff).number


def values_for(at):
    return {
        "course_id": at.course_id,
        "plan_id": plan(3, classes_per_week=1).id,
        "starts_on": school.today(),
        "slots": choices([at]),
        "student_id": student().id,
    }
