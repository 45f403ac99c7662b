"""The waitlist of full slots: joining it, offering each free place to whoever came first, and the end of an offer.

An offer holds a place: `classroom_slots.offered` counts it, so nobody else can take it, and one place is never offered
twice. Whoever frees a place calls `offer_places` in the same transaction, with the slots locked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select, text

from app.extensions import db
from app.models.admissions import WaitlistEntry
from app.policies.actor import Actor
from app.policies.rules import may_admit
from app.policies.scopes import visible
from app.services import sessions
from app.services.admissions import notices, people, places, waiting
from app.services.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState, explain
from app.services.keysets import among
from app.services.resource import Outcome, Result
from app.services.transaction import act_as, transactional

OFFER_HOLDS: Final = timedelta(hours=48)

explain(
    {
        "uq_waitlist_entries_lead_id_classroom_slot_id": ("lead_id", _l("This lead is on the waitlist already.")),
        "uq_waitlist_entries_student_id_classroom_slot_id": (
            "student_id",
            _l("This student is on the waitlist already."),
        ),
    }
)

_HAS_PLACE = text("""
    SELECT true FROM classroom_enrollments e WHERE e.classroom_slot_id = :slot AND e.status = 'active'
      AND (e.student_id = :student_id OR e.student_id IN (SELECT a.student_id FROM admissions a WHERE a.lead_id = :lead_id))
""")


@transactional
def join(values: dict[str, Any], *, actor: Actor) -> WaitlistEntry:
    """Put a lead or a student on the waitlist of a full slot, behind those who wait already.

    Raises NotAllowed, Invalid at the field, WrongState when the slot has a free place, Conflict when they wait there
    already.
    """
    reason = may_admit(actor)
    if reason is not None:
        raise NotAllowed(reason)
    if not values.get("lead_id") and not values.get("student_id"):
        raise Invalid(fields={"lead_id": [_("Choose a lead or a student.")]})
    person = people.find(values, actor)
    found = places.by_id([values["classroom_slot_id"]])
    if not found or not found[0].in_use:
        raise Invalid(fields={"classroom_slot_id": [_("Choose one from the list.")]})
    [slot] = places.locked(found)
    if slot.free > 0:
        raise WrongState(_("%(slot)s has a free place: admit instead.", slot=slot.title))
    if db.session.scalar(_HAS_PLACE, {"slot": slot.id, "lead_id": person.lead_id, "student_id": person.student_id}):
        raise WrongState(_("The student already has a place in %(slot)s.", slot=slot.title))
    if waiting.waits(person, slot.id):
        raise Conflict(
            fields={"lead_id": [_("This lead is on the waitlist already.")]}
            if person.lead_id
            else {"student_id": [_("This student is on the waitlist already.")]}
        )
    names = ("lead_id", "student_id", "classroom_slot_id", "notes")
    entry = WaitlistEntry(**{name: values.get(name) for name in names})
    db.session.add(entry)
    db.session.flush()
    return entry


# As many as places are free where one can be taken, the first who came and can still come: the slots are locked, so nobody
# else can offer the same place.
_OFFER = text("""
    WITH next AS (
        SELECT w.id FROM classroom_slots s
        CROSS JOIN LATERAL (
            SELECT w.id FROM waitlist_entries w
            LEFT JOIN leads l ON l.id = w.lead_id LEFT JOIN students st ON st.id = w.student_id
            WHERE w.classroom_slot_id = s.id AND w.status = 'waiting' AND coalesce(l.deleted_at, st.deleted_at) IS NULL
              AND NOT EXISTS (
                SELECT FROM classroom_enrollments e WHERE e.classroom_slot_id = s.id AND e.status = 'active'
                  AND e.student_id IN (SELECT w.student_id UNION SELECT a.student_id FROM admissions a WHERE a.lead_id = w.lead_id))
            ORDER BY w.position LIMIT greatest(s.capacity - s.enrolled - s.offered, 0)
        ) w
        JOIN courses c ON c.id = s.course_id JOIN time_slot_templates t ON t.id = s.time_slot_id
        WHERE s.id = ANY(:slots) AND s.active AND s.deleted_at IS NULL AND c.active AND c.deleted_at IS NULL AND t.active
          AND EXISTS (SELECT FROM operating_days d WHERE d.day = t.day AND d.open)
    )
    UPDATE waitlist_entries w SET status = 'offered', offered_at = now(), expires_at = now() + :holds
    FROM next WHERE w.id = next.id RETURNING w.id
