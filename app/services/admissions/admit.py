"""Admission: one transaction that books every weekly slot and every class date, or says why not and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.extensions import db
from app.models.admissions import Admission
from app.policies.actor import Actor
from app.policies.rules import may_admit
from app.services import calendar, school
from app.services.admissions import known, notices, orders, people, places, waiting, waitlist
from app.services.admissions.orders import Admitted, Order, check_number, read, read_order
from app.services.admissions.refusals import PlacesRefused
from app.services.calendar import NoSuchDatesError
from app.services.errors import Conflict, Invalid, NotAllowed, explain
from app.services.transaction import afterwards, transactional

explain(
    {
        "uq_attendance_student_id_starts_at": ("slots", _l("The student has another class at one of these times.")),
        "uq_attendance_student_id_classroom_slot_id_class_date": (
            "slots",
            _l("The student is already planned for one of these classes."),
        ),
        "uq_classroom_enrollments_student_id_classroom_slot_id": (
            "slots",
            _l("The student already has a place in one of these slots."),
        ),
        "ck_classroom_slots_places": ("slots", _l("One of these slots is full.")),
        "ck_admissions_discount": ("discount_value", _l("The discount is more than the price.")),
    }
)


def admit(values: Mapping[str, Any], *, actor: Actor) -> Admitted:
    """Admit a lead, a student, or somebody who walked in, to a course (spec: Admission, one transaction).

    `values` are those of `AdmitInput`. The same sent again with the same `submission_key` returns the first admission;
    anything else under that key is a Conflict. Raises NotAllowed; Invalid at the field; KnownPerson unless
    `accept_duplicates` is given; PlacesRefused with every slot that is full or clashes, and the nearest free ones: then
    nothing is written but the event of an admission that was blocked, and its notices.
    """
    try:
        return _admit(values, actor=actor)
    except PlacesRefused as refused:
        if refused.full:
            afterwards(partial(notices.tell_blocked, values, refused, actor=actor))
        raise


@transactional
def _admit(values: Mapping[str, Any], *, actor: Actor) -> Admitted:
    reason = may_admit(actor)
    if reason is not None:
        raise NotAllowed(reason)
    if (first := _first_of(values)) is not None:
        return first
    calendar.hold()
    order = read_order(values)
    person = people.find(values, actor)  # locks the lead: two admissions of one lead make one student
    known.check(person, values, actor)
    wanted = places.resolve(order.course.id, values["slots"], preferred=waiting.slots_held_for(person))
    check_number(wanted, order.plan)
    slots = places.locked(wanted)
    person = people.student_of(person)
    order = replace(order, lead_id=person.lead_id)
    admitted = book(order, person.student_id, slots, queued=waiting.entries_of(person, slots))
    people.onboard(person)
    notices.tell_created(admitted, person, actor)
    return replace(admitted, student=person.name)


_BOOK = text("""
    WITH made AS (
        INSERT INTO admissions (student_id, lead_id, course_id, plan_id, status, starts_on, ends_on, base_classes, extra_classes,
                                price, discount_type, discount_value, notes, submission_key,
                                submission_digest, renewed_from_id)
        VALUES (:student_id, :lead_id, :course_id, :plan_id, :status, :starts_on, :ends_on, :base_classes, :extra_classes,
                :price, :discount_type, :discount_value, :notes, :submission_key,
                :submission_digest, :renewed_from_id)
        RETURNING id, number, total
    ), chosen AS (
        INSERT INTO admission_slots (admission_id, classroom_slot_id)
        SELECT made.id, slot_id FROM made, unnest(CAST(:slot_ids AS uuid[])) AS slot_id
    ), enrolled AS (
        INSERT INTO classroom_enrollments (student_id, classroom_slot_id, admission_id)
        SELECT :student_id, slot_id, made.id FROM made, unnest(CAST(:new_slot_ids AS uuid[])) AS slot_id
    ), owed AS (
        INSERT INTO admission_payments (admission_id, amount) SELECT id, total FROM made
    ), planned AS (
        INSERT INTO attendance (student_id, admission_id, classroom_slot_id, class_date, starts_at, ends_at)
        SELECT :student_id, made.id, s.id, p.class_date, (p.class_date + t.start_time) AT TIME ZONE :zone,
               (p.class_date + t.end_time) AT TIME ZONE :zone
        FROM made, unnest(CAST(:date_slot_ids AS uuid[]), CAST(:dates AS date[])) AS p (slot_id, class_date)
        JOIN classroom_slots s ON s.id = p.slot_id JOIN time_slot_templates t ON t.id = s.time_slot_id
    ), told AS (
        INSERT INTO admission_audit_events (admission_id, type, after)
        SELECT id, 'created', jsonb_build_object('number', number, 'total', total, 'classes', :classes) FROM made
    )
    SELECT id, number, total FROM made
