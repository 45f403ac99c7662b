"""What is done with an admission after it was made: cancel, pause, resume, complete, extra classes, discount, money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import TextClause, text

from app.extensions import db
from app.models.admissions import (
    Admission,
    AdmissionEvent,
    AdmissionStatus,
)
from app.policies.actor import Actor
from app.policies.rules import may_change_admission
from app.policies.scopes import visible
from app.services import calendar, school
from app.services.admissions import admit, events, orders, places, planning, waitlist
from app.services.admissions import waiting as queue
from app.services.admissions.batch import check_transition, each
from app.services.admissions.people import Person
from app.services.errors import Invalid, NotAllowed, WrongState
from app.services.resource import Result
from app.services.transaction import lock, moment, transactional

Ids = Sequence[UUID]


def _become(admission: Admission, to: AdmissionStatus, batch_id: UUID, **facts: Any) -> None:
    before = {"status": admission.status.value}
    admission.status = to
    db.session.flush()
    events.record(AdmissionEvent.STATUS_CHANGED, admission.id, before, {"status": to.value, **facts}, batch_id=batch_id)


_END = text("UPDATE classroom_enrollments SET status = 'ended' WHERE admission_id = :id AND status <> 'ended'")
_PAUSE = text("UPDATE classroom_enrollments SET status = 'paused' WHERE admission_id = :id AND status = 'active'")
# A student has one place in a slot, whatever admissions use it: the one that runs has it, then its renewal.
_HAND_OVER = text("""
    UPDATE classroom_enrollments e SET admission_id = heir.id
    FROM (
        SELECT DISTINCT ON (x.classroom_slot_id) x.classroom_slot_id, a.id
        FROM admissions a JOIN admission_slots x ON x.admission_id = a.id
        WHERE a.student_id = :student_id AND a.id <> :id AND a.status IN ('pending', 'active') AND a.deleted_at IS NULL
        ORDER BY x.classroom_slot_id, a.starts_on, a.id
    ) heir
    WHERE e.admission_id = :id AND e.status = 'active' AND e.classroom_slot_id = heir.classroom_slot_id
""")


def _leave(admission: Admission, statement: TextClause = _END) -> None:
    """End the places of an admission (or pause them), and offer them to the waitlist. Those that another admission of
    the student uses, its renewal or the one that it renews, stay with that one.
    """
    db.session.execute(_HAND_OVER, {"id": admission.id, "student_id": admission.student_id})
    db.session.execute(statement, {"id": admission.id})
    waitlist.offer_places(planning.slot_ids(admission.id))


@transactional
def cancel(ids: Ids, *, actor: Actor, note: str | None = None) -> Result:
    """End admissions before their time: places are freed, classes to come are taken off the plan. What was marked
    stays. Repeating it changes nothing.
    """

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status is AdmissionStatus.CANCELLED:
            return False
        check_transition(admission, AdmissionStatus.CANCELLED)
        removed = planning.take_off(admission.id)
        _leave(admission)
        admission.paused_at = None
        _become(admission, AdmissionStatus.CANCELLED, batch_id, classes=removed, note=note)
        return True

    return each(ids, actor, may_change_admission, change)


@transactional
def pause(ids: Ids, *, actor: Actor, note: str | None = None) -> Result:
    """Pause admissions: places are freed, and the classes to come wait off the plan until the admission is resumed."""

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status is AdmissionStatus.PAUSED:
            return False
        check_transition(admission, AdmissionStatus.PAUSED)
        began, removed = moment(), planning.take_off(admission.id)
        _leave(admission, _PAUSE)
        admission.paused_at = began  # as in `deleted_at` of what was taken off
        _become(admission, AdmissionStatus.PAUSED, batch_id, classes=removed, note=note)
        return True

    return each(ids, actor, may_change_admission, change)


@transactional
def resume(ids: Ids, *, actor: Actor, resume_on: date | None = None) -> Result:
    """Take paused admissions up again from a day on, today or later: places are taken again if they are free, and the
    classes that waited get new dates. Refused per admission with every slot that is full or clashes.
    """
    day = resume_on or school.today()
    if not school.today() <= day <= school.today() + orders.LONGEST_AHEAD:
        raise Invalid(fields={"resume_on": [_("Must be today or later, within two years.")]})

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status in (AdmissionStatus.ACTIVE, AdmissionStatus.PENDING):
            return False
        to = AdmissionStatus.PENDING if admission.starts_on > school.today() else AdmissionStatus.ACTIVE
        check_transition(admission, to)
        first = max(day, admission.starts_on)
        slots = places.by_id(planning.slot_ids(admission.id))
        waiting = planning.waiting(admission)
        dates = _new_dates(admission.id, first, slots, len(waiting)) if waiting else []
        held = {
            slot.id for slot in places.held_by(admission.student_id)
        }  # by an admission that it renews, or by its renewal
        queued = queue.entries_of(Person("", lead_id=admission.lead_id, student_id=admission.student_id), slots)
        planning.check_places(admission, slots, dates, held | set(queued.held))
        planning.put_back(waiting, dates)
        queue.use(queued)
        needed = {"id": admission.id, "slot_ids": [slot.id for slot in slots if slot.id not in held]}
        db.session.execute(_TAKE_AGAIN, needed)
        db.session.execute(_TAKE, needed)
        db.session.execute(_END_THE_REST, needed)
        queue.accepted(queued, admission.id)
        waitlist.offer_places(queued.held)
        assert admission.paused_at is not None
        _extend(admission, dates[-1][0] if dates else None, first, admission.paused_at)
        admission.paused_at = None
        _become(admission, to, batch_id, resume_on=first.isoformat(), classes=len(dates))
        return True

    calendar.hold()
    return each(ids, actor, may_change_admission, change)


def _new_dates(admission_id: UUID, first: date, slots: Sequence[places.Slot], count: int) -> list[tuple[date, UUID]]:
    """The days of so many classes, beside those that stand. Raises Invalid when there are not so many."""
    own = planning.standing(admission_id)
    dates = admit.plan_dates(first, slots, count + len(own), after=school.now())
    return [each for each in dates if each not in own][:count]


_TAKE_AGAIN = text("""
    UPDATE classroom_enrollments SET status = 'active'
    WHERE admission_id = :id AND status = 'paused' AND classroom_slot_id = ANY(:slot_ids)
