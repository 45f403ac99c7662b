"""What became of the leads that were onboarded: students, their admissions, every class with its mark, and payments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.policies.roles import Role
from app.services.calendar import Weekly, class_dates, months_later, school_calendar
from app.services.demo.admission_rows import Register, moment_of, write_classes
from app.services.demo.school import School, chance, write

TABLES: Final = ("students", "admissions", "attendance", "waitlist_entries")
MONTHS: Final = ((1, 15), (3, 50), (6, 25), (9, 5), (12, 5))  # plans, and how often they are chosen
WAITING: Final = 3
TRIES: Final = 6

_LEADS = text("""
    SELECT l.id, l.first_name, l.last_name, l.phone, l.email, l.guardian_name, l.owner_id, l.updated_at AS at
    FROM leads l JOIN lead_stages s ON s.id = l.stage_id
    WHERE s.is_onboarded AND l.deleted_at IS NULL ORDER BY l.updated_at, l.id
""")
_SLOTS = text("""
    SELECT s.id, s.course_id, s.teacher_id, s.capacity, t.day, t.start_time, t.end_time, c.code
    FROM classroom_slots s JOIN time_slot_templates t ON t.id = s.time_slot_id JOIN courses c ON c.id = s.course_id
    ORDER BY c.code, t.day, t.start_time, s.id
""")
_PLANS = text("SELECT id, duration_months, total_classes, price FROM course_plans ORDER BY duration_months")
_HOPEFUL = text("""
    SELECT l.id, l.owner_id FROM leads l JOIN lead_stages s ON s.id = l.stage_id
    WHERE s.name = 'Trial Completed' AND l.deleted_at IS NULL ORDER BY l.created_at, l.id LIMIT :most
""")


def load(school: School) -> None:
    plans = {row.duration_months: row for row in db.session.execute(_PLANS)}
    book = Register(school, school_calendar(), plans, db.session.execute(_SLOTS).all(), chance("admissions"))
    _student_with_a_login(book)
    for lead in db.session.execute(_LEADS).all():
        _admit(book, lead)
    _fill_and_wait(book)
    for table in (
        "students",
        "admissions",
        "admission_slots",
        "classroom_enrollments",
        "admission_payments",
        "attendance",
        "class_credits",
        "admission_audit_events",
        "waitlist_entries",
        "reschedule_requests",
    ):
        for rows in _alike(book.rows.get(table, [])):
            write(table, rows)


def _alike(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows in their order, a few thousand at a time."""
    for start in range(0, len(rows), 5000):
        yield rows[start : start + 5000]


def _admit(book: Register, lead: Any) -> None:
    luck = book.luck
    starts_on = book.school.hours.day_of(lead.at) + timedelta(days=luck.randint(2, 9))
    months = luck.choices([each for each, _often in MONTHS], [often for _each, often in MONTHS])[0]
    for _try in range(TRIES):
        chosen = _two_slots(book, luck)
        if chosen is not None and book.fits(_dates(book, chosen, months, starts_on)):
            who = lead.owner_id or luck.choice(book.school.having(Role.STAFF)).id
            student = _student(book, lead.at, who, lead, None)
            _admission(book, student, chosen, months, starts_on, lead.at, who, lead.id)
            return


def _dates(book: Register, slots: Sequence[Any], months: int, starts_on: date) -> list[tuple[date, Any]]:
    weekly = [Weekly(slot, slot.day, slot.start_time) for slot in slots]
    return class_dates(starts_on, weekly, book.plans[months].total_classes, book.calendar)


def _two_slots(book: Register, luck: Random, code: str = "", teacher_id: int | None = None) -> list[Any] | None:
    """Two times of one course on different days, with a free place in each."""
    wanted = [
        slot
        for slot in book.slots
        if book.free(slot) > 0 and slot.code.startswith(code) and teacher_id in (None, slot.teacher_id)
    ]
    if not code and wanted:
        course = luck.choice(sorted({slot.code for slot in wanted}))
        wanted = [slot for slot in wanted if slot.code == course]
    luck.shuffle(wanted)
    for first in wanted:
        for second in wanted:
            if first.day != second.day:
                return sorted((first, second), key=lambda slot: slot.day)
    return None


def _student(book: Register, at: datetime, who: int | None, person: Any, user_id: int | None) -> UUID:
    return book.add(
        "students",
        at,
        who,
        first_name=person.first_name,
        last_name=person.last_name,
        phone=person.phone,
        email=person.email,
        guardian_name=person.guardian_name,
        user_id=user_id,
        races=[],
    )