""")


def book(
    order: Order,
    student_id: UUID,
    slots: Sequence[places.Slot],
    *,
    queued: waiting.Waiting,
    after: datetime | None = None,
) -> Admitted:
    """Write an admission into locked slots for a locked student. `queued`: what they have on the
    waitlists of these slots; only classes that begin `after` a moment, when it is given. Raises PlacesRefused with every
    reason.
    """
    dates = plan_dates(order.starts_on, slots, order.classes, after=after)
    kept = {*queued.held, *order.held_enrollments}
    held = [slot for slot in places.held_by(student_id) if slot.id not in order.held_enrollments]
    problems = places.problems(slots, places.Plan(student_id, dates), held, kept)
    if problems:
        raise PlacesRefused(problems)
    waiting.use(queued)
    ends_on = max(calendar.months_later(order.starts_on, order.plan.duration_months), dates[-1][0])
    row = db.session.execute(_BOOK, _facts(order, student_id, slots, dates, ends_on)).one()
    waiting.accepted(queued, row.id)
    waitlist.offer_places(queued.held)  # who had two places held leaves one to the next
    return Admitted(
        row.id,
        row.number,
        student_id,
        "",
        order.course.name,
        order.plan.name,
        order.starts_on,
        ends_on,
        order.plan.total_classes,
        order.extra_classes,
        order.plan.price,
        row.total,
        list(slots),
        dates,
    )


def _facts(
    order: Order, student_id: UUID, slots: Sequence[places.Slot], dates: Sequence[tuple[date, UUID]], ends_on: date
) -> dict[str, Any]:
    return {
        "student_id": student_id,
        "lead_id": order.lead_id,
        "course_id": order.course.id,
        "plan_id": order.plan.id,
        "status": "pending" if order.starts_on > school.today() else "active",
        "starts_on": order.starts_on,
        "ends_on": ends_on,
        "base_classes": order.plan.total_classes,
        "extra_classes": order.extra_classes,
        "price": order.plan.price,
        "discount_type": order.discount_type.value,
        "discount_value": order.discount_value,
        "notes": order.notes,
        "submission_key": order.submission_key,
        "submission_digest": order.submission_digest,
        "renewed_from_id": order.renewed_from_id,
        "slot_ids": [slot.id for slot in slots],
        "new_slot_ids": [slot.id for slot in slots if slot.id not in order.held_enrollments],
        "date_slot_ids": [slot_id for _day, slot_id in dates],
        "dates": [day for day, _slot_id in dates],
        "classes": order.classes,
        "zone": str(school.zone()),
    }


def plan_dates(
    starts_on: date, slots: Sequence[places.Slot], count: int, *, after: datetime | None = None
) -> list[tuple[date, UUID]]:
    """The days of `count` classes in these slots, on open days; only classes that begin after a moment, when it is given.
    Raises Invalid when there are not so many.
    """
    weekly = [slot.weekly() for slot in slots]
    try:
        return calendar.class_dates(starts_on, weekly, count, calendar.school_calendar(), after)
    except NoSuchDatesError:
        message = _("The school is not open on %(count)s such days within five years.", count=count)
        raise Invalid(fields={"starts_on": [message]}) from None


_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


def _first_of(values: Mapping[str, Any]) -> Admitted | None:
    """The admission that this form made already. Forms with the same key wait here for each other. Raises Conflict when
    the key came with anything else before.
    """
    submission_key = values.get("submission_key")
    if submission_key is None:
        return None
    db.session.execute(_ONE_AT_A_TIME, {"key": f"admission {submission_key}"})
    made = db.session.scalars(select(Admission).where(Admission.submission_key == submission_key)).one_or_none()
    if made is None:
        return None
    if made.submission_digest != orders.digest_of(values):
        raise Conflict(_("This form was sent before, for admission #%(number)s: open a new one.", number=made.number))
    return replace(read(made.id), repeated=True)
