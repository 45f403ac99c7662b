"""The planned classes of an admission: taking them off, putting them back on other days, adding more. The admission,
its slots and its student are locked by whoever calls.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import text

from app.extensions import db
from app.models.admissions import Admission
from app.services import school
from app.services.admissions import admit, places
from app.services.admissions.refusals import PlacesRefused
from app.services.errors import WrongState

_SLOTS = text("SELECT classroom_slot_id FROM admission_slots WHERE admission_id = :id")
_AHEAD = "admission_id = :id AND deleted_at IS NULL AND status = 'scheduled' AND starts_at > now()"
_COUNT_AHEAD = text(f"SELECT count(*) FROM attendance WHERE {_AHEAD}")  # noqa: S608 - from here
_TAKE_OFF = text(
    f"UPDATE attendance SET deleted_at = now(), revision = revision + 1 WHERE {_AHEAD} RETURNING id"  # noqa: S608 - from here
)
_DROP_REQUESTS = text("""
    UPDATE reschedule_requests SET status = 'withdrawn' WHERE status = 'pending' AND attendance_id = ANY(:ids)
""")


def slot_ids(admission_id: UUID) -> list[UUID]:
    """The weekly slots of an admission."""
    return list(db.session.scalars(_SLOTS, {"id": admission_id}))


def count_ahead(admission_id: UUID) -> int:
    """How many of its classes are planned and still to come."""
    return int(db.session.scalar(_COUNT_AHEAD, {"id": admission_id}) or 0)


def take_off(admission_id: UUID) -> int:
    """Take the classes to come off the plan, and drop what was asked about them. Returns how many."""
    gone = list(db.session.scalars(_TAKE_OFF, {"id": admission_id}))
    drop_requests(gone)
    return len(gone)


def drop_requests(attendance_ids: Sequence[UUID]) -> None:
    """Withdraw what was asked about classes that are not planned any more, or elsewhere."""
    if attendance_ids:
        db.session.execute(_DROP_REQUESTS, {"ids": list(attendance_ids)})


_WAITING = text("""
    SELECT id FROM attendance WHERE admission_id = :id AND deleted_at = :paused_at AND status = 'scheduled'
    ORDER BY starts_at, id
""")


def waiting(admission: Admission) -> list[UUID]:
    """The classes that its pause took off the plan, in their order."""
    return list(db.session.scalars(_WAITING, {"id": admission.id, "paused_at": admission.paused_at}))


_STANDING = text("""
    SELECT class_date, classroom_slot_id FROM attendance
    WHERE admission_id = :id AND deleted_at IS NULL AND starts_at > now()
""")


def standing(admission_id: UUID) -> set[tuple[date, UUID]]:
    """Its classes to come that a pause left where they are: they were marked before their time."""
    return {(row.class_date, row.classroom_slot_id) for row in db.session.execute(_STANDING, {"id": admission_id})}


_PUT_BACK = text("""
    UPDATE attendance a
    SET deleted_at = NULL, classroom_slot_id = p.slot_id, class_date = p.class_date,
        starts_at = (p.class_date + t.start_time) AT TIME ZONE :zone, ends_at = (p.class_date + t.end_time) AT TIME ZONE :zone,
        original_slot_id = NULL, original_date = NULL, revision = revision + 1
    FROM unnest(CAST(:ids AS uuid[]), CAST(:slot_ids AS uuid[]), CAST(:dates AS date[])) AS p (id, slot_id, class_date)
    JOIN classroom_slots s ON s.id = p.slot_id JOIN time_slot_templates t ON t.id = s.time_slot_id
    WHERE a.id = p.id
""")


def put_back(attendance_ids: Sequence[UUID], dates: Sequence[tuple[date, UUID]]) -> None:
    """Plan classes that were taken off on these days instead, in their order. They stay the same classes."""
    facts = {
        "ids": list(attendance_ids),
        "dates": [day for day, _slot in dates],
        "slot_ids": [slot_id for _day, slot_id in dates],
        "zone": str(school.zone()),
    }
    if facts["ids"]:
        db.session.execute(_PUT_BACK, facts)


_RENEWAL_THERE = text("""
    SELECT r.number FROM admissions r JOIN attendance a ON a.admission_id = r.id AND a.deleted_at IS NULL
    WHERE r.renewed_from_id = :id AND r.deleted_at IS NULL
      AND (a.classroom_slot_id, a.class_date) IN (SELECT * FROM unnest(CAST(:slot_ids AS uuid[]), CAST(:days AS date[]))) LIMIT 1
""")


def check_places(
    admission: Admission, slots: Sequence[places.Slot], dates: Sequence[tuple[date, UUID]], kept: Collection[UUID]
) -> None:
    """Raises PlacesRefused with everything that stands against more classes of an admission; or WrongState when the classes
    of its own renewal are there, which has to be cancelled first.
    """
    problems = places.problems(slots, places.Plan(admission.student_id, dates), [], kept)
    clashes = [(problem.place.slot_id, clash.day) for problem in problems for clash in problem.clashes]
    there = {
        "id": admission.id,
        "slot_ids": [slot_id for slot_id, _day in clashes],
        "days": [day for _id, day in clashes],
    }
    number = db.session.scalar(_RENEWAL_THERE, there) if clashes else None
    if number is not None:
        raise WrongState(
            _(
                "Its renewal, admission #%(number)s, has classes on these days: cancel the renewal, do this, and renew it again.",
                number=number,
            )
        )
    if problems:
        raise PlacesRefused(problems)


_LAST = text("SELECT max(class_date) FROM attendance WHERE admission_id = :id AND deleted_at IS NULL")
_ADD = text("""
    INSERT INTO attendance (student_id, admission_id, classroom_slot_id, class_date, starts_at, ends_at)
    SELECT :student_id, :id, s.id, p.class_date, (p.class_date + t.start_time) AT TIME ZONE :zone,
           (p.class_date + t.end_time) AT TIME ZONE :zone
    FROM unnest(CAST(:slot_ids AS uuid[]), CAST(:dates AS date[])) AS p (slot_id, class_date)
    JOIN classroom_slots s ON s.id = p.slot_id JOIN time_slot_templates t ON t.id = s.time_slot_id
""")


def append(admission: Admission, count: int) -> list[tuple[date, UUID]]:
    """Plan more classes after the last one, in the same weekly slots. Raises as `check_places` where the student is elsewhere
    then.
    """
    last = db.session.scalar(_LAST, {"id": admission.id})
    first = max(last + timedelta(days=1) if last else admission.starts_on, school.today())
    slots = places.by_id(slot_ids(admission.id))
    dates = admit.plan_dates(first, slots, count, after=school.now())
    check_places(admission, slots, dates, kept=[slot.id for slot in slots])
    facts = {
        "student_id": admission.student_id,
        "id": admission.id,
        "dates": [day for day, _slot in dates],
        "slot_ids": [slot_id for _day, slot_id in dates],
        "zone": str(school.zone()),
    }
    db.session.execute(_ADD, facts)
    return dates
