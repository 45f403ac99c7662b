"""Weeks: making one, from another where that is wanted, and deleting one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import exists, select, text

from app.extensions import db
from app.models.roster import PublishedShift, Roster, RosterStatus
from app.policies.actor import Actor
from app.services import lookups, plain
from app.services.resource import Result
from app.services.roster.changes import WEEK_OF, may_plan
from app.services.roster.labels import roster_title
from app.services.transaction import lock, transactional

# Courses that are not taught any more are left behind.
_COPY = text("""
    WITH made AS (
        INSERT INTO roster_shifts (roster_id, day, start_time, end_time, place)
        SELECT :to, day, start_time, end_time, place FROM roster_shifts WHERE roster_id = :from
        RETURNING id, week_minutes, place
    )
    INSERT INTO shift_demands (shift_id, course_id, tutors_required, weight)
    SELECT made.id, d.course_id, d.tutors_required, d.weight
    FROM made JOIN roster_shifts s ON s.roster_id = :from AND s.week_minutes = made.week_minutes
         AND lower(coalesce(s.place, '')) = lower(coalesce(made.place, ''))
    JOIN shift_demands d ON d.shift_id = s.id JOIN courses c ON c.id = d.course_id AND c.active AND c.deleted_at IS NULL
""")


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> Roster:
    """Add a week; with `copy_from_id` it has the shifts and the demand of that one, and nobody on them. Raises
    NotAllowed, Conflict for a week that there is, Invalid at the field.
    """
    may_plan(actor)
    source = values.get("copy_from_id")
    lookups.check("rosters", actor, source, "copy_from_id")
    made: Roster = plain.create(Roster, {"starts_on": values["starts_on"]}, actor=actor)
    if source is not None:
        lock(Roster, source)
        db.session.execute(_COPY, {"from": source, "to": made.id})
    db.session.refresh(made)
    return made


@transactional
def delete(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Delete weeks with all that is in them; not one that is being filled, nor one that was ever published: assistants
    have it in their calendars.
    """
    may_plan(actor)
    return plain.delete(Roster, ids, actor=actor, title=roster_title, hindrance=_hindrance)


def last() -> Roster | None:
    """The week furthest ahead."""
    return db.session.scalars(select(Roster).order_by(Roster.starts_on.desc()).limit(1)).one_or_none()


def of_week(starts_on: date) -> Roster | None:
    """The roster of the week that begins on this Monday."""
    return db.session.scalars(select(Roster).where(Roster.starts_on == starts_on)).one_or_none()


def week_of(model: type[Any], record_id: UUID) -> UUID | None:
    """The week to which a shift, a demand or an assignment belongs."""
    return db.session.scalar(WEEK_OF[model].where(model.id == record_id))


def _hindrance(roster: Roster) -> Any:
    if roster.status is RosterStatus.SOLVING:
        return _("It is being filled. Call that off first.")
    if db.session.scalar(select(exists().where(PublishedShift.roster_id == roster.id))):
        return _("It was published: assistants have it in their calendars.")
    return None
