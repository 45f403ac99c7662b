"""Venues, and the days on which they are free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import text

from app.extensions import db
from app.models.venues import Venue, VenueAvailability
from app.policies.actor import Actor
from app.policies.rules import may_run_tests
from app.policies.scopes import visible
from app.services import contact, lookups, plain
from app.services.errors import Invalid, NotAllowed, WrongState
from app.services.resource import Result
from app.services.transaction import lock, lock_many, transactional
from app.services.venues.labels import day_title, venue_title

LONGEST = timedelta(days=366)  # that is set in one go


def require(actor: Actor) -> None:
    """Raises NotAllowed for whoever does not look after tests."""
    if (reason := may_run_tests(actor, None)) is not None:
        raise NotAllowed(reason)


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> Venue:
    """Add a venue. Raises NotAllowed, Conflict when the code is taken, Invalid at the field."""
    require(actor)
    made: Venue = plain.create(Venue, _normalised(values), actor=actor)
    return made


@transactional
def update(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> Venue:
    """Change a venue. Raises NotAllowed, NotFound, Conflict, Invalid at the field."""
    require(actor)
    changed: Venue = plain.update(
        Venue, key, _normalised(values, db.session.get(Venue, key)), actor=actor, version=version
    )
    return changed


def _normalised(values: Mapping[str, Any], known: Venue | None = None) -> dict[str, Any]:
    data = dict(values)
    if problems := contact.normalise(data, known, phone="contact_phone", email="contact_email"):
        raise Invalid(fields=problems)
    return data


_USES = text("""
    SELECT (SELECT count(*) FROM test_sessions WHERE venue_id = :id) AS sessions,
           (SELECT count(*) FROM rooms WHERE venue_id = :id AND deleted_at IS NULL) AS rooms
""")


def _hindrance(venue: Venue) -> Any:
    """A venue with sessions stays (04-test-sessions); one with rooms is emptied first."""
    uses = db.session.execute(_USES, {"id": venue.id}).one()
    if uses.sessions:
        return ngettext("%(num)s test session belongs to it.", "%(num)s test sessions belong to it.", uses.sessions)
    return (
        ngettext(
            "%(num)s room belongs to it: delete it first.", "%(num)s rooms belong to it: delete them first.", uses.rooms
        )
        if uses.rooms
        else None
    )


@transactional
def delete(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Delete venues softly; refused while sessions or rooms belong to one. Raises NotAllowed."""
    require(actor)
    return plain.delete(Venue, ids, actor=actor, title=venue_title, hindrance=_hindrance)


@transactional
def restore(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Bring deleted venues back; refused when their code has gone to another meanwhile. Raises NotAllowed."""
    require(actor)
    return plain.restore(Venue, ids, actor=actor, title=venue_title)


_HELD = text("""
    SELECT code FROM test_sessions
    WHERE venue_id = :venue_id AND session_date BETWEEN :first AND :last AND status IN ('open', 'closed')
    ORDER BY session_date, code LIMIT 1
""")


def _check_free(venue_id: UUID, first: date, last: date) -> None:
    """Raises WrongState when a session is held on one of these days. Called with the venue locked: sessions lock it too."""
    code = db.session.scalar(_HELD, {"venue_id": venue_id, "first": first, "last": last})
    if code is not None:
        raise WrongState(_("Test session %(code)s is held then: move it or cancel it first.", code=code))


@transactional
def create_day(values: Mapping[str, Any], *, actor: Actor) -> VenueAvailability:
    """Note whether a venue is free on a day. Raises NotAllowed, Invalid at the field, Conflict for a day that is noted
    already, WrongState when a session is held on a day on which it is not free.
    """
    require(actor)
    lookups.check("venues", actor, values["venue_id"], "venue_id")
    lock(Venue, values["venue_id"], visible(Venue, actor))
    if not values.get("available"):
        _check_free(values["venue_id"], values["date"], values["date"])
    made: VenueAvailability = plain.create(VenueAvailability, values, actor=actor)
    return made


@transactional
def update_day(
    key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None
) -> VenueAvailability:
    """Change what is noted of a day, which stays that of its venue. Raises NotAllowed, NotFound, Conflict, Invalid,
    WrongState.
    """
    require(actor)
    venue_id = db.session.scalar(text("SELECT venue_id FROM venue_availability WHERE id = :id"), {"id": key})
    lock_many(Venue, [venue_id] if venue_id else [])
    known: VenueAvailability = plain.update(VenueAvailability, key, {}, actor=actor, version=version)
    if values.get("venue_id", known.venue_id) != known.venue_id:
        raise Invalid(fields={"venue_id": [_("This cannot be changed. Make another one instead.")]})
    day = values.get("date", known.date)
    if not values.get("available", known.available):
        _check_free(known.venue_id, day, day)
    changed: VenueAvailability = plain.update(VenueAvailability, key, values, actor=actor)
    return changed


@transactional
def delete_days(ids: Sequence[UUID], *, actor: Actor) -> Result:
    """Forget what is noted of days: the venue is free then. Raises NotAllowed."""
    require(actor)
    return plain.delete(VenueAvailability, ids, actor=actor, title=day_title)


_SET = text("""
    INSERT INTO venue_availability (venue_id, date, available, reason)
    SELECT :venue_id, day::date, :available, :reason FROM generate_series(CAST(:first AS date), :last, '1 day') AS day
    ON CONFLICT (venue_id, date) DO UPDATE SET available = excluded.available, reason = excluded.reason
    WHERE (venue_availability.available, venue_availability.reason) IS DISTINCT FROM (excluded.available, excluded.reason)
""")


@transactional
def set_days(
    ids: Sequence[UUID],
    *,
    actor: Actor,
    starts_on: date,
    ends_on: date | None = None,
    available: bool = False,
    reason: str | None = None,
) -> Result:
    """Note of every day of a period whether venues are free, whatever was noted before. Raises NotAllowed, Invalid at
    the field; a venue with a session on a day on which it is not free is refused.
    """
    require(actor)
    last = ends_on or starts_on
    if not timedelta() <= last - starts_on <= LONGEST or not 1900 <= starts_on.year <= last.year < 2200:
        raise Invalid(fields={"ends_on": [_("Must be the first day or later, at most a year.")]})
    period = {"first": starts_on, "last": last, "available": available, "reason": reason}

    def change(venue: Venue) -> bool:
        if not available:
            _check_free(venue.id, starts_on, last)
        return bool(db.session.execute(_SET, {"venue_id": venue.id} | period).rowcount)  # type: ignore[attr-defined]

    return plain.each(Venue, ids, venue_title, change, actor=actor)
