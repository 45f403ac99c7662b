"""What the page of an admission tells: its slots, classes, balance and events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from app.extensions import db
from app.models.access import User
from app.models.admissions import AdmissionAuditEvent
from app.services import people
from app.services.admissions import places, planning
from app.services.admissions.attributes import BALANCES

MARKS = {
    "scheduled": _l("Planned"),
    "present": _l("Present"),
    "late": _l("Late"),
    "absent": _l("Absent"),
    "excused": _l("Excused"),
}

_CLASSES = text("""
    SELECT a.id, a.class_date, t.start_time, a.status, a.original_date, a.makeup
    FROM attendance a JOIN classroom_slots s ON s.id = a.classroom_slot_id JOIN time_slot_templates t ON t.id = s.time_slot_id
    WHERE a.admission_id = :id AND a.deleted_at IS NULL ORDER BY a.starts_at LIMIT 500
""")


def slots(admission_id: UUID) -> list[places.Slot]:
    """The weekly slots of an admission."""
    return places.by_id(planning.slot_ids(admission_id))


def classes(admission_id: UUID) -> Sequence[Any]:
    """Its classes in the order of time."""
    return db.session.execute(_CLASSES, {"id": admission_id}).all()


def balance(admission_id: UUID) -> list[tuple[str, int]]:
    """The classes used up, given back, remaining, planned: each with its name."""
    row = db.session.execute(select(BALANCES).where(BALANCES.c.admission_id == admission_id)).one()
    return [
        (_("Used up"), row.consumed),
        (_("Credits"), row.credits),
        (_("Remaining"), row.remaining),
        (_("Planned"), row.scheduled),
    ]


def events(admission_id: UUID, limit: int) -> Sequence[Any]:
    """What was done to it, the newest first."""
    statement = (
        select(
            AdmissionAuditEvent.at,
            AdmissionAuditEvent.type,
            AdmissionAuditEvent.before,
            AdmissionAuditEvent.after,
            people.full_name(User).label("who"),
        )
        .outerjoin(User, User.id == AdmissionAuditEvent.actor_id)
        .where(AdmissionAuditEvent.admission_id == admission_id)
        .order_by(AdmissionAuditEvent.at.desc(), AdmissionAuditEvent.id.desc())
    )
    return db.session.execute(statement.limit(limit)).all()
