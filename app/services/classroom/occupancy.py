"""How many people are in a class on one day: those with a place in its slot, and visitors who were moved in or make up a
class, less those who were moved out. Written once, in SQL, for the dashboard, the check and the choice of places.
"""

from __future__ import annotations

# ruff: noqa: S608 - every part is from here

_HAS_PLACE = (
    "EXISTS (SELECT FROM classroom_enrollments e WHERE e.student_id = {who} AND e.classroom_slot_id = {slot}"
    " AND e.status = 'active')"
)


def has_place(who: str, slot: str) -> str:
    """Whether a student has a place in a slot, as SQL."""
    return _HAS_PLACE.format(who=who, slot=slot)


def visitors(slot: str, day: str) -> str:
    """How many are in a slot on a day without a place of their own, as SQL."""
    return (
        f"(SELECT count(*) FROM attendance v WHERE v.classroom_slot_id = {slot} AND v.class_date = {day}"
        f" AND v.deleted_at IS NULL AND (v.makeup OR v.original_slot_id IS NOT NULL)"
        f" AND NOT {has_place('v.student_id', slot)})::integer"
    )


def occupancy(slot: str, day: str) -> str:
    """How many are in a slot, an alias of `classroom_slots`, on a day, as SQL: places held for the waitlist count."""
    key = f"{slot}.id"
    return f"({slot}.enrolled + {slot}.offered + {visitors(key, day)} - {moved_out(key, day)})"


def is_out(who: str, slot: str, day: str) -> str:
    """Whether a student with a place in a slot is elsewhere instead of on this day, as SQL: one of those `moved_out`, who
    is one more when they come back.
    """
    return f"({has_place(who, slot)} AND {is_away(who, slot, day)} AND NOT {is_there(who, slot, day)})"


def moved_out(slot: str, day: str) -> str:
    """How many with a place in a slot are elsewhere instead of on this day, as SQL."""
    return (
        f"(SELECT count(DISTINCT o.student_id) FROM attendance o WHERE o.original_slot_id = {slot}"
        f" AND o.original_date = {day} AND o.deleted_at IS NULL AND {has_place('o.student_id', slot)}"
        f" AND NOT {is_there('o.student_id', slot, day)})::integer"
    )


def is_there(who: str, slot: str, day: str) -> str:
    """Whether a student is planned in a slot on a day, as SQL."""
    return (
        f"EXISTS (SELECT FROM attendance h WHERE h.student_id = {who} AND h.classroom_slot_id = {slot}"
        f" AND h.class_date = {day} AND h.deleted_at IS NULL)"
    )


def is_away(who: str, slot: str, day: str) -> str:
    """Whether the class that a student had in a slot on a day is elsewhere, as SQL."""
    return (
        f"EXISTS (SELECT FROM attendance o WHERE o.original_slot_id = {slot} AND o.original_date = {day}"
        f" AND o.student_id = {who} AND o.deleted_at IS NULL)"
    )
