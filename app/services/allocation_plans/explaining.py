"""Plans, and why there is none, in the words of people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select, text

from app.extensions import db
from app.models.venues import Room
from app.services.allocation_plans.problem import Plan, Shortage
from app.services.errors import WrongState
from app.services.test_sessions.labels import SHOWN, more


class SeatsShortError(WrongState):
    """There are fewer seats than students. The sentence names what is missing."""

    code = "seats_short"

    def __init__(self, shortages: Sequence[Shortage], hint: str = "") -> None:
        super().__init__(" ".join([*map(shortage, shortages), *([hint] if hint else [])]))
        self.shortages = list(shortages)

    def details(self) -> dict[str, Any]:
        return {
            "shortages": [
                {"accessible": each.accessible, "needed": each.needed, "free": each.free} for each in self.shortages
            ]
        }


def shortage(found: Shortage) -> str:
    if found.accessible:
        return ngettext(
            "%(num)s student needs an accessible seat; %(free)s are free in this venue.",
            "%(num)s students need an accessible seat; %(free)s are free in this venue.",
            found.needed,
            free=found.free,
        )
    return ngettext(
        "%(num)s student needs a seat; %(free)s are free in this venue.",
        "%(num)s students need a seat; %(free)s are free in this venue.",
        found.needed,
        free=found.free,
    )


def summary(plan: Plan) -> dict[str, Any]:
    """What is kept of a plan."""
    rooms = {quota.room_id for quota in plan.quotas}
    facts = {name: {"value": each.value, "bound": each.bound} for name, each in plan.measures.items()}
    return {"students": sum(quota.students for quota in plan.quotas), "used": len(rooms), **facts}


def told(facts: Mapping[str, Any]) -> str:
    """A plan in sentences, from its summary."""
    students, rooms, empty = facts["students"], facts["used"], facts["empty"]["value"]
    said = [
        _(
            "%(students)s into %(rooms)s.",
            students=ngettext("%(num)s student", "%(num)s students", students),
            rooms=ngettext("%(num)s room", "%(num)s rooms", rooms),
        ),
        ngettext(
            "%(num)s seat stays empty in the rooms in use.", "%(num)s seats stay empty in the rooms in use.", empty
        ),
    ]
    if facts.get("apart"):
        said.append(
            ngettext(
                "%(num)s pair of one school shares a room.",
                "%(num)s pairs of one school share a room.",
                facts["pairs"]["value"],
            )
        )
    return " ".join([*said, quality(facts)])


def quality(facts: Mapping[str, Any]) -> str:
    """Whether a plan is the best, and if that is not proved, how far from it it may be."""
    worst = [
        _("%(what)s: at most %(gap)s%% from the best.", what=name, gap=f"{_gap(facts[key]):.2g}")
        for key, name in (("rooms", _("Rooms")), ("empty", _("Empty seats")), ("pairs", _("Pairs of one school")))
        if facts[key]["value"] != facts[key]["bound"]
    ]
    return " ".join(worst) if worst else _("Proved to be the best plan.")


def _gap(measure: Mapping[str, int]) -> float:
    return 100 * (measure["value"] - measure["bound"]) / measure["value"]


def room_by_room(plan: Plan) -> str:
    """ "Hall 1: 60, Hall 2: 40 and 3 more"."""
    counts: dict[UUID, int] = {}
    for quota in plan.quotas:
        counts[quota.room_id] = counts.get(quota.room_id, 0) + quota.students
    shown = list(counts)[:SHOWN]
    names = {row.id: row.number for row in db.session.execute(select(Room.id, Room.number).where(Room.id.in_(shown)))}
    said = ", ".join(f"{names[key]}: {counts[key]}" for key in shown)
    return more(said, len(counts) - len(shown))


_MOVES = text("""
    SELECT st.first_name || ' ' || st.last_name AS name, o.number AS old_room, b.seat_number AS old_seat,
           r.number AS new_room, a.seat_number AS new_seat
    FROM jsonb_populate_recordset(NULL::room_allocations, CAST(:moved AS jsonb)) b
    JOIN students st ON st.id = b.student_id JOIN rooms o ON o.id = b.room_id
    JOIN room_allocations a ON a.session_id = b.session_id AND a.student_id = b.student_id JOIN rooms r ON r.id = a.room_id
    ORDER BY st.last_name, st.first_name, st.id LIMIT :shown
""")


def moves(facts: Mapping[str, Any]) -> list[str]:
    """Who moves in a repair, and how many leave."""
    said, moved, removed = [], facts["moved"], facts["removed"]
    if removed:
        said.append(
            ngettext(
                "%(num)s seat is freed: the student is no longer registered.",
                "%(num)s seats are freed: the students are no longer registered.",
                len(removed),
            )
        )
    if moved:
        found = db.session.execute(_MOVES, {"moved": json.dumps(moved, default=str), "shown": SHOWN})
        told = ", ".join(f"{row.name} ({row.old_room} {row.old_seat} → {row.new_room} {row.new_seat})" for row in found)
        count = ngettext("%(num)s student moves:", "%(num)s students move:", len(moved))
        said.append(f"{count} {more(told, len(moved) - SHOWN)}.")
    return said