def _admission(
    book: Register,
    student: UUID,
    slots: Sequence[Any],
    months: int,
    starts_on: date,
    at: datetime,
    who: int | None,
    lead_id: UUID | None,
) -> UUID:
    luck, today, plan = book.luck, book.school.today, book.plans[months]
    dates = _dates(book, slots, months, starts_on)
    for day, slot in dates:
        book.held[slot.id, day] = book.held.get((slot.id, day), 0) + 1
    ended = dates[-1][0] < today
    status = "completed" if ended and luck.random() < 0.75 else "pending" if starts_on > today else "active"
    if status == "active" and not ended and luck.random() < 0.04:
        status = "cancelled"
    discount = luck.choice((5, 10, 15)) if luck.random() < 0.18 else 0
    total = round(float(plan.price) * (100 - discount) / 100, 2)
    admission = book.add(
        "admissions",
        at,
        who,
        lead_id=lead_id,
        student_id=student,
        course_id=slots[0].course_id,
        plan_id=plan.id,
        status=status,
        starts_on=starts_on,
        ends_on=max(months_later(starts_on, months), dates[-1][0]),
        base_classes=plan.total_classes,
        extra_classes=0,
        price=plan.price,
        discount_type="percent" if discount else "none",
        discount_value=discount,
    )
    book.log(
        "admission_audit_events",
        at,
        who,
        admission_id=admission,
        type="created",
        before=None,
        after={"total": total, "classes": plan.total_classes},
    )
    place = {"active": "active", "pending": "active"}.get(status, "ended")
    for slot in slots:
        book.taken[slot.id] = book.taken.get(slot.id, 0) + (place == "active")
        book.add("admission_slots", at, who, admission_id=admission, classroom_slot_id=slot.id)
        common = {"student_id": student, "classroom_slot_id": slot.id, "admission_id": admission}
        book.add("classroom_enrollments", at, who, **common, status=place)
    _pay(book, admission, at, total, who)
    gone = today if status == "cancelled" else None
    write_classes(book, admission, student, dates, at, who, gone)
    return admission


def _pay(book: Register, admission: UUID, at: datetime, total: float, who: int | None) -> None:
    luck, admin = book.luck, book.school.named("admin").id
    paid_at = at + timedelta(days=luck.randint(0, 12), minutes=luck.randint(5, 300))
    paid = paid_at < book.school.now and luck.random() < 0.93
    book.add(
        "admission_payments",
        at,
        who,
        admission_id=admission,
        amount=total,
        status="paid" if paid else "unpaid",
        paid_at=paid_at if paid else None,
        confirmed_by_id=admin if paid else None,
        note=luck.choice(("Bank transfer", "Cash", "Card at the desk")) if paid else None,
    )


@dataclass(frozen=True)
class _Person:
    first_name: str
    last_name: str
    phone: str | None = None
    email: str | None = None
    guardian_name: str | None = None


def _student_with_a_login(book: Register) -> None:
    """The student of the demo login, in two classes of the teacher of the demo login; one of them he asks to move."""
    school = book.school
    teacher, login, staff = school.named("teacher"), school.named("student"), school.named("staff")
    slots = _two_slots(book, book.luck, "PIA-2", teacher.id) or _two_slots(book, book.luck, "PIA")
    if slots is None:
        return
    first = school.today - timedelta(days=44)
    at = moment_of(school.hours.open_day(first - timedelta(days=4)), time(11, 20), school.hours.zone)
    first_name, _space, last_name = login.name.partition(" ")
    person = _Person(first_name, last_name, None, "theo.laurent@example.org", "Claire Laurent")
    student = _student(book, at, staff.id, person, login.id)
    _admission(book, student, slots, 3, first, at, staff.id, None)
    ahead = [
        row for row in book.rows["attendance"] if row["student_id"] == student and row["class_date"] > school.today
    ]
    spare = _spare(book, slots)
    if not ahead or spare is None:
        return
    moved = ahead[1]
    wish = moved["class_date"] + timedelta(days=(spare.day - moved["class_date"].weekday()) % 7 or 7)
    while not book.calendar.is_open(wish):
        wish += timedelta(days=7)
    asked_at = school.now - timedelta(hours=3)
    book.add(
        "reschedule_requests",
        asked_at,
        login.id,
        attendance_id=moved["id"],
        student_id=student,
        from_slot_id=moved["classroom_slot_id"],
        from_date=moved["class_date"],
        requested_slot_id=spare.id,
        requested_date=wish,
        reason="We are away that week.",
        status="pending",
    )


def _spare(book: Register, slots: Sequence[Any]) -> Any:
    """Another class of the same course and teacher that will not be full."""
    taught = {(slot.course_id, slot.teacher_id) for slot in slots}
    return next(
        (
            slot
            for slot in book.slots
            if slot not in slots
            and (slot.course_id, slot.teacher_id) in taught
            and book.limits[slot.id] < slot.capacity
        ),
        None,
    )


def _fill_and_wait(book: Register) -> None:
    """The fullest class has a waitlist, if it has no place left."""
    full = [slot for slot in book.slots if book.taken.get(slot.id, 0) >= slot.capacity]
    if not full:
        return
    at = book.school.hours.moment(book.school.hours.end - 1)
    for lead in db.session.execute(_HOPEFUL, {"most": WAITING}):
        who = lead.owner_id or book.school.named("staff").id
        book.add("waitlist_entries", at, who, classroom_slot_id=full[0].id, lead_id=lead.id, status="waiting")
