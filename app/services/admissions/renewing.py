"""Renewal: the next admission of the same student in the same weekly slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.extensions import db
from app.models.admissions import Admission, AdmissionEvent, AdmissionStatus, DiscountType
from app.models.students import Student
from app.policies.actor import Actor
from app.policies.rules import may_change_admission
from app.services import calendar, school
from app.services.admissions import admit, events, notices, orders, places, planning, waiting
from app.services.admissions.batch import each
from app.services.admissions.people import Person
from app.services.errors import Invalid, WrongState, explain
from app.services.resource import Result
from app.services.transaction import transactional

explain({"uq_admissions_renewed_from_id": ("", _l("It was renewed already."))})

_LAST = text("SELECT max(class_date) FROM attendance WHERE admission_id = :id AND deleted_at IS NULL")
_HELD = text("""
    SELECT e.classroom_slot_id FROM classroom_enrollments e JOIN admission_slots x USING (classroom_slot_id)
    WHERE x.admission_id = :id AND e.student_id = :student_id AND e.status = 'active'
""")
_RENEWED = text(
    "SELECT id FROM admissions WHERE renewed_from_id = :id AND deleted_at IS NULL AND status <> 'cancelled'"
)
_OWNER = text("SELECT owner_id FROM leads WHERE id = :id")


@transactional
def renew(
    ids: Sequence[UUID],
    *,
    actor: Actor,
    plan_id: UUID | None = None,
    starts_on: date | None = None,
    extra_classes: int = 0,
    discount_type: DiscountType = DiscountType.NONE,
    discount_value: Decimal = Decimal(0),
) -> Result:
    """Admit the students again, to the same course and slots, after their last planned class unless a day is given.

    The places that they have serve the new admission when the present one ends; those of a completed one are taken again
    if they are free. An admission that was renewed stays as it is. Refused per admission with the reason.
    """

    def change(old: Admission, batch_id: UUID) -> bool:
        if db.session.scalar(_RENEWED, {"id": old.id}) is not None:
            return False
        if old.status in (AdmissionStatus.CANCELLED, AdmissionStatus.PAUSED):
            raise WrongState(_("Only an admission that runs or is completed can be renewed."))
        student = db.session.get_one(Student, old.student_id, populate_existing=True)  # as it is under the lock
        if student.deleted_at is not None:
            raise WrongState(_("The student was deleted: restore them first."))
        last = db.session.scalar(_LAST, {"id": old.id})
        first = starts_on or max(last + timedelta(days=1) if last else school.today(), school.today())
        if last is not None and first <= last and old.status is not AdmissionStatus.COMPLETED:
            message = _("Must be after its last class, on %(day)s.", day=last.isoformat())
            raise Invalid(message, fields={"starts_on": [message]})
        order = replace(
            orders.read_order(
                {
                    "course_id": old.course_id,
                    "plan_id": plan_id or old.plan_id,
                    "starts_on": first,
                    "extra_classes": extra_classes,
                    "discount_type": discount_type,
                    "discount_value": discount_value,
                }
            ),
            lead_id=old.lead_id,
            renewed_from_id=old.id,
            held_enrollments=set(db.session.scalars(_HELD, {"id": old.id, "student_id": old.student_id})),
        )
        slots = places.by_id(planning.slot_ids(old.id))
        orders.check_number(slots, order.plan)
        queued = waiting.entries_of(Person(student.name, lead_id=old.lead_id, student_id=student.id), slots)
        after = school.now() if starts_on is None else None  # a day that was chosen is meant as it is
        made = admit.book(order, old.student_id, slots, queued=queued, after=after)
        events.record(AdmissionEvent.RENEWED, old.id, None, {"number": made.number}, batch_id=batch_id)
        owner_id = db.session.scalar(_OWNER, {"id": old.lead_id})
        person = Person(student.name, owner_id=owner_id, student_id=student.id, user_id=student.user_id)
        notices.tell_created(made, person, actor)
        return True

    calendar.hold()
    return each(ids, actor, may_change_admission, change)