""")
_CONCERNED = text("""
    SELECT w.id, w.expires_at, w.lead_id, w.student_id, w.classroom_slot_id AS slot_id, l.owner_id, st.user_id,
           w.created_by_id, coalesce(l.first_name, st.first_name) || ' ' || coalesce(l.last_name, st.last_name) AS name
    FROM waitlist_entries w LEFT JOIN leads l ON l.id = w.lead_id LEFT JOIN students st ON st.id = w.student_id
    WHERE w.id = ANY(:ids) ORDER BY w.position
""")


def offer_places(slot_ids: Collection[UUID]) -> int:
    """Offer every free place of these locked slots to whoever waited longest. Returns the number of offers."""
    if not slot_ids:
        return 0
    facts = {"slots": list(slot_ids), "holds": OFFER_HOLDS}
    made = list(db.session.scalars(_OFFER, facts))
    notices.tell_offered(_concerned(made))
    return len(made)


def _concerned(entry_ids: Sequence[UUID]) -> list[tuple[Any, str]]:
    if not entry_ids:
        return []
    rows = db.session.execute(_CONCERNED, {"ids": list(entry_ids)}).all()
    slots = {slot.id: f"{slot.course}, {slot.title}" for slot in places.by_id([row.slot_id for row in rows])}
    return [(row, slots[row.slot_id]) for row in rows]


_LOCK_SLOTS_OF = text("""
    SELECT id FROM classroom_slots WHERE id IN (SELECT classroom_slot_id FROM waitlist_entries WHERE id = ANY(:ids))
    ORDER BY id FOR NO KEY UPDATE
""")
_END = text("""
    UPDATE waitlist_entries SET status = :status, expires_at = NULL WHERE id = ANY(:ids) AND status IN ('waiting', 'offered')
    RETURNING id, classroom_slot_id
""")


@transactional
def withdraw(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Take entries off the waitlist; a place that was held goes to the next. Repeating it changes nothing. Raises
    NotAllowed; an entry that is not there is refused by itself.
    """
    reason = may_admit(actor)
    if reason is not None:
        raise NotAllowed(reason)
    mine = select(WaitlistEntry.id).where(among(WaitlistEntry.id, list(ids)), visible(WaitlistEntry, actor))
    known = list(db.session.scalars(mine))
    db.session.execute(_LOCK_SLOTS_OF, {"ids": known})
    done, there = _withdraw(known), set(known)
    return Result(
        [
            Outcome(str(key), unchanged=key not in done)
            if key in there
            else Outcome(str(key), str(key)[:8], NotFound())
            for key in dict.fromkeys(ids)
        ]
    )


def _withdraw(entry_ids: Sequence[UUID]) -> set[UUID]:
    """End these entries of locked slots, and offer what was held for them to the next. Returns which had not ended."""
    ended = db.session.execute(_END, {"ids": entry_ids, "status": "withdrawn"}).all()
    offer_places({row.classroom_slot_id for row in ended})
    return {row.id for row in ended}


# Also those in which their entries have ended: taking a merge back has them wait again. A key is that of a lead or of a
# student, never of both.
_LOCK_SLOTS_OF_PEOPLE = text("""
    SELECT id FROM classroom_slots WHERE id IN (
        SELECT classroom_slot_id FROM waitlist_entries WHERE lead_id = ANY(:ids) OR student_id = ANY(:ids)
          OR lead_id IN (SELECT a.lead_id FROM admissions a WHERE a.student_id = ANY(:ids)))
    ORDER BY id FOR NO KEY UPDATE
""")
_OFFERS_OF = text("""
    SELECT id, coalesce(lead_id, student_id) AS person_id FROM waitlist_entries
    WHERE status = 'offered' AND (lead_id = ANY(:ids) OR student_id = ANY(:ids))
""")
# Where both wait for the same slot: who has an offer keeps it, else who stays goes on waiting. Where one of them has a place,
# neither waits.
_ONE_TOO_MANY = text("""
    WITH both_of_them AS (
        SELECT id, classroom_slot_id, status = 'offered' AS offered, coalesce(lead_id, student_id) = :kept AS stays
        FROM waitlist_entries
        WHERE status IN ('waiting', 'offered') AND (lead_id IN (:gone, :kept) OR student_id IN (:gone, :kept)
           OR lead_id IN (SELECT a.lead_id FROM admissions a WHERE a.student_id IN (:gone, :kept)))
    )
    SELECT one.id FROM both_of_them one JOIN both_of_them other USING (classroom_slot_id)
    WHERE (other.offered, other.stays) > (one.offered, one.stays)
    UNION SELECT one.id FROM both_of_them one
    JOIN classroom_enrollments e ON e.classroom_slot_id = one.classroom_slot_id AND e.status = 'active'
    WHERE e.student_id IN (:gone, :kept)
       OR e.student_id IN (SELECT a.student_id FROM admissions a WHERE a.lead_id IN (:gone, :kept))
""")
_WAIT_AGAIN = text("""
    UPDATE waitlist_entries w SET status = 'waiting'
    WHERE w.id = ANY(CAST(:ids AS uuid[])) AND w.status = 'withdrawn' AND NOT EXISTS (
        SELECT FROM waitlist_entries o WHERE o.classroom_slot_id = w.classroom_slot_id AND o.status IN ('waiting', 'offered')
          AND (o.lead_id = w.lead_id OR o.student_id = w.student_id))
    RETURNING w.classroom_slot_id
""")


