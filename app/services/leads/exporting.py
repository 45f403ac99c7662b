"""Leads as CSV: exactly the rows of a list, streamed by COPY."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from app.extensions import db
from app.policies.actor import Actor
from app.services.csv_files import writing
from app.services.leads.resource import LEADS
from app.services.listing import Query, conditions, from_joined

COLUMNS = (
    "first_name",
    "last_name",
    "phone",
    "email",
    "stage",
    "owner",
    "assigned_teacher",
    "follow_up_date",
    "follow_up_status",
    "source",
    "interest",
    "guardian_name",
    "age",
    "expected_budget",
    "area",
    "community",
    "contact_attempts",
    "last_contacted_on",
    "walk_in_date",
    "demo_date",
    "demo_conducted",
    "created_at",
)


def export(actor: Actor, query: Query) -> Iterator[bytes]:
    """The rows that the actor's list shows, all pages of it, with formulas disarmed."""
    attributes = [LEADS.by_name[name] for name in COLUMNS]
    statement = select(*(each.value.label(each.name) for each in attributes)).select_from(LEADS.model)
    statement = from_joined(statement, attributes).where(*conditions(LEADS, actor, query))
    yield from writing.export(db.session.connection(), statement, COLUMNS)
