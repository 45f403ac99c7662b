"""Lists as CSV: exactly their rows, all pages of them, streamed by COPY."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from app.extensions import db
from app.policies.actor import Actor
from app.services.csv_files import writing
from app.services.listing import Query, conditions, from_joined
from app.services.resource import Resource


def export(resource: Resource, actor: Actor, query: Query) -> Iterator[bytes]:
    """The rows that the actor's list shows, in no particular order, with formulas disarmed. The columns are those that
    the resource declares.
    """
    attributes = [resource.by_name[name] for name in resource.exported]
    statement = select(*(each.value.label(each.name) for each in attributes)).select_from(resource.model)
    statement = from_joined(statement, attributes).where(*conditions(resource, actor, query))
    yield from writing.export(db.session.connection(), statement, resource.exported)