def lock_slots_of(person_ids: Sequence[UUID]) -> None:
    """Lock the slots in whose waitlists these leads or students are: after leads and admissions, before students."""
    db.session.execute(_LOCK_SLOTS_OF_PEOPLE, {"ids": list(person_ids)})


def leave(person_ids: Sequence[UUID]) -> Counter[UUID]:
    """End the offers of leads or students who are deleted: each place goes to the next. What they only wait for stays, in
    case they are restored, and is not offered meanwhile. Returns how many offers each of them had.
    """
    lock_slots_of(person_ids)
    offers = db.session.execute(_OFFERS_OF, {"ids": list(person_ids)}).all()
    _withdraw([each.id for each in offers])
    return Counter(each.person_id for each in offers)


_WAITED_FOR = text("""
    SELECT DISTINCT classroom_slot_id FROM waitlist_entries
    WHERE status = 'waiting' AND (lead_id = ANY(:ids) OR student_id = ANY(:ids))
""")


def come_back(person_ids: Sequence[UUID]) -> None:
    """Offer leads or students who are restored what is free where they wait, before somebody else takes it."""
    lock_slots_of(person_ids)
    offer_places(set(db.session.scalars(_WAITED_FOR, {"ids": list(person_ids)})))


def given_up(offers: int) -> str:
    """What becomes of the offers of somebody who leaves, in words; nothing where there is nothing."""
    if not offers:
        return ""
    return ngettext(
        "%(num)s place that was offered goes to the next who waits.",
        "%(num)s places that were offered go to the next who wait.",
        offers,
    )


def merge(gone_id: UUID, kept_id: UUID) -> list[str]:
    """Leave two leads, or two students (with the leads that they were), who become one with one entry for a slot: the offer,
    where one of them has it. Their slots are locked. Returns the entries that were withdrawn, for `wait_again`; the others
    may be moved.
    """
    withdrawn = list(db.session.scalars(_ONE_TOO_MANY, {"gone": gone_id, "kept": kept_id}))
    _withdraw(withdrawn)
    return [str(key) for key in withdrawn]


def wait_again(entry_ids: Sequence[str]) -> None:
    """Put what a merge withdrew back on the waitlist, unless they wait there anew, and offer them what is free by now.
    Their slots are locked.
    """
    offer_places(set(db.session.scalars(_WAIT_AGAIN, {"ids": list(entry_ids)})))


_OVERDUE = text("SELECT id FROM waitlist_entries WHERE status = 'offered' AND expires_at <= now()")
_EXPIRE = text("""
    UPDATE waitlist_entries SET status = 'expired'
    WHERE id = ANY(:ids) AND status = 'offered' AND expires_at <= now() RETURNING id, classroom_slot_id
""")


# Whatever made it free, or bookable again: a day that is opened, a course or a time that is used again.
_WAIT_FOR_A_FREE_PLACE = text("""
    SELECT min(w.id::text)::uuid FROM waitlist_entries w JOIN classroom_slots s ON s.id = w.classroom_slot_id
    WHERE w.status = 'waiting' AND s.capacity > s.enrolled + s.offered AND s.active AND s.deleted_at IS NULL GROUP BY s.id
""")


@transactional
def expire() -> int:
    """End the offers whose time is over, and offer every place that is free where somebody waits. Returns how many ended."""
    actor = sessions.system()
    act_as(actor)
    overdue, waiting_on = list(db.session.scalars(_OVERDUE)), list(db.session.scalars(_WAIT_FOR_A_FREE_PLACE))
    if not overdue and not waiting_on:
        return 0
    locked = set(db.session.scalars(_LOCK_SLOTS_OF, {"ids": [*overdue, *waiting_on]}))
    ended = db.session.execute(_EXPIRE, {"ids": overdue}).all()
    notices.tell_expired(_concerned([each.id for each in ended]), actor)
    offer_places(locked)
    return len(ended)
