"""A state machine over everything that is done with places and classes. Whatever the order, what must hold holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import text

from app.extensions import db
from app.models.classroom import Attendance, AttendanceStatus
from app.models.courses import ClassroomSlot
from app.services import school
from app.services.admissions import actions, renewing, waitlist
from app.services.classroom import closing, ledger, makeups, marking, moving, requests
from app.services.classroom.schemas import Remedy
from app.services.courses import slots
from app.services.records import merging, unmerging
from app.services.students import records as students
from tests.concurrency.racing import actor
from tests.factories.admissions import admission
from tests.factories.courses import closure, course, plan, slot
from tests.factories.leads import lead
from tests.factories.students import student
from tests.services.machine import Machine, hold_in_any_order, none_found

OVERBOOKED = """
    SELECT count(*) FROM classroom_slots s CROSS JOIN LATERAL (
        SELECT count(*) AS active FROM classroom_enrollments e WHERE e.classroom_slot_id = s.id AND e.status = 'active') e
    CROSS JOIN LATERAL (
        SELECT count(*) AS held FROM waitlist_entries w WHERE w.classroom_slot_id = s.id AND w.status = 'offered') w
    WHERE e.active + w.held > s.capacity OR s.enrolled <> e.active OR s.offered <> w.held
"""
IN_TWO_PLACES = """
    SELECT count(*) FROM attendance a JOIN attendance b ON b.student_id = a.student_id AND b.id > a.id
        AND b.starts_at < a.ends_at AND b.ends_at > a.starts_at
    WHERE a.deleted_at IS NULL AND b.deleted_at IS NULL
"""
WRONG_BALANCE = """
    SELECT count(*) FROM admissions a JOIN admission_balances b ON b.admission_id = a.id
    WHERE b.remaining <> a.base_classes + a.extra_classes
        - (SELECT count(*) FROM attendance t WHERE t.admission_id = a.id AND t.deleted_at IS NULL
             AND t.status IN ('present', 'late', 'excused'))
        + (SELECT coalesce(sum(c.classes), 0) FROM class_credits c WHERE c.admission_id = a.id)
       OR (SELECT coalesce(sum(c.classes), 0) FROM class_credits c WHERE c.admission_id = a.id AND c.attendance_id IS NOT NULL)
           <> (SELECT count(*) FROM attendance t WHERE t.admission_id = a.id AND t.deleted_at IS NULL
             AND t.status = 'excused')
"""
NOT_ONE_PAYMENT = """
    SELECT count(*) FROM admissions a
    WHERE (SELECT count(*) FROM admission_payments p WHERE p.admission_id = a.id) <> 1
"""
ON_CLOSED_DAYS = """
    SELECT count(*) FROM attendance a WHERE a.deleted_at IS NULL AND a.status = 'scheduled' AND a.starts_at > now()
    AND (EXISTS (SELECT FROM closures c WHERE a.class_date BETWEEN c.starts_on AND c.ends_on)
         OR NOT EXISTS (SELECT FROM operating_days d WHERE d.open AND d.day = extract(isodow FROM a.class_date) - 1))
"""
STATUS_WITHOUT_PLACE = """
    SELECT count(*) FROM admissions a WHERE a.status = 'paused' AND EXISTS (
        SELECT FROM classroom_enrollments e WHERE e.admission_id = a.id AND e.status = 'active')
    OR a.status IN ('cancelled', 'completed') AND EXISTS (
        SELECT FROM classroom_enrollments e WHERE e.admission_id = a.id AND e.status <> 'ended')
    OR a.status IN ('paused', 'cancelled') AND EXISTS (
        SELECT FROM attendance t WHERE t.admission_id = a.id AND t.deleted_at IS NULL AND t.status = 'scheduled'
            AND t.starts_at > now())
"""
CROWDED_DAY = """
    SELECT count(*) FROM (
        SELECT a.classroom_slot_id, a.class_date FROM attendance a JOIN classroom_slots s ON s.id = a.classroom_slot_id
        WHERE a.deleted_at IS NULL AND a.starts_at > now() GROUP BY 1, 2, s.capacity HAVING count(*) > s.capacity
    ) d