""")
_TAKE = text("""
    INSERT INTO classroom_enrollments (student_id, classroom_slot_id, admission_id)
    SELECT a.student_id, slot_id, a.id FROM admissions a, unnest(CAST(:slot_ids AS uuid[])) AS slot_id
    WHERE a.id = :id AND NOT EXISTS (
        SELECT FROM classroom_enrollments e WHERE e.admission_id = a.id AND e.classroom_slot_id = slot_id AND e.status = 'active')
""")


# What waited where another admission of the student has the place now: that one leaves it to this, and a second would be taken.
_END_THE_REST = text("UPDATE classroom_enrollments SET status = 'ended' WHERE admission_id = :id AND status = 'paused'")


def _extend(admission: Admission, last: date | None, resumed_on: date, paused_at: datetime) -> None:
    """The days of the pause are added to the end."""
    paused_on = max(paused_at.astimezone(school.zone()).date(), admission.starts_on)
    ends_on = admission.ends_on + max(resumed_on - paused_on, timedelta(0))
    admission.ends_on = max(ends_on, last or ends_on)


@transactional
def complete(ids: Ids, *, actor: Actor) -> Result:
    """Close admissions whose classes are over: places are freed. Refused while classes are still planned."""

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status is AdmissionStatus.COMPLETED:
            return False
        check_transition(admission, AdmissionStatus.COMPLETED)
        ahead = planning.count_ahead(admission.id)
        if ahead:
            raise WrongState(
                ngettext(
                    "%(num)s class is still to come: cancel it, or wait for it.",
                    "%(num)s classes are still to come: cancel it, or wait for them.",
                    ahead,
                )
            )
        _leave(admission)
        _become(admission, AdmissionStatus.COMPLETED, batch_id)
        return True

    return each(ids, actor, may_change_admission, change)


@transactional
def add_extra_classes(ids: Ids, *, actor: Actor, classes: int) -> Result:
    """Give admissions more classes: they are planned after the last one, in the same weekly slots."""

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status not in (AdmissionStatus.ACTIVE, AdmissionStatus.PENDING):
            check_transition(admission, AdmissionStatus.PAUSED)
            raise WrongState(_("Resume it first."))
        before = admission.extra_classes
        dates = planning.append(admission, classes)
        admission.extra_classes = before + classes
        admission.ends_on = max(admission.ends_on, dates[-1][0])
        db.session.flush()
        after = {"extra_classes": before + classes, "until": dates[-1][0]}
        events.record(
            AdmissionEvent.EXTRA_CLASSES_ADDED, admission.id, {"extra_classes": before}, after, batch_id=batch_id
        )
        return True

    calendar.hold()
    return each(ids, actor, may_change_admission, change)


@transactional
def update(
    admission_id: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> Admission:
    """Change the notes of an admission; everything else has an action. Raises NotFound, NotAllowed, Conflict, Invalid for
    other fields.
    """
    admission = lock(Admission, admission_id, visible(Admission, actor), version=version)
    reason = may_change_admission(actor, admission)
    if reason is not None:
        raise NotAllowed(reason)
    others = {name for name, value in values.items() if name != "notes" and value != getattr(admission, name, None)}
    if others:
        raise Invalid(fields={name: [_("Only notes are edited: for this there is an action.")] for name in others})
    if "notes" in values and values["notes"] != admission.notes:
        before = {"notes": admission.notes}
        admission.notes = values["notes"]
        db.session.flush()
        events.record(AdmissionEvent.UPDATED, admission.id, before, {"notes": admission.notes})
    return admission


@transactional
def delete(ids: Ids, *, actor: Actor) -> Result:
    """Delete admissions that were cancelled or completed; an admin can restore them. The others are cancelled first."""

    def change(admission: Admission, batch_id: UUID) -> bool:
        if admission.status not in (AdmissionStatus.CANCELLED, AdmissionStatus.COMPLETED):
            raise WrongState(_("Cancel it first."))
        admission.deleted_at, admission.deleted_by_id = moment(), actor.id
        events.record(AdmissionEvent.DELETED, admission.id, batch_id=batch_id)
        return True

    return each(ids, actor, may_change_admission, change, places_too=False)


_STUDENT_IS_GONE = text("SELECT deleted_at IS NOT NULL FROM students WHERE id = :id FOR SHARE")


@transactional
def restore(ids: Ids, *, actor: Actor) -> Result:
    """Bring deleted admissions back into the lists, unless their student was deleted."""

    def change(admission: Admission, batch_id: UUID) -> bool:
        if db.session.scalar(_STUDENT_IS_GONE, {"id": admission.student_id}):
            raise WrongState(_("The student was deleted: restore them first."))
        admission.deleted_at = admission.deleted_by_id = None
        events.record(AdmissionEvent.RESTORED, admission.id, batch_id=batch_id)
        return True

    return each(ids, actor, may_change_admission, change, places_too=False, deleted=True)
