"""Attendance as CSV: exactly the rows of a list, streamed by COPY."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from app.extensions import db
from app.policies.actor import Actor
from app.services.classroom.resource import ATTENDANCES
from app.services.csv_files import writing
from app.services.listing import Query, conditions, from_joined

COLUMNS = (
    "student",
    "course",
    "class_date",
    "starts_at",
    "status",
    "makeup",
    "moved",
    "original_date",
    "admission",
    "marked_at",
    "marked_by",
)


def export(actor: Actor, query: Query) -> Iterator[bytes]:
    """The rows that the actor's list shows, all pages of it, with formulas disarmed."""
    attributes = [ATTENDANCES.by_name[name] for name in COLUMNS]
    statement = select(*(each.value.label(each.name) for each in attributes)).select_from(ATTENDANCES.model)
    statement = from_joined(statement, attributes).where(*conditions(ATTENDANCES, actor, query))
    yield from writing.export(db.session.connection(), statement, COLUMNS)