"""
TWO_ROWS_OF_ONE_PLACE = """
    SELECT count(*) FROM (
        SELECT FROM classroom_enrollments WHERE status <> 'ended' GROUP BY admission_id, classroom_slot_id HAVING count(*) > 1
    ) d
"""
ANOTHER_STUDENTS = """
    SELECT count(*) FROM admissions a WHERE EXISTS (
        SELECT FROM classroom_enrollments e WHERE e.admission_id = a.id AND e.student_id <> a.student_id)
    OR EXISTS (SELECT FROM attendance t WHERE t.admission_id = a.id AND t.student_id <> a.student_id)
"""
MORE_PLANNED_THAN_PAID = """
    SELECT count(*) FROM admissions a JOIN admission_balances b ON b.admission_id = a.id
    WHERE b.unplanned < 0 AND a.status IN ('pending', 'active')
"""
PAUSED_PLACE_OF_WHO_COMES = """
    SELECT count(*) FROM admissions a JOIN classroom_enrollments e ON e.admission_id = a.id
    WHERE a.status IN ('pending', 'active') AND e.status = 'paused'
"""
WAITS_BESIDE_A_FREE_PLACE = """
    SELECT count(*) FROM waitlist_entries w JOIN classroom_slots s ON s.id = w.classroom_slot_id
    LEFT JOIN students st ON st.id = w.student_id
    WHERE w.status = 'waiting' AND st.deleted_at IS NULL AND s.active AND s.capacity > s.enrolled + s.offered
      AND NOT EXISTS (SELECT FROM classroom_enrollments e WHERE e.student_id = w.student_id
                      AND e.classroom_slot_id = s.id AND e.status = 'active')
"""
OFFERED_TO_WHO_HAS_IT = """
    SELECT count(*) FROM waitlist_entries w JOIN classroom_enrollments e
      ON e.student_id = w.student_id AND e.classroom_slot_id = w.classroom_slot_id AND e.status = 'active'
    WHERE w.status = 'offered'
"""
REQUEST_OF_WHAT_IS_NOT_THERE = """
    SELECT count(*) FROM reschedule_requests r JOIN attendance a ON a.id = r.attendance_id
    WHERE r.status = 'pending' AND (a.deleted_at IS NOT NULL OR a.status <> 'scheduled' OR a.student_id <> r.student_id
        OR (a.classroom_slot_id, a.class_date) <> (r.from_slot_id, r.from_date))
"""
PLANNED_WITHOUT_PLACE = """
    SELECT count(*) FROM admissions a JOIN admission_slots x ON x.admission_id = a.id
    WHERE a.status IN ('pending', 'active') AND NOT EXISTS (
        SELECT FROM classroom_enrollments e WHERE e.student_id = a.student_id
          AND e.classroom_slot_id = x.classroom_slot_id AND e.status = 'active')
