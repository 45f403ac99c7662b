"""What one person has on the waitlist: whoever waits as a lead may be admitted as the student that they became."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.services.admissions import places
from app.services.admissions.people import NOT_YET, Person

_THEIRS = """
    (lead_id = :lead_id OR student_id = :student_id
     OR lead_id IN (SELECT a.lead_id FROM admissions a WHERE a.student_id = :student_id)
     OR :student_id = :not_yet AND student_id IN (SELECT a.student_id FROM admissions a WHERE a.lead_id = :lead_id))
"""  # a lead may be that of brothers and sisters: what waits for one of them is not another's
_WAITS = text(f"""
    SELECT true FROM waitlist_entries WHERE status IN ('waiting', 'offered') AND classroom_slot_id = :slot AND {_THEIRS}
""")  # noqa: S608 - from here


def _keys(person: Person) -> dict[str, UUID | None]:
    return {"lead_id": person.lead_id, "student_id": person.student_id, "not_yet": NOT_YET}


def waits(person: Person, slot_id: UUID) -> bool:
    """Whether they are on the waitlist of a locked slot, as a lead or as a student."""
    return db.session.scalar(_WAITS, {"slot": slot_id, **_keys(person)}) is not None


_ENTRIES_OF = text(f"""
    SELECT id, classroom_slot_id, status = 'offered' AS held FROM waitlist_entries
    WHERE status IN ('waiting', 'offered') AND classroom_slot_id = ANY(:slots) AND {_THEIRS}
    ORDER BY id FOR NO KEY UPDATE
""")  # noqa: S608 - from here
_HELD_FOR = text(f"SELECT classroom_slot_id FROM waitlist_entries WHERE status = 'offered' AND {_THEIRS}")  # noqa: S608 - from here


def slots_held_for(person: Person) -> Callable[[], set[UUID]]:
    """Finds the slots in which a place is held for a person."""
    return lambda: set(db.session.scalars(_HELD_FOR, _keys(person)))


@dataclass(frozen=True)
class Waiting:
    """What one person has on the waitlists of some slots: all their entries, and the slots in which a place is held."""

    entries: Sequence[UUID] = ()
    held: Collection[UUID] = ()


def entries_of(person: Person, slots: Sequence[places.Slot]) -> Waiting:
    """What a person has on the waitlists of these locked slots, as a lead or as a student."""
    rows = db.session.execute(_ENTRIES_OF, {"slots": [slot.id for slot in slots], **_keys(person)}).all()
    return Waiting([row.id for row in rows], {row.classroom_slot_id for row in rows if row.held})


_USE = text("UPDATE waitlist_entries SET status = 'accepted' WHERE id = ANY(:ids)")
_ACCEPTED = text("UPDATE waitlist_entries SET admission_id = :admission_id WHERE id = ANY(:ids)")


def use(waiting: Waiting) -> None:
    """End the entries of somebody, and give back the places held, just before their admission takes them."""
    if waiting.entries:
        db.session.execute(_USE, {"ids": waiting.entries})


def accepted(waiting: Waiting, admission_id: UUID) -> None:
    """Note which admission the entries led to."""
    if waiting.entries:
        db.session.execute(_ACCEPTED, {"ids": waiting.entries, "admission_id": admission_id})