"""


class School(Machine):
    """Three slots of two places, five students, and everybody who does something with them."""

    def __init__(self) -> None:
        super().__init__()
        self.staff, self.admin = actor("staff"), actor("admin")
        teacher = actor("teacher").id
        made = course([teacher])
        self.slots = [
            slot(made, teacher, day, start, capacity=2).id for day, start in ((1, "16:00"), (3, "16:00"), (4, "17:00"))
        ]
        self.plan = plan(1, classes_per_week=2).id
        self.students = [student().id for _n in range(5)]
        self.made: list[Any] = []
        self.merges: list[Any] = []

    def one(self, number: int) -> list[Any]:
        return [self.made[number % len(self.made)]]

    def classes(self, number: int, *, ahead: bool) -> list[Any]:
        """A class of an admission: one to come, or one that can be marked."""
        today = school.today()
        found = db.session.scalars(
            db.select(Attendance.id)
            .where(
                Attendance.deleted_at.is_(None),
                Attendance.class_date > today if ahead else Attendance.class_date <= today,
                Attendance.admission_id.in_(self.made),
            )
            .order_by(Attendance.id)
        ).all()
        return [found[number % len(found)]] if found else []

    def place(self, number: int, weeks: int) -> tuple[Any, Any]:
        """A slot and one of its days in the coming weeks."""
        key = self.slots[number % 3]
        first = db.session.get_one(ClassroomSlot, key).week_minutes.lower // 1440
        today = school.today()
        return key, today + timedelta(days=(first - today.weekday()) % 7 + 7 * weeks)

    numbers = st.integers(0, 30)

    @rule(who=numbers, left_out=st.integers(0, 2), back=st.integers(0, 20))
    def admit(self, who: int, left_out: int, back: int) -> None:
        keys = [key for place, key in enumerate(self.slots) if place != left_out]
        wanted = [db.session.get_one(ClassroomSlot, key) for key in keys]
        done = self.tried(
            lambda: admission(
                wanted,
                actor=self.staff,
                student_id=self.students[who % 5],
                plan_id=self.plan,
                starts_on=school.today() - timedelta(days=back),
            )
        )
        if done:
            self.made.append(done.id)

    @precondition(lambda self: self.made)
    @rule(which=numbers, name=st.sampled_from(["pause", "resume", "cancel", "complete"]))
    def turn(self, which: int, name: str) -> None:
        self.tried(lambda: getattr(actions, name)(self.one(which), actor=self.admin))

    @precondition(lambda self: self.made)
    @rule(which=numbers, classes=st.integers(1, 3))
    def extra(self, which: int, classes: int) -> None:
        self.tried(lambda: actions.add_extra_classes(self.one(which), actor=self.admin, classes=classes))

    @precondition(lambda self: self.made)
    @rule(which=numbers)
    def renew(self, which: int) -> None:
        self.tried(lambda: renewing.renew(self.one(which), actor=self.admin))
        self.made = list(db.session.scalars(text("SELECT id FROM admissions ORDER BY number")))

    @precondition(lambda self: self.made)
    @rule(which=numbers, status=st.sampled_from(AttendanceStatus))
    def mark(self, which: int, status: AttendanceStatus) -> None:
        rows = self.classes(which, ahead=False)
        if status is AttendanceStatus.SCHEDULED:
            self.tried(lambda: marking.clear(rows, actor=self.admin))
        else:
            self.tried(lambda: marking.mark(rows, actor=self.admin, status=status))

    @precondition(lambda self: self.made)
    @rule(which=numbers, to=st.integers(0, 2), weeks=st.integers(0, 4), asked=st.booleans())
    def move(self, which: int, to: int, weeks: int, asked: bool) -> None:
        rows, (slot_id, day) = self.classes(which, ahead=True), self.place(to, weeks)
        if not rows:
            return
        if not asked:
            self.tried(lambda: moving.move(rows, actor=self.admin, classroom_slot_id=slot_id, class_date=day))
            return
        wish = {"attendance_id": rows[0], "requested_slot_id": slot_id, "requested_date": day}
        found = self.tried(lambda: requests.request(wish, actor=self.staff))
        if found is not None:
            self.tried(lambda: requests.approve([found.id], actor=self.admin))

    @precondition(lambda self: self.made)
    @rule(which=numbers, to=st.integers(0, 2), weeks=st.integers(0, 4))
    def make_up(self, which: int, to: int, weeks: int) -> None:
        slot_id, day = self.place(to, weeks)
        values = {"admission_id": self.one(which)[0], "classroom_slot_id": slot_id, "class_date": day}
        self.tried(lambda: makeups.book(values, actor=self.admin))

    @rule(ahead=st.integers(1, 25), length=st.integers(0, 3), remedy=st.sampled_from(Remedy))
    def close(self, ahead: int, length: int, remedy: Remedy) -> None:
        first = school.today() + timedelta(days=ahead)
        made = closure(first, first + timedelta(days=length))
        self.tried(lambda: closing.apply([made.id], actor=self.admin, remedy=remedy))

    @rule(to=st.integers(0, 2))
    def wait(self, to: int) -> None:
        values = {"classroom_slot_id": self.slots[to], "lead_id": lead().id}
        self.tried(lambda: waitlist.join(values, actor=self.staff))

    @rule(to=st.integers(0, 2), who=st.integers(0, 4))
    def wait_as_student(self, to: int, who: int) -> None:
        values = {"classroom_slot_id": self.slots[to], "student_id": self.students[who]}
        self.tried(lambda: waitlist.join(values, actor=self.staff))

    @rule()
    def wait_no_longer(self) -> None:
        first = text("SELECT id FROM waitlist_entries WHERE status IN ('waiting', 'offered') ORDER BY id LIMIT 1")
        keys = list(db.session.scalars(first))
        self.tried(lambda: waitlist.withdraw(keys, actor=self.staff))

    @rule(one=st.integers(0, 4), other=st.integers(0, 4))
    def merge(self, one: int, other: int) -> None:
        gone, kept = self.students[one], self.students[other]
        done = self.tried(lambda: merging.merge([gone], actor=self.admin, into_id=kept))
        if done:
            self.merges.append(done.batch_id)

    @precondition(lambda self: self.merges)
    @rule(which=numbers)
    def unmerge(self, which: int) -> None:
        self.tried(lambda: unmerging.undo(self.merges[which % len(self.merges)], actor=self.admin))

    @rule(who=st.integers(0, 4), name=st.sampled_from(["delete", "restore"]))
    def leave_or_return(self, who: int, name: str) -> None:
        self.tried(lambda: getattr(students, name)([self.students[who]], actor=self.admin))

    @precondition(lambda self: self.made)
    @rule(which=numbers, name=st.sampled_from(["delete", "restore"]))
    def delete_or_restore(self, which: int, name: str) -> None:
        self.tried(lambda: getattr(actions, name)(self.one(which), actor=self.admin))

    @rule(to=st.integers(0, 2), capacity=st.integers(1, 3))
    def resize(self, to: int, capacity: int) -> None:
        self.tried(lambda: slots.update(self.slots[to], {"capacity": capacity}, actor=self.admin))

    @precondition(lambda self: self.made)
    @rule(which=numbers, days=st.integers(0, 40))
    def resume_later(self, which: int, days: int) -> None:
        day = school.today() + timedelta(days=days)
        self.tried(lambda: actions.resume(self.one(which), actor=self.admin, resume_on=day))

    @precondition(lambda self: self.made)
    @rule(which=numbers, classes=st.sampled_from([-2, -1, 1, 2]))
    def grant(self, which: int, classes: int) -> None:
        values = {"admission_id": self.one(which)[0], "classes": classes, "note": "Agreed"}
        self.tried(lambda: ledger.grant(values, actor=self.admin))

    @invariant()
    def what_must_hold(self) -> None:
        none_found(
            TWO_ROWS_OF_ONE_PLACE=TWO_ROWS_OF_ONE_PLACE,
            ANOTHER_STUDENTS=ANOTHER_STUDENTS,
            MORE_PLANNED_THAN_PAID=MORE_PLANNED_THAN_PAID,
            PAUSED_PLACE_OF_WHO_COMES=PAUSED_PLACE_OF_WHO_COMES,
            WAITS_BESIDE_A_FREE_PLACE=WAITS_BESIDE_A_FREE_PLACE,
            OFFERED_TO_WHO_HAS_IT=OFFERED_TO_WHO_HAS_IT,
            REQUEST_OF_WHAT_IS_NOT_THERE=REQUEST_OF_WHAT_IS_NOT_THERE,
            OVERBOOKED=OVERBOOKED,
            IN_TWO_PLACES=IN_TWO_PLACES,
            WRONG_BALANCE=WRONG_BALANCE,
            NOT_ONE_PAYMENT=NOT_ONE_PAYMENT,
            ON_CLOSED_DAYS=ON_CLOSED_DAYS,
            STATUS_WITHOUT_PLACE=STATUS_WITHOUT_PLACE,
            PLANNED_WITHOUT_PLACE=PLANNED_WITHOUT_PLACE,
            CROWDED_DAY=CROWDED_DAY,
        )


@pytest.mark.hypothesis  # for `make fuzz`
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("server_url")
def test_what_must_hold_holds_in_any_order(app):
    hold_in_any_order(School, app, examples=12, steps=25)
